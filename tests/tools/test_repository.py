"""What holds for the repository as a whole: what is in it, and what must never be."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MIB = 2**20
# Spelled in pieces, so that this file does not contain what it looks for
REGISTRY_HOSTS = [
    "pypi." + "org",
    "pythonhosted." + "org",
    "registry." + "npmjs",
    "deb." + "debian",
]
MACHINE_PATHS = re.compile(r"/(?:home|root|Users|work|opt)/[\w.-]+")


def tracked_files():
    """The files of the repository; without git (an unpacked archive), all but what is built."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if listing.returncode == 0:
        paths = [ROOT / name for name in listing.stdout.split("\0") if name]
    else:
        left_out = {".venv", "_build", ".git", "__pycache__", ".pytest_cache", ".ruff_cache"}
        paths = [p for p in ROOT.rglob("*") if not left_out & set(p.relative_to(ROOT).parts)]
    return [path for path in paths if path.is_file()]


FILES = tracked_files()


def text_files():
    for path in FILES:
        if path.suffix not in {".webp", ".png", ".npz", ".npy", ".bin", ".woff2"}:
            yield path, path.read_text(encoding="utf-8")


def test_no_file_names_the_host_of_a_package_registry():
    for path, text in text_files():
        for host in REGISTRY_HOSTS:
            assert host not in text, f"{path.relative_to(ROOT)} names {host}"


def test_no_file_contains_a_path_of_somebodys_machine():
    for path, text in text_files():
        found = MACHINE_PATHS.search(text)
        assert not found, f"{path.relative_to(ROOT)}: {found.group()}"


def test_the_tree_stays_within_its_bounds():
    sizes = {path.relative_to(ROOT).as_posix(): path.stat().st_size for path in FILES}
    assert sum(sizes.values()) < 68 * MIB
    zoo = {name: size for name, size in sizes.items() if name.startswith("cifarlib/zoo/")}
    logits = [size for name, size in zoo.items() if Path(name).stem == "logits"]
    assert len(logits) >= 9 and sum(logits) < 3 * MIB
    assert sum(zoo.values()) - sum(logits) < 15 * MIB  # weights and records
    images = sum(size for name, size in sizes.items() if name.startswith("cifarlib/data/images/"))
    assert images < 35 * MIB


def test_files_of_the_package_stay_readable_in_one_sitting():
    for path in (ROOT / "cifarlib").rglob("*.py"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 250, f"{path.relative_to(ROOT)} has {lines} lines"


def test_readme_counts_the_pages_and_names_every_part():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "chapters").rglob("*.ipynb")]
    exercises = sum("{exercise}" in page for page in pages)
    quizzes = sum("quiz(" in page for page in pages)
    counts = f"{len(pages)} pages with notebooks: {exercises} have exercises whose solutions run"
    assert f"{counts}, and {quizzes} a quiz." in readme
    for index in sorted((ROOT / "chapters").glob("*/index.md")):
        heading = index.read_text(encoding="utf-8").splitlines()[0]
        title = heading.removeprefix("# ").partition(",")[0]
        assert f"**{title}**" in readme, f"README names no part {title!r}"


def test_requirements_end_with_the_package_itself():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
    assert lines[-2:] == ["-e", "."]


@pytest.mark.parametrize("file", ["constraints.txt", "constraints-oldest.txt"])
def test_constraints_pin_everything_that_the_requirements_name(file):
    def names(path, part=""):
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        found = [re.match(r"[A-Za-z0-9][\w.-]*", line) for line in lines if part in line]
        return {re.sub("[_.]", "-", match[0].lower()) for match in found if match}

    wanted = names("requirements.txt")
    if file == "constraints-oldest.txt":
        wanted -= names("requirements.txt", "# export")
    assert wanted <= names(file)
    pins = (ROOT / file).read_text(encoding="utf-8").splitlines()
    for line in pins:
        assert line.startswith("#") or "==" in line, line


def test_ruff_has_nothing_to_say():
    for command in (["check"], ["format", "--check", "cifarlib", "tests", "tools", "conftest.py"]):
        result = subprocess.run(
            [sys.executable, "-m", "ruff", *command], cwd=ROOT, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stdout + result.stderr


def test_codespell_has_nothing_to_say():
    result = subprocess.run(
        [
            sys.executable, "-m", "codespell_lib", "--ignore-regex", "[A-Za-z0-9+/=]{60,}",
            "-L", "hart,leary,shepard",  # names of authors
            "--skip", "*.webp,*.npz,*.npy,*.bin,*.png,constraints*.txt",
            *[str(path.relative_to(ROOT)) for path in FILES],
        ],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
