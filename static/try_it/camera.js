/* The camera: asked for only when a reader presses its button, and switched off after the picture,
   by a button, or when the reader takes a picture from elsewhere. */
(() => {
  "use strict";
  const WHY = {
    NotFoundError: "There is no camera.",
    NotReadableError: "Another program is using the camera.",
    AbortError: "Another program is using the camera.",
  };
  const REFUSED = "The camera stays off, because you or your browser did not allow it. "
    + "A photo from a file works just as well.";

  TryIt.camera = (taken, tell, left) => {
    const { h } = TryIt;
    const video = h("video", { playsinline: true, muted: true, "aria-label": "What the camera sees" });
    const take = h("button", { type: "button" }, "Take the picture");
    const off = h("button", { type: "button" }, "Switch it off");
    const panel = h("div", { class: "try-panel" }, video, h("div", { class: "try-row" }, take, off));
    let stream, asked = 0;

    const stop = () => {
      asked += 1;  // permission that is given later must not switch it on
      stream?.getTracks().forEach((track) => track.stop());
      stream = undefined;
      video.srcObject = null;
      panel.hidden = true;
    };
    const start = async () => {
      if (!navigator.mediaDevices?.getUserMedia)
        return tell("This page may not use a camera here: browsers allow it only to pages from a secure server.");
      stop();
      const mine = asked;
      let opened;
      try {
        opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch (error) {
        return mine === asked ? tell(WHY[error.name] ?? REFUSED) : undefined;
      }
      if (mine !== asked) return opened.getTracks().forEach((track) => track.stop());
      stream = opened;
      panel.hidden = false;
      video.muted = true;
      video.srcObject = stream;
      take.focus();
      return video.play().catch(() => {});  // it was switched off before it could begin
    };
    take.addEventListener("click", async () => {
      try {
        if (!video.videoWidth) return;
        const mine = asked;
        const bitmap = await createImageBitmap(video);  // holds still while it is drawn in strips
        if (mine === asked) taken(TryIt.pictures.fromDrawable(bitmap, bitmap.width, bitmap.height));
        bitmap.close();
      } finally {
        stop();
        left();
      }
    });
    off.addEventListener("click", () => {
      stop();
      left();
    });
    panel.hidden = true;
    return { panel, start, stop };
  };
})();
