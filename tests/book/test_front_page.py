"""The front page and the page for teachers: short, true, and computed where numbers could age."""

import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from cifarlib import CLASS_NAMES, load_cifar10

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import build_cover  # noqa: E402
import computed_tables  # noqa: E402
import readers_notebooks as readers  # noqa: E402

INTRO = (ROOT / "intro.md").read_text(encoding="utf-8")
TEACH = (ROOT / "reference" / "teach.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def answers():
    """What each network of the zoo answers for each test image."""
    files = sorted((ROOT / "cifarlib" / "zoo").glob("*/logits.npy"))
    return np.stack([np.load(file).argmax(axis=1) for file in files])


@pytest.fixture(scope="module")
def labels():
    return np.ravel(load_cifar10().y_test)


# --- the front page ---


def test_front_page_is_short_and_starts_with_the_way_in():
    assert len(INTRO.split()) <= 450
    before_picture = INTRO[: INTRO.index("![")]
    assert "](chapters/start/first_network.ipynb)" in before_picture
    assert [title in INTRO for title in ("* **Read.**", "* **Run.**", "* **Teach.**")] == [True] * 3


def test_front_page_has_a_list_of_doors_below_which_a_published_book_offers_its_pdf_and_zip():
    assert re.search(r"^## Three doors\n\n\* ", INTRO, re.MULTILINE)  # tools/sphinx_take_away.py


def test_front_page_counts_what_the_networks_got_wrong(answers, labels):
    missed = int((answers != labels).all(axis=0).sum())
    assert f"All {len(answers)} trained networks" in INTRO
    assert f"Of the 10,000 test images, {missed} are missed by every network." in INTRO


def test_picture_shows_images_for_which_all_networks_give_the_same_wrong_answer(answers, labels):
    choice = build_cover.chosen(labels, build_cover.probabilities())
    assert len(choice) == 8
    for place, label, answer in choice:
        assert labels[place] == label
        assert set(answers[:, place]) == {answer}
        assert label != answer
    assert len({(label, answer) for _, label, answer in choice}) == 8
    told = "; ".join(f"{CLASS_NAMES[label]}, {CLASS_NAMES[answer]}" for _, label, answer in choice)
    assert f"all {len(answers)} networks give: {told}.](static/cover.png)" in INTRO


def test_picture_is_small_and_has_the_pixels_of_these_images(labels):
    path = ROOT / "static" / "cover.png"
    assert path.stat().st_size < 80_000
    sheet = np.asarray(Image.open(path).convert("RGB"))
    choice = build_cover.chosen(labels, build_cover.probabilities())
    images = load_cifar10().x_test
    row = build_cover.HEAD
    for column, (place, _, _) in enumerate(choice[: build_cover.COLUMNS]):
        left = column * build_cover.CELL + (build_cover.CELL - 224) // 2 + 1
        shown = sheet[row + 3 : row + 224 : 7, left + 2 : left + 224 : 7]
        assert (shown == images[place]).all()


# --- the leaderboard ---


def zoo():
    """The means of the zoo's records, straight from the files."""
    for file in (ROOT / "cifarlib" / "zoo").glob("*/record.json"):
        record = json.loads(file.read_text(encoding="utf-8"))
        runs = [run for run in record["runs"] if "accuracy" in run]
        yield (
            statistics.fmean(run.get("accuracy_tta", run["accuracy"]) for run in runs),
            record["name"],
            record["parameters"],
        )


def test_leaderboard_is_the_zoo_in_order():
    text = computed_tables.table("leaderboard", "5", [], ROOT, "intro.md")
    rows = [
        re.match(r"\| `(\w+)` \| \*\*([\d.]+)%\*\* \(.+\) \| ([\d,]+) \| \d+ min ", line).groups()
        for line in text.splitlines()[2:]
    ]
    expected = sorted(zoo(), reverse=True)[:5]
    assert rows == [(name, f"{100 * best:.1f}", f"{size:,}") for best, name, size in expected]


def record(folder, name, *runs):
    path = folder / "cifarlib" / "zoo" / name
    path.mkdir(parents=True)
    content = {"name": name, "parameters": 1234, "runs": list(runs)}
    (path / "record.json").write_text(json.dumps(content))


def test_leaderboard_says_how_many_seeds_and_what_a_training_cost(tmp_path):
    cpu = {"hardware": "2 cores of X (AVX2)", "seconds": 600}
    record(tmp_path, "views", *[cpu | {"accuracy": 0.5, "accuracy_tta": 0.9, "cpu_seconds": 60 * n}
                                for n in (1, 2, 9)])  # fmt: skip
    record(tmp_path, "clock", cpu | {"accuracy": 0.8}, {"error": "diverged"})
    record(tmp_path, "card", {"accuracy": 0.7, "seconds": 120, "hardware": "NVIDIA H200"})
    record(tmp_path, "failed", {"error": "diverged"})
    text = computed_tables.table("leaderboard", "9", [], tmp_path, "intro.md")
    assert text.splitlines()[2:] == [
        "| `views` | **90.0%** (mean of 3 seeds, test-time augmentation) | 1,234 "
        "| 2 min of CPU time |",
        "| `clock` | **80.0%** (1 seed) | 1,234 | 10 min on 2 CPU cores |",
        "| `card` | **70.0%** (1 seed) | 1,234 | 2 min on one NVIDIA H200 GPU |",
    ]


@pytest.mark.parametrize("argument", ["", "five", "-1"])
def test_leaderboard_asks_for_a_number_of_rows(argument):
    with pytest.raises(ValueError, match=r"intro.md: say how many rows, as in \{leaderboard\} 5"):
        computed_tables.table("leaderboard", argument, [], ROOT, "intro.md")


def test_tables_need_no_keras():
    code = "import sys, computed_tables as c; c.records('.'); sys.exit('keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "tools", check=True)


def test_readers_get_the_tables_as_markdown():
    book, target = readers.Book(), readers.Target("https://github.com/OWNER/NAME")
    front = readers.markdown(book, "intro.md", target)
    assert computed_tables.table("leaderboard", "5", [], ROOT, "intro.md") in front
    teach = readers.markdown(book, "reference/teach.md", target)
    assert teach.count("| Session | Pages | Minutes |") == 2
    assert "/blob/main/chapters/walkthrough/first_look.ipynb" in teach


# --- teaching ---


def plans():
    return [
        [line for line in body.splitlines() if line]
        for body in re.findall(r":::\{session-plan\}\n(.*?)\n:::", TEACH, re.DOTALL)
    ]


def test_plans_have_8_and_12_sessions_and_name_no_page_twice():
    assert [len(plan) for plan in plans()] == [8, 12]
    for plan in plans():
        pages = [page for line in plan for page in line.partition("|")[0].split()]
        assert len(pages) == len(set(pages))


def test_minutes_of_a_session_are_those_of_its_boxes(tmp_path):
    boxes = {
        "a": "> **Time:** 25 minutes to read; about 61 seconds to run on two cores.",
        "b": "**Time:** 1 minute to read, 9 seconds to run on 2 cores.",
        "c": "**Time:** soon.",
    }
    for name, box in boxes.items():
        cells = [nbformat.v4.new_markdown_cell(f"# Page {name}\n\n{box}")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")

    def plan(*lines):
        return computed_tables.table("session-plan", "", list(lines), tmp_path, "more/t.md")

    assert plan("a b | Do it", "", "b | Again").splitlines()[2:] == [
        "| 1 | [Page a](../a.ipynb); [Page b](../b.ipynb) | 29 | Do it |",
        "| 2 | [Page b](../b.ipynb) | 2 | Again |",
    ]
    for line, message in [("d | x", "more/t.md: there is no page d"), ("c | x", r"c.ipynb: no \*"),
                          ("a", "a session is 'PAGE PAGE"), ("| x", "a session is")]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            plan(line)


def test_exercises_for_homework_are_on_the_pages_that_are_named():
    rows = re.findall(r"^\| (.+?) \| \[.+?\]\((\S+?)\) \| .+ \|$", TEACH, re.MULTILINE)
    assert len(rows) >= 5
    for name, link in rows:
        text = (ROOT / "reference" / link).read_text(encoding="utf-8")
        assert f":::{{exercise}} {name}\\n" in text, name


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheets")
    command = [sys.executable, "tools/readers_notebooks.py", "--exercises", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    return {
        path.relative_to(folder).as_posix(): nbformat.read(path, as_version=4)
        for path in folder.rglob("*.ipynb")
    }


def test_a_sheet_has_every_exercise_of_its_page_and_room_below_each(sheets):
    book = readers.Book()
    asked = {
        page: sum(cell.source.count(":::{exercise} ") for cell in book.notebook(page).cells)
        for page in book.pages
        if page.endswith(".ipynb")
    }
    assert sheets.keys() == {page for page, count in asked.items() if count}
    for page, sheet in sheets.items():
        titles = [c.source for c in sheet.cells if re.match(r"### Exercise [\d.]+: \S", c.source)]
        rooms = [c for c in sheet.cells if c.cell_type == "code" and not c.source]
        assert len(titles) == len(rooms) == asked[page]
        assert sheet.cells[0].source.startswith(f"# Exercises: {book.titles[page]}")
        assert sheet.cells[-1] == rooms[-1]


def test_no_sheet_has_a_solution_or_an_output(sheets):
    book = readers.Book()
    for page, sheet in sheets.items():
        text = "\n".join(cell.source for cell in sheet.cells)
        assert "Solution" not in text
        assert ":::" not in text
        assert not any(cell.get("outputs") for cell in sheet.cells)
        inside, solutions = False, 0
        for cell in book.notebook(page).cells:
            if cell.cell_type == "code":
                if inside:
                    solutions += 1
                    assert cell.source not in text
                continue
            for mark in re.findall(r"\{solution-(start|end)\}", cell.source):
                inside = mark == "start"
        assert solutions > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--colab", "out"], "--colab needs --repository"),
        (["--exercises", "."], "is the book's own folder"),
        (["out"], "one of the arguments --colab --exercises is required"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(arguments, message):
    command = [sys.executable, "tools/readers_notebooks.py", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    assert message in result.stderr
