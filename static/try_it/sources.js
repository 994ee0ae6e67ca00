/* Where a picture comes from: a file (chosen, dropped or pasted), the camera, the test images, a
   drawing. A network's file comes the same way. */
(() => {
  "use strict";
  const isNetwork = (file) => /\.json$/i.test(file.name) || file.type === "application/json";

  TryIt.sources = ({ contents, picture, network, tell }) => {
    const { h } = TryIt;

    const take = async (file) => {
      tell("");
      try {
        if (isNetwork(file)) {
          await network(TryIt.network.parse(await file.text()), file.name);
        } else await picture(await TryIt.pictures.fromFile(file), file.name);
      } catch (error) {
        if (!(error instanceof TryIt.Refused)) throw error;
        tell(error.message);
      }
    };
    const chooser = (text, accept) => {
      const input = h("input", {
        type: "file", accept, class: "try-hidden", tabindex: -1, "aria-label": text,
        onchange: async () => {
          const [file] = input.files;
          if (file) await take(file);
          input.value = "";  // so that the same file can be chosen again
        },
      });
      return [h("button", { type: "button", onclick: () => input.click() }, text), input];
    };

    const camera = TryIt.camera((pixels) => picture(pixels, "the camera"), tell);
    const sheet = TryIt.drawing((canvas) => (
      picture(TryIt.pictures.fromDrawable(canvas, canvas.width, canvas.height), "your drawing")));
    const tests = h("div", { class: "try-panel try-tests", role: "group", "aria-label": "Test images" });
    const panels = { tests, sheet };

    const open = (name) => {
      camera.stop();
      tell("");
      for (const [other, panel] of Object.entries(panels)) panel.hidden = other !== name;
      buttons.forEach((button) => button.setAttribute("aria-expanded", button.dataset.opens === name));
    };
    const opener = (name, text) => h("button", {
      type: "button", "data-opens": name, "aria-expanded": false,
      onclick: (event) => open(event.currentTarget.getAttribute("aria-expanded") === "true" ? "" : name),
    }, text);
    const buttons = [opener("tests", "Test images"), opener("sheet", "Draw")];

    const fillTests = async () => {
      const { labels, pixels } = await TryIt.data("pictures");
      const all = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
      const each = labels.map(({ number, label }, place) => {
        const own = all.slice(place * 3072, (place + 1) * 3072);
        const name = `${contents.classes[label]}, test image ${number}`;
        return h("button", { type: "button", title: name, "aria-label": name, onclick: () => picture(own, name) },
          TryIt.paintPicture(h("canvas"), own));
      });
      tests.append(...each);
      TryIt.moveByArrows(tests, each);
      await picture(all.slice(0, 3072), `${contents.classes[labels[0].label]}, test image ${labels[0].number}`);
    };

    const drop = h("div", { class: "try-drop" },
      h("div", { class: "try-row" },
        chooser("Choose a photo", "image/*"),
        h("button", { type: "button", onclick: () => { open(""); camera.start(); } }, "Camera"),
        buttons,
        chooser("Your own network", ".json,application/json")),
      h("p", { class: "try-quiet" }, "Or drop a photo, or the file of your network, anywhere in this frame."),
      camera.panel, tests, sheet);
    TryIt.root.addEventListener("dragover", (event) => event.preventDefault());
    TryIt.root.addEventListener("drop", (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      if (file) take(file);
      else tell("That was no file. Save the picture first, then drop the file.");
    });
    open("tests");
    return { element: drop, fillTests, take };
  };
})();
