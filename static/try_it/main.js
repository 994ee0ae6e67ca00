/* Puts the parts together: a picture goes to both networks and to the look inside. */
(() => {
  "use strict";

  TryIt.main = async (contents) => {
    const { h, root } = TryIt;
    const book = contents.networks.map((entry) => ({
      ...entry, title: `${entry.title} (${(100 * entry.accuracy).toFixed(1)} %)`,
      load: () => TryIt.engines.ofTheBook(entry, contents.classes),
    }));
    const own = [];  // the reader's networks
    const all = () => [...book, ...own];
    const find = (id) => all().find((entry) => entry.id === id);

    // Before anything is shown: without these there is nothing to show, and Start can be pressed again
    const [examples] = await Promise.all([TryIt.data("pictures"), find("simple_cnn").load()]);

    const alert = h("p", { role: "alert", class: "try-alert" });
    const aloud = h("p", { role: "status", class: "try-hidden" });
    const tell = (text) => {
      alert.textContent = text;
      if (text) alert.scrollIntoView({ block: "nearest" });  // a file may be dropped far below
    };
    const seen = h("canvas", { class: "try-pixels", role: "img" }), caption = h("figcaption", {});
    const spoken = ["", ""];
    let pixels;

    const marks = spoken.map((_, number) => h("span", { class: `try-mark try-mark-${number}`, hidden: true }));
    const columns = ["First network", "Second network"].map((label, number) => TryIt.answerColumn({
      label, chosen: number ? "" : "simple_cnn",
      options: () => (number ? [{ id: "", title: "none" }, ...all()] : all()),
      mark: (worst) => TryIt.occlusion.frame(marks[number], worst),
      answered: (text) => {
        spoken[number] = text;
        aloud.textContent = spoken.join(" ").trim();
        sources.say(aloud.textContent);
      },
    }));

    const inside = TryIt.inside();
    const which = h("select", { onchange: () => look(which.value) });
    const fill = () => {
      const before = which.value, insiders = all().filter((entry) => !entry.file);
      which.replaceChildren(...insiders.map(({ id, title }) => h("option", { value: id }, title)));
      which.value = before || "simple_cnn";
    };
    const look = async (id) => {
      which.value = id;
      const engine = await find(id).load();
      if (which.value !== id) return;  // another was chosen meanwhile
      inside.use(engine.network);
      if (pixels) inside.show(pixels);
    };

    const picture = async (newPixels, name) => {
      pixels = newPixels;
      TryIt.paintPicture(seen, pixels);
      seen.setAttribute("aria-label", `${name}, in 32 x 32 pixels`);
      caption.textContent = `What the networks see of ${name}: 32 x 32 pixels.`;
      root.dataset.pixels = btoa(String.fromCharCode(...pixels));
      inside.show(pixels);
      await Promise.all(columns.map((column) => column.show(pixels)));
      root.dataset.shown = Number(root.dataset.shown ?? 0) + 1;
    };
    const network = async (read, file) => {
      const number = own.length + 1;  // so that two of the same file can be told apart
      const engine = TryIt.engines.own(read, `your network ${number} (${file})`);
      const id = `own-${number}`;
      own.push({ id, title: engine.title, load: () => engine });
      columns.forEach((column) => column.refill());
      fill();
      await columns[0].choose(id);
      await look(id);
    };

    const sources = TryIt.sources({ contents, examples, picture, network, tell });
    fill();
    const everything = h("div", { class: "try-all", role: "group", tabindex: -1, "aria-label": "The network in this page" },
      sources.element, alert, aloud,
      h("div", { class: "try-columns" },
        h("figure", { class: "try-seen" }, h("div", { class: "try-board" }, seen, marks), caption),
        columns.map((column) => column.element)),
      contents.missing ? h("p", { class: "try-quiet" }, contents.missing) : null,
      h("h2", {}, "Look inside"), h("div", { class: "try-row" }, h("label", {}, "Network ", which)),
      inside.element);
    root.querySelector(".try-before").replaceWith(everything);
    if (document.activeElement === document.body) everything.focus({ preventScroll: true });  // Start is gone
    await look("simple_cnn");
    await columns[0].choose("simple_cnn");
    await sources.fillTests();
    root.dataset.ready = "true";
  };
})();
