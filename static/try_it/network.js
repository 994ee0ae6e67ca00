/* A network from the file that cifarlib.export.to_page writes: read it with care, and run it. */
(() => {
  "use strict";
  const { layers } = TryIt;
  const FORMAT = "cifarlib network for a page", VERSION = 1;
  const LARGEST = 60e6;  // bytes of a file
  const refuse = (text) => { throw new TryIt.Refused(text); };

  const array = (stored, shape, layer) => {
    const bytes = Uint8Array.from(atob(stored.data), (letter) => letter.charCodeAt(0));
    const wanted = shape.reduce((product, size) => product * size, 1);
    const given = stored.shape;
    if (bytes.length !== 4 * wanted || given.join() !== shape.join())
      refuse(`The weights of the layer "${layer}" do not have the size that they should.`);
    return { shape: given, data: new Float32Array(bytes.buffer) };
  };

  /* The map that a layer gives, as sizes alone */
  const after = (shape, layer) => {
    const [h, w, c] = shape;
    const moved = ([kh, kw]) => [[h, kh, 0], [w, kw, 1]].map(
      ([length, size, axis]) => layers.places(length, size, layer.strides[axis], layer.padding).count);
    if (layer.kind === "conv") return [...moved(layer.kernel.shape), layer.kernel.shape[3]];
    if (layer.kind === "pool") return [...moved(layer.size), c];
    if (layer.kind === "flatten") return [1, 1, h * w * c];
    if (layer.kind === "dense") return [1, 1, layer.kernel.shape[1]];
    if (layer.kind === "scale" || layer.kind === "relu") return shape;
    return refuse(`There is a layer of the kind "${layer.kind}", which this page does not know.`);
  };

  const read = (content) => {
    if (content?.format !== FORMAT)
      refuse("This is not a network for this page. Write one in your notebook: to_page(model, \"mine.json\").");
    if (content.version !== VERSION)
      refuse("This network was written by another version of cifarlib than this page belongs to.");
    let shape = [32, 32, 3];
    const read = content.layers.map((stored) => {
      const layer = { ...stored };
      if (layer.kind === "conv" || layer.kind === "dense") {
        const [inputs, outputs] = [shape[2], stored.kernel.shape.at(-1)];
        const window = layer.kind === "conv" ? stored.kernel.shape.slice(0, 2) : [];
        layer.kernel = array(stored.kernel, [...window, inputs, outputs], layer.name);
        layer.bias = array(stored.bias, [outputs], layer.name);
      }
      layer.before = shape;
      layer.after = shape = after(shape, layer);
      if (!(Math.min(...shape) > 0)) refuse(`The layer "${layer.name}" leaves nothing of the picture.`);
      return layer;
    });
    if (shape[2] !== content.classes.length || shape[0] * shape[1] !== 1)
      refuse(`The network gives ${shape.join(" x ")} numbers for ${content.classes.length} classes.`);
    return {
      name: String(content.name), classes: content.classes.map(String),
      temperature: Number(content.temperature) || 1, layers: read,
    };
  };

  const parse = (text) => {
    if (text.length > LARGEST) refuse("This file is too large for a network that a page can run.");
    let content;
    try {
      content = JSON.parse(text);
    } catch {
      refuse("This file is damaged, or no network: it is not JSON.");
    }
    try {
      return read(content);
    } catch (error) {
      if (error instanceof TryIt.Refused) throw error;
      return refuse("This file is damaged: a part of the network is missing in it.");
    }
  };

  /* Every layer's input, sums and output, for one picture of 32 x 32 x 3 numbers from 0 to 255 */
  const run = (network, pixels) => {
    let x = { data: Float32Array.from(pixels), h: 32, w: 32, c: 3 };
    const steps = network.layers.map((layer) => {
      const input = x;
      const sums = layers[layer.kind](input, layer);
      x = layer.relu ? layers.relu(sums) : sums;
      return { layer, input, sums, output: x };
    });
    return { steps, logits: Array.from(x.data) };
  };

  TryIt.network = { read, parse, run };
})();
