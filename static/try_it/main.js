/* Puts the parts together: a picture goes to both networks and to the look inside. */
(() => {
  "use strict";

  TryIt.main = async (contents) => {
    const { h, root } = TryIt;
    const alert = h("p", { role: "alert", class: "try-alert" });
    const aloud = h("p", { role: "status", class: "try-hidden" });
    const tell = (text) => { alert.textContent = text; };
    const seen = h("canvas", { class: "try-pixels", role: "img" }), caption = h("figcaption", {});
    const own = [];  // the reader's networks
    let pixels;

    const book = contents.networks.map((entry) => ({
      ...entry, title: `${entry.title} (${(100 * entry.accuracy).toFixed(1)} %)`,
      load: () => TryIt.engines.ofTheBook(entry, contents.classes),
    }));
    const all = () => [...book, ...own];
    const spoken = ["", ""];
    const columns = ["First network", "Second network"].map((label, number) => TryIt.answerColumn({
      label, tell, chosen: number ? "" : "simple_cnn",
      options: () => (number ? [{ id: "", title: "none" }, ...all()] : all()),
      answered: (text) => {
        spoken[number] = text;
        aloud.textContent = spoken.join(" ").trim();
      },
    }));

    const inside = TryIt.inside();
    const which = h("select", { onchange: () => look(which.value) });
    const insiders = () => all().filter((entry) => !entry.file);
    const fill = () => {
      const before = which.value;
      which.replaceChildren(...insiders().map(({ id, title }) => h("option", { value: id }, title)));
      which.value = before || "simple_cnn";
    };
    const look = async (id) => {
      which.value = id;
      const engine = await insiders().find((entry) => entry.id === id).load();
      inside.use(engine.network);
      if (pixels) inside.show(pixels);
    };

    const picture = async (newPixels, name) => {
      pixels = newPixels;
      TryIt.paintPicture(seen, pixels);
      seen.setAttribute("aria-label", `${name}, in 32 x 32 pixels`);
      caption.textContent = `What the networks see of ${name}: 32 x 32 pixels.`;
      root.dataset.pixels = btoa(String.fromCharCode(...pixels));
      tell("");
      inside.show(pixels);
      await Promise.all(columns.map((column) => column.show(pixels)));
      root.dataset.shown = Number(root.dataset.shown ?? 0) + 1;
    };
    const network = async (read, file) => {
      const engine = TryIt.engines.own(read, `your network (${file})`);
      const id = `own-${own.length}`;
      own.push({ id, title: engine.title, load: () => engine });
      columns.forEach((column) => column.refill());
      fill();
      await columns[0].choose(id);
      await look(id);
    };

    const sources = TryIt.sources({ contents, picture, network, tell });
    fill();
    root.querySelector(".try-before").replaceWith(h("div", { class: "try-all" },
      sources.element, alert, aloud,
      h("div", { class: "try-columns" },
        h("figure", { class: "try-seen" }, seen, caption), columns.map((column) => column.element)),
      contents.missing ? h("p", { class: "try-quiet" }, contents.missing) : null,
      h("h2", {}, "Look inside"), h("div", { class: "try-row" }, h("label", {}, "Network ", which)),
      inside.element));
    await look("simple_cnn");
    await columns[0].choose("simple_cnn");
    await sources.fillTests();
    root.dataset.ready = "true";
  };
})();
