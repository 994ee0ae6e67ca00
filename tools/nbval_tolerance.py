"""Teach nbval to compare a cell's numbers within a tolerance that its metadata states.

``"nbval": {"abs": 2}`` lets numbers differ by 2, ``"nbval": {"rel": 0.1}`` by a tenth of the
stored number, in what the cell prints and shows as text or HTML. CONTRIBUTING.md has the rules.
What is wrong with a tolerance is said before anything runs.
"""

from __future__ import annotations

import copy
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real

from numbers_in_text import Token, compare, margin, plain, tokens

KEYS = ("abs", "rel", "int", "not")
# Units that one tolerance cannot fit together; what they measure, or their size, differs
UNIT = re.compile(r"\s?(%|(?:[nmµ]?s|sec|seconds?|min|minutes?|h|hours?|[kKMG]i?B|bytes)(?!\w))")
SAME_UNIT = {"sec": "s", "second": "s", "seconds": "s", "minute": "min", "minutes": "min",
             "hour": "h", "hours": "h"}  # fmt: skip


@dataclass(frozen=True)
class Tolerance:
    """What the numbers of a cell may differ by: see :meth:`of`."""

    absolute: float | None = None
    relative: float | None = None
    whole: bool = False
    controls: tuple[float, ...] = ()

    @classmethod
    def of(cls, metadata: dict) -> Tolerance | None:
        """Read the tolerance from a cell's metadata; None if it states none.

        Raises:
            ValueError: it is not a tolerance; says which key is wrong, and what is accepted.
        """
        if "nbval" not in metadata:
            return None
        given = metadata["nbval"]
        if not isinstance(given, dict):
            raise ValueError(f'"nbval" must be like {{"abs": 2}} or {{"rel": 0.1}}, got {given!r}')
        for key in given:
            if key not in KEYS:
                known = ", ".join(f'"{known}"' for known in KEYS)
                raise ValueError(f'"nbval" has the unknown key "{key}"; known are {known}')
        if ("abs" in given) == ("rel" in given):
            number = "both" if "abs" in given else "neither"
            raise ValueError(f'"nbval" must have either "abs" or "rel", and has {number}')
        if "abs" in given and not (_is_number(given["abs"]) and given["abs"] > 0):
            raise ValueError(f'"abs" must be a finite number above 0, got {given["abs"]!r}')
        if "rel" in given and not (_is_number(given["rel"]) and 0 < given["rel"] < 1):
            raise ValueError(f'"rel" must be a number between 0 and 1, got {given["rel"]!r}')
        if not isinstance(given.get("int", False), bool):
            raise ValueError(f'"int" must be true or false, got {given["int"]!r}')
        controls = given.get("not", [])
        if "not" in given and not (
            isinstance(controls, list) and controls and all(map(_is_number, controls))
        ):
            raise ValueError(f'"not" must be a list of finite numbers, got {controls!r}')
        return cls(given.get("abs"), given.get("rel"), given.get("int", False), tuple(controls))

    def __str__(self) -> str:
        return plain(self.absolute if self.relative is None else self.relative)

    def applies(self, token: Token) -> bool:
        """Whether a token is a number that this tolerance lets differ."""
        return token.value is not None and (self.whole or not token.whole)

    def differences(self, stored: str, new: str, *, html: bool = False) -> list[str]:
        """What differs by more than this between a stored text and a new one, in sentences."""
        return compare(
            stored, new, absolute=self.absolute, relative=self.relative, whole=self.whole, html=html
        )


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def texts(outputs: list) -> list[tuple[str, bool]]:
    """The texts of a cell's outputs that are compared, each with whether it is HTML."""
    found = []
    for output in outputs:
        if output.get("name") == "stdout":
            found.append((output["text"], False))
        for kind in ("text/plain", "text/html"):
            if kind in output.get("data", {}):
                found.append((output["data"][kind], kind == "text/html"))
    return found


def problems(cell: dict, clean=lambda text: text) -> list[str]:
    """What is wrong with the tolerance of a stored cell, in sentences.

    Args:
        cell: a cell of a notebook.
        clean: what is done to a text before it is compared.
    """
    try:
        tolerance = Tolerance.of(cell["metadata"])
    except ValueError as error:
        return [str(error)]
    if tolerance is None:
        return []
    if cell["cell_type"] != "code":
        return [f'"nbval" is for code cells, and this is a {cell["cell_type"]} cell']
    ignored = {"nbval-ignore-output", "nbval-skip"} & set(cell["metadata"].get("tags", []))
    comment = r"^\s*#+\s*(NBVAL_IGNORE_OUTPUT|NBVAL_SKIP)\s*$"
    ignored |= set(re.findall(comment, cell["source"], re.MULTILINE))
    if ignored:
        return [f"a tolerance, but {ignored.pop()} says that nothing is compared"]
    stored = [(clean(text), html) for text, html in texts(cell["outputs"])]
    if not any(text.strip() for text, _ in stored):
        return ["a tolerance, but no stored output that it could be for"]
    found, units = [], {}
    compared = False
    for text, html in stored:
        for token in tokens(text, html=html):
            if tolerance.applies(token):
                compared = True
                found += _problems_of_number(tolerance, token)
                if unit := UNIT.match(text, token.start + len(token.text)):
                    units.setdefault(SAME_UNIT.get(unit[1], unit[1]), token.text + unit[0])
    if not compared:
        found.append(
            "a tolerance, but no number in the stored output that it could be for (whole numbers "
            'must stay the same, unless it says "int": true)'
        )
    if len(units) > 1:
        listed = " and ".join(units.values())
        found.append(f"one tolerance for {listed}: print one kind of quantity in a cell")
    return list(dict.fromkeys(found))  # a table is there twice, as text and as HTML


def _problems_of_number(tolerance: Tolerance, token: Token) -> list[str]:
    if token.value.is_nan():
        return ["nan in the stored output, which is never near enough, not even to nan"]
    if token.value.is_infinite():
        return []
    if tolerance.relative is not None and token.value == 0:
        return [f'a stored {token.text} with "rel", which lets 0 differ by nothing: use "abs"']
    allowed = margin(token, tolerance.absolute, tolerance.relative)
    return [
        f"the control {control} is within the tolerance {tolerance} of {token.text}: the check "
        "could not tell them apart"
        for control in tolerance.controls
        if abs(token.value - Decimal(repr(control))) <= allowed
    ]


def complaint(notebook: dict, clean=lambda text: text) -> str:
    """What is wrong with the tolerances of a stored notebook, a line each; or nothing."""
    lines = []
    for number, cell in enumerate(notebook["cells"], 1):
        first = next((line for line in cell["source"].splitlines() if line.strip()), "")
        lines += [f"cell {number} ({first[:60]}): {p}" for p in problems(cell, clean)]
    return "\n".join(lines)


class Compared(str):
    """A text that differs from another only if it does by more than a tolerance."""

    tolerance: Tolerance
    html: bool

    @classmethod
    def of(cls, text: str, tolerance: Tolerance, html: bool) -> Compared:
        made = cls(text)
        made.tolerance, made.html = tolerance, html
        return made

    def __eq__(self, new: object) -> bool:
        return isinstance(new, str) and not self.differences(new)

    def __ne__(self, new: object) -> bool:
        return not self == new

    __hash__ = str.__hash__

    def differences(self, new: str) -> list[str]:
        return self.tolerance.differences(str(self), str(new), html=self.html)


def marked(outputs: list, tolerance: Tolerance) -> list:
    """A copy of the outputs in which each text that is compared knows the tolerance."""
    outputs = copy.deepcopy(outputs)
    for output in outputs:
        if output.get("name") == "stdout":
            output["text"] = Compared.of(output["text"], tolerance, False)
        for kind in {"text/plain", "text/html"} & set(output.get("data", {})):
            text = output["data"][kind]
            output["data"][kind] = Compared.of(text, tolerance, kind == "text/html")
    return outputs


def install() -> None:
    """Make nbval compare by the tolerances. Calling it again changes nothing."""
    from nbval.plugin import IPyNbCell, IPyNbFile

    if hasattr(IPyNbCell, "compares_within_tolerances"):
        return
    IPyNbCell.compares_within_tolerances = True
    collect, sanitize = IPyNbFile.collect, IPyNbCell.sanitize
    compare_outputs, explain = IPyNbCell.compare_outputs, IPyNbCell.format_output_compare

    def collect_or_complain(self):
        items = list(collect(self))
        self.setup_sanitize_files()

        def clean(text):
            for regex, replacement in self.sanitize_patterns.items():
                text = re.sub(regex, replacement, text)
            return text

        if lines := complaint(self.nb, clean):
            raise self.CollectError(f"{self.path.name}: tolerances that cannot be right\n{lines}")
        return items

    def compare_marked(self, test, ref, skip_compare=None):
        tolerance = Tolerance.of(self.cell.metadata)
        if tolerance is not None:
            test, ref = marked(test, tolerance), marked(ref, tolerance)
        return compare_outputs(self, test, ref, skip_compare)

    def sanitize_marked(self, text):
        clean = sanitize(self, text)
        return Compared.of(clean, text.tolerance, text.html) if type(text) is Compared else clean

    def explain_marked(self, key, stored, new):
        if type(stored) is not Compared:
            return explain(self, key, stored, new)
        lines = [f"mismatch '{key}'", *stored.differences(new)]
        lines += ["", "stored:", str(stored), "", "now:", str(new)]
        self.comparison_traceback += lines

    IPyNbFile.collect = collect_or_complain
    IPyNbCell.compare_outputs = compare_marked
    IPyNbCell.sanitize = sanitize_marked
    IPyNbCell.format_output_compare = explain_marked
