"""``python -m cifarlib.data status|fetch|clear``: all 60,000 images, for people."""

import argparse
import hashlib
import sys
import time

from cifarlib._files import check_writable
from cifarlib.data import cache_folder, clear_cache
from cifarlib.data.arrays import CIFAR10, Description, verify
from cifarlib.data.cache import read
from cifarlib.data.sources import chosen, fetch


def main(arguments: list[str] | None = None, wanted: Description = CIFAR10) -> int:
    parser = argparse.ArgumentParser(prog="python -m cifarlib.data", description=__doc__)
    commands = {"status": status, "fetch": get, "clear": clear}
    parser.add_argument("command", choices=commands, help="what to do with the cached images")
    try:
        commands[parser.parse_args(arguments).command](wanted)
    except (OSError, ValueError) as error:
        print(f"python -m cifarlib.data: {error}", file=sys.stderr)
        return 1
    return 0


def status(wanted: Description) -> None:
    """Say what is in the cache, and where images would come from."""
    print(f"cache    {cache_folder()}")
    try:
        verify(read(cache_folder(), wanted.limit), wanted.sha256)
        print("images   all 60,000, verified")
    except FileNotFoundError:
        print("images   not fetched yet")
    except Exception as error:
        print(f"images   damaged, the next fetch replaces them: {error}")
    for path in sorted(cache_folder().glob("cifar10.*.partial")):
        print(f"begun    {path.name}")
    print(f"sources  {', '.join(chosen())}")


def get(wanted: Description) -> None:
    """Fetch what is missing; say from where, how long it took, and what came."""
    start, kept = time.perf_counter(), cache_folder() / "cifar10.npz"
    if not kept.is_file():  # better now than after 170 MB that cannot be kept
        check_writable(kept, 6 * wanted.batch * 3073)
    source, data = fetch(wanted)
    print(f"source   {source}\nseconds  {time.perf_counter() - start:.1f}\nSHA-256")
    for name, array in vars(data).items():
        print(f"  {name:8} {hashlib.sha256(array).hexdigest()}")


def clear(wanted: Description) -> None:
    """Remove the images and what is unfinished."""
    for path in clear_cache():
        print(f"removed  {path}")
    print(f"cache    {cache_folder()} holds no images of CIFAR-10 now")


if __name__ == "__main__":
    raise SystemExit(main())
