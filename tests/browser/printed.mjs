// Whether the page prints: few sheets, no contents, nothing folded.

/** Sheets of A4. */
const MOST = 12;

export const printed = async (tab, check) => {
  await tab.emulateMedia({ media: "print" });
  const shown = await tab.evaluate(() => {
    const count = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.getClientRects().length > 0).length;
    return { nav: count("nav"), folded: count("details:not([open])"), wide: count(".wide svg"), narrow: count(".narrow svg") };
  });
  check("print: neither contents nor folded details", shown.nav === 0 && shown.folded === 0, JSON.stringify(shown));
  check("print: the wide chart", shown.wide >= 1 && shown.narrow === 0, JSON.stringify(shown));
  const pdf = await tab.pdf({ format: "A4", printBackground: true });
  const sheets = (pdf.toString("latin1").match(/\/Type\s*\/Page[^s]/g) ?? []).length;
  check(`print: at most ${MOST} sheets`, sheets >= 1 && sheets <= MOST, sheets);
};
