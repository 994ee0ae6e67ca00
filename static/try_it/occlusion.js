/* Cover a square of the picture with gray, and see how far the score of the network's answer falls:
   what cifarlib.explain.occlusion_map computes. */
(() => {
  "use strict";
  const SIDE = 32, SQUARE = 8, STEP = 4;
  const MEANS = [125.3069, 122.9504, 113.8654];  // of the training images, as in cifarlib.layers

  const places = Array.from({ length: (SIDE - SQUARE) / STEP + 1 }, (_, place) => place * STEP);
  const corners = places.flatMap((top) => places.map((left) => [top, left]));
  const inside = (corner, visit) => {
    for (let y = corner[0]; y < corner[0] + SQUARE; y++)
      for (let x = corner[1]; x < corner[1] + SQUARE; x++) visit(y * SIDE + x);
  };

  /* map: for each pixel, the mean of what was lost in all the places that covered it. worst: the one
     square that cost most, and what; nothing where none cost anything. */
  const compute = async (engine, pixels, answer) => {
    const covered = corners.map((corner) => {
      const picture = Float32Array.from(pixels);
      inside(corner, (place) => picture.set(MEANS, 3 * place));
      return picture;
    });
    const before = (await engine.logits([pixels]))[0][answer];
    const losses = (await engine.logits(covered)).map((logits) => before - logits[answer]);
    const lost = new Float64Array(SIDE * SIDE), times = new Float64Array(SIDE * SIDE);
    corners.forEach((corner, number) => inside(corner, (place) => {
      lost[place] += losses[number];
      times[place] += 1;
    }));
    const loss = Math.max(...losses), [row, column] = corners[losses.indexOf(loss)];
    return { map: lost.map((sum, place) => sum / times[place]), worst: loss > 0 ? { row, column, loss } : null };
  };

  /* Put a frame around that square of a picture */
  const frame = (mark, worst) => {
    mark.hidden = !worst;
    if (worst) Object.assign(mark.style, {
      left: `${(100 * worst.column) / SIDE}%`, top: `${(100 * worst.row) / SIDE}%`,
      width: `${(100 * SQUARE) / SIDE}%`, height: `${(100 * SQUARE) / SIDE}%`,
    });
  };

  const show = ({ map, worst }, name, pixels) => {
    const { h, paint, number, signed } = TryIt, reach = TryIt.largest(map);
    const words = (worst
      ? `Covering the marked square costs ${name} most: its score falls by ${number(worst.loss, 1)}. `
      : `Covering no square costs ${name} anything: its score never falls. `)
      + "Orange: the score falls; blue: it rises.";
    const canvas = h("canvas", { class: "try-pixels", role: "img", "aria-label": words });
    const mark = h("span", { class: "try-mark" });
    const over = h("input", { type: "checkbox", onchange: () => draw() });
    const draw = () => paint(canvas, SIDE, SIDE, (place) => {
      const color = signed(map[place] / reach);
      return over.checked ? color.map((part, channel) => (part + pixels[3 * place + channel]) / 2) : color;
    });
    draw();
    frame(mark, worst);
    return h("figure", {}, h("div", { class: "try-board" }, canvas, mark),
      h("label", { class: "try-over-picture" }, over, " over the picture"), h("figcaption", {}, words));
  };

  TryIt.occlusion = { compute, show, frame };
})();
