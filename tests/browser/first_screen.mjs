// Whether the first screen holds the answer: title, status, chart and three figures, without scrolling.

export const firstScreen = async (tab, name, check) => {
  const found = await tab.evaluate(() => {
    const shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.getClientRects().length > 0);
    const bottom = (selector) => Math.max(0, ...shown(selector).map((one) => one.getBoundingClientRect().bottom));
    return {
      height: innerHeight,
      title: [shown("h1").length, bottom("h1")],
      status: [shown(".status").length, bottom(".status")],
      chart: [shown("figure.answer svg").length, bottom("figure.answer svg")],
      figures: [shown(".key-figures > div").length, bottom(".key-figures")],
    };
  });
  for (const [part, expected] of [["title", 1], ["status", 1], ["chart", 1], ["figures", 3]]) {
    const [number, bottom] = found[part];
    check(`${name}: ${part} within the first screen`, number === expected && bottom <= found.height,
      `${number} there, down to ${Math.round(bottom)} of ${found.height} px`);
  }

  // The second cell of the short table is the accuracy.
  const cell = await tab.evaluate(() => {
    const table = document.querySelector("#configurations ~ .scroll table");
    const { right } = table.tBodies[0].rows[0].cells[1].getBoundingClientRect();
    return { right, width: document.documentElement.clientWidth, columns: table.tHead.rows[0].cells.length };
  });
  check(`${name}: the table shows accuracy without scrolling sideways`, cell.right <= cell.width, JSON.stringify(cell));
  check(`${name}: the table has six columns`, cell.columns === 6, cell.columns);

  await tab.evaluate(() => document.getElementById("runs").scrollIntoView());
  await tab.waitForFunction(() => document.querySelector("nav a[aria-current]")?.hash === "#runs", null, { timeout: 3000 })
    .catch(() => {});
  const nav = await tab.evaluate(() => {
    const { top, bottom } = document.querySelector("nav").getBoundingClientRect();
    return { top, bottom, height: innerHeight, current: document.querySelector("nav a[aria-current]")?.hash };
  });
  check(`${name}: contents stay in sight`, nav.top >= 0 && nav.top < nav.height && nav.bottom > 0, JSON.stringify(nav));
  check(`${name}: contents mark the current section`, nav.current === "#runs", nav.current);
  await tab.evaluate(() => scrollTo(0, 0));
};
