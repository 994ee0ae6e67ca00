"""`check`: strict in tests, and never in a reader's way."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

import cifarlib
from cifarlib import check
from cifarlib.claims import ClaimError

ROOT = Path(__file__).parents[1]
SENTENCE = "deeper plain networks train worse"


@pytest.fixture
def reader(monkeypatch):
    monkeypatch.delenv("CIFARLIB_CHECKS")


def missing():
    return no_such_name > 0  # noqa: F821


def test_tests_are_strict():
    assert os.environ["CIFARLIB_CHECKS"] == "strict"
    assert cifarlib.check is check


@pytest.mark.parametrize("true", [True, np.True_, np.array(True), np.float32(2) > 1])
def test_what_is_so_prints_nothing(true, capsys, monkeypatch):
    assert check(SENTENCE, lambda: true) is None
    monkeypatch.delenv("CIFARLIB_CHECKS")
    assert check(SENTENCE, lambda: true) is None
    assert capsys.readouterr() == ("", "")


def test_a_tensor_of_one_truth_value_will_do():
    tf = pytest.importorskip("tensorflow")
    check(SENTENCE, lambda: tf.constant(2) > 1)
    with pytest.raises(ClaimError):
        check(SENTENCE, lambda: tf.constant(2) < 1)


@pytest.mark.parametrize("false", [False, np.False_, np.array(False), np.float32(2) < 1])
def test_what_is_not_so_raises_with_its_sentence(false):
    with pytest.raises(ClaimError, match=f"^not so: {SENTENCE}$") as caught:
        check(SENTENCE, lambda: false)
    assert isinstance(caught.value, AssertionError)


@pytest.mark.parametrize("false", [False, np.False_, np.array(False)])
def test_what_is_not_so_is_said_once_to_a_reader(false, capsys, reader):
    assert check(SENTENCE, lambda: false) is None
    assert capsys.readouterr() == (f"Not so in your version: {SENTENCE}.\n", "")


def test_an_exception_raises_chained():
    with pytest.raises(ClaimError, match=rf"^cannot be checked: {SENTENCE} \(NameError: name") as e:
        check(SENTENCE, missing)
    assert isinstance(e.value.__cause__, NameError)


def test_an_exception_is_a_hint_to_a_reader(capsys, reader):
    check(SENTENCE, missing)
    out, err = capsys.readouterr()
    hint = "NameError: name 'no_such_name' is not defined"
    assert (out, err) == (f"Not so in your version: {SENTENCE}. ({hint})\n", "")


def test_a_hint_is_one_short_line(capsys, reader):
    def long():
        raise ValueError("x" * 500 + "\nand more")

    def silent():
        raise ZeroDivisionError

    check(SENTENCE, long)
    check(SENTENCE, silent)
    first, second = capsys.readouterr().out.splitlines()
    assert len(first) < 220
    assert first.endswith("x...)")
    assert second.endswith("worse. (ZeroDivisionError)")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_who_interrupts_is_heard(stop, reader):
    def interrupted():
        raise stop

    with pytest.raises(stop):
        check(SENTENCE, interrupted)


AMBIGUOUS = [np.array([True, False]), np.array([True]), np.array([])]


@pytest.mark.parametrize("array", AMBIGUOUS, ids=str)
def test_an_array_is_refused(array):
    with pytest.raises(TypeError, match=r"array of shape \(\d,\).*ambiguous: say \.all\(\)"):
        check(SENTENCE, lambda: array)


@pytest.mark.parametrize("other", [None, 1, 0.0, "yes", {1}, [True], np.float64(1)], ids=repr)
def test_what_is_no_truth_value_is_refused(other, capsys, monkeypatch):
    with pytest.raises(TypeError, match=SENTENCE):
        check(SENTENCE, lambda: other)
    monkeypatch.delenv("CIFARLIB_CHECKS")
    check(SENTENCE, lambda: other)
    assert capsys.readouterr().out.startswith(f"Not so in your version: {SENTENCE}. (TypeError: ")


@pytest.mark.parametrize("array", AMBIGUOUS, ids=str)
def test_an_array_does_not_stop_a_reader(array, capsys, reader):
    check(SENTENCE, lambda: array)
    assert capsys.readouterr().out.startswith(f"Not so in your version: {SENTENCE}. (TypeError: ")


@pytest.mark.parametrize("condition", [True, False, None, np.True_])
def test_only_a_function_is_a_condition(condition):
    with pytest.raises(TypeError, match="as in `lambda: a > b`, got"):
        check(SENTENCE, condition)


def test_a_condition_that_is_no_function_does_not_stop_a_reader(capsys, reader):
    check(SENTENCE, True)
    assert capsys.readouterr().out == ""
    check(SENTENCE, False)
    assert capsys.readouterr().out == f"Not so in your version: {SENTENCE}.\n"


@pytest.mark.parametrize(
    ("sentence", "error"),
    [
        (None, TypeError), (3, TypeError), (lambda: True, TypeError), ("", ValueError),
        ("  ", ValueError), ("It is so.", ValueError), (" it is so", ValueError),
    ],
)  # fmt: skip
def test_a_sentence_has_words_and_no_full_stop(sentence, error, capsys, monkeypatch):
    with pytest.raises(error, match="sentence"):
        check(sentence, lambda: True)
    monkeypatch.delenv("CIFARLIB_CHECKS")
    check(sentence, lambda: False)
    assert capsys.readouterr().out.count(".\n") == 1


@pytest.mark.parametrize("value", ["1", "Strict", "lenient"])
def test_an_unknown_value_of_the_variable_is_an_error_in_words(value, monkeypatch):
    monkeypatch.setenv("CIFARLIB_CHECKS", value)
    with pytest.raises(ValueError, match=f"CIFARLIB_CHECKS must be 'strict'.*got '{value}'"):
        check(SENTENCE, lambda: True)


def test_an_empty_variable_is_no_variable(capsys, monkeypatch):
    monkeypatch.setenv("CIFARLIB_CHECKS", "")
    check(SENTENCE, lambda: False)
    assert capsys.readouterr().out == f"Not so in your version: {SENTENCE}.\n"


def test_check_comes_without_keras():
    code = (
        "import sys; from cifarlib import check; check('one', lambda: True); "
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no make")
def test_make_book_is_strict(tmp_path, monkeypatch):
    """Programs that write down the variable stand in for those of the environment."""
    monkeypatch.delenv("CIFARLIB_CHECKS")
    for name in ("python", "jupyter-book"):
        program = tmp_path / name
        program.write_text('#!/bin/sh\nprintf "%s" "$CIFARLIB_CHECKS" > "$0.said"\n')
        program.chmod(0o755)
    command = ["make", "book", f"BIN={tmp_path}", "PYTHON=true"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    said = {file.read_text() for file in tmp_path.glob("*.said")}
    assert said == {"strict"}


@pytest.mark.parametrize("condition", ["True", "False"])
def test_make_notebooks_is_strict(condition, tmp_path, monkeypatch):
    monkeypatch.delenv("CIFARLIB_CHECKS")
    (tmp_path / "chapters").mkdir()
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    code = f"from cifarlib import check\ncheck('it is so', lambda: {condition})"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(notebook, tmp_path / "chapters" / "a.ipynb")
    result = subprocess.run(
        [sys.executable, "tools/notebooks.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (result.returncode == 0) is (condition == "True"), result.stderr
    assert ("not so: it is so" in result.stderr) is (condition == "False")
