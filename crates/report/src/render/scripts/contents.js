// The contents mark the section that is being read.
(() => {
  const links = new Map();
  for (const link of document.querySelectorAll("nav a")) {
    const target = document.getElementById(link.hash.slice(1));
    if (target) links.set(target.closest("section") ?? target, link);
  }
  const visible = new Set();
  const mark = () => {
    const first = [...links.keys()].find((section) => visible.has(section));
    for (const [section, link] of links) {
      if (section === first) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  };
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) isIntersecting ? visible.add(target) : visible.delete(target);
      mark();
    },
    { rootMargin: "-15% 0px -55% 0px" },
  );
  for (const section of links.keys()) observer.observe(section);
  // What a link leads to may be folded.
  const unfold = () => {
    const target = document.getElementById(location.hash.slice(1));
    for (let folded = target?.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
    target?.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  if (location.hash) unfold();
})();
