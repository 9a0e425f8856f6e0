// Tables sort by a click on a heading and show the rows that hold the words of a text box.
(() => {
  const number = (cell) => {
    if (cell.dataset.order !== undefined) return Number(cell.dataset.order);
    const text = cell.textContent.replace(/[★,\s%]/g, "").replace("−", "-");
    return /^[<]?[+-]?\d+(\.\d+)?$/.test(text) ? Number(text.replace("<", "")) : NaN;
  };
  const text = (cell) => cell.textContent.trim();
  // Cells without a value stay below, whichever the direction.
  const compare = (one, other, sign) => {
    const [a, b] = [number(one), number(other)];
    if (!Number.isNaN(a) && !Number.isNaN(b)) return sign * (a - b);
    const empty = (cell) => text(cell) === "" || text(cell) === "—";
    if (empty(one) || empty(other)) return empty(one) - empty(other);
    return sign * text(one).localeCompare(text(other), "en", { numeric: true });
  };
  const sort = (table, heading, place) => {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => compare(a.cells[place], b.cells[place], descending ? -1 : 1));
    body.append(...rows);
  };
  const filter = (table) => {
    const label = document.createElement("label");
    label.className = "filter";
    const input = Object.assign(document.createElement("input"), { type: "search", autocomplete: "off" });
    const shown = document.createElement("output");
    label.append("Filter rows ", input, " ", shown);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rows = [...table.tBodies[0].rows];
      for (const row of rows) {
        const held = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => held.includes(word));
      }
      const left = rows.filter((row) => !row.hidden).length;
      shown.textContent = words.length ? `${left} of ${rows.length}` : "";
    });
    table.closest(".scroll").before(label);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const headings = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    headings.forEach((heading, place) => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, heading, place));
    });
    if (table.tBodies[0].rows.length > 12) filter(table);
  }
})();
