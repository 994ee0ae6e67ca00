/* The second and third depth for dense layers: a unit's inputs times its weights, and for a class the
   softmax, in numbers. */
(() => {
  "use strict";
  const SHOWN = 10, FOLDED = 256, LINES = 64;

  const table = (caption, head, rows) => {
    const { h } = TryIt;
    return h("div", { class: "try-scrolls", tabindex: 0, role: "group", "aria-label": caption },
      h("table", { class: "try-table" }, h("caption", {}, caption),
        h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first),
          rest.map((cell) => h("td", {}, cell)))))));
  };

  /* What the input with this number is: a unit, or a place in a map */
  const nameOfInput = (network, place) => {
    const above = network.layers.slice(0, place);
    const before = above.findLast((layer) => layer.kind !== "relu");
    if (before.kind !== "flatten") return (index) => `${before.name}, unit ${index}`;
    const [, columns, channels] = before.before;
    const source = above.findLast((layer) => ["conv", "pool", "scale"].includes(layer.kind));
    return (index) => {
      const at = Math.floor(index / channels);
      return `${source?.name ?? "picture"}, map ${index % channels}, row ${Math.floor(at / columns)}, column ${at % columns}`;
    };
  };

  /* How a strip of as many numbers as a unit has inputs is laid out, and what to say about it */
  const layout = (network, place) => {
    const above = network.layers.slice(0, place);
    const before = above.findLast((layer) => layer.kind !== "relu"), count = before.after[2];
    const [rows, columns, channels] = before.before;
    if (before.kind === "flatten" && rows * columns <= LINES && channels > 1)
      return { width: channels, words: "a line for each place in the maps, row by row, and a column for each map" };
    return { width: Math.min(32, count), words: "line by line, in the order of the layer before" };
  };

  const power = (value) => (value < 1 ? TryIt.number(value) : value < 1000 ? value.toPrecision(4)
    : Math.round(value).toLocaleString("en"));

  const softmax = (network, logits, unit) => {
    const { h, number, percent } = TryIt, { temperature, classes } = network;
    const most = Math.max(...logits) / temperature, shift = most > 16 ? most : 0;
    const powers = logits.map((logit) => Math.exp(logit / temperature - shift));
    const total = powers.reduce((sum, power) => sum + power, 0);
    const divides = temperature !== 1;
    const rows = classes.map((name, place) => [
      name, number(logits[place]), ...(divides ? [number(logits[place] / temperature)] : []),
      power(powers[place]), percent(powers[place] / total),
    ]);
    return [
      h("p", {}, `Softmax: ${divides ? `the scores (logits) are divided by the temperature, ${number(temperature)}, and `
        + "each" : "each score (logit)"} becomes a power of e${shift ? " (less the largest, to keep the powers small)" : ""}. `
        + `${classes[unit]} has ${power(powers[unit])} of ${power(total)} in all, which is `,
      h("output", { "data-name": "share", "data-value": powers[unit] / total }, percent(powers[unit] / total, 2)), "."),
      table("From scores to probabilities",
        ["class", "score", ...(divides ? ["divided"] : []), "power of e", "share"], rows),
    ];
  };

  TryIt.units = ({ network, place, unit }) => {
    const { h, number } = TryIt, layer = network.layers[place];
    const isClass = place === network.layers.length - 1;
    const title = isClass ? `${layer.name}: ${network.classes[unit]}` : `${layer.name}, unit ${unit}`;
    const name = nameOfInput(network, place), body = h("div", {});
    const line = (term) => [name(term.index), number(term.value), number(term.weight), number(term.product)];

    const { width, words } = layout(network, place);
    const strip = (caption, values) => {
      const canvas = h("canvas", { role: "img", "aria-label": caption, style: `aspect-ratio: ${width} / ${Math.ceil(values.length / width)}` });
      return h("figure", { class: "try-strip" }, TryIt.paintList(canvas, values, width, TryIt.largest(values)),
        h("figcaption", {}, caption));
    };
    const update = (run) => {
      const found = TryIt.sums.dense(run.steps[place], unit), { terms, bias, sum, output } = found;
      const inOrder = [...terms].sort((one, other) => one.index - other.index);
      const rest = terms.slice(SHOWN).reduce((total, term) => total + term.product, 0);
      const rows = terms.slice(0, SHOWN).map(line);
      if (terms.length > SHOWN) rows.push([`the other ${(terms.length - SHOWN).toLocaleString("en")}`, "", "", number(rest)]);
      rows.push(["bias", "", "", number(bias)]);
      const count = terms.length.toLocaleString("en");
      body.replaceChildren(
        h("p", {}, `${count} numbers times ${count} weights, added up: ${number(sum - bias)}`
          + `${TryIt.sentences.plus(bias)} (bias) = `, TryIt.sentences.value("sum", sum),
          layer.relu ? [". ReLU: the larger of 0 and the sum, ", TryIt.sentences.value("output", output), "."] : "."),
        ...(isClass ? softmax(network, run.logits, unit) : []),
        table("What counts most", ["from", "number", "weight", "product"], rows),
        h("div", { class: "try-boards" },
          strip(`All ${count} weights: ${words}. Orange is above 0, blue below.`, inOrder.map((term) => term.weight)),
          strip("The same numbers times these weights: the products.", inOrder.map((term) => term.product))));
      if (terms.length > SHOWN && terms.length <= FOLDED)
        body.append(h("details", {}, h("summary", {}, `All ${count} products`),
          table(`All ${count} products`, ["from", "number", "weight", "product"], inOrder.map(line))));
    };
    return { element: h("section", { "aria-label": title }, h("h3", {}, title), body), update };
  };
})();
