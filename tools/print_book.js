/* Runs in the browser that prints the book (tools/print_book.py): one document of all its pages.
   Each page's article is taken as it was built; what needs a window to work is put on paper. */
window.bookPrinter = (() => {
  "use strict";
  const names = new Map();  // a page's address -> its name
  const LONG = 25;  // lines of code or output that may be parted by the end of a side
  const REFERENCES = ["for", "aria-labelledby", "aria-describedby", "aria-controls"];

  const element = (tag, className, ...content) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...content);
    return made;
  };
  const copyOf = (node) => [...node.cloneNode(true).childNodes];

  /* Ids are unique within a page only: each gets the page's name in front. */
  const renameIds = (article, name) => {
    for (const one of article.querySelectorAll("[id]")) one.id = `${name}--${one.id}`;
    for (const attribute of REFERENCES)
      for (const one of article.querySelectorAll(`[${attribute}]`)) {
        const ids = one.getAttribute(attribute).split(/\s+/);
        one.setAttribute(attribute, ids.map((id) => `${name}--${id}`).join(" "));
      }
    for (const one of article.querySelectorAll("svg *"))
      for (const { name: attribute, value } of [...one.attributes]) {
        const changed = attribute.endsWith("href") ? value.replace(/^#/, `#${name}--`)
          : value.replace(/url\((["']?)#/g, `url($1#${name}--`);
        if (changed !== value) one.setAttribute(attribute, changed);
      }
  };

  /* Links between pages lead within the document; to what is not in it there is no link. */
  const turnLinks = (article, address, root) => {
    for (const link of article.querySelectorAll("a[href]")) {
      const target = new URL(link.getAttribute("href"), address);
      const [page, fragment] = [target.href.replace(/#.*/, ""), target.hash.slice(1)];
      if (names.has(page)) {
        const name = names.get(page);
        link.setAttribute("href", `#${name}${fragment && `--${decodeURIComponent(fragment)}`}`);
      } else if (target.href.startsWith(root)) link.replaceWith(...link.childNodes);
      link.removeAttribute("target");
    }
    for (const image of article.querySelectorAll("img")) {
      image.src = new URL(image.getAttribute("src"), address).href;
      image.removeAttribute("loading");
    }
  };

  /* A question with its answers as letters; the right one and its remark go to the page's end. */
  const printQuiz = (quiz) => {
    const answers = element("ol", "quiz-answers");
    quiz.closest("div.cell")?.querySelector("div.cell_input")?.remove();
    for (const question of quiz.querySelectorAll("fieldset")) {
      const list = element("ol", "choices");
      const key = element("li");
      [...question.querySelectorAll(".answer")].forEach((answer, number) => {
        const text = answer.querySelector("label span");
        list.append(element("li", "", ...copyOf(text)));
        if (!answer.classList.contains("right")) return;
        const remark = answer.querySelector(".remark");
        remark.querySelector("b")?.remove();
        key.append(element("b", "", `(${String.fromCharCode(97 + number)}) `), ...copyOf(text));
        key.append(element("div", "", ...copyOf(remark)));
      });
      const asked = question.querySelector("legend");
      question.replaceWith(
        element("div", "question", element("p", "asked", ...copyOf(asked)), list));
      answers.append(key);
    }
    return answers;
  };

  /* The first picture of a figure that moves, where its sliders stand, and that there is more. */
  const printMovingFigure = (figure) => {
    const places = [...figure.querySelectorAll("label")].map((label) =>
      `${label.querySelector("span").textContent}: ${label.querySelector("output").textContent}`);
    const frames = JSON.parse(figure.querySelector("script[type='application/json']").textContent)
      .frames.length;
    figure.querySelectorAll("label, [role=status]").forEach((one) => one.remove());
    figure.append(element("figcaption", "", element("b", "", `${places.join(", ")}. `),
      `In the book's pages this figure moves; here is the first of its ${frames} pictures.`));
  };

  const takeAway = (article) => {
    const useless = ["script", ".headerlink", ".copybtn", "button", ".toctree-wrapper:empty",
      "details.hide"];  // folded: code that only draws, or checks what the text says
    for (const one of article.querySelectorAll(useless.join())) {
      if (one.matches(".moving-figure script[type='application/json']")) continue;
      one.remove();
    }
    for (const cell of article.querySelectorAll("div.cell"))
      if (!cell.textContent.trim() && !cell.querySelector("img, svg, figure")) cell.remove();
    for (const code of article.querySelectorAll("pre"))
      code.classList.toggle("long", code.textContent.split("\n").length > LONG);
    for (const details of article.querySelectorAll("details")) details.open = true;
  };

  /* What a reader unfolds when ready for it comes at the page's end, each behind a link. */
  const atTheEnd = (article, name) => {
    const end = element("section", "at-the-end");
    const solutions = [...article.querySelectorAll("div.solution")];
    solutions.forEach((solution, number) => {
      solution.id ||= `${name}--solution-at-the-end-${number}`;
      const link = element("a", "", "Solution: at the end of this chapter");
      link.setAttribute("href", `#${solution.id}`);
      const exercise = solution.previousElementSibling;
      const place = element("p", "solution-link", link);
      if (exercise?.matches(".exercise")) exercise.append(place);
      else solution.before(place);
      solution.classList.remove("dropdown");
      solution.querySelector(".admonition-title")?.classList.add("printed");
      if (!number) end.append(element("h2", "", "Solutions"));
      end.append(solution);
    });
    for (const quiz of article.querySelectorAll(".quiz")) {
      const answers = printQuiz(quiz);
      end.append(element("h2", "", "Answers to the quiz"), answers);
    }
    if (end.childNodes.length) article.append(end);
  };

  const register = (pages) => pages.forEach(({ address, name }) => names.set(address, name));

  /* Adds a page. ``html`` is its whole file, ``address`` where that lies, ``root`` the book's. */
  const add = ({ name, address, root, html, depth }) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const article = document.adoptNode(page.querySelector("article.bd-article"));
    article.querySelector("h1").classList.add("page-title");
    renameIds(article, name);
    turnLinks(article, address, root);
    atTheEnd(article, name);
    article.querySelectorAll("figure.moving-figure").forEach(printMovingFigure);
    takeAway(article);
    article.classList.add("printed-page", `depth-${depth}`);
    article.id = name;
    article.style.page = name;
    document.body.append(article);
    return article.querySelector("h1").textContent.trim();
  };

  /* The links of the document that lead nowhere: each goes to its page instead. */
  const repairLinks = () => {
    const lost = [];
    for (const link of document.querySelectorAll("a[href^='#']")) {
      const id = link.getAttribute("href").slice(1);
      if (document.getElementById(id)) continue;
      lost.push(id);
      link.setAttribute("href", `#${id.replace(/--.*/, "")}`);
    }
    return lost;
  };

  const loaded = async () => {
    await document.fonts.ready;
    const images = [...document.images];
    await Promise.all(images.map((image) => image.decode().catch(() => {})));
    return images.filter((image) => !image.naturalWidth).map((image) => image.src);
  };

  return { register, add, repairLinks, loaded };
})();
