// Whether tables sort by a click on a heading and filter by words.

/** Cells of a column as they stand. */
const column = (table, place) =>
  table.evaluate((element, place) =>
    [...element.tBodies[0].rows].map((row) => row.cells[place].textContent.trim()), place);

const value = (text) => Number(text.replace(/^★ | \(best\)$|[,%]/g, "").replace(/ .*/, ""));
const rises = (values) => values.every((value, place) => place === 0 || values[place - 1] <= value);

export const sortable = async (tab, check) => {
  const tables = await tab.locator("table.sortable").all();
  check("there are sortable tables", tables.length >= 3, tables.length);
  for (const [place, table] of tables.entries()) {
    const headings = await table.locator("thead tr:last-child th").all();
    const buttons = await table.locator("thead tr:last-child th > button").count();
    check(`table ${place}: every heading is a button`, headings.length === buttons, `${buttons} of ${headings.length}`);
  }

  const table = tab.locator("#configurations ~ details.more table.sortable");
  await tab.locator("#configurations ~ details.more > summary").click();
  const titles = await table.locator("thead tr:last-child th").allTextContents();
  const place = titles.findIndex((title) => title.startsWith("accuracy"));
  check("the comparison has a column of accuracies", place > 0, titles);
  const heading = table.locator("thead tr:last-child th").nth(place);
  const before = await column(table, 0);
  check("the comparison has several rows", before.length >= 6, before.length);

  await heading.locator("button").click();
  const up = (await column(table, place)).map(value);
  check("a click sorts from low to high", up.every(Number.isFinite) && rises(up), up);
  check("and says so", (await heading.getAttribute("aria-sort")) === "ascending");
  await heading.locator("button").press("Enter");
  const down = (await column(table, place)).map(value);
  check("Enter sorts from high to low", rises([...down].reverse()) && !rises(down), down);
  check("and says so as well", (await heading.getAttribute("aria-sort")) === "descending");
  const after = await column(table, 0);
  check("no row is lost by sorting", [...before].sort().join("\n") === [...after].sort().join("\n"));

  await table.locator("thead tr:last-child th").first().locator("button").click();
  const names = await column(table, 0);
  const collator = new Intl.Collator("en", { numeric: true });
  check("names sort by their letters and numbers", names.every((name, place) => place === 0 || collator.compare(names[place - 1], name) <= 0), names);
  check("one column alone is marked as sorted", (await table.locator("[aria-sort]").count()) === 1);

  const runs = tab.locator("#runs ~ .scroll table.sortable");
  const rows = () => runs.locator("tbody tr:visible").allTextContents();
  const all = await rows();
  const box = tab.locator("#runs ~ .filter input");
  await box.fill("BLOCK5 0.005");
  const left = await rows();
  const wanted = all.filter((row) => row.includes("block5") && row.includes("0.005"));
  check("the filter leaves the rows with all words",
    left.length > 0 && left.length < all.length && left.join() === wanted.join(), left);
  check("and says how many", (await tab.locator("#runs ~ .filter output").textContent()) === `${left.length} of ${all.length}`);
  await box.fill("");
  check("an empty filter shows all rows", (await rows()).length === all.length);
};
