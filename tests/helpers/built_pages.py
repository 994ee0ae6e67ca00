"""The built pages, and visits to them in a real browser with every outside request blocked."""

import http.server
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PHONE, DESKTOP = 360, 1280
EVERYTHING = os.environ.get("AXE") == "all"  # as every night: all pages, in all ways
NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"]
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def build(folder, **environment):
    """Build the book from the stored outputs; return the folder of its pages."""
    start = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", start, "build", ".", "-W", "--keep-going"]
    result = subprocess.run(
        [*command, "--path-output", str(folder)],
        cwd=ROOT, env={**os.environ, "BOOK_EXECUTE": "off", **environment},
        capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "_build" / "html"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


class Visit:
    """A page that was opened, and all that went wrong while it loaded."""

    def __init__(self, browser, site, *, width=DESKTOP, scheme="light"):
        self.site, self.troubles, self.sent = site, [], []
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, service_workers="block"
        )
        context.route("**/*", self._only_this_site)
        self.page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script error: {error}"))
        self.page.on("requestfailed", lambda r: self.troubles.append(f"request failed: {r.url}"))
        self.page.on("response", self._check_status)

    def _only_this_site(self, route):
        if route.request.url.startswith((self.site, "data:", "blob:")):
            route.continue_()
        else:
            self.troubles.append(f"outside request: {route.request.url}")
            route.abort()

    def _listen(self, message):
        if message.type in ("error", "warning"):
            self.troubles.append(f"console {message.type}: {message.text}")

    def _check_status(self, response):
        self.sent.append((int(response.headers.get("content-length", 0)), response.url))
        if response.status >= 400:
            self.troubles.append(f"status {response.status}: {response.url}")

    def open(self, name, *, settled=True):
        """Go to a page of the book. ``settled`` waits until it asks for nothing more, half a second
        at least; without it, its scripts have run, and pictures may be on their way."""
        self.page.goto(f"{self.site}/{name}", wait_until="load")
        if settled:
            self.page.wait_for_load_state("networkidle")
        return self.page

    def close(self):
        self.page.context.close()


def pages():
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    files = re.findall(r"(?:root|file): (\S+)", toc)
    return [f"{file}.html" for file in files]


def numbered_parts():
    """The chapters of the numbered part of the table of contents: the parts of the book."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return next(part["chapters"] for part in toc["parts"] if part.get("numbered"))


def by_turns(names, ways):
    """Each page in one of several ways, by turns; with ``AXE=all``, as every night, in all."""
    if EVERYTHING:
        return [(name, way) for name in names for way in ways]
    return [(name, ways[number % len(ways)]) for number, name in enumerate(names)]


def a_third(names):
    """Every third page; with ``AXE=all``, as every night, all of them."""
    return names if EVERYTHING else names[::3]


def notebooks():
    """The pages that are made from a notebook; the openings of parts are not."""
    return [name for name in pages() if (ROOT / name).with_suffix(".ipynb").is_file()]


def with_output(mark):
    """The chapters whose stored outputs hold ``mark``."""
    return [
        name
        for name in notebooks()
        if mark in (ROOT / name).with_suffix(".ipynb").read_text(encoding="utf-8")
    ]
