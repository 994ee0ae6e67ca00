/* The means of 32 x 32 areas of a square, as cifarlib.data.photos.area_average has them. They are
   added up in whole numbers, so that nothing is lost; lengths are counted in 1/32 of a pixel. */
(() => {
  "use strict";
  const SIZE = 32;
  const LARGEST = 8192;  // pixels a side: a sum over 256 pixels of up to 255 fits in 16 bits

  /* Takes the rows of a square of this side, in their order and in strips of any height */
  const areas = (side) => {
    const starts = new Int32Array(SIZE + 1), rests = new Int32Array(SIZE + 1);
    for (let cell = 0; cell <= SIZE; cell++) {  // where a cell begins: in this pixel, and where in it
      starts[cell] = Math.floor((cell * side) / SIZE);
      rests[cell] = (cell * side) % SIZE;
    }
    const line = new Int32Array(3 * SIZE), total = new Float64Array(3 * SIZE * SIZE);
    let y = 0;

    /* One row into 32 sums a color. Most of its pixels lie in one area: of these, red and blue are
       added at once, 16 bits apart, and each start of an area then moves a part of its pixel. */
    const across = (rgba, row) => {
      for (let cell = 0; cell < SIZE; cell++) {
        const end = row + starts[cell + 1];
        let redBlue = 0, green = 0;
        for (let at = row + starts[cell]; at < end; at++) {
          const pixel = rgba[at];
          redBlue = (redBlue + (pixel & 0xff00ff)) | 0;
          green += pixel & 0xff00;
        }
        line[3 * cell] = SIZE * (redBlue & 0xffff);
        line[3 * cell + 1] = SIZE * (green >>> 8);
        line[3 * cell + 2] = SIZE * (redBlue >>> 16);
      }
      for (let cell = 1; cell < SIZE; cell++) {
        const rest = rests[cell], pixel = rgba[row + starts[cell]];
        for (let c = 0; c < 3; c++) {
          const part = rest * ((pixel >>> (8 * c)) & 0xff);
          line[3 * cell - 3 + c] += part;
          line[3 * cell + c] -= part;
        }
      }
    };
    const add = (bytes) => {
      const rgba = new Int32Array(bytes.buffer);
      for (let row = 0; row < rgba.length; row += side, y++) {
        across(rgba, row);
        for (let cell = Math.floor((y * SIZE) / side); cell * side < (y + 1) * SIZE; cell++) {
          const share = Math.min((cell + 1) * side, (y + 1) * SIZE) - Math.max(cell * side, y * SIZE);
          for (let at = 0; at < 3 * SIZE; at++) total[3 * SIZE * cell + at] += share * line[at];
        }
      }
    };
    const mean = (sum) => {
      const area = side * side, low = Math.floor(sum / area), rest = 2 * (sum - low * area);
      return low + (rest > area || (rest === area && low % 2) ? 1 : 0);  // half to even, as Python rounds
    };
    /* The small picture; of rows that were turned by a, b, c, d of a canvas it is turned back */
    const means = ([a, b, c, d]) => {
      const pixels = new Uint8Array(total.length);
      const [left, top] = [a + c < 0 ? SIZE - 1 : 0, b + d < 0 ? SIZE - 1 : 0];
      for (let row = 0, at = 0; row < SIZE; row++)
        for (let column = 0; column < SIZE; column++) {
          const from = 3 * ((b * column + d * row + top) * SIZE + a * column + c * row + left);
          for (let color = 0; color < 3; color++) pixels[at++] = mean(total[from + color]);
        }
      return pixels;
    };
    return { add, means };
  };

  TryIt.areas = Object.assign(areas, { LARGEST });
})();
