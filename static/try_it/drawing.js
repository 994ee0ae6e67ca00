/* A sheet to draw on, with a finger, a mouse, or the arrow keys. */
(() => {
  "use strict";
  const SIDE = 256, STEP = 8;
  const COLORS = {
    black: "#111111", white: "#ffffff", gray: "#808080", brown: "#7a4a21", green: "#2e7d32",
    blue: "#3b7dd8", red: "#c62828", yellow: "#f2c12e",
  };

  TryIt.drawing = (changed) => {
    const { h } = TryIt;
    const sheet = h("canvas", { width: SIDE, height: SIDE, class: "try-sheet" });
    const context = sheet.getContext("2d", { willReadFrequently: true });
    const frame = h("div", {
      class: "try-board", tabindex: 0, role: "application",
      "aria-label": "Sheet to draw on. Arrow keys move the brush, Space puts it down or lifts it.",
    }, sheet, h("span", { class: "try-brush" }));
    const brush = frame.lastChild;
    const color = h("select", {}, Object.keys(COLORS).map((name) => h("option", { value: name }, name)));
    const width = h("select", {}, [["thin", 10], ["medium", 24], ["thick", 48]].map(
      ([name, value]) => h("option", { value, selected: value === 24 }, name)));
    const status = h("p", { role: "status", class: "try-quiet" });
    const answer = h("p", { class: "try-said" });
    let [x, y, down, isBlank] = [SIDE / 2, SIDE / 2, false, true];

    const move = (toX, toY, drawing) => {
      if (drawing) {
        Object.assign(context, { lineCap: "round", lineWidth: width.value, strokeStyle: COLORS[color.value] });
        context.beginPath();
        context.moveTo(x, y);
        context.lineTo(toX, toY + 0.01);  // a line of no length would draw no dot
        context.stroke();
        isBlank = false;
        changed(sheet);
      }
      [x, y] = [toX, toY];
      brush.style.left = `${(100 * x) / SIDE}%`;
      brush.style.top = `${(100 * y) / SIDE}%`;
    };
    const at = (event) => {
      const box = sheet.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top].map((v) => (v * SIDE) / box.width);
    };
    sheet.addEventListener("pointerdown", (event) => {
      sheet.setPointerCapture(event.pointerId);
      [x, y] = at(event);
      move(x, y, true);
    });
    sheet.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) move(...at(event), true);
    });
    frame.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
      const within = (value) => Math.min(SIDE, Math.max(0, value));
      if (event.key === " ") {
        down = !down;
        status.textContent = down ? "The brush is down." : "The brush is up.";
        move(x, y, down);
      } else if (event.key in steps) {
        move(within(x + steps[event.key][0]), within(y + steps[event.key][1]), down);
      } else return;
      event.preventDefault();
    });
    const clear = () => {
      context.fillStyle = "#fff";
      context.fillRect(0, 0, SIDE, SIDE);
      isBlank = true;
      changed(sheet);
    };
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SIDE, SIDE);
    move(x, y, false);
    const panel = h("div", { class: "try-panel" },
      frame, answer,
      h("div", { class: "try-row" },
        h("label", {}, "Color ", color), h("label", {}, "Brush ", width),
        h("button", { type: "button", onclick: clear }, "Clear")),
      status);
    return {
      panel,
      show: () => { if (!isBlank) changed(sheet); },  // what is on it, not the picture before
      say: (text) => { answer.textContent = text; },
    };
  };
})();
