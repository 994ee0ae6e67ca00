"""The upload of a photo in a real JupyterLab: a file is chosen, and the answer appears.

Without Chromium this test is skipped; with ``REQUIRE_BROWSER=1`` it fails instead.
"""

import os

import pytest
from PIL import Image
from test_lab import COPY, PATIENCE, TOKEN, Server

CELL = """\
import numpy as np
from cifarlib import CLASS_NAMES
from cifarlib.widgets import PhotoUpload
PhotoUpload(lambda images: np.eye(10)[[6 if images[0, 0, 0, 1] > 99 else 3]], "crop", CLASS_NAMES)
"""


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    if os.name != "posix":
        pytest.skip("ends processes as POSIX does")
    one = Server(tmp_path_factory.mktemp("jupyterlab"), code=CELL)
    try:
        one.wait()
        yield one
    finally:
        one.stop()


def test_a_chosen_file_is_answered_and_a_bad_one_is_told(browser, server, tmp_path):
    green, text = tmp_path / "green.png", tmp_path / "text.png"
    Image.new("RGB", (60, 40), (0, 200, 0)).save(green)
    text.write_text("no picture")
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(f"{server.site}/lab/tree/{COPY}?token={TOKEN}")
    page.get_by_text("Python 3 | Idle").wait_for()  # before that, a run is lost
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    button = page.locator(".jp-Notebook .widget-upload")
    button.wait_for()
    for path in (green, text, green):
        with page.expect_file_chooser() as chooser:
            button.click()
        chooser.value.set_files(path)
        if path == green:
            answer = page.locator(".jp-Notebook img[alt*='frog 100%']")
            answer.wait_for()
            assert answer.evaluate("image => image.decode().then(() => image.naturalWidth)") > 500
        else:
            page.locator(".jp-Notebook [role=alert]", has_text="is no picture").wait_for()
    page.close()
