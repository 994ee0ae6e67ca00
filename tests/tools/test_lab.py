"""What `make lab` opens, in a real JupyterLab and a real browser, all outside requests blocked.

Without Chromium these tests are skipped; with ``REQUIRE_BROWSER=1`` they fail instead.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from small_book import small_book

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

TOKEN = "a-token-of-the-tests"
COPY = "1-part/1.1-page.ipynb"
PATIENCE = 180  # seconds, on a busy machine
START = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import lab, readers_notebooks
book = readers_notebooks.Book(sys.argv.pop(1))
lab.FIRST_PAGE = "about.md"
old = lab.update
lab.update = lambda folder: old(folder, book)
sys.exit(lab.main())
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def group_is_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


class Server:
    """A JupyterLab on a small book, in a process group of its own."""

    def __init__(self, folder, **book):
        self.folder, self.port = folder / "lab", free_port()
        small_book(folder / "book", **book)
        options = [
            "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
        ]  # fmt: skip
        environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
        self.log = open(folder / "log", "w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, str(ROOT / "tools"), str(folder / "book"),
             str(self.folder), *options],
            env=environment | {"HOME": str(folder), "CIFARLIB_CHECKS": "strict"},
            stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip
        self.site = f"http://127.0.0.1:{self.port}"

    def wait(self):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.site}/api?token={TOKEN}", timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        self.log.seek(0)
        pytest.fail(f"JupyterLab did not start:\n{self.log.read()}")

    def stop(self):
        """End it as Ctrl+C twice would; return whether a process was left behind."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
            until = time.monotonic() + 30
            while group_is_alive(self.process.pid) and time.monotonic() < until:
                time.sleep(0.2)
            return group_is_alive(self.process.pid)
        finally:
            if group_is_alive(self.process.pid):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.log.close()


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    if os.name != "posix":
        pytest.skip("ends processes as POSIX does")
    one = Server(tmp_path_factory.mktemp("jupyterlab"))
    try:
        one.wait()
        yield one
    finally:
        left = one.stop()
    assert not left, "a kernel or a server outlived the tests"


@pytest.fixture(scope="module")
def page(browser, server):
    """The copy, opened."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.route(
        "**/*",
        lambda route: (
            route.continue_()
            if route.request.url.startswith((server.site, "data:", "blob:"))
            else route.abort()
        ),
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(f"{server.site}/lab/tree/{COPY}?token={TOKEN}")
    page.wait_for_selector(".jp-Notebook .moving-figure, .jp-Notebook h1")
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", state="attached")
    yield page
    context.close()


def heading(page, text):
    return page.locator(".jp-MarkdownCell", has=page.get_by_role("heading", name=text))


def collapsed(page):
    """The headings that are folded now."""
    return page.locator(".jp-MarkdownCell:has(.jp-collapseHeadingButton.jp-mod-collapsed)").count()


def test_a_page_that_is_markdown_opens_as_a_page_and_leads_to_the_notebook(browser, server):
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(f"{server.site}/lab?token={TOKEN}")
    page.goto(f"{server.site}/lab/tree/about.md")
    picture = page.locator(".jp-MarkdownViewer img")
    picture.wait_for()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    context.close()


def test_the_solution_and_its_code_are_folded_and_all_markdown_is_plain(page):
    heading(page, "Solution to exercise 1").wait_for()
    assert collapsed(page) == 1
    text = page.locator(".jp-Notebook").inner_text()
    assert "Exercise 1: Add" in text
    assert "Like this." not in text
    assert '"solution"' not in text
    assert ":::" not in text and "{tip}" not in text
    assert page.locator(".jp-Notebook blockquote").inner_text().split() == ["Tip", "Move", "it."]
    assert "%pip" not in text and "import cifarlib" not in text  # folded code


def run_all_cells(page):
    """By the menu; on a busy machine a click can be lost on a menu that is still being drawn."""
    from playwright.sync_api import TimeoutError as TooLate

    prompts = page.locator(".jp-CodeCell .jp-InputPrompt")
    begun = prompts.filter(has_text=re.compile(r"\[(\*|\d+)\]"))
    for _ in range(3):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        with contextlib.suppress(TooLate):
            begun.first.wait_for(state="attached", timeout=20_000)
            return
        page.keyboard.press("Escape")
    pytest.fail("no cell began to run after three clicks on Run All Cells")


def test_all_cells_run_and_what_is_folded_stays_folded(page):
    run_all_cells(page)
    page.locator(".jp-Notebook .moving-figure").wait_for()
    page.locator(".jp-Notebook .quiz").wait_for()
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", state="attached")
    assert page.locator(".jp-OutputArea-output[data-mime-type*=stderr]").count() == 0
    assert page.locator(".jp-OutputArea-output[data-mime-type*=error]").count() == 0
    assert collapsed(page) == 1
    assert "the solution" not in page.locator(".jp-Notebook").inner_text()


def place(page):
    """What an arrow key must leave alone: the scrolling, the active cell, the folds."""
    return page.evaluate(
        """() => [
          document.querySelector(".jp-WindowedPanel-outer").scrollTop,
          [...document.querySelectorAll(".jp-Cell")].findIndex(
            cell => cell.classList.contains("jp-mod-active")),
          document.querySelectorAll(".jp-collapseHeadingButton.jp-mod-collapsed").length,
          document.querySelectorAll(".jp-Cell").length,
        ]"""
    )


def test_arrow_keys_move_a_focused_slider_and_nothing_else(page):
    figure = page.locator(".moving-figure")
    slider, picture = figure.locator("input"), figure.locator("img")
    figure.scroll_into_view_if_needed()
    slider.click(position={"x": 2, "y": 5})
    page.keyboard.press("Home")
    before, seen = place(page), [picture.get_attribute("src")]
    for key, label in [("ArrowRight", "1"), ("ArrowRight", "2"), ("ArrowLeft", "1")]:
        page.keyboard.press(key)
        assert figure.locator("output").inner_text() == label
        seen.append(picture.get_attribute("src"))
        page.wait_for_timeout(300)  # JupyterLab scrolls and folds a moment later
        assert place(page) == before
        assert slider.evaluate("input => input === document.activeElement")
    assert len(set(seen)) == 3 and seen[1] == seen[3]


def test_a_quiz_is_answered_with_the_keyboard_and_nothing_else_moves(page):
    question = page.locator(".quiz fieldset").first
    question.scroll_into_view_if_needed()
    answers = question.locator("input")
    assert question.locator(".remark:visible").count() == 0
    answers.first.click()
    before, shown = place(page), set()
    for _ in range(answers.count()):
        remark = question.locator(".remark:visible")
        assert remark.count() == 1
        shown.add(remark.inner_text())
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(300)
        now = place(page)
        assert now[1:] == before[1:]
    assert len(shown) == answers.count()


def test_a_button_unfolds_the_solution(page):
    heading(page, "Solution to exercise 1").scroll_into_view_if_needed()
    page.get_by_text("2 cells hidden").click()
    page.locator(".jp-Notebook p", has_text="Like this.").wait_for()
    assert collapsed(page) == 0


def test_saving_keeps_the_notebook_one_that_opens_anywhere(page, server):
    path = server.folder / COPY
    before = path.stat().st_mtime_ns
    page.locator(".jp-Notebook h1").first.click()
    page.keyboard.press("Control+s")
    until = time.monotonic() + PATIENCE
    while path.stat().st_mtime_ns == before and time.monotonic() < until:
        page.wait_for_timeout(200)
    saved = nbformat.read(path, as_version=4)
    assert saved.metadata.kernelspec.name == "python3"
    assert any("moving-figure" in str(cell.get("outputs")) for cell in saved.cells)
