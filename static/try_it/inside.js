/* The first depth of the look inside: every layer's maps for this picture. A map, a unit or a class
   that is pressed opens the next depth, below its row. */
(() => {
  "use strict";

  TryIt.inside = () => {
    const { h, paintChannel, largest, number, percent } = TryIt;
    const overview = h("div", { class: "try-overview" }), detail = h("div", { class: "try-detail" });
    const invite = [
      h("p", {}, "Each small picture is a map: what one filter made of your picture. "
        + "Press a map, a unit (one number) or a class to see how its numbers come about."),
      h("p", { class: "try-quiet" }, "Black is 0, white the largest number in the layer. A black map did not find "
        + "its pattern here: ReLU has set every negative sum to 0. Where negative numbers are left, orange is "
        + "above 0 and blue below."),
    ];
    let network, run, rows, panel, chosen;

    const size = ([rows_, columns, channels], kind) => (kind === "dense" ? `${channels} units`
      : `${channels} maps of ${rows_} x ${columns}`);

    const open = (place, channel, button) => {
      chosen = { place, channel };
      overview.querySelectorAll("[aria-pressed=true]").forEach((one) => one.setAttribute("aria-pressed", false));
      button.setAttribute("aria-pressed", true);
      const { kind } = network.layers[place];
      panel = kind === "dense" ? TryIt.units({ network, place, unit: channel })
        : TryIt.windows({ network, place, channel });
      panel.update(run);
      detail.replaceChildren(panel.element);
      rows[place].element.after(detail);  // below its row: for the eye, and for the next Tab
      detail.scrollIntoView({ block: "nearest" });
    };

    /* A layer's row: a button for each map or unit, or plain pictures where there is nothing to open */
    const row = (layer, place) => {
      const [, , channels] = layer.after, last = place === network.layers.length - 1;
      const name = `${layer.name}: ${layer.kind === "scale" ? "red, green and blue, scaled"
        : layer.kind === "flatten" ? `the same ${channels.toLocaleString("en")} numbers in a row`
          : last ? "a score for each class" : size(layer.after, layer.kind)}`;
      const heading = h("h3", {}, name);
      if (layer.kind === "flatten") return { element: h("div", {}, heading), update: () => {} };
      const opens = ["conv", "pool", "dense"].includes(layer.kind);
      const cells = Array.from({ length: channels }, (_, channel) => {
        const canvas = last ? h("span", {}) : h("canvas", {});
        const title = `${layer.name}, ${layer.kind === "dense" ? "unit" : "map"} ${channel}`;
        if (!opens) return h("span", { class: "try-cell" }, canvas);
        const button = h("button", {
          type: "button", class: `try-cell${last ? " try-class" : ""}`, "aria-pressed": false,
          "aria-label": last ? null : title, title: last ? null : title,
          onclick: () => open(place, channel, button),
        }, canvas);
        return button;
      });
      const group = h("div", { class: "try-cells", role: "group", "aria-label": name }, cells);
      if (opens) TryIt.moveByArrows(group, cells);
      const update = () => {
        const { output } = run.steps[place], reach = largest(output.data);
        const shares = last && TryIt.layers.softmax(run.logits, network.temperature);
        const signed = output.data.some((value) => value < 0);
        cells.forEach((cell, channel) => {
          if (last) cell.firstChild.textContent = `${network.classes[channel]} ${percent(shares[channel])}`;
          else paintChannel(cell.firstChild, output, channel, reach, signed ? TryIt.signed : TryIt.gray);
          if (layer.kind === "dense" && !last) cell.title = `${cell.ariaLabel}: ${number(output.data[channel])}`;
        });
      };
      return { element: h("div", {}, heading, group), update, cells };
    };

    return {
      element: h("div", {}, invite, overview),
      use: (newNetwork) => {
        if (newNetwork === network) return;
        network = newNetwork;
        rows = network.layers.map(row);
        overview.replaceChildren(...rows.map((one) => one.element));
        detail.replaceChildren();
        panel = chosen = undefined;
      },
      show: (pixels) => {
        run = TryIt.network.run(network, pixels);
        rows.forEach((one) => one.update());
        panel?.update(run);
      },
      chosen: () => chosen,
    };
  };
})();
