"""A figure that moves: one picture for each setting of some sliders, all computed beforehand."""

from __future__ import annotations

import base64
import hashlib
import html
import itertools
import json
from collections.abc import Callable, Sequence

from cifarlib.pictures import webp
from cifarlib.plots import Plot

# In JupyterLab the arrow keys would also jump from heading to heading, and fold sections away
ARROW_KEYS = 'data-lm-suppress-shortcuts="true"'

_STYLE = """
.moving-figure { margin: 0; }
.moving-figure label { display: flex; flex-wrap: wrap; gap: 0 .8em; align-items: center; }
.moving-figure input { flex: 1 1 12em; max-width: 24em; accent-color: #0072b2; }
.moving-figure output { flex: 1 1 8em; font-weight: bold; }
.moving-figure img { max-width: 100%; background: #fff; }
"""

_SCRIPT = """
(() => {
  const root = document.getElementById("NAME");
  const { labels, frames } = JSON.parse(root.querySelector("script").textContent);
  const inputs = [...root.querySelectorAll("input")], image = root.querySelector("img");
  const show = () => {
    let frame = 0;
    inputs.forEach((input, number) => {
      const place = Number(input.value), label = labels[number][place];
      frame = frame * labels[number].length + place;
      input.setAttribute("aria-valuetext", label);
      input.nextElementSibling.textContent = label;
    });
    image.src = "data:image/webp;base64," + frames[frame];
  };
  inputs.forEach((input) => input.addEventListener("input", show));
  show();
})();
"""


class MovingFigure:
    """Pictures and the sliders that choose among them; see :func:`moving_figure`.

    Args:
        title: what the figure is about.
        controls: the labels of each slider's places, by the slider's name.
        frames: a picture for each combination of places, the last slider's varying fastest.
        alt: describes the picture to those who cannot see it.
    """

    def __init__(
        self, title: str, controls: dict[str, Sequence[str]], frames: Sequence[Plot], alt: str
    ) -> None:
        self.title, self.alt = title, alt
        self.controls = {name: [str(item) for item in labels] for name, labels in controls.items()}
        self.pictures = [webp(frame.png) for frame in frames]
        shown = json.dumps([self.title, self.controls, [frame.text for frame in frames]])
        self.digest = hashlib.sha256(shown.encode()).hexdigest()[:12]

    def __repr__(self) -> str:
        sliders = ", ".join(f"{name} ({len(labels)})" for name, labels in self.controls.items())
        return f"<Moving figure: {self.title}; {sliders}; data {self.digest}>"

    def _repr_html_(self) -> str:
        name = f"moving-{self.digest}"
        sliders = "".join(
            f'<label><span>{html.escape(control)}</span> <input type="range" min="0" '
            f'max="{len(labels) - 1}" value="0" aria-valuetext="{html.escape(labels[0])}" '
            f"{ARROW_KEYS}>"
            f"<output>{html.escape(labels[0])}</output></label>"
            for control, labels in self.controls.items()
        )
        frames = [base64.b64encode(picture).decode() for picture in self.pictures]
        data = json.dumps({"labels": list(self.controls.values()), "frames": frames})
        data = data.replace("<", r"\u003c")  # a label must not be able to end the script
        return (
            f'<figure class="moving-figure" id="{name}" role="group" '
            f'aria-label="{html.escape(self.title)}"><style>{_STYLE}</style>{sliders}'
            f'<img alt="{html.escape(self.alt)}" src="data:image/webp;base64,{frames[0]}">'
            f'<script type="application/json">{data}</script>'
            f"<script>{_SCRIPT.replace('NAME', name)}</script></figure>"
        )


def moving_figure(
    title: str,
    controls: dict[str, Sequence[str]],
    draw: Callable[..., Plot],
    *,
    alt: str,
) -> MovingFigure:
    """Draw a picture for each combination of the sliders' places.

    Args:
        title: what the figure is about.
        controls: the labels of each slider's places, by the slider's name.
        draw: gets the place of each slider, counted from 0, and gives a :class:`Plot`, all of one
            size.
        alt: describes the picture to those who cannot see it.

    Returns:
        What a notebook shows as a picture with sliders; its text is compared by the tests.

    Raises:
        ValueError: there are no sliders, or a slider has fewer than two places.

    >>> from cifarlib import plots
    >>> def draw(power):
    ...     figure, axis = plots.subplots(size=(3, 2))
    ...     axis.plot([x**power for x in range(5)])
    ...     return plots.finish(figure, f"x to the power {power}")
    >>> moving_figure("Powers", {"exponent": ["0", "1", "2"]}, draw, alt="A curve of x to a power.")
    <Moving figure: Powers; exponent (3); data d4c125f928de>
    """
    if not controls or any(len(labels) < 2 for labels in controls.values()):
        counts = {name: len(labels) for name, labels in controls.items()}
        raise ValueError(f"each slider needs two places or more, and there must be one: {counts}")
    places = itertools.product(*(range(len(labels)) for labels in controls.values()))
    return MovingFigure(title, controls, [draw(*place) for place in places], alt)
