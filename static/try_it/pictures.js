/* Any picture as the 32 x 32 pixels that the networks take, as cifarlib.data.photo makes them:
   the square in its middle, each pixel the mean of the area that it stands for. */
(() => {
  "use strict";
  const STRIP = 2 ** 18;  // pixels: a few rows at a time stay in the processor's cache
  const MOST = 60e6;  // bytes of a file
  const HEAD = 2 ** 17;  // bytes, in which the EXIF data lie

  /* By EXIF's orientation, how an upright photo is turned to lie as it is stored: a, b, c, d of a
     canvas, x' = a x + c y and y' = b x + d y */
  const TURNS = { 3: [-1, 0, 0, -1], 6: [0, -1, 1, 0], 8: [0, 1, -1, 0] };

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

  /* What can be drawn on a canvas, of this width and height, upright; what is transparent becomes
     white. A browser keeps a turned photo as it is stored and turns it anew in each drawing, pixel
     by pixel. Drawn as it is stored, it is only copied, so that the small picture is turned at the
     end. With another orientation than the photo's this takes longer and comes to the same. */
  const fromDrawable = (drawable, width, height, orientation = 1) => {
    const square = Math.min(width, height), side = Math.min(square, TryIt.areas.LARGEST);
    const [left, top] = [Math.floor((width - square) / 2), Math.floor((height - square) / 2)];
    const [a, b, c, d] = TURNS[orientation] ?? [1, 0, 0, 1];
    const [x, y] = [a + c < 0 ? side : 0, b + d < 0 ? side : 0];
    const strip = Math.min(side, Math.ceil(STRIP / side));
    const canvas = document.createElement("canvas");
    canvas.width = side;
    canvas.height = strip;
    const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    context.fillStyle = "#fff";
    context.imageSmoothingEnabled = side < square;
    const areas = TryIt.areas(side);
    for (let row = 0; row < side; row += strip) {
      context.setTransform(a, b, c, d, x, y - row);
      context.fillRect(0, 0, side, side);
      context.drawImage(drawable, left, top, square, square, 0, 0, side, side);
      areas.add(context.getImageData(0, 0, side, Math.min(strip, side - row)).data);
    }
    return areas.means([a, b, c, d]);
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
    const orientation = TryIt.exif.orientation(await file.slice(0, HEAD).arrayBuffer());
    const pixels = fromDrawable(bitmap, bitmap.width, bitmap.height, orientation);
    bitmap.close();
    return pixels;
  };

  TryIt.pictures = { fromDrawable, fromFile };
})();
