/* What can be known only in the reader's window: which parts of the page scroll sideways there.
   The keyboard must reach them, and a screen reader say what they are. */
(() => {
  "use strict";
  const PARTS = {
    ".bd-article .pst-scrollable-table-container": "Table, scrolls sideways",
    ".bd-article pre": "Code, scrolls sideways",
    ".bd-article .cell_output .text_html": "Output, scrolls sideways",
    ".bd-article .math": "Formula, scrolls sideways",
  };

  // A formula in a line is no box, so it cannot scroll: one that is wider than its line becomes one
  const box = (formula) => {
    const line = formula.closest("p, li, dd, dt, td, th, div");
    const drawn = formula.firstElementChild?.getBoundingClientRect().width ?? 0;
    formula.classList.toggle("wide", line.clientWidth > 0 && drawn > line.clientWidth);
  };

  const mark = () => {
    document.querySelectorAll(".bd-article span.math").forEach(box);
    for (const [selector, name] of Object.entries(PARTS)) {
      for (const part of document.querySelectorAll(selector)) {
        const scrolls = part.clientWidth > 0 && part.scrollWidth > part.clientWidth + 1;
        if (scrolls && part.tabIndex < 0) {  // the copy button leaves a -1 behind
          part.tabIndex = 0;
          part.setAttribute("role", "group");
          part.setAttribute("aria-label", name);
          part.classList.add("scrolls");
        } else if (!scrolls && part.classList.contains("scrolls") && part.clientWidth > 0) {
          ["tabindex", "role", "aria-label"].forEach((name) => part.removeAttribute(name));
          part.classList.remove("scrolls");
        }
      }
    }
  };

  // From a disk a page may not read others: the search finds them, and says nothing of what is in them
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined")
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  // At the start, when the window changes, and when something opens (the theme takes 0.3 s for it)
  addEventListener("load", mark);
  addEventListener("resize", mark);
  document.addEventListener("toggle", mark, true);
  document.addEventListener("click", () => setTimeout(mark, 350));
  document.fonts?.ready.then(mark);
})();
