// Whether values of charts show beside the pointer and on focus, and arrow keys step through them.

export const pointed = async (tab, check) => {
  const chart = tab.locator("figure.answer .wide svg");
  const values = chart.locator(".values > circle");
  const all = await values.count();
  check("values: the chart of the answer has some", all >= 5, all);
  const tip = tab.locator(".tip");
  check("values: no tip at first", !(await tip.isVisible()));
  const last = values.nth(all - 1);
  await last.hover();
  check("values: the pointer shows one", (await tip.textContent()) === (await last.getAttribute("aria-label")));
  await tab.mouse.move(2, 2);
  check("values: and leaves it", !(await tip.isVisible()));
  await values.first().focus();
  const first = await tip.textContent();
  check("values: focus shows one", first === (await values.first().getAttribute("aria-label")), first);
  await tab.keyboard.press("ArrowRight");
  const second = await tip.textContent();
  check("values: an arrow key shows the next", second === (await values.nth(1).getAttribute("aria-label")), second);
  check("values: one place of a chart takes the tabulator", (await chart.locator("[tabindex='0']").count()) === 1);
  const mute = await tab.evaluate(() =>
    [...document.querySelectorAll(".values > circle")].filter((one) => !one.getAttribute("aria-label")?.trim()).length);
  check("values: each says something", mute === 0, mute);
};
