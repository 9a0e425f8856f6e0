// Opens a report in headless Chromium and checks it as a reader meets it. Usage: check.mjs INDEX.HTML
// Environment: RANKLAB_BROWSER_PACKAGES (folder of node_modules), RANKLAB_CHROMIUM (program),
// HOSTILE (text of the database that must stay text). Ends with how many checks held, or fails.

import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { firstScreen } from "./first_screen.mjs";
import { pointed } from "./pointed.mjs";
import { printed } from "./printed.mjs";
import { readable } from "./readable.mjs";
import { sortable } from "./sortable.mjs";
import { textStaysText } from "./text.mjs";
import { withoutScripts } from "./without_scripts.mjs";

const [page, screenshots] = process.argv.slice(2);
const require = createRequire(join(process.env.RANKLAB_BROWSER_PACKAGES, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const address = pathToFileURL(resolve(page)).href;

const failures = [];
let held = 0;
/** Counts a check and keeps what failed, so that one run tells all. */
const check = (what, holds, found = "") => {
  if (holds) held += 1;
  else failures.push(`${what}${found === "" ? "" : `: ${found}`}`);
};

const browser = await chromium.launch({
  executablePath: process.env.RANKLAB_CHROMIUM,
  args: ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync", "--disable-gpu"],
});

/** Opens the page; what it logs, throws, asks or fetches is a failure. */
const open = async (name, options) => {
  const context = await browser.newContext(options);
  const tab = await context.newPage();
  const report = (kind) => (found) => check(`${name}: no ${kind}`, false, found);
  tab.on("console", (message) => report("console output")(`${message.type()} ${message.text()}`));
  tab.on("pageerror", report("error in the page"));
  tab.on("dialog", (dialog) => {
    report("dialog")(dialog.message());
    dialog.dismiss();
  });
  const requests = [];
  tab.on("request", (request) => requests.push(request.url()));
  await tab.goto(address);
  return {
    tab,
    close: async () => {
      check(`${name}: nothing is fetched but the page`, requests.every((url) => url === address), requests.slice(1, 4));
      await context.close();
    },
  };
};

try {
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [[1280, 800], [375, 812]]) {
      const name = `${colorScheme}, ${width} px`;
      const { tab, close } = await open(name, { colorScheme, viewport: { width, height } });
      await firstScreen(tab, name, check);
      await readable(tab, name, axe, check);
      if (screenshots) {
        mkdirSync(screenshots, { recursive: true });
        await tab.screenshot({ path: join(screenshots, `${colorScheme}-${width}.png`), fullPage: true });
      }
      await close();
    }
  }
  for (const [name, checks] of [["sorting", sortable], ["text", textStaysText], ["values", pointed], ["print", printed]]) {
    const { tab, close } = await open(name, { viewport: { width: 1200, height: 900 } });
    await checks(tab, check);
    await close();
  }
  const { tab, close } = await open("scripts off", { javaScriptEnabled: false });
  await withoutScripts(tab, check);
  await close();

  // The Markdown report's figures are files of their own: XML is stricter than a page.
  const figures = join(dirname(page), "figures");
  const files = await open("figures", {});
  for (const file of readdirSync(figures)) {
    const fault = await files.tab.evaluate(
      (text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror")?.textContent ?? "",
      readFileSync(join(figures, file), "utf8"),
    );
    check(`${file} is well-formed`, fault === "", fault);
  }
  await files.close();
} finally {
  await browser.close();
}

for (const failure of failures.slice(0, 40)) console.error(`failed: ${failure}`);
console.log(`${held} checks held, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
