"""`make read`, `make book` and `make test`: what opens, what is executed, and in which order."""

import json
import os
import subprocess
import sys
import webbrowser
from pathlib import Path

import nbformat
import pytest
from test_tools import load_tool

execute_book = load_tool("execute_book")
open_book = load_tool("open_book")
seconds = load_tool("seconds")

ROOT = Path(__file__).parents[2]
CODE = nbformat.v4.new_code_cell


@pytest.fixture
def book(tmp_path):
    """``book(name=[cells])`` writes notebooks and returns their paths, in order."""

    def write(**cells):
        paths = []
        for name, sources in cells.items():
            paths.append(tmp_path / f"{name}.ipynb")
            nbformat.write(nbformat.v4.new_notebook(cells=[CODE(s) for s in sources]), paths[-1])
        return paths

    return write


def outputs(cache, path):
    """What MyST-NB finds in the cache for a notebook: the text of each cell's outputs."""
    notebook = nbformat.read(path, as_version=4)
    _, merged = cache.merge_match_into_notebook(notebook)
    return [[output.get("text") for output in cell.outputs] for cell in merged.cells]


# Executing


def test_executed_notebooks_are_in_the_cache_that_the_build_reads(book, tmp_path, capsys):
    paths = book(one=["print(1)"], two=["x = 2", "print(x)"])
    assert execute_book.run(paths, tmp_path / "cache", 2) == []
    cache = execute_book.get_cache(tmp_path / "cache")
    assert outputs(cache, paths[0]) == [["1\n"]]
    assert outputs(cache, paths[1]) == [[], ["2\n"]]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Executing 2 of 2 notebooks, 2 at a time"
    assert sorted(line.partition("] ")[2].split(":")[0] for line in lines[1:]) == [
        "one.ipynb", "two.ipynb"
    ]  # fmt: skip
    assert all(line.endswith(" s") for line in lines[1:])


def test_only_what_changed_is_executed(book, tmp_path, capsys):
    paths = book(one=["print(1)"], two=["print(2)"])
    execute_book.run(paths, tmp_path / "cache", 2)
    book(two=["print(22)"])
    capsys.readouterr()
    execute_book.run(paths, tmp_path / "cache", 2)
    said = capsys.readouterr().out
    assert "Executing 1 of 2" in said
    assert "one.ipynb" not in said
    execute_book.run(paths, tmp_path / "cache", 2)
    assert capsys.readouterr().out == ""


def test_notebooks_run_side_by_side(book, tmp_path):
    meet = """
import pathlib, time
pathlib.Path("{mine}").touch()
end = time.monotonic() + 120
while not pathlib.Path("{other}").exists():
    assert time.monotonic() < end, "the other one never came"
    time.sleep(0.05)
"""
    paths = book(one=[meet.format(mine="a", other="b")], two=[meet.format(mine="b", other="a")])
    assert execute_book.run(paths, tmp_path / "cache", 2) == []


def test_a_failure_names_notebook_cell_and_error_and_the_others_go_on(book, tmp_path, capsys):
    paths = book(bad=["x = 1", "y = 0\nx / y", "print('never')"], good=["print(1)"])
    (report,) = execute_book.run(paths, tmp_path / "cache", 1)
    assert report == (
        "bad.ipynb failed in this cell:\n    y = 0\n    x / y\nZeroDivisionError: division by zero"
    )
    assert "bad.ipynb: failed" in capsys.readouterr().out
    cache = execute_book.get_cache(tmp_path / "cache")
    assert outputs(cache, paths[1]) == [["1\n"]]
    with pytest.raises(KeyError):
        cache.match_cache_notebook(nbformat.read(paths[0], as_version=4))


def test_a_kernel_that_dies_is_reported_with_its_last_words(book, tmp_path):
    dies = "import os\nos.write(2, b'out of memory\\n')\nos._exit(9)"
    (report,) = execute_book.run(book(dies=[dies]), tmp_path / "cache", 1)
    assert report.startswith("dies.ipynb failed in this cell:\n    import os\n")
    assert "DeadKernelError" in report


def test_what_a_kernel_says_to_the_terminal_is_not_seen(tmp_path, book):
    (path,) = book(loud=["import os\n_ = os.write(2, b'could not find cuda drivers')\nprint(1)"])
    program = (
        "import sys, pathlib; sys.path.insert(0, 'tools'); import execute_book; "
        f"execute_book.run([pathlib.Path({str(path)!r})], pathlib.Path({str(tmp_path / 'c')!r}), 1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "loud.ipynb" in done.stdout
    assert "cuda" not in done.stdout + done.stderr


def test_the_longest_starts_first(book, tmp_path, monkeypatch, capsys):
    paths = book(short=["print(1)"], long=["print(2)"], middle=["print(3)"])
    known = {"long": 9, "middle": 5}
    monkeypatch.setattr(execute_book.seconds, "expected", lambda name: known.get(name, 1))
    monkeypatch.setattr(execute_book.seconds, "name", lambda path: path.stem)
    execute_book.run(paths, tmp_path / "cache", 1)
    done = [line.split()[1] for line in capsys.readouterr().out.splitlines()[1:]]
    assert done == ["long.ipynb:", "middle.ipynb:", "short.ipynb:"]


def test_every_notebook_of_the_table_of_contents_is_executed():
    found = execute_book.notebooks(ROOT / "_toc.yml")
    assert len(set(found)) == len(found)
    assert set(found) == set((ROOT / "chapters").rglob("*.ipynb"))


def test_a_table_of_contents_is_read_to_any_depth(tmp_path):
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.ipynb").touch()
    (tmp_path / "_toc.yml").write_text(
        "root: intro\nparts:\n- chapters:\n  - file: a\n    sections:\n    - file: b\n"
        "      sections:\n      - file: c\n  - file: page\n- chapters:\n  - file: d\n"
    )
    found = execute_book.notebooks(tmp_path / "_toc.yml")
    assert [path.stem for path in found] == ["a", "b", "c", "d"]


def test_checks_are_strict_and_the_embedded_images_are_used_while_executing():
    assert execute_book.ENVIRONMENT["CIFARLIB_CHECKS"] == "strict"
    assert execute_book.ENVIRONMENT["CIFARLIB_FULL"] == "0"


# Opening


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "index.html"
    path.write_text("")
    return path


@pytest.fixture
def opened(monkeypatch):
    """What a browser was asked to open; its answer is ``opened.answer``."""

    class Opened(list):
        answer = True

    asked = Opened()
    monkeypatch.setattr(webbrowser, "open", lambda url: asked.append(url) or asked.answer)
    for name in ("CI", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(open_book.sys, "platform", "linux")
    return asked


def test_the_book_is_opened_where_there_is_a_display(page, opened, monkeypatch, capsys):
    monkeypatch.setenv("DISPLAY", ":0")
    assert open_book.main(page) == 0
    assert opened == [page.as_uri()]
    assert "open in your browser" in capsys.readouterr().out


def test_without_a_display_the_address_is_said_and_nothing_is_opened(page, opened, capsys):
    assert open_book.main(page) == 0
    assert opened == []
    said = capsys.readouterr().out
    assert page.as_uri() in said
    assert "make serve" in said


def test_a_browser_that_does_not_start_is_no_failure(page, opened, monkeypatch, capsys):
    monkeypatch.setenv("DISPLAY", ":0")
    opened.answer = False
    assert open_book.main(page) == 0
    assert "make serve" in capsys.readouterr().out

    def broken(url):
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "open", broken)
    assert open_book.main(page) == 0


def test_a_book_that_is_not_there_is_said(tmp_path, capsys):
    assert open_book.main(tmp_path / "index.html") == 1
    assert "run make read or make book first" in capsys.readouterr().err


# The order of tests


class Item:
    def __init__(self, nodeid):
        self.nodeid = nodeid


def test_files_stay_whole_with_the_longest_in_front(tmp_path, monkeypatch):
    monkeypatch.setattr(seconds, "FILE", tmp_path / "seconds.json")
    (tmp_path / "seconds.json").write_text('{"b.ipynb": 60, "tests/test_c.py": 90}')
    items = [Item(f"{file}::{n}") for file in ("a.py", "b.ipynb", "tests/test_c.py") for n in "21"]
    order = [item.nodeid for item in seconds.longest_first(items)]
    assert order == [
        "tests/test_c.py::2", "tests/test_c.py::1", "b.ipynb::2", "b.ipynb::1", "a.py::2", "a.py::1"
    ]  # fmt: skip


def test_side_by_side_whole_files_go_to_one_process(tmp_path):
    """A bare ``-n 2`` would hand a notebook's cells to two kernels."""
    for name in "ab":
        lines = ["import os", "def test_where(): print('ran', __name__, os.getpid())"]
        lines += [f"def test_where_{n}(): print('ran', __name__, os.getpid())" for n in range(4)]
        (tmp_path / f"test_{name}.py").write_text("\n".join(lines))
    command = [sys.executable, "-m", "pytest", "-n", "2", "-rP", "-p", "no:cacheprovider"]
    command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), "-p", "seconds"]
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    ran = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("ran ")]
    assert len(ran) == 10
    assert len({tuple(pair) for pair in ran}) == 2  # each file in one process alone
    assert done.stdout.splitlines()[-1].startswith("=")  # pytest's own closing line


def test_measured_files_exist():
    known = json.loads((ROOT / "tools" / "seconds.json").read_text(encoding="utf-8"))
    assert all((ROOT / name).is_file() for name in known)


@pytest.mark.parametrize("command", ["cifarlib.zoo", "cifarlib.bench"])
def test_a_command_begins_without_the_greetings_of_tensorflow(command):
    """Those that can be spared; but Python loads TensorFlow before the command's first line."""
    settings = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-m", command, "--help"], env=settings, capture_output=True, text=True,
        check=True, cwd=ROOT,
    )  # fmt: skip
    assert "cpu_feature_guard" not in done.stderr
    code = "import os, cifarlib; print(os.environ.get('TF_CPP_MIN_LOG_LEVEL'))"
    alone = [sys.executable, "-c", code]
    done = subprocess.run(alone, env=settings, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "None\n"  # a reader's own program decides for itself
