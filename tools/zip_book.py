"""Pack the built pages into a zip that opens without a network and without a server.

    python tools/zip_book.py [HTML_FOLDER]

In the zip is one folder with everything; its ``index.html`` opens by a double click. Files are in
order and carry no times, so the same pages give the same zip.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from built_book import config, file_name, named_folder

# Of use to Sphinx, or to a server, alone
LEFT_OUT = {".buildinfo", "objects.inv", "sitemap.xml", "robots.txt", ".nojekyll"}
LEFT_OUT |= {"webpack-macros.html", "sbt-webpack-macros.html"}  # of the theme, for its own build
PACKED = {".png", ".webp", ".jpg", ".woff2", ".zip", ".pdf"}  # cannot be made smaller
TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip knows


def needs_a_server(path: Path) -> bool:
    """Whether it is of no use on a disk: what runs the larger networks of the page Try it."""
    return path.parent.name == "try" and path.suffix in {".onnx", ".wasm", ".mjs"}


def files(html: Path) -> list[Path]:
    """What goes into the zip, in order."""
    downloads = {".zip", ".pdf"}  # of the whole book, beside the first page where it is published
    return [
        path
        for path in sorted(html.rglob("*"))
        if path.is_file()
        and path.name not in LEFT_OUT
        and not needs_a_server(path)
        and not (path.parent == html and path.suffix in downloads)
    ]


def pack(html: Path, target: Path, folder: str) -> None:
    """Write the zip, whole or not at all."""
    unfinished = target.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for path in files(html):
            info = zipfile.ZipInfo(f"{folder}/{path.relative_to(html).as_posix()}", TIME)
            info.external_attr = 0o644 << 16
            small = path.suffix in PACKED
            info.compress_type = zipfile.ZIP_STORED if small else zipfile.ZIP_DEFLATED
            archive.writestr(info, path.read_bytes())
    unfinished.replace(target)


def main() -> None:
    html = named_folder("Pack the built pages into a zip.")
    name = file_name(config()["title"])
    target = html.parent / f"{name}.zip"
    pack(html, target, name)
    print(f"{target.stat().st_size / 1e6:.0f} MB: {target}")


if __name__ == "__main__":
    main()
