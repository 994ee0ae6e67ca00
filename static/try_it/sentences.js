/* What the look inside says about a position, in numbers. */
(() => {
  "use strict";
  const value = (name, amount) => (
    TryIt.h("output", { "data-name": name, "data-value": amount }, TryIt.number(amount)));
  const plus = (amount) => (amount < 0 ? " - " : " + ") + TryIt.number(Math.abs(amount));

  const pooling = ({ name, place, found }) => (place
    ? [`Then ${name}: the largest of ${found.values.map((v) => TryIt.number(v)).join(", ")} is `,
      value("pool", found.output), ` (row ${place[0]}, column ${place[1]} there).`]
    : [`Then ${name}, which leaves this position out: no window of it fits here any more.`]);

  const conv = ({ layer, found, row, column, name, selected, numbers, pool }) => {
    const { h, number } = TryIt, { channels, bias, sum, output } = found, columns = layer.kernel.shape[1];
    const one = channels[selected];
    const products = one.patch.map((part, at) => part * one.kernel[at]);
    const few = channels.length <= 4;
    const terms = few ? channels.map((channel, at) => [channel.sum, name(at)])
      : [[sum - bias, `${channels.length} channels together`]];
    const [[first, from], ...others] = terms;
    return [
      h("p", {}, `Row ${row}, column ${column}: ${number(first)} (${from})`,
        [...others, [bias, "bias"]].map(([term, its]) => `${plus(term)} (${its})`), " = ", value("sum", sum),
        layer.relu ? [". ReLU: the larger of 0 and the sum, ", value("output", output), ". "] : ". ",
        pool ? pooling(pool) : null),
      h("p", {}, `One channel in full (${name(selected)}): patch times kernel, place by place, then added up: `,
        value("channel", one.sum), "."),
      h("div", { class: "try-equation" },
        numbers("patch", one.patch, columns), h("span", {}, "x"), numbers("kernel", one.kernel, columns),
        h("span", {}, "="), numbers("products", products, columns)),
      h("p", { class: "try-quiet" }, few ? "The channels:"
        : `All ${channels.length} channels: the patch in its map, its kernel, their sum. Press one to see it in full.`),
    ];
  };

  const pool = ({ found, row, column }) => [
    TryIt.h("p", {}, `Row ${row}, column ${column}: the largest of `,
      found.values.map((one) => TryIt.number(one)).join(", "), " is ", value("pool", found.output),
      ". The others go no further."),
  ];

  TryIt.sentences = { conv, pool, plus, value };
})();
