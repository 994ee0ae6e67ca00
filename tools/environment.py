"""Make the environment .venv with the tested versions, unless it stands already.

    python3 tools/environment.py

Run by the Makefile before everything else. It must start on any Python, even one that is too old
for the book, to say so: hence the old-fashioned syntax.
"""

from __future__ import print_function

import hashlib
import os
import platform
import subprocess
import sys

OLDEST, NEWEST = (3, 10), (3, 13)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "installed")
PIP = [os.path.join(VENV, "bin", "python"), "-m", "pip", "--disable-pip-version-check"]


def complaint(version, modules_missing, system="", machine=""):
    """Why this machine or this Python will not do, as a plain sentence, or None."""
    if (system, machine) == ("Darwin", "x86_64"):
        return (
            "This Python is for Macs with an Intel processor, and for them there is no TensorFlow "
            "above 2.16; this book needs 2.18. On a Mac with an Apple processor, name a Python "
            "made for it (make PYTHON=... env); on an Intel Mac, use a Linux container or another "
            "machine."
        )
    found = "%d.%d" % version[:2]
    if not OLDEST <= version[:2] <= NEWEST:
        return (
            "This book needs Python 3.10 to 3.13, but this is Python %s. "
            "Name another one: make PYTHON=python3.12 book" % found
        )
    if modules_missing:
        return (
            "This Python %s lacks the module %s, which makes environments. Install it "
            "(on Debian and Ubuntu: apt install python3-venv), then try again."
            % (found, " and ".join(modules_missing))
        )
    return None


def missing(names):
    """Those of the modules that cannot be imported."""
    lacking = []
    for name in names:
        try:
            __import__(name)
        except ImportError:
            lacking.append(name)
    return lacking


def wanted():
    """A hash of what decides the environment's content, and the Python it is for."""
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for name in ("requirements.txt", "constraints.txt", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def stands(hash_wanted):
    """Whether .venv was finished, from the same files and by the same version of Python."""
    try:
        with open(STAMP) as file:
            return file.read() == hash_wanted and os.path.exists(PIP[0])
    except (IOError, OSError):
        return False


def main():
    lacking = missing(["venv", "ensurepip"])
    problem = complaint(sys.version_info, lacking, platform.system(), platform.machine())
    if problem:
        print(problem, file=sys.stderr)
        return 1
    hash_wanted = wanted()
    if stands(hash_wanted):
        return 0
    print("Making the environment .venv (about 3 GB, from the package registry, only once) ...")
    sys.stdout.flush()
    steps = [
        [sys.executable, "-m", "venv", VENV],
        PIP + ["install", "--quiet", "--upgrade", "pip"],
        PIP + ["install", "--quiet", "-r", "requirements.txt", "-c", "constraints.txt"],
    ]
    for step in steps:
        if subprocess.call(step, cwd=ROOT):
            print("Failed: " + " ".join(step), file=sys.stderr)
            print("Mend what it complains about and try again; it goes on here.", file=sys.stderr)
            return 1
    with open(STAMP, "w") as file:
        file.write(hash_wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
