/* What runs a network: our own few layers for the small one, ONNX Runtime for the larger ones. Each
   gets pictures of 32 x 32 x 3 numbers from 0 to 255, and gives ten logits for each of them. */
(() => {
  "use strict";
  const breath = () => new Promise((resolve) => setTimeout(resolve));

  /* From a file of to_page: every layer can be looked into */
  const own = (network, title = network.name) => ({
    title, classes: network.classes, temperature: network.temperature, network,
    logits: async (pictures) => {
      const answers = [];
      for (const picture of pictures) {
        answers.push(TryIt.network.run(network, picture).logits);
        if (pictures.length > 1) await breath();  // many take a while: the page must stay awake
      }
      return answers;
    },
  });

  class Unreachable extends TryIt.Refused {}  // what may succeed when it is tried again
  const unreachable = (title) => new Unreachable(
    `${title} could not be loaded. Check your internet connection.`);

  const bytes = async (name) => {
    const answer = await fetch(`${TryIt.files}${name}`);
    if (!answer.ok) throw new Error(`${name}: status ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  };

  /* Its two files are fetched here: left to itself, ONNX Runtime remembers a failed start, and no
     larger network would run until the page is loaded anew. */
  let runtime;
  const onnxRuntime = () => {
    runtime ??= Promise.all([
      bytes("ort-wasm-simd-threaded.mjs"), bytes("ort-wasm-simd-threaded.wasm"),
      TryIt.script(`${TryIt.files}ort.wasm.min.js`),
    ]).then(([module, binary]) => {
      const { ort } = window;
      ort.env.logLevel = "error";
      ort.env.wasm.numThreads = 1;  // more would need headers that a plain server does not send
      const mjs = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
      Object.assign(ort.env.wasm, { wasmBinary: binary, wasmPaths: { mjs } });
      return ort;
    });
    runtime.catch(() => { runtime = undefined; });  // so that another try is one
    return runtime;
  };

  const onnx = async (entry, classes) => {
    if (location.protocol === "file:")
      throw new TryIt.Refused(`${entry.title} needs a page that comes from a server; this one is a file on a disk. The simple CNN works here.`);
    const [ort, model] = await Promise.all([onnxRuntime(), bytes(entry.file)])
      .catch(() => { throw unreachable(entry.title); });
    let session;
    try {
      session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
    } catch {
      throw new TryIt.Refused(`${entry.title} cannot run in this browser. A newer one may be able to. The simple CNN works here.`);
    }
    const some = async (pictures) => {
      const data = new Float32Array(pictures.length * 3072);
      pictures.forEach((picture, place) => data.set(picture, place * 3072));
      const images = new ort.Tensor("float32", data, [pictures.length, 32, 32, 3]);
      const { outputs } = await session.run({ [session.inputNames[0]]: images });
      const count = classes.length;
      return pictures.map((_, place) => Array.from(outputs.data.slice(place * count, (place + 1) * count)));
    };
    return {
      title: entry.title, classes, temperature: entry.temperature,
      logits: async (pictures) => {
        const answers = [];
        for (let at = 0; at < pictures.length; at += 7) {
          answers.push(...await some(pictures.slice(at, at + 7)));
          await breath();
        }
        return answers;
      },
    };
  };

  /* A network of the book, fetched when it is asked for the first time */
  const fetched = new Map();
  const ofTheBook = (entry, classes) => {
    if (!fetched.has(entry.id)) {
      const engine = entry.file ? onnx(entry, classes)
        : TryIt.data(entry.id).then(
          (stored) => own(TryIt.network.read(stored), entry.title),
          () => { throw unreachable(entry.title); });
      fetched.set(entry.id, engine);
      engine.catch(() => fetched.delete(entry.id));
    }
    return fetched.get(entry.id);
  };

  TryIt.engines = { own, ofTheBook, Unreachable };
})();
