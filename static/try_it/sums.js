/* How one number inside a network came about: what is multiplied, added, cut off, compared. */
(() => {
  "use strict";

  const windowAt = (x, layer, size, row, column) => {
    const down = TryIt.layers.places(x.h, size[0], layer.strides[0], layer.padding);
    const across = TryIt.layers.places(x.w, size[1], layer.strides[1], layer.padding);
    return {
      top: row * layer.strides[0] + down.first, left: column * layer.strides[1] + across.first,
      height: size[0], width: size[1],
    };
  };
  const valueAt = (x, row, column, channel) => (
    row < 0 || column < 0 || row >= x.h || column >= x.w ? 0
      : x.data[(row * x.w + column) * x.c + channel]);

  /* One filter of a convolution at one place: for each channel the patch, the kernel, their sum */
  const conv = ({ layer, input, output }, filter, row, column) => {
    const [kh, kw, cin, cout] = layer.kernel.shape;
    const place = windowAt(input, layer, [kh, kw], row, column);
    const channels = Array.from({ length: cin }, (_, channel) => {
      const patch = [], kernel = [];
      let sum = 0;
      for (let i = 0; i < kh; i++)
        for (let j = 0; j < kw; j++) {
          patch.push(valueAt(input, place.top + i, place.left + j, channel));
          kernel.push(layer.kernel.data[((i * kw + j) * cin + channel) * cout + filter]);
          sum += patch.at(-1) * kernel.at(-1);
        }
      return { patch, kernel, sum };
    });
    const bias = layer.bias.data[filter];
    const sum = channels.reduce((total, channel) => total + channel.sum, bias);
    return { place, channels, bias, sum, output: valueAt(output, row, column, filter) };
  };

  /* What a max-pool compares at one place */
  const pool = ({ layer, input }, channel, row, column) => {
    const place = windowAt(input, layer, layer.size, row, column), values = [];
    for (let i = 0; i < place.height; i++)
      for (let j = 0; j < place.width; j++) {
        const [y, x] = [place.top + i, place.left + j];
        if (y >= 0 && x >= 0 && y < input.h && x < input.w) values.push(valueAt(input, y, x, channel));
      }
    return { place, values, output: Math.max(...values) };
  };

  /* The place of the pooled map that looks at a position, if there is one */
  const pooledPlace = ({ layer, input, output }, row, column) => {
    for (let y = 0; y < output.h; y++)
      for (let x = 0; x < output.w; x++) {
        const { top, left, height, width } = windowAt(input, layer, layer.size, y, x);
        if (row >= top && row < top + height && column >= left && column < left + width) return [y, x];
      }
    return null;
  };

  /* One unit of a dense layer: its inputs times its weights, the farthest from 0 first */
  const dense = ({ layer, input, output }, unit) => {
    const units = layer.kernel.shape[1], bias = layer.bias.data[unit];
    const terms = Array.from(input.data, (value, index) => {
      const weight = layer.kernel.data[index * units + unit];
      return { index, value, weight, product: value * weight };
    });
    const sum = terms.reduce((total, term) => total + term.product, bias);
    terms.sort((one, other) => Math.abs(other.product) - Math.abs(one.product));
    return { terms, bias, sum, output: output.data[unit] };
  };

  TryIt.sums = { conv, pool, pooledPlace, dense };
})();
