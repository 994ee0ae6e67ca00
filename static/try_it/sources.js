/* Where a picture comes from: a file (chosen, dropped or pasted), the camera, the test images, a
   drawing. A network's file comes the same way. */
(() => {
  "use strict";
  const PATIENCE = 400;  // milliseconds until the page says that it is opening a file
  const isNetwork = (file) => /\.json$/i.test(file.name) || file.type === "application/json";
  const isField = (event) => event.target.closest?.("input, textarea");

  TryIt.sources = ({ contents, examples, picture, network, tell }) => {
    const { h, root } = TryIt;
    const given = { picture: 0, network: 0 };
    let drawing = false;

    /* A picture or a network was asked for. What comes back says whether it is still the last one:
       an older file, opened slowly, must not replace what was chosen after it. */
    const ask = (kind) => {
      given[kind] += 1;
      tell("");
      if (kind === "picture") {
        camera.stop();
        chosen();
        drawing = false;
      }
      const mine = given[kind];
      return () => mine === given[kind];
    };
    const show = (pixels, name) => {
      ask("picture");
      return picture(pixels, name);
    };

    const take = async (file, name = file.name) => {
      const kind = isNetwork(file) ? "network" : "picture", isLast = ask(kind);
      const timer = setTimeout(() => { if (isLast()) tell(`Opening ${name} ...`); }, PATIENCE);
      try {
        const found = kind === "network" ? TryIt.network.parse(await file.text())
          : await TryIt.pictures.fromFile(file);
        clearTimeout(timer);
        if (!isLast()) return;
        tell("");
        await (kind === "network" ? network : picture)(found, name);
      } catch (error) {
        clearTimeout(timer);
        if (!(error instanceof TryIt.Refused)) throw error;
        if (isLast()) tell(error.message);
      }
    };
    const chooser = (text, accept) => {
      const input = h("input", {
        type: "file", accept, class: "try-hidden", tabindex: -1, "aria-label": text,
        onchange: () => {
          const [file] = input.files;
          input.value = "";  // so that the same file can be chosen again
          if (file) take(file);
        },
      });
      return [h("button", { type: "button", onclick: () => input.click() }, text), input];
    };

    const cameraButton = h("button", { type: "button", onclick: () => { open(""); camera.start(); } }, "Camera");
    const camera = TryIt.camera((pixels) => show(pixels, "the camera"), tell, () => cameraButton.focus());
    const sheet = TryIt.drawing((canvas) => {
      ask("picture");
      drawing = true;
      picture(TryIt.pictures.fromDrawable(canvas, canvas.width, canvas.height), "your drawing");
    });
    const tests = h("div", { class: "try-panel try-tests", role: "group", "aria-label": "Test images" });
    const panels = { tests, sheet: sheet.panel };
    const chosen = (button) => {
      tests.querySelectorAll("[aria-pressed=true]").forEach((one) => one.setAttribute("aria-pressed", false));
      button?.setAttribute("aria-pressed", true);
    };

    const open = (name) => {
      camera.stop();
      tell("");
      for (const [other, panel] of Object.entries(panels)) panel.hidden = other !== name;
      buttons.forEach((button) => button.setAttribute("aria-expanded", button.dataset.opens === name));
      if (name !== "sheet") return;
      sheet.show();
      root.scrollIntoView();  // the sheet and its answer are then in sight
    };
    const opener = (name, text) => h("button", {
      type: "button", "data-opens": name, "aria-expanded": false,
      onclick: (event) => open(event.currentTarget.getAttribute("aria-expanded") === "true" ? "" : name),
    }, text);
    const buttons = [opener("tests", "Test images"), opener("sheet", "Draw")];

    const fillTests = () => {
      const all = Uint8Array.from(atob(examples.pixels), (letter) => letter.charCodeAt(0));
      const each = examples.labels.map(({ number, label }, place) => {
        const own = all.slice(place * 3072, (place + 1) * 3072);
        const name = `${contents.classes[label]}, test image ${number}`;
        const choose = () => {
          const shown = show(own, name);
          chosen(button);
          return shown;
        };
        const button = h("button", {
          type: "button", title: name, "aria-label": name, "aria-pressed": false, onclick: choose,
        }, TryIt.paintPicture(h("canvas"), own));
        return { button, choose };
      });
      tests.append(...each.map(({ button }) => button));
      TryIt.moveByArrows(tests, each.map(({ button }) => button));
      return each[0].choose();
    };

    const over = (yes) => root.classList.toggle("try-over", yes);
    document.addEventListener("dragover", (event) => over(event.dataTransfer.types.includes("Files")));
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false); });
    document.addEventListener("drop", (event) => {
      over(false);
      const { files: [file], types } = event.dataTransfer, isHere = root.contains(event.target);
      if (!file && (isField(event) || !(isHere || types.includes("text/uri-list")))) return;
      if (!isHere) root.scrollIntoView();
      if (file) take(file);
      else tell("That was no file. Save the picture first, then drop the file.");
    });
    document.addEventListener("paste", (event) => {
      const [file] = event.clipboardData.files;
      if (file && !isField(event)) take(file, isNetwork(file) ? file.name : "the pasted picture");
    });

    const element = h("div", { class: "try-drop" },
      h("div", { class: "try-row" },
        chooser("Choose a photo", "image/*"), cameraButton, buttons,
        chooser("Your own network", ".json,application/json")),
      h("p", { class: "try-quiet" },
        "Or drop a photo, or the file of your network, anywhere on this page, or paste a picture (Ctrl+V)."),
      camera.panel, tests, sheet.panel);
    open("tests");
    return { element, fillTests, say: (text) => sheet.say(drawing ? text : "") };
  };
})();
