// Whether the page can be read: nothing sticks out, no accessibility fault, every link leads somewhere.

/** All that a reader can unfold, unfolded. */
const unfold = (tab) =>
  tab.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));

export const readable = async (tab, name, axe, check) => {
  for (const state of ["folded", "unfolded"]) {
    if (state === "unfolded") await unfold(tab);
    const overflow = await tab.evaluate(() => {
      const width = document.documentElement.clientWidth;
      const scrolls = (element) => element.closest(".scroll, nav ul, .hidden, svg") !== null;
      const out = [...document.body.querySelectorAll("*")].filter(
        (element) => !scrolls(element) && element.getClientRects().length > 0 && element.getBoundingClientRect().right > width + 0.5,
      );
      return {
        by: document.documentElement.scrollWidth - width,
        elements: out.slice(0, 5).map((element) => element.outerHTML.slice(0, 80)),
      };
    });
    check(`${name}, ${state}: nothing sticks out`, overflow.by <= 0 && overflow.elements.length === 0,
      `${overflow.by} px, ${overflow.elements.join(" ")}`);
  }
  await tab.evaluate(axe);
  const { violations, passes } = await tab.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  check(`${name}: axe-core looked at the page`, passes.length > 10, passes.length);
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  for (const { id, help, nodes } of violations.filter((one) => !grave.includes(one))) {
    console.log(`${name}: axe-core, not serious: ${id}, ${help}, ${nodes.length} times`);
  }
  const told = grave.map(({ id, help, nodes }) => `${id} (${help}) at ${nodes.slice(0, 3).map((node) => node.target)}`);
  check(`${name}: no serious accessibility fault`, grave.length === 0, told.join("; "));

  const charts = await tab.evaluate(() =>
    [...document.querySelectorAll("svg")].map((svg) => ({
      title: svg.querySelector(":scope > title")?.textContent ?? "",
      label: svg.getAttribute("aria-label") ?? svg.querySelector(":scope > desc")?.textContent ?? "",
      width: svg.getBoundingClientRect().width,
    })),
  );
  check(`${name}: there are charts`, charts.length >= 8, charts.length);
  // The answer's chart is there for wide and for narrow screens: one of them is not shown.
  const mute = charts.filter(({ title, label, width }) => title === "" || label.length <= title.length || (width > 0 && width < 200));
  check(`${name}: every chart has title, description and room`, mute.length === 0, JSON.stringify(mute[0]));

  const dead = await tab.evaluate(() =>
    [...document.querySelectorAll("a")].map((link) => link.getAttribute("href"))
      .filter((href) => !href.startsWith("#") || document.getElementById(href.slice(1)) === null),
  );
  check(`${name}: every link leads to a place in the page`, dead.length === 0, dead);
};
