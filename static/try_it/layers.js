/* What the layers of a small network compute, written out. A map is {data, h, w, c}: rows, columns,
   channels, one number after another with the channels last, as Keras has them. */
(() => {
  "use strict";
  const map = (h, w, c) => ({ data: new Float32Array(h * w * c), h, w, c });

  /* How many places a window has along an axis, and where the first begins (below 0: outside). */
  const places = (length, size, stride, padding) => {
    if (padding === "valid") return { count: Math.floor((length - size) / stride) + 1, first: 0 };
    const count = Math.ceil(length / stride);
    const missing = Math.max((count - 1) * stride + size - length, 0);
    return { count, first: -Math.floor(missing / 2) };
  };

  const scale = (x, layer) => {
    const out = map(x.h, x.w, x.c);
    for (let i = 0; i < x.data.length; i++)
      out.data[i] = x.data[i] * layer.scale[i % x.c] + layer.offset[i % x.c];
    return out;
  };

  /* The sum of patch times kernel over all channels, plus the bias, at every place, for every filter */
  const conv = (x, layer) => {
    const [kh, kw, cin, cout] = layer.kernel.shape, weights = layer.kernel.data;
    const [sh, sw] = layer.strides;
    const down = places(x.h, kh, sh, layer.padding), across = places(x.w, kw, sw, layer.padding);
    const out = map(down.count, across.count, cout), sums = new Float64Array(cout);
    let at = 0;
    for (let row = 0; row < down.count; row++)
      for (let column = 0; column < across.count; column++) {
        sums.set(layer.bias.data);
        for (let i = 0; i < kh; i++) {
          const y = row * sh + down.first + i;
          if (y < 0 || y >= x.h) continue;
          for (let j = 0; j < kw; j++) {
            const left = column * sw + across.first + j;
            if (left < 0 || left >= x.w) continue;
            for (let channel = 0; channel < cin; channel++) {
              const value = x.data[(y * x.w + left) * cin + channel];
              if (value === 0) continue;
              const start = ((i * kw + j) * cin + channel) * cout;
              for (let filter = 0; filter < cout; filter++) sums[filter] += value * weights[start + filter];
            }
          }
        }
        out.data.set(sums, at);
        at += cout;
      }
    return out;
  };

  const relu = (x) => ({ ...x, data: x.data.map((value) => Math.max(0, value)) });

  const pool = (x, layer) => {
    const [ph, pw] = layer.size, [sh, sw] = layer.strides;
    const down = places(x.h, ph, sh, layer.padding), across = places(x.w, pw, sw, layer.padding);
    const out = map(down.count, across.count, x.c);
    out.data.fill(-Infinity);
    for (let row = 0; row < out.h; row++)
      for (let column = 0; column < out.w; column++)
        for (let i = 0; i < ph; i++)
          for (let j = 0; j < pw; j++) {
            const y = row * sh + down.first + i, left = column * sw + across.first + j;
            if (y < 0 || y >= x.h || left < 0 || left >= x.w) continue;
            for (let channel = 0; channel < x.c; channel++) {
              const place = (row * out.w + column) * x.c + channel;
              out.data[place] = Math.max(out.data[place], x.data[(y * x.w + left) * x.c + channel]);
            }
          }
    return out;
  };

  const flatten = (x) => ({ data: x.data, h: 1, w: 1, c: x.data.length });

  const dense = (x, layer) => {
    const [inputs, units] = layer.kernel.shape, sums = Float64Array.from(layer.bias.data);
    for (let i = 0; i < inputs; i++) {
      const value = x.data[i];
      if (value !== 0)
        for (let unit = 0; unit < units; unit++) sums[unit] += value * layer.kernel.data[i * units + unit];
    }
    return { data: Float32Array.from(sums), h: 1, w: 1, c: units };
  };

  /* Shares that add up to 1; the largest logit is taken off first, so that no power is too large */
  const softmax = (logits, temperature = 1) => {
    const most = Math.max(...logits);
    const powers = Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  };

  TryIt.layers = { map, places, scale, conv, relu, pool, flatten, dense, softmax };
})();
