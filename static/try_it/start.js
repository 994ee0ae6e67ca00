/* The only script of this page that is there before a click. It fetches the others, in their order;
   as plain scripts, not as modules, so that the page also works when it is opened from a disk. */
(() => {
  "use strict";
  const SCRIPTS = [
    "layers", "network", "sums", "dom", "areas", "exif", "pictures", "engines", "occlusion", "drawing", "camera",
    "sources", "answers", "inside", "sentences", "windows", "units", "main",
  ];
  const root = document.getElementById("try-it");
  if (!root) return;
  const button = root.querySelector("button"), message = root.querySelector("[role=status]");
  const static_ = new URL(root.dataset.static, document.baseURI).href;

  class Refused extends Error {}  // what a reader is told in its own words

  /* What scripts with data hand over: they come as scripts because a page from a disk may read no files */
  const delivered = {};
  const script = (url) => new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    tag.src = url;
    tag.async = false;
    tag.onload = resolve;
    tag.onerror = () => reject(new Refused(`A part of this page is missing: ${url.split("/").at(-1)}.`));
    document.head.append(tag);
  });
  const data = async (name) => {
    if (!(name in delivered)) await script(`${static_}try/${name}.js`);
    return delivered[name];
  };

  window.TryIt = {
    Refused, root, script, data, files: `${static_}try/`,
    deliver: (name, content) => { delivered[name] = content; },
  };

  /* A file or a link dropped anywhere would make the browser leave the page for it */
  const stay = (event) => {
    const isText = event.target.closest?.("input, textarea") && !event.dataTransfer.types.includes("Files");
    if (!isText) event.preventDefault();
  };
  document.addEventListener("dragover", stay);
  document.addEventListener("drop", (event) => {
    stay(event);
    if (event.defaultPrevented && button.isConnected && !button.disabled)
      message.textContent = "Press Start, then drop it again.";
  });

  button.addEventListener("click", async () => {
    button.disabled = true;
    message.textContent = "Loading ...";
    try {
      await data("contents");
      if (!delivered.contents.networks.length) throw new Refused(delivered.contents.missing);
      for (const name of SCRIPTS) await script(`${static_}try_it/${name}.js`);
      await TryIt.main(delivered.contents);
      message.textContent = "";
    } catch (error) {
      message.textContent = error instanceof Refused ? error.message
        : `Something went wrong that should not: ${error.message}`;
      button.disabled = false;
    }
  });
  button.hidden = false;
})();
