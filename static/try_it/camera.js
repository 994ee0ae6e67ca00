/* The camera: asked for only when a reader presses its button, switched off after the picture. */
(() => {
  "use strict";

  TryIt.camera = (taken, tell) => {
    const { h } = TryIt;
    const video = h("video", { playsinline: true, muted: true, "aria-label": "What the camera sees" });
    const take = h("button", { type: "button" }, "Take the picture");
    const panel = h("div", { class: "try-panel" }, video, take);
    let stream;

    const stop = () => {
      stream?.getTracks().forEach((track) => track.stop());
      stream = undefined;
      panel.hidden = true;
    };
    const start = async () => {
      if (!navigator.mediaDevices?.getUserMedia)
        return tell("This page may not use a camera here: browsers allow it only to pages from a secure server.");
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch (error) {
        return tell(error.name === "NotFoundError" ? "There is no camera."
          : "The camera stays off: the browser or you said no. A photo from a file works just as well.");
      }
      panel.hidden = false;
      video.muted = true;
      video.srcObject = stream;
      await video.play();
      return take.focus();
    };
    take.addEventListener("click", async () => {
      try {
        if (!video.videoWidth) return;
        const bitmap = await createImageBitmap(video);  // holds still while it is drawn in strips
        taken(TryIt.pictures.fromDrawable(bitmap, bitmap.width, bitmap.height));
        bitmap.close();
      } finally {
        stop();
      }
    });
    panel.hidden = true;
    return { panel, start, stop };
  };
})();
