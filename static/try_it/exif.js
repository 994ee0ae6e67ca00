/* How a camera was held, as the EXIF data of a JPEG say: 1 upright, 3, 6 and 8 turned, others mirrored. */
(() => {
  "use strict";
  const ORIENTATION = 0x0112;

  /* Where the EXIF data's own header begins, or nothing */
  const header = (view) => {
    for (let at = 2; view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2))
      if (view.getUint8(at + 1) === 0xe1 && view.getUint32(at + 4) === 0x45786966) return at + 10;
    return undefined;
  };

  const orientation = (buffer) => {
    const view = new DataView(buffer);
    try {
      if (view.getUint16(0) !== 0xffd8) return 1;
      const start = header(view);
      if (start === undefined) return 1;
      const little = view.getUint16(start) === 0x4949;
      const directory = start + view.getUint32(start + 4, little);
      const entries = view.getUint16(directory, little);
      for (let at = directory + 2; at < directory + 2 + 12 * entries; at += 12)
        if (view.getUint16(at, little) === ORIENTATION) return view.getUint16(at + 8, little);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;  // cut off
    }
    return 1;
  };

  TryIt.exif = { orientation };
})();
