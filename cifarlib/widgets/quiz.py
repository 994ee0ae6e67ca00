"""Quizzes: questions with a remark on every answer, in HTML that needs neither kernel nor script.

The questions stand in ``quizzes/*.txt`` beside this file, so that a notebook does not give the
answers away::

    ? A question, on one line.
    - A wrong answer | What is wrong about it.
    + The right answer | Why it is right.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass
from pathlib import Path

from cifarlib.widgets.moving import ARROW_KEYS

FOLDER = Path(__file__).parent / "quizzes"

_STYLE = """
.quiz fieldset { border: 1px solid #8888; border-radius: 4px; margin: 0 0 1em; padding: .5em 1em; }
.quiz legend { float: left; width: 100%; margin: 0 0 .4em; padding: 0; }
.quiz legend { font-size: 1em; font-weight: bold; line-height: 1.4; }
.quiz legend + * { clear: both; }
.quiz .answer { display: grid; grid-template-columns: 1.2em 1fr; gap: 0 .6em; margin: .3em 0; }
.quiz .answer label { display: contents; }
.quiz input { accent-color: #0072b2; width: 1.1em; height: 1.1em; margin: .2em 0 0; }
.quiz .remark { grid-column: 2; display: none; margin: .1em 0 .3em; padding-left: .6em; }
.quiz .answer:has(input:checked) .remark { display: block; }
.quiz .right .remark { border-left: 4px solid #009e73; }
.quiz .wrong .remark { border-left: 4px solid #d55e00; }
"""


@dataclass(frozen=True)
class Answer:
    """An answer to choose: its text, whether it is right, and the remark that choosing it shows."""

    text: str
    right: bool
    remark: str


@dataclass(frozen=True)
class Question:
    """A question and its answers, one of them right."""

    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, repr=False)
class Quiz:
    """Some questions; a notebook shows them with buttons to choose an answer."""

    name: str
    questions: tuple[Question, ...]

    def __repr__(self) -> str:
        return "\n".join(f"{n}. {q.text}" for n, q in enumerate(self.questions, 1))

    def _repr_html_(self) -> str:
        parts = []
        for number, question in enumerate(self.questions, 1):
            group = hashlib.sha256(f"{self.name} {question.text}".encode()).hexdigest()[:12]
            # Authors tend to put the right answer in the middle; this order favors no place
            ordered = sorted(question.answers, key=lambda answer: _place(group, answer))
            answers = "".join(_answer(answer, group) for answer in ordered)
            text = f"<legend>{number}. {_marked(question.text)}</legend>"
            parts.append(f"<fieldset>{text}<div>{answers}</div></fieldset>")
        # In a form of its own, so that an equal quiz on the page is answered by itself; this method
        # sends nothing when somebody presses Enter
        return f'<form class="quiz" method="dialog"><style>{_STYLE}</style>{"".join(parts)}</form>'


def quiz(name: str) -> Quiz:
    """The quiz of a chapter.

    Args:
        name: of its file, without ``.txt``.

    Raises:
        ValueError: there is no such quiz, or its file breaks the rules; the message says where.

    >>> len(quiz("convolution").questions) >= 3
    True
    """
    if not isinstance(name, str) or name not in quiz_names():
        raise ValueError(f"no quiz is called {name!r}; there are {', '.join(quiz_names())}")
    return parse(name, (FOLDER / f"{name}.txt").read_text(encoding="utf-8"))


def quiz_names() -> list[str]:
    """The names of all quizzes, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def parse(name: str, text: str) -> Quiz:
    """Read a quiz from the form that this module's docstring shows.

    Raises:
        ValueError: a line is of no known kind, a question or one of its answers is there twice, or
            a question has not one right answer and a wrong one or more, each with a remark.
    """
    questions: list[tuple[str, list[Answer]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        mark, _, rest = line.partition(" ")
        answer, bar, remark = (part.strip() for part in rest.partition("|"))
        if mark == "?" and answer:
            questions.append((rest.strip(), []))
        elif mark in ("+", "-") and answer and bar and remark and questions:
            questions[-1][1].append(Answer(answer, mark == "+", remark))
        else:
            raise ValueError(
                f"quiz {name}, line {number}: expected '? question', '+ right answer | remark' or "
                f"'- wrong answer | remark', got {line!r}"
            )
    _all_different(name, [question for question, _ in questions])
    for question, answers in questions:
        _all_different(name, [answer.text for answer in answers])
        if sum(answer.right for answer in answers) != 1 or len(answers) < 2:
            raise ValueError(f"quiz {name}: one answer of two or more must be right: {question!r}")
    return Quiz(name, tuple(Question(text, tuple(answers)) for text, answers in questions))


def _all_different(name: str, texts: list[str]) -> None:
    for text in texts:
        if texts.count(text) > 1:
            raise ValueError(f"quiz {name}: this is there twice: {text!r}")


def _answer(answer: Answer, group: str) -> str:
    kind, word = ("right", "Right.") if answer.right else ("wrong", "Not quite.")
    return (
        f'<div class="answer {kind}"><label><input type="radio" name="{group}" {ARROW_KEYS}>'
        f"<span>{_marked(answer.text)}</span></label>"
        f'<div class="remark" role="status"><b>{word}</b> {_marked(answer.remark)}</div></div>'
    )


def _place(group: str, answer: Answer) -> str:
    """By what the answers are ordered."""
    return hashlib.sha256(f"{group} {answer.text}".encode()).hexdigest()[:12]


def _marked(text: str) -> str:
    """Text as HTML, with `code` between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
