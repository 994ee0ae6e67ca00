"""Figures of the book. They draw what other modules compute, and compute nothing themselves.

All but :func:`subplots` give a :class:`Plot`: a picture for the reader, and a line that says
what the picture shows. Notebooks display the picture; the tests compare the text, which changes
with the data behind it, so a figure cannot change unnoticed.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from cifarlib import _checks as checks
from cifarlib._pictures import png

# Okabe and Ito's colors, and a gray: told apart with any color vision, and on white or dark pages
BLUE, ORANGE, GREEN, RED, PURPLE, GRAY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#767676",
)  # fmt: skip

_STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, GRAY]),
    "figure.dpi": 120,
    "figure.constrained_layout.use": True,
}


class Plot:
    """A drawn figure and one line of text about what it shows.

    Args:
        figure: the finished figure; it is closed.
        text: says what the figure shows, exactly where that is the same on every machine.
    """

    def __init__(self, figure: Figure, text: str) -> None:
        checks.instance("figure", figure, Figure, "the first that plots.subplots gives")
        checks.text("text", text)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        plt.close(figure)
        self.png, self.text = png(Image.open(buffer)), text

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        return f"<Figure: {self.text}>"


# The reader's own style (editors set a dark one) waits from subplots to finish: a figure whose
# texts are drawn in one style and whose background in another cannot be read.
_drawing = contextlib.ExitStack()


def subplots(rows: int = 1, columns: int = 1, *, size: tuple[float, float], **settings):
    """``plt.subplots`` in the style of the book, in which all is drawn until :func:`finish`.

    ``size`` is in inches, width first.
    """
    rows, columns = checks.whole("rows", rows, 1), checks.whole("columns", columns, 1)
    size = checks.lengths("size", size, 2)
    _drawing.close()
    with contextlib.ExitStack() as style:
        style.enter_context(plt.style.context(["default", _STYLE]))
        made = plt.subplots(rows, columns, figsize=size, **settings)
        _drawing.push(style.pop_all())
    return made


def finish(figure: Figure, text: str, *data) -> Plot:
    """Turn a figure into a :class:`Plot` whose text names what was drawn.

    Args:
        figure: from :func:`subplots`.
        text: what the figure shows.
        data: the drawn arrays, if they are the same on every machine (images, labels, counts,
            whole numbers). Their hash becomes part of the text. Leave trained results out: they
            differ a little from machine to machine; assert what matters about them instead.
    """
    try:
        text = f"{text}; data {_digest(data)}" if data else text
        with plt.style.context(["default", _STYLE]):
            return Plot(figure, text)
    except (TypeError, ValueError):
        plt.close(figure if isinstance(figure, Figure) else "no figure at all")
        raise
    finally:
        _drawing.close()


def _digest(data: Sequence) -> str:
    digest = hashlib.sha256()
    for item in data:
        array = np.ascontiguousarray(item)
        if array.dtype.kind not in "iubU":
            raise TypeError(
                f"got {array.dtype}, need whole numbers, truth values or text: round fractions "
                "first, they differ between machines"
            )
        digest.update(f"{array.dtype.kind}{array.shape}".encode())
        # Whole numbers have another width on Windows, text another on every machine
        digest.update(repr(array.ravel().tolist()).encode())
    return digest.hexdigest()[:12]


def image_grid(
    images: np.ndarray,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 10,
    width: float = 8.0,
    title_size: float = 9,
) -> Plot:
    """Images side by side, row by row.

    Args:
        images: ``(n, height, width, 3)``, ``uint8`` 0..255.
        titles: a text above each image.
        columns: images in a row.
        width: of the whole figure, in inches.
        title_size: of the titles, in points.

    Raises:
        ValueError: there are no images, not one title for each, or a number is outside its range.
    """
    images, columns = checks.shown("images", images), checks.whole("columns", columns, 1)
    width, title_size = checks.positive("width", width), checks.positive("title_size", title_size)
    titles = None if titles is None else list(checks.names("titles", titles, len(images), "images"))
    rows = math.ceil(len(images) / columns)
    lines = [
        max(title.count("\n") + 1 if title else 0 for title in titles[start : start + columns])
        for start in range(0, len(titles or ()), columns)
    ]
    # Each line of a title, and matplotlib's 6 points between a row's titles and its images
    points = sum(1.35 * title_size * count + 6 for count in lines if count)
    height = rows * width / columns + points / 72
    figure, axes = subplots(rows, columns, size=(width, height), squeeze=False)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0, hspace=0)
    for axis in axes.flat:
        axis.set_axis_off()
    for number, (axis, image) in enumerate(zip(axes.flat, images, strict=False)):
        axis.imshow(image, interpolation="nearest")
        if titles is not None:
            axis.set_title(titles[number], fontsize=title_size)
    text = f"{len(images)} images in {rows} rows"
    return finish(figure, text, images, *([titles] if titles else []))


def learning_curves(
    runs: Sequence[dict[str, list[float]]],
    *,
    names: Sequence[str] | None = None,
    validation_label: str = "validation",
    width: float = 9.0,
) -> Plot:
    """Accuracy (0 to 1) and loss by epoch: training dashed, validation solid, five colors in turn.

    Args:
        runs: for each run its curves, a value an epoch: ``accuracy`` and ``loss``, and, if there
            are any, ``val_accuracy`` and ``val_loss``, as in Keras' ``History.history``.
        names: a label for each run, needed for more than one.
        validation_label: what the images behind the ``val_`` curves are called.
        width: of the whole figure, in inches.

    Raises:
        ValueError: a run lacks accuracy or loss, an accuracy is above 1, or a name is missing.
    """
    checks.curves(runs, names, validation_label, width)
    figure, axes = subplots(1, 2, size=(width, 3.4))
    for number, curves in enumerate(runs):
        _draw_curves(axes, curves, _RUN_COLORS[number % len(_RUN_COLORS)])
    _limit(axes[:1], axes[1:])
    styles = _line_styles(axes[0], validation_label)
    for number, name in enumerate(names or ()):
        styles += axes[0].plot([], [], color=_RUN_COLORS[number % len(_RUN_COLORS)], label=name)
    axes[0].legend(handles=styles, loc="lower right", fontsize=8, ncols=2 if names else 1)
    return finish(figure, _named(runs, names))


def curves_side_by_side(
    runs: Sequence[dict[str, list[float]]],
    names: Sequence[str],
    *,
    validation_label: str = "validation",
    width: float = 9.0,
) -> Plot:
    """Accuracy above, loss below, a column a run; for runs too different to share one plot.

    The arguments are those of :func:`learning_curves`.
    """
    checks.curves(runs, names, validation_label, width)
    figure, axes = subplots(2, len(runs), size=(width, 5), sharey="row", squeeze=False)
    for column, curves in enumerate(runs):
        _draw_curves(axes[:, column], curves, _RUN_COLORS[column % len(_RUN_COLORS)])
        axes[0, column].set_title(names[column] if names else "")
        axes[0, column].set_xlabel("")
    _limit(axes[0], axes[1])
    for axis in axes[:, 1:].flat:
        axis.set_ylabel("")
    styles = _line_styles(axes[0, 0], validation_label)
    axes[0, -1].legend(handles=styles, loc="lower right", fontsize=8)
    return finish(figure, _named(runs, names))


_RUN_COLORS = [BLUE, ORANGE, GREEN, RED, PURPLE]


def _draw_curves(axes: Sequence, curves: dict[str, list[float]], color: str) -> None:
    """One run's accuracy on the first axis, its loss on the second."""
    for axis, quantity in zip(axes, ("accuracy", "loss"), strict=True):
        epochs = range(1, len(curves[quantity]) + 1)
        axis.plot(epochs, curves[quantity], "--", color=color)
        if f"val_{quantity}" in curves:
            axis.plot(epochs, curves[f"val_{quantity}"], "-o", ms=3, color=color)
        axis.set(xlabel="epoch", ylabel=quantity)
        axis.xaxis.get_major_locator().set_params(integer=True)


def _line_styles(axis, validation_label: str) -> list:
    """Entries for a legend: what dashed and solid lines stand for."""
    styles = axis.plot([], [], "--", color=GRAY, label="training")
    return styles + axis.plot([], [], "-o", ms=3, color=GRAY, label=validation_label)


def _limit(accuracy_axes: Sequence, loss_axes: Sequence) -> None:
    """Accuracy from 0 to 1, loss from 0: when all is drawn, or later curves would be cut off."""
    for axis in accuracy_axes:
        axis.set_ylim(0, 1)
    for axis in loss_axes:
        axis.set_ylim(bottom=0)


def _named(runs: Sequence[dict[str, list[float]]], names: Sequence[str] | None) -> str:
    """What the curves of some runs show, in words that hold on every machine."""
    drawn = {"accuracy", "loss", "val_accuracy", "val_loss"}
    epochs = ", ".join(str(len(curves["loss"])) for curves in runs)
    whose = f"{', '.join(names) if names else 'one run'} over {epochs} epochs"
    return f"{', '.join(sorted(drawn & set().union(*runs)))} of {whose}"
