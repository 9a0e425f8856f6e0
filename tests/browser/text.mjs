// Whether text of the database is shown as it is and does nothing.

export const textStaysText = async (tab, check) => {
  const hostile = process.env.HOSTILE;
  const found = await tab.evaluate((hostile) => {
    const flat = (text) => text.replace(/\s+/g, " ");
    const handlers = [...document.querySelectorAll("*")].filter((element) =>
      [...element.attributes].some(({ name }) => name.startsWith("on")));
    return {
      shown: flat(document.body.textContent).split(flat(hostile)).length - 1,
      heading: flat(document.querySelector(".context").textContent).includes(flat(hostile)),
      title: flat(document.title).includes(flat(hostile)),
      scripts: document.scripts.length,
      styles: document.querySelectorAll("style").length,
      outside: document.querySelectorAll("img, iframe, object, embed, link, base, form, [src], [srcset]").length,
      handlers: handlers.length,
      chart: [...document.querySelectorAll("svg text")].some((text) => text.textContent.includes("<script>alert(1)")),
    };
  }, hostile);
  check("hostile text is shown as it is", found.shown >= 20, found.shown);
  check("in the line above the heading, the title and a chart as well", found.heading && found.title && found.chart, JSON.stringify(found));
  check("the page's own script and style are the only ones", found.scripts === 1 && found.styles === 1);
  check("no element that it could have made", found.outside === 0 && found.handlers === 0, JSON.stringify(found));
};
