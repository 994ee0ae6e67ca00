"""The page Try it, started, and what a test does there."""

import base64
import json
import os

import export_needed
import numpy as np
import pytest
import sphinx_try_it
from built_pages import DESKTOP, Visit

PAGE = "chapters/start/try_it.html"


def share(text):
    """The number in "12 %", "< 0.1 %" or "> 99.9 %"."""
    return float(text.strip("<> %"))


class Trying:
    """A visit to the page, by default after the click on Start."""

    def __init__(self, browser, site, *, width=DESKTOP, scheme="light", start=True):
        self.visit = Visit(browser, site, width=width, scheme=scheme)
        self.page = self.visit.open(PAGE)
        if start:
            self.start()

    def start(self):
        self.page.get_by_role("button", name="Start").click()
        self.page.wait_for_selector("#try-it[data-ready]")

    def give(self, file, index=0):
        """Choose a file, and wait for the answers: ``index`` 1 is the button for networks."""
        before = self.page.evaluate("TryIt.root.dataset.shown")
        self.page.locator("#try-it input[type=file]").nth(index).set_input_files(file)
        self.page.wait_for_function("before => TryIt.root.dataset.shown !== before", arg=before)

    def choose(self, place, network):
        """Let the first (0) or second (1) network be another, and wait for its answer."""
        column = self.page.locator(".try-column").nth(place)
        column.evaluate("column => { delete column.dataset.logits; }")
        column.locator("select").select_option(network)
        self.page.wait_for_function(
            "place => document.querySelectorAll('.try-column')[place].dataset.logits", arg=place
        )

    def data(self, place, name):
        return json.loads(self.page.locator(".try-column").nth(place).get_attribute(f"data-{name}"))

    def pixels(self):
        """The 32 x 32 pixels that the networks got."""
        text = self.page.locator("#try-it").get_attribute("data-pixels")
        return np.frombuffer(base64.b64decode(text), np.uint8).reshape(32, 32, 3)

    def test_image(self, number):
        """Show the test image in this place of the panel, and wait for the answers."""
        before = self.page.evaluate("TryIt.root.dataset.shown")
        self.page.locator(".try-tests button").nth(number).click()
        self.page.wait_for_function("before => TryIt.root.dataset.shown !== before", arg=before)

    def complaint(self, place=None):
        """What the page says went wrong: with a picture, or with the network of a column."""
        if place is None:
            return self.page.locator(".try-all > .try-alert")
        return self.page.locator(".try-column").nth(place).locator(".try-alert")

    def number(self, name):
        """A number of the look inside, as far as the computer knows it, and as it is written."""
        found = self.page.locator(f".try-detail output[data-name={name}]").first
        return float(found.get_attribute("data-value")), share(found.inner_text())

    def wide(self):
        return self.page.evaluate(
            "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
        )


def require_all_networks(html):
    """Skip where the built book lacks the larger networks; with ``REQUIRE_BROWSER=1``, fail."""
    text = (html / "_static" / "try" / "contents.js").read_text(encoding="utf-8")
    if sphinx_try_it.NO_RUNTIME not in text and sphinx_try_it.NO_MODELS not in text:
        return
    if reason := export_needed.reason_to_skip():
        pytest.skip(reason)
    message = f"npm did not bring {sphinx_try_it.PACKAGE}, so the book has the simple CNN alone"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(message)
    pytest.skip(message)
