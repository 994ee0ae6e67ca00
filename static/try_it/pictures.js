/* Any picture as the 32 x 32 pixels that the networks take, as cifarlib.data.photo makes them:
   the square in its middle, each pixel the mean of the area that it stands for. */
(() => {
  "use strict";
  const SIZE = 32, LARGEST = 4096;  // pixels a side: what every browser's canvas bears
  const MOST = 60e6;  // bytes of a file

  /* How files begin that people take for pictures, and what to do about them */
  const LOOKALIKES = [
    [/^....ftyp(hei[cx]|hev[cx]|heim|heis|mif1|msf1)/s, "a HEIC photo, which this browser cannot open: send it as JPEG"],
    [/^....ftyp|^\x1aE\xdf\xa3/s, "a video: save one picture of it"],
    [/^(\xef\xbb\xbf)?\s*(<\?xml|<svg)/, "a drawing in SVG or XML: save it as PNG"],
    [/^(\xef\xbb\xbf)?\s*</, "a web page: save the picture that is on it"],
    [/^%PDF/, "a PDF document: save its page as PNG"],
    [/^PK\x03\x04/, "a ZIP archive: unpack it first"],
    [/^(\x89PNG|\xff\xd8|GIF8|BM|RIFF)/, "a damaged picture: open it in another program and save it again"],
  ];

  /* The mean of each of 32 x 32 areas of a square, computed in whole numbers so that nothing is lost */
  const areaAverage = (rgba, side) => {
    const shares = Array.from({ length: SIZE }, (_, cell) => {
      const found = [];
      for (let at = Math.floor((cell * side) / SIZE); at * SIZE < (cell + 1) * side; at++)
        found.push([at, Math.min((cell + 1) * side, (at + 1) * SIZE) - Math.max(cell * side, at * SIZE)]);
      return found;
    });
    const pixels = new Uint8Array(SIZE * SIZE * 3), area = side * side;
    const line = new Float64Array(side * 3);
    for (let row = 0; row < SIZE; row++) {
      line.fill(0);
      for (const [y, share] of shares[row])
        for (let x = 0, at = 4 * y * side; x < 3 * side; x += 3, at += 4) {
          line[x] += share * rgba[at];
          line[x + 1] += share * rgba[at + 1];
          line[x + 2] += share * rgba[at + 2];
        }
      for (let column = 0; column < SIZE; column++)
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (const [x, share] of shares[column]) sum += share * line[3 * x + c];
          const low = Math.floor(sum / area), rest = 2 * (sum - low * area);
          pixels[3 * (row * SIZE + column) + c] = low + (rest > area || (rest === area && low % 2) ? 1 : 0);
        }
    }
    return pixels;
  };

  /* What can be drawn on a canvas, of this width and height; what is transparent becomes white */
  const fromDrawable = (drawable, width, height) => {
    const square = Math.min(width, height), side = Math.min(square, LARGEST);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#fff";
    context.fillRect(0, 0, side, side);
    const [left, top] = [Math.floor((width - square) / 2), Math.floor((height - square) / 2)];
    context.drawImage(drawable, left, top, square, square, 0, 0, side, side);
    return areaAverage(context.getImageData(0, 0, side, side).data, side);
  };

  const fromFile = async (file) => {
    const name = file.name || "The file";
    if (!file.size) throw new TryIt.Refused(`${name} is empty.`);
    if (file.size > MOST) throw new TryIt.Refused(`${name} has ${Math.round(file.size / 1e6)} MB, and 60 at most can be opened here.`);
    let bitmap;
    try {
      bitmap = await createImageBitmap(file, {
        imageOrientation: "from-image", colorSpaceConversion: "none",
      });
    } catch {
      const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 64).arrayBuffer()));
      const [, words] = LOOKALIKES.find(([mark]) => mark.test(head)) ?? [];
      throw new TryIt.Refused(`${name} is ${words ?? "no picture that this browser can open: JPEG, PNG, WebP, GIF and BMP work"}.`);
    }
    const pixels = fromDrawable(bitmap, bitmap.width, bitmap.height);
    bitmap.close();
    return pixels;
  };

  TryIt.pictures = { areaAverage, fromDrawable, fromFile };
})();
