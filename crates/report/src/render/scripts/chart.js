// Values of charts show beside the pointer and on focus; arrow keys step through them.
(() => {
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  const show = (value) => {
    tip.textContent = value.getAttribute("aria-label");
    tip.hidden = false;
    const { left, right, top, width } = value.getBoundingClientRect();
    const room = document.documentElement.clientWidth - tip.offsetWidth - 4;
    tip.style.left = `${Math.max(4, Math.min(room, left + width / 2 - tip.offsetWidth / 2)) + scrollX}px`;
    tip.style.top = `${Math.max(4, top - tip.offsetHeight - 6) + scrollY}px`;
  };
  const hide = () => (tip.hidden = true);
  for (const chart of document.querySelectorAll("svg.chart")) {
    const values = [...chart.querySelectorAll(".values > circle")];
    values.forEach((value, place) => {
      // The tip takes the place of the browser's own, which comes late.
      value.querySelector("title")?.remove();
      value.addEventListener("pointerenter", () => show(value));
      value.addEventListener("pointerleave", hide);
      value.addEventListener("focus", () => show(value));
      value.addEventListener("blur", hide);
      value.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (event.key === "Escape") hide();
        if (!step) return;
        const next = values[(place + step + values.length) % values.length];
        value.tabIndex = -1;
        next.tabIndex = 0;
        next.focus();
        event.preventDefault();
      });
    });
  }
})();
