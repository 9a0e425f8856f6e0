// Takes the picture of a report's first screen with numbers at what README explains.
//
//     RANKLAB_BROWSER_PACKAGES=FOLDER RANKLAB_CHROMIUM=chromium node docs/pictures/report.mjs reports/latest/index.html docs/pictures/report.png
//
// scripts/test-browser.sh installs both.

import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [page, picture] = process.argv.slice(2);
const { chromium } = createRequire(join(process.env.RANKLAB_BROWSER_PACKAGES, "package.json"))("playwright-core");
const browser = await chromium.launch({ executablePath: process.env.RANKLAB_CHROMIUM, args: ["--no-sandbox"] });
const tab = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme: "light" });
await tab.goto(pathToFileURL(resolve(page)).href);
await tab.evaluate(() => {
  ["h1", "figure.answer", ".key-figures", ".care"].forEach((selector, place) => {
    const { left, top } = document.querySelector(selector).getBoundingClientRect();
    const number = Object.assign(document.createElement("b"), { textContent: place + 1 });
    number.style.cssText = `position:absolute; left:${left - 26}px; top:${top + 4}px; width:22px; height:22px; border-radius:50%;
      background:#c02f45; color:#fff; font:600 14px/22px system-ui; text-align:center; z-index:9`;
    document.body.append(number);
  });
});
await tab.screenshot({ path: picture });
await browser.close();
