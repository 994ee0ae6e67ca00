/* What a network answers: ten probabilities as bars, how long it took, and where it looked. */
(() => {
  "use strict";

  /* One column: a choice of network, its answer, and a button for the occlusion map */
  TryIt.answerColumn = ({ label, options, chosen, tell, answered }) => {
    const { h, percent } = TryIt;
    const select = h("select", {});
    const answer = h("div", { class: "try-answer" });
    const note = h("p", { class: "try-quiet" });
    const map = h("div", {});
    const look = h("button", { type: "button", class: "try-look" }, "What does it look at?");
    const column = h("section", { class: "try-column", "aria-label": `Answer of the ${label.toLowerCase()}` },
      h("label", {}, `${label} `, select), answer, note, look, map);
    let engine, pixels, last, turn = 0;

    const refill = () => {
      const before = select.value || chosen;
      select.replaceChildren(...options().map(({ id, title }) => h("option", { value: id }, title)));
      select.value = before;
    };
    const bars = (shares) => h("ol", { class: "try-bars" }, shares.map((share, place) => h("li", {
      class: share === Math.max(...shares) ? "try-first" : null,
    },
      h("span", {}, engine.classes[place]),
      h("span", { class: "try-track", "aria-hidden": "true" }, h("span", { style: `width: ${100 * share}%` })),
      h("span", {}, percent(share)))));

    const show = async () => {
      const mine = ++turn;
      map.replaceChildren();
      look.hidden = !(engine && pixels);
      if (!engine || !pixels) return answer.replaceChildren();
      const start = performance.now();
      const [logits] = await engine.logits([pixels]);
      const milliseconds = performance.now() - start;
      if (mine !== turn) return undefined;  // another picture came meanwhile
      const shares = TryIt.layers.softmax(logits, engine.temperature);
      const best = shares.indexOf(Math.max(...shares));
      last = { logits, shares, best, milliseconds, title: engine.title };
      Object.assign(column.dataset, { logits: JSON.stringify(logits), milliseconds });
      answer.replaceChildren(bars(shares));
      note.textContent = `${milliseconds < 1 ? "less than 1" : milliseconds.toFixed(0)} ms. `
        + `Logits divided by ${TryIt.number(engine.temperature, 2)}.`;
      return answered(`${engine.title}: ${engine.classes[best]}, ${percent(shares[best])}.`);
    };
    const choose = async (id) => {
      select.value = id;
      answer.replaceChildren(h("p", {}, id ? "Loading ..." : ""));
      note.textContent = "";
      try {
        engine = await options().find((option) => option.id === id)?.load?.();
        await show();
      } catch (error) {
        if (!(error instanceof TryIt.Refused)) throw error;
        engine = undefined;
        answer.replaceChildren();
        look.hidden = true;
        tell(error.message);
      }
    };
    select.addEventListener("change", () => { tell(""); choose(select.value); });
    look.addEventListener("click", async () => {
      const mine = turn;
      map.replaceChildren(h("p", {}, "Covering one square after another ..."));
      const found = await TryIt.occlusion.compute(engine, pixels, last.best);
      if (mine !== turn) return;
      column.dataset.occlusion = JSON.stringify(Array.from(found));
      map.replaceChildren(TryIt.occlusion.show(found, engine.classes[last.best]));
    });
    refill();
    return {
      element: column, refill, choose,
      show: (newPixels) => { pixels = newPixels; return show(); },
      chosen: () => select.value,
    };
  };
})();
