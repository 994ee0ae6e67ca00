"""A figure that moves: one picture for each setting of some sliders, all computed beforehand."""

from __future__ import annotations

import base64
import hashlib
import html
import itertools
import json
from collections.abc import Callable, Sequence

from cifarlib import _checks as checks
from cifarlib._pictures import webp
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

# It looks for figures that nobody has started yet: an id would be the same for two figures of the
# same texts, and a script does not know its own place in every program that shows notebooks.
_SCRIPT = """
for (const root of document.querySelectorAll("figure.moving-figure")) {
  if (root.started) continue;
  root.started = true;
  const data = root.querySelector("script[type='application/json']").textContent;
  const { labels, frames } = JSON.parse(data);
  const inputs = [...root.querySelectorAll("input")], image = root.querySelector("img");
  const status = root.querySelector("[role=status]");
  const show = () => {
    let frame = 0;
    inputs.forEach((input, number) => {
      const place = Number(input.value), label = labels[number][place];
      frame = frame * labels[number].length + place;
      input.setAttribute("aria-valuetext", label);
      input.nextElementSibling.textContent = label;
    });
    image.src = "data:image/webp;base64," + frames[frame];
    if (!status) return;
    image.alt = JSON.parse(status.dataset.sentences)[frame];
    if (root.contains(document.activeElement)) status.textContent = image.alt;
  };
  inputs.forEach((input) => input.addEventListener("input", show));
  show();
}
"""

# Where each picture has a sentence of its own. It is also read aloud, but not before somebody moves
# a slider: a page that opens must not start to talk.
_STATUS = (
    '<p role="status" data-sentences="SENTENCES" '
    'style="position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden"></p>'
)


class MovingFigure:
    """Pictures and the sliders that choose among them; see :func:`moving_figure`.

    Args:
        title: what the figure is about.
        controls: the labels of each slider's places, by the slider's name.
        frames: a picture for each combination of places, the last slider's varying fastest.
        alts: a sentence for each picture, which tells what is in it to those who cannot see it.
    """

    def __init__(
        self,
        title: str,
        controls: dict[str, Sequence[str]],
        frames: Sequence[Plot],
        alts: Sequence[str],
    ) -> None:
        self.title, self.alts = title, list(alts)
        self.controls = {name: [str(item) for item in labels] for name, labels in controls.items()}
        self.pictures = [webp(frame.png) for frame in frames]
        # without the sentences: they stand in the HTML, and are compared there within a tolerance
        shown = json.dumps([self.title, self.controls, [frame.text for frame in frames]])
        self.digest = hashlib.sha256(shown.encode()).hexdigest()[:12]

    def __repr__(self) -> str:
        sliders = ", ".join(f"{name} ({len(labels)})" for name, labels in self.controls.items())
        return f"<Moving figure: {self.title}; {sliders}; data {self.digest}>"

    def _repr_html_(self) -> str:
        sliders = "".join(
            f'<label><span>{html.escape(control)}</span> <input type="range" min="0" '
            f'max="{len(labels) - 1}" value="0" aria-valuetext="{html.escape(labels[0])}" '
            f"{ARROW_KEYS}>"
            f"<output>{html.escape(labels[0])}</output></label>"
            for control, labels in self.controls.items()
        )
        status = ""
        if len(set(self.alts)) > 1:
            sentences = html.escape(json.dumps(self.alts, ensure_ascii=False))
            status = _STATUS.replace("SENTENCES", sentences)
        frames = [base64.b64encode(picture).decode() for picture in self.pictures]
        data = json.dumps({"labels": list(self.controls.values()), "frames": frames})
        data = data.replace("<", r"\u003c")  # a label must not be able to end the script
        return (
            f'<figure class="moving-figure" role="group" '
            f'aria-label="{html.escape(self.title)}"><style>{_STYLE}</style>{sliders}'
            f'<img alt="{html.escape(self.alts[0])}" src="data:image/webp;base64,{frames[0]}">'
            f'{status}<script type="application/json">{data}</script>'
            f"<script>{_SCRIPT}</script></figure>"
        )


def moving_figure(
    title: str,
    controls: dict[str, Sequence[str]],
    draw: Callable[..., Plot],
    *,
    alt: str | Callable[..., str],
) -> MovingFigure:
    """Draw a picture for each combination of the sliders' places.

    Args:
        title: what the figure is about.
        controls: the labels of each slider's places, by the slider's name.
        draw: gets the place of each slider, counted from 0, and gives a :class:`Plot`, all of one
            size.
        alt: tells what is in the picture to those who cannot see it: gets the same places as
            ``draw`` and gives a sentence for that picture. A plain string serves for all.

    Returns:
        What a notebook shows as a picture with sliders; its text is compared by the tests.

    Raises:
        ValueError: there are no sliders, a slider has fewer than two places, ``draw`` gives no
            :class:`Plot`, or ``alt`` gives no text for a picture.

    >>> from cifarlib import plots
    >>> def draw(power):
    ...     figure, axis = plots.subplots(size=(3, 2))
    ...     axis.plot([x**power for x in range(5)])
    ...     return plots.finish(figure, f"x to the power {power}")
    >>> def alt(power):
    ...     return f"From 0 to 4 the curve of x to the power {power} climbs to {4**power}."
    >>> moving_figure("Powers", {"exponent": ["0", "1", "2"]}, draw, alt=alt)
    <Moving figure: Powers; exponent (3); data d4c125f928de>
    """
    checks.text("title", title)
    checks.function("draw", draw, none=False)
    if not isinstance(controls, dict):
        raise ValueError(f"controls must be a dictionary of sliders, got {controls!r}")
    for name, labels in controls.items():
        checks.names(f"the labels of controls[{name!r}]", labels)
    if not controls or any(len(labels) < 2 for labels in controls.values()):
        counts = {name: len(labels) for name, labels in controls.items()}
        raise ValueError(f"each slider needs two places or more, and there must be one: {counts}")
    frames, alts = [], []
    for place in itertools.product(*(range(len(labels)) for labels in controls.values())):
        frames.append(draw(*place))
        if not isinstance(frames[-1], Plot):
            raise ValueError(
                f"draw must give a Plot, as plots.finish does, at {place} it gave {frames[-1]!r}"
            )
        alts.append(alt(*place) if callable(alt) else alt)
        if not isinstance(alts[-1], str) or not alts[-1].strip():
            raise ValueError(f"alt must give a sentence for each picture, at {place}: {alts[-1]!r}")
    return MovingFigure(title, controls, frames, alts)
