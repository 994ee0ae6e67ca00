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

  /* For each pixel, the mean of what was lost in all the places that covered it */
  const compute = async (engine, pixels, answer) => {
    const covered = corners.map((corner) => {
      const picture = Float32Array.from(pixels);
      inside(corner, (place) => picture.set(MEANS, 3 * place));
      return picture;
    });
    const before = (await engine.logits([pixels]))[0][answer];
    const after = await engine.logits(covered);
    const lost = new Float64Array(SIDE * SIDE), times = new Float64Array(SIDE * SIDE);
    corners.forEach((corner, number) => inside(corner, (place) => {
      lost[place] += before - after[number][answer];
      times[place] += 1;
    }));
    return lost.map((sum, place) => sum / times[place]);
  };

  const show = (map, name) => {
    const { h, paint, number } = TryIt, reach = TryIt.largest(map);
    const most = map.indexOf(Math.max(...map));
    const [row, column] = [Math.floor(most / SIDE), most % SIDE];
    const words = `Where the score of ${name} falls most when it is covered (by ${number(map[most], 1)}): `
      + `around row ${row}, column ${column}. Orange: covering it costs; blue: covering it helps.`;
    const canvas = h("canvas", { class: "try-pixels", role: "img", "aria-label": words });
    paint(canvas, SIDE, SIDE, (place) => TryIt.signed(map[place] / reach));
    return h("figure", {}, canvas, h("figcaption", {}, words));
  };

  TryIt.occlusion = { compute, show };
})();
