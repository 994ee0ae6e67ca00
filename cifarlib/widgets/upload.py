"""Choose a photo of your own and see what a network makes of it, in a running notebook.

A built page has no Python behind it that could look at a photo: there, a sentence says so.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable

import numpy as np
from PIL import Image

from cifarlib import _checks as checks
from cifarlib.data.arrays import CLASS_NAMES
from cifarlib.data.opening import open_picture
from cifarlib.data.photos import photo
from cifarlib.plots import BLUE, GRAY, Plot, finish, subplots

_KINDS = "image/*,.heic,.heif,.avif"
_PREVIEW = 320  # pixels of the original that are enough to recognize it
_ASLEEP = "To try a photo of your own, open this page as a notebook and run this cell."
_NO_WIDGETS = "To choose a file here, install ipywidgets: python -m pip install ipywidgets"


class PhotoUpload:
    """A button that takes a photo and shows the network's answer; see :func:`photo_upload`.

    Attributes:
        last: what was shown last, a :class:`~cifarlib.plots.Plot`, or None.
        message: what was wrong with the last photo, or an empty text.
    """

    def __init__(
        self, predict: Callable[[np.ndarray], np.ndarray], fit: str, class_names: tuple[str, ...]
    ) -> None:
        self.fit, self.class_names = fit, class_names
        self.last: Plot | None = None
        self.message = ""
        self._predict, self._source, self._panel = predict, None, None

    def answer(self, source: object) -> Plot:
        """The photo, what the network sees of it, and its answer, as a figure.

        Args:
            source: whatever :func:`cifarlib.data.photo` takes.

        Raises:
            OSError, TypeError, ValueError: as :func:`cifarlib.data.photo`.
        """
        original = open_picture(source)
        small = photo(original, fit=self.fit)
        shares = np.asarray(self._predict(small[None]))[0]
        return _figure(original, small, shares, self.class_names)

    def __repr__(self) -> str:
        return f"<Photo upload: {_ASLEEP}>"

    def _repr_html_(self) -> str:
        return f'<p class="photo-upload">{html.escape(_ASLEEP)}</p>'

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        if not _somebody_is_there():
            data = {"text/html": self._repr_html_(), "text/plain": repr(self)}
            display(data, raw=True)
            return
        try:
            display(self.widget())
        except ModuleNotFoundError:
            display(HTML(f"<p>{_NO_WIDGETS}</p>"))

    def widget(self):
        """The button and the place for the answer, an ``ipywidgets.VBox``, in versions 7 and 8."""
        import ipywidgets

        button = ipywidgets.FileUpload(accept=_KINDS, multiple=False, description="Photo")
        fits = ipywidgets.ToggleButtons(
            options=["crop", "pad"],
            value=self.fit,
            tooltips=["the square in its middle", "all of it, on white"],
        )
        self._panel = ipywidgets.HTML("<p>Choose a photo.</p>")
        button.observe(self._chosen, names="value")
        fits.observe(self._fitted, names="value")
        return ipywidgets.VBox([button, fits, self._panel])

    def _chosen(self, change: dict) -> None:
        """Called with what was uploaded: a dict in ipywidgets 7, a tuple in 8."""
        if change["new"]:
            self._source = change["new"]
            self._show()

    def _fitted(self, change: dict) -> None:
        self.fit = change["new"]
        if self._source is not None:
            self._show()

    def _show(self) -> None:
        try:
            self.last, self.message = self.answer(self._source), ""
        except (OSError, TypeError, ValueError) as error:
            self.last, self.message = None, str(error)
            self._panel.value = f'<p role="alert">{html.escape(self.message)}</p>'
            return
        picture = base64.b64encode(self.last.png).decode()
        text = html.escape(self.last.text)
        self._panel.value = (
            f'<img alt="{text}" src="data:image/png;base64,{picture}" style="max-width: 100%">'
        )


def photo_upload(
    model,
    *,
    temperature: float = 1.0,
    fit: str = "crop",
    preprocess: Callable | None = None,
    class_names: tuple[str, ...] = CLASS_NAMES,
) -> PhotoUpload:
    """A button to upload a photo, which shows it as the network sees it, and the probabilities.

    It works where a kernel runs: Jupyter, VS Code, Colab. In a built page there stands a sentence
    in its place. The photo goes to the kernel and nowhere else.

    Args:
        model: a Keras model that takes ``(n, 32, 32, 3)``, 0..255, and gives logits or
            probabilities ``(n, classes)``.
        temperature: what the logits are divided by, so that the probabilities are calibrated.
        fit: ``"crop"`` or ``"pad"``, as in :func:`cifarlib.data.photo`; the reader can switch.
        preprocess: for a model that takes something else: a function from ``float32
            (n, 32, 32, 3)``, 0..255, to what it takes, such as ``lambda images: images / 255``.
        class_names: a name for each class.

    Raises:
        ValueError: ``model`` is no Keras model or has another number of classes, ``temperature`` is
            not positive, ``fit`` is none of the two, or ``preprocess`` gives no array of numbers.
    """
    checks.model(model)
    temperature = checks.positive("temperature", temperature)
    checks.choice("fit", fit, ("crop", "pad"))
    class_names = checks.names("class_names", class_names)

    def predict(images: np.ndarray) -> np.ndarray:
        images = images.astype(np.float32)
        images = checks.preprocessed(images, preprocess)
        scores = np.asarray(model.predict(images, verbose=0), np.float64)
        if scores.ndim != 2:
            raise ValueError(
                f"the model must give a row of numbers per image, got the shape {scores.shape}"
            )
        if (scores >= 0).all() and np.allclose(scores.sum(axis=1), 1, atol=1e-2):  # probabilities
            scores = np.log(np.maximum(scores, np.finfo(np.float32).tiny))
        scores = scores / temperature
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    found = predict(np.zeros((1, 32, 32, 3), np.uint8)).shape[1]
    if found != len(class_names):
        raise ValueError(f"the model has {found} classes, and there are {len(class_names)} names")
    return PhotoUpload(predict, fit, class_names)


def _figure(
    original: Image.Image, small: np.ndarray, shares: np.ndarray, names: tuple[str, ...]
) -> Plot:
    """The photo, the image that the network sees, and a bar for each class."""
    figure, axes = subplots(1, 3, size=(8, 3), width_ratios=[1, 1, 1.2])
    original.thumbnail((_PREVIEW, _PREVIEW))
    axes[0].imshow(original)
    axes[0].set_title("your photo", fontsize=10)
    axes[1].imshow(small, interpolation="nearest")
    axes[1].set_title("what the network sees", fontsize=10)
    for axis in axes[:2]:
        axis.set_axis_off()
    first = int(shares.argmax())
    colors = [BLUE if place == first else GRAY for place in range(len(names))]
    bars = axes[2].barh(range(len(names)), 100 * shares, color=colors)
    axes[2].bar_label(bars, [f"{share:.0%}" for share in shares], padding=2, fontsize=8)
    axes[2].set_yticks(range(len(names)), names)
    axes[2].invert_yaxis()
    axes[2].set(xlim=(0, 115), xlabel="probability, %")
    order = np.argsort(-shares, kind="stable")[:3]
    best = ", ".join(f"{names[place]} {shares[place]:.0%}" for place in order)
    return finish(figure, f"the answer to your photo: {best}")


def _somebody_is_there() -> bool:
    """Whether a reader runs this, in a notebook that could ask for input.

    Programs that execute notebooks (nbclient, nbval, papermill, the book's build) say that they
    cannot; what they would store of a widget is a number that means nothing on another day.
    """
    try:
        from IPython import get_ipython
    except ModuleNotFoundError:
        return False
    kernel = getattr(get_ipython(), "kernel", None)
    return bool(getattr(kernel, "_allow_stdin", False))
