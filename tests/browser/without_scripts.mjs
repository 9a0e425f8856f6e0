// Whether the page works where scripts are off: everything is there and unfolds.

export const withoutScripts = async (tab, check) => {
  const tables = await tab.locator("table.sortable").all();
  check("scripts off: tables are there", tables.length >= 3, tables.length);
  check("scripts off: no button and no box that would do nothing", (await tab.locator("button, input").count()) === 0);
  check("scripts off: every row of the comparison is shown",
    (await tab.locator("#configurations ~ .scroll tbody tr:visible").count()) >= 6);
  const more = tab.locator("#configurations ~ details.more");
  await more.locator("summary").click();
  check("scripts off: more columns unfold", (await more.locator("tbody tr:visible").count()) >= 6);
  check("scripts off: charts are drawn", (await tab.locator("svg.chart:visible").count()) >= 8);
  await tab.locator("#runs ~ details.more > summary").last().click();
  const folded = tab.locator("details.run:not([open])").first();
  const id = await folded.getAttribute("id");
  const body = tab.locator(`#${id} .run-body`);
  check("scripts off: a run is folded at first", !(await body.isVisible()));
  await folded.locator("summary").first().click();
  check("scripts off: and unfolds by a click", await body.isVisible());
  await tab.emulateMedia({ reducedMotion: "reduce" });
  await tab.locator("nav a[href='#runs']").click();
  check("scripts off: contents lead to their section", await tab.locator("#runs").evaluate((heading) => heading.getBoundingClientRect().top < innerHeight));
};
