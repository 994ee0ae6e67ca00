"""Images for tests of networks, the book as it is built, and a browser."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest
from built_pages import ARGUMENTS, NAMES, Quiet, Visit, build
from filelock import FileLock
from small_book import small_site

from cifarlib import load_cifar10


@pytest.fixture(scope="session")
def data():
    """The training images of the package, and their labels."""
    return load_cifar10().train


@pytest.fixture(scope="session")
def images(data):
    """Eight of them."""
    return data[0][:8]


@pytest.fixture
def channels_first():
    """Keras as a keras.json with ``"image_data_format": "channels_first"`` sets it."""
    import keras

    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_image_data_format(before)


@pytest.fixture(scope="module")  # Playwright's loop must not outlive the tests that need it
def browser():
    """Chromium. Without it, tests are skipped; with ``REQUIRE_BROWSER=1`` they fail instead."""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        message = "no Chromium found (looked for: " + ", ".join(NAMES) + "; CHROMIUM names another)"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    sandbox = hasattr(os, "geteuid") and os.geteuid() != 0  # Chromium refuses its sandbox to root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=ARGUMENTS, chromium_sandbox=sandbox
        )
        yield browser
        browser.close()


def made_once(tmp_path_factory, name, make):
    """What ``make`` makes in an empty folder: by the first process that asks, for all of them."""
    together = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        together = together.parent  # each process has a folder of its own in there
    note = together / f"{name}.made"
    with FileLock(f"{note}.lock"):
        if not note.exists():
            note.write_text(str(make(tmp_path_factory.mktemp(name))), encoding="utf-8")
        return Path(note.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def html(tmp_path_factory):
    """The folder of the book, built from its stored outputs, which nbval compares elsewhere."""
    return made_once(tmp_path_factory, "book", build)


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """The folder of a small book, built as it is published, with all its buttons and addresses."""
    settings = {
        "BOOK_REPOSITORY": "https://github.com/OWNER/NAME",
        "BOOK_BRANCH": "colab",
        "BOOK_URL": "https://owner.example/NAME",
    }
    return made_once(tmp_path_factory, "published", lambda folder: small_site(folder, **settings))


@pytest.fixture(scope="session")
def site(html):
    """The address of a plain file server on the built pages."""
    handler = functools.partial(Quiet, directory=str(html))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def visit(browser, site):
    visits = []

    def start(**settings):
        visits.append(Visit(browser, site, **settings))
        return visits[-1]

    yield start
    for one in visits:
        one.close()
