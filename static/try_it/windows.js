/* The second and third depth for convolutions and pools: a map, a position in it, and the sum there:
   patch times kernel for each channel, plus the bias, then ReLU, then the pool. */
(() => {
  "use strict";

  /* A map with a frame around a part of it; one of them is moved by pointer and arrow keys. A click
     holds the position, or the mouse would change it on its way to what there is to press below. */
  const board = (caption, label, moved) => {
    const { h } = TryIt, canvas = h("canvas"), mark = h("span", { class: "try-mark" });
    const words = h("figcaption", {});
    const frame = h("div", moved
      ? { class: "try-board try-moves", tabindex: 0, role: "application", "aria-label": label }
      : { class: "try-board" }, canvas, mark);
    let [height, width, here, held] = [1, 1, [0, 0], false];
    const say = (text) => {
      const how = held ? "held, click to release" : "move here, click to hold";
      words.textContent = moved ? `${text}: ${how}` : text;
    };
    const hold = (yes) => {
      held = yes;
      say(caption);
    };
    say(caption);
    const place = (row, column, rows = 1, columns = 1) => {
      here = [row, column];
      Object.assign(mark.style, {
        left: `${(100 * column) / width}%`, top: `${(100 * row) / height}%`,
        width: `${(100 * columns) / width}%`, height: `${(100 * rows) / height}%`,
      });
    };
    if (moved) {
      const within = (value, count) => Math.min(count - 1, Math.max(0, value));
      const point = (event) => {
        const box = canvas.getBoundingClientRect();
        moved(within(Math.floor(((event.clientY - box.top) * height) / box.height), height),
          within(Math.floor(((event.clientX - box.left) * width) / box.width), width), false);
      };
      canvas.addEventListener("pointerdown", (event) => {
        point(event);
        if (event.pointerType === "mouse") hold(!held);
      });
      canvas.addEventListener("pointermove", (event) => { if (!held || event.buttons) point(event); });
      frame.addEventListener("keydown", (event) => {
        const [row, column] = here;
        const to = {
          ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1],
          ArrowRight: [row, column + 1], Home: [row, 0], End: [row, width - 1],
          PageUp: [0, column], PageDown: [height - 1, column],
        }[event.key];
        if (!to) return;
        event.preventDefault();
        hold(true);
        moved(within(to[0], height), within(to[1], width), true);
      });
    }
    return {
      element: h("figure", { class: moved ? "try-main" : null }, frame, words), place, say,
      paint: (x, channel, color) => {
        [height, width] = [x.h, x.w];
        TryIt.paintChannel(canvas, x, channel, TryIt.largest(x.data), color);
      },
    };
  };

  const numbers = (caption, values, columns) => {
    const { h, number } = TryIt, rows = [];
    for (let start = 0; start < values.length; start += columns)
      rows.push(h("tr", {}, values.slice(start, start + columns).map((value) => h("td", {}, number(value)))));
    return h("table", { class: "try-numbers" }, h("caption", {}, caption), h("tbody", {}, rows));
  };

  const nameOfChannel = (network, place, channel) => {
    const before = network.layers.slice(0, place).reverse().find((layer) => layer.kind !== "relu");
    return !before || before.kind === "scale" ? (["red", "green", "blue"][channel] ?? `channel ${channel}`)
      : `${before.name}, map ${channel}`;
  };

  /* For each channel before: its map with the patch framed, its kernel, and the sum of their products */
  const tiles = (layer, name, filter, choose) => {
    const { h, number, paint, signed } = TryIt, [kh, kw, cin, cout] = layer.kernel.shape;
    const reach = TryIt.largest(layer.kernel.data);
    const each = Array.from({ length: cin }, (_, channel) => {
      const map = h("canvas"), mark = h("span", { class: "try-mark" }), value = h("span", { class: "try-value" });
      const kernel = paint(h("canvas", { class: "try-kernel" }), kw, kh, (at) => (
        signed(layer.kernel.data[(at * cin + channel) * cout + filter] / reach)));
      const button = h("button", {
        type: "button", class: "try-tile", "aria-pressed": false, title: name(channel),
        onclick: () => choose(channel),
      }, h("span", { class: "try-board" }, map, mark), kernel, value);
      return { button, map, mark, value };
    });
    const group = h("div", { class: "try-tiles", role: "group", "aria-label": "The channels that are added up" },
      each.map((one) => one.button));
    TryIt.moveByArrows(group, each.map((one) => one.button));
    return {
      element: group,
      paint: (x) => {
        const most = TryIt.largest(x.data);
        each.forEach(({ map }, channel) => TryIt.paintChannel(map, x, channel, most));
      },
      show: (found, input, selected) => each.forEach(({ button, mark, value }, channel) => {
        const { top, left, height, width } = found.place;
        Object.assign(mark.style, {
          top: `${(100 * top) / input.h}%`, left: `${(100 * left) / input.w}%`,
          height: `${(100 * height) / input.h}%`, width: `${(100 * width) / input.w}%`,
        });
        value.textContent = number(found.channels[channel].sum);
        button.setAttribute("aria-pressed", channel === selected);
        button.setAttribute("aria-label", `${name(channel)}: ${value.textContent}`);
      }),
    };
  };

  TryIt.windows = ({ network, place, channel }) => {
    const { h } = TryIt, layer = network.layers[place];
    const isConv = layer.kind === "conv", after = network.layers[place + 1];
    const name = (number) => nameOfChannel(network, place, number);
    const words = h("div", { class: "try-words" }), aloud = h("p", { role: "status", class: "try-hidden" });
    const label = `${layer.name}, map ${channel}. Arrow keys move the position; Home and End, Page Up and Page Down go to the edges.`;
    let run, row, column, picked;

    /* At first, where the map is largest: there is most to see */
    const begin = ({ sums }) => {
      let most = -Infinity;
      for (let place = 0; place < sums.h * sums.w; place++)
        if (sums.data[place * sums.c + channel] > most) {
          most = sums.data[place * sums.c + channel];
          [row, column] = [Math.floor(place / sums.w), place % sums.w];
        }
    };
    const move = (newRow, newColumn, byKey) => {
      if (newRow === row && newColumn === column) return;
      [row, column] = [newRow, newColumn];
      show();
      if (byKey) aloud.textContent = words.firstChild.textContent;
    };
    const before = isConv ? null : board("before the pool");
    const taken = isConv ? board("") : null;
    const main = board(isConv ? "the sums (orange above 0, blue below)" : "after the pool", label, move);
    const cut = layer.relu ? board("after ReLU") : null;
    const pooled = isConv && after?.kind === "pool" ? board(`after ${after.name}`) : null;
    const channels = isConv ? tiles(layer, name, channel, (number) => { picked = number; show(); }) : null;

    const show = () => {
      const step = run.steps[place];
      main.place(row, column);
      cut?.place(row, column);
      if (isConv) {
        const found = TryIt.sums.conv(step, channel, row, column);
        const biggest = found.channels.map((one) => Math.abs(one.sum));
        const selected = picked ?? biggest.indexOf(Math.max(...biggest));
        channels.show(found, step.input, selected);
        taken.paint(step.input, selected);
        taken.say(`where the patch is taken: ${name(selected)}`);
        taken.place(found.place.top, found.place.left, found.place.height, found.place.width);
        const pool = pooled && TryIt.sums.pooledPlace(run.steps[place + 1], row, column);
        if (pool) pooled.place(...pool);
        else pooled?.place(-9, -9);
        words.replaceChildren(...TryIt.sentences.conv({
          layer, found, row, column, name, selected, numbers,
          pool: pooled && { name: after.name, place: pool,
            found: pool && TryIt.sums.pool(run.steps[place + 1], channel, ...pool) },
        }));
      } else {
        const found = TryIt.sums.pool(step, channel, row, column);
        before.place(found.place.top, found.place.left, found.place.height, found.place.width);
        words.replaceChildren(...TryIt.sentences.pool({ found, row, column }));
      }
    };
    return {
      element: h("section", { class: "try-window", "aria-label": `${layer.name}, map ${channel}` },
        h("h3", {}, `${layer.name}, map ${channel}`),
        h("div", { class: "try-boards" }, [before, taken, main, cut, pooled].filter(Boolean).map((one) => one.element)),
        aloud, words, channels?.element),
      update: (newRun) => {
        run = newRun;
        const step = run.steps[place];
        if (row === undefined) begin(step);
        before?.paint(step.input, channel);
        main.paint(step.sums, channel, isConv ? TryIt.signed : TryIt.gray);
        cut?.paint(step.output, channel);
        pooled?.paint(run.steps[place + 1].output, channel);
        channels?.paint(step.input);
        show();
      },
    };
  };
})();
