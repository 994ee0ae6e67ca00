"""Show the built book: in a browser if there is one to open, else say where it is.

python tools/open_book.py

Never fails for lack of a browser: on a server or in a container the address is all there is to
give. A browser in a terminal (lynx, w3m) does not count, for the pages need a graphical one.
"""

from __future__ import annotations

import contextlib
import os
import sys
import webbrowser
from pathlib import Path

FIRST_PAGE = Path(__file__).parents[1] / "_build" / "html" / "index.html"


def graphical() -> bool:
    """Whether a window can be opened here: always on Windows and macOS, else with a display."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def show(page: Path) -> bool:
    """Open a page; return whether a browser took it. ``BROWSER`` in the environment names one."""
    if os.environ.get("CI") or not (graphical() or os.environ.get("BROWSER")):
        return False
    with contextlib.suppress(webbrowser.Error, OSError):
        return webbrowser.open(page.as_uri())
    return False


def main(page: Path = FIRST_PAGE) -> int:
    if not page.exists():
        print(f"There is no {page}: run make read or make book first.", file=sys.stderr)
        return 1
    opened = show(page)
    print("The book is open in your browser." if opened else "The book is built.")
    print(f"Its first page: {page.as_uri()}")
    if not opened:
        print("On another machine? make serve shows it at http://127.0.0.1:8000")
    return 0


if __name__ == "__main__":
    sys.exit(main())
