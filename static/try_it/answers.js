/* What a network answers: ten probabilities as bars, how long it took, and what its answer hangs on. */
(() => {
  "use strict";

  /* One column: a choice of network, its answer, and a button for the occlusion map */
  TryIt.answerColumn = ({ label, options, chosen, answered, mark }) => {
    const { h, percent } = TryIt;
    const select = h("select", {});
    const alert = h("p", { role: "alert", class: "try-alert" });
    const answer = h("div", { class: "try-answer" });
    const note = h("p", { class: "try-quiet" });
    const map = h("div", {});
    const look = h("button", { type: "button", class: "try-look", hidden: true }, "What does it look at?");
    const column = h("section", { class: "try-column", "aria-label": `Answer of the ${label.toLowerCase()}` },
      h("label", {}, `${label} `, select), alert, answer, note, look, map);
    let engine, pixels, best;
    let asked = 0, turn = 0;  // only the last network and the last picture may be answered for

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

    const uncover = () => {
      map.replaceChildren();
      mark(null);
    };
    const clear = () => {
      turn += 1;  // an answer that is still being computed is another network's
      engine = undefined;
      delete column.dataset.logits;
      answer.replaceChildren();
      alert.textContent = "";
      note.textContent = "";
      look.hidden = true;
      uncover();
      answered("");
    };
    const show = async () => {
      const mine = ++turn;
      uncover();
      if (!engine || !pixels) return;
      const start = performance.now();
      const [logits] = await engine.logits([pixels]);
      const milliseconds = performance.now() - start;
      if (mine !== turn) return;
      const shares = TryIt.layers.softmax(logits, engine.temperature);
      best = shares.indexOf(Math.max(...shares));
      Object.assign(column.dataset, { logits: JSON.stringify(logits), milliseconds });
      answer.replaceChildren(bars(shares));
      look.hidden = false;
      note.textContent = `${milliseconds < 1 ? "less than 1" : milliseconds.toFixed(0)} ms. `
        + (engine.temperature === 1 ? "" : `Scores divided by ${TryIt.number(engine.temperature)}.`);
      answered(`${engine.title}: ${engine.classes[best]}, ${percent(shares[best])}.`);
    };
    const complain = (error, id) => {
      answer.replaceChildren();
      alert.textContent = error.message;
      if (!(error instanceof TryIt.engines.Unreachable)) return;
      answer.append(h("button", {
        type: "button",
        onclick: () => {
          select.focus();  // the button goes
          choose(id);
        },
      }, "Try again"));
    };
    const choose = async (id) => {
      const mine = ++asked;
      select.value = id;
      clear();
      if (!id) return;
      answer.append(h("p", {}, "Loading ..."));
      let loaded;
      try {
        loaded = await options().find((option) => option.id === id).load();
      } catch (error) {
        if (mine !== asked) return;
        if (!(error instanceof TryIt.Refused)) throw error;
        complain(error, id);
      }
      if (mine !== asked || !loaded) return;
      engine = loaded;
      await show();
    };
    select.addEventListener("change", () => choose(select.value));
    look.addEventListener("click", async () => {
      const mine = turn;
      map.replaceChildren(h("p", {}, "Covering one square after another ..."));
      const found = await TryIt.occlusion.compute(engine, pixels, best);
      if (mine !== turn) return;
      column.dataset.occlusion = JSON.stringify(Array.from(found.map));
      map.replaceChildren(TryIt.occlusion.show(found, engine.classes[best], pixels));
      mark(found.worst);
    });
    refill();
    return {
      element: column, refill, choose,
      show: (newPixels) => { pixels = newPixels; return show(); },
    };
  };
})();
