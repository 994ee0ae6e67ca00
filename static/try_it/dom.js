/* Small helpers: make elements, write numbers, paint maps. */
(() => {
  "use strict";

  /* h("button", { class: "x", onclick: f, "aria-label": "y" }, child, ...) */
  const h = (tag, settings = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(settings)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.flat().filter((child) => child != null));
    return made;
  };

  const number = (value, digits = 4) => {
    const text = value.toFixed(digits);
    return Number(text) === 0 ? text.replace("-", "") : text;
  };
  /* Near 0 and 1 with a decimal, and never 100 % while other classes have something */
  const percent = (share, digits = share > 0.1 && share < 0.9 ? 0 : 1) => {
    const least = 10 ** -digits;
    if (100 * share < least / 2) return `< ${least} %`;
    if (100 * (1 - share) < least / 2) return `> ${(100 - least).toFixed(digits)} %`;
    return `${(100 * share).toFixed(digits)} %`;
  };

  /* Gray for what is never below 0, blue below and orange above 0 for the rest */
  const gray = (share) => {
    const level = 255 * Math.min(1, Math.max(0, share));
    return [level, level, level];
  };
  const signed = (share) => {
    const far = Math.min(1, Math.abs(share));
    const end = share < 0 ? [0, 90, 181] : [213, 94, 0];
    return end.map((part) => 245 + (part - 245) * far);
  };

  /* Paint numbers into a canvas of as many pixels; the style sheet makes it larger */
  const paint = (canvas, width, height, colorAt) => {
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d"), image = context.createImageData(width, height);
    for (let place = 0; place < width * height; place++) {
      image.data.set(colorAt(place), 4 * place);
      image.data[4 * place + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    return canvas;
  };

  const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;

  const paintPicture = (canvas, pixels) => (
    paint(canvas, 32, 32, (place) => pixels.subarray(3 * place, 3 * place + 3)));
  const paintChannel = (canvas, x, channel, reach, color = gray) => (
    paint(canvas, x.w, x.h, (place) => color(x.data[place * x.c + channel] / reach)));
  const paintList = (canvas, values, width, reach) => (
    paint(canvas, width, Math.ceil(values.length / width), (place) => signed(values[place] / reach)));

  /* Arrow keys move among the buttons of a group, of which Tab reaches one */
  const moveByArrows = (group, buttons) => {
    buttons.forEach((button, number) => { button.tabIndex = number ? -1 : 0; });
    const columns = () => {
      const top = buttons[0].offsetTop;
      const second = buttons.findIndex((button) => button.offsetTop > top);
      return second < 0 ? buttons.length : second;
    };
    group.addEventListener("keydown", (event) => {
      const here = buttons.indexOf(event.target);
      const steps = {
        ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns(),
        Home: -here, End: buttons.length - 1 - here,
      };
      if (here < 0 || !(event.key in steps)) return;
      event.preventDefault();
      buttons[here + steps[event.key]]?.focus();
    });
    group.addEventListener("focusin", (event) => {
      if (buttons.includes(event.target))
        buttons.forEach((button) => { button.tabIndex = button === event.target ? 0 : -1; });
    });
  };

  Object.assign(TryIt, {
    h, number, percent, gray, signed, paint, largest, paintPicture, paintChannel, paintList, moveByArrows,
  });
})();
