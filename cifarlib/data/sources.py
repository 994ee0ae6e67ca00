"""All 60,000 images: where they come from, in which order, and what happens when a source fails.

**The content decides, not the source**: whatever came, the decoded arrays must have the known
SHA-256, or they are refused.
"""

import contextlib
import os
from pathlib import Path

from cifarlib.data import cache
from cifarlib.data.archives import BATCHES, Files, decode_pickled, read_archive
from cifarlib.data.arrays import CIFAR10, Cifar10, Description, verify
from cifarlib.data.bounds import plain_file
from cifarlib.data.download import Download
from cifarlib.data.job import PACES, PATIENT, Job, TooSlow
from cifarlib.data.npm import pack

# The official archive where frameworks keep a copy for their users: Swift for TensorFlow,
# PaddlePaddle, MindSpore. These addresses stand in those projects' own code and pages. They and
# the official host have not been tried from where this was written: only package registries could
# be reached from there.
MIRRORS = {
    "google": "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
    "paddle": "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",
    "mindspore": "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/cifar-10-binary.tar.gz",
    "official": "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
}


def load_full() -> Cifar10:
    """Load all 60,000 images: see :func:`fetch`."""
    return fetch()[1]


def fetch(wanted: Description = CIFAR10, sources=None, paces=PACES) -> tuple[str, Cifar10]:
    """Load all images from the first source that delivers them, and keep them in the cache.

    Args:
        wanted: what the images must be.
        sources: a function for each name, in turn; by default those of ``CIFARLIB_SOURCES``.
        paces: how slow a source may be in each round. A slow one waits for the next round, the
            quickest first; the last one gets all patience at once, unless another one waits.

    Returns:
        The source's name and the images.

    Raises:
        OSError: no source delivered; the message names each one and its reason.
        ValueError: ``CIFARLIB_SOURCES`` names a source that does not exist.
    """
    sources, folder = sources or chosen(), cache.cache_folder()
    if "cache" in sources:
        with contextlib.suppress(Exception):  # who only reads needs no lock
            return "cache", verify(cache.read(folder, wanted.limit), wanted.sha256)
    waiting, reasons = list(sources), {}
    with cache.locked(folder):
        for pace in paces:
            slow = {}  # their rates
            for name in waiting:
                limits = paces[-1] if name == waiting[-1] and not slow else pace
                try:
                    with contextlib.closing(Job(name, wanted, folder, limits)) as job:
                        data = verify(sources[name](job), wanted.sha256)
                except Exception as error:  # a source may fail in any way; the next may still work
                    text = " ".join(str(error).replace("<urlopen error ", "").rstrip(">").split())
                    reasons[name] = text[:250] or type(error).__name__
                    if isinstance(error, TooSlow) and limits is not paces[-1]:
                        slow[name] = error.rate
                    continue
                if name != "cache":
                    cache.keep(data, folder)
                return name, data
            waiting = sorted(slow, key=slow.get, reverse=True)
    raise OSError(
        "Could not get all 60,000 images of CIFAR-10. Tried, in turn:\n"
        + "".join(f"  {name}: {reason}\n" for name, reason in reasons.items())
        + "Without a network, load_cifar10() gives the 20,000 images inside the package."
    ) from None


def at_hand(wanted: Description = CIFAR10) -> Cifar10 | None:
    """All 60,000 images where this machine has them already, verified; otherwise None.

    Nothing is downloaded and nothing is written.
    """
    places = {name: source for name, source in chosen().items() if name in ("cache", "keras")}
    for name, source in places.items():
        job = Job(name, wanted, cache.cache_folder(), PATIENT)
        # An error: missing, unfinished or damaged; the next may do
        with contextlib.closing(job), contextlib.suppress(Exception):
            return verify(source(job), wanted.sha256)
    return None


def chosen() -> dict:
    """The sources that ``CIFARLIB_SOURCES`` names, such as ``cache,npm``, in its order; or all."""
    names = os.environ.get("CIFARLIB_SOURCES", "").replace(",", " ").split() or list(SOURCES)
    if unknown := [name for name in names if name not in SOURCES]:
        raise ValueError(f"CIFARLIB_SOURCES names {unknown}, but there are {', '.join(SOURCES)}")
    return {name: SOURCES[name] for name in names}


def keras_cache(job: Job) -> Cifar10:
    """What ``keras.datasets.cifar10.load_data()`` leaves: an archive, or unpacked batches."""
    home, limit = keras_home() / "datasets", job.wanted.limit
    reason: Exception = FileNotFoundError(f"no CIFAR-10 in {home}")
    for place in [*home.glob("cifar-10-*"), *home.glob("cifar-10-*/cifar-10-*")]:
        try:
            if place.is_dir():
                files = Files((n, plain_file(place / n, limit).read_bytes()) for n in BATCHES)
                return verify(decode_pickled(files, job.wanted.batch), job.wanted.sha256)
            packed = plain_file(place, limit).read_bytes()
            return verify(read_archive(packed, job.wanted), job.wanted.sha256)
        except Exception as error:  # unfinished or damaged; another place may be whole
            reason = error
    raise reason


def keras_home() -> Path:
    """Keras' folder; without a home, where Keras itself then puts it."""
    if folder := os.environ.get("KERAS_HOME"):
        return Path(folder)
    try:
        return Path.home() / ".keras"
    except RuntimeError:
        return Path("/tmp/.keras")


def over_http(url: str):
    """The source that downloads the archive behind ``url``."""

    def source(job: Job) -> Cifar10:
        download = Download(url, job)
        packed = download.run()
        try:
            return verify(read_archive(packed, job.wanted), job.wanted.sha256)
        except Exception:
            if not download.joined:
                raise
        # Parts that do not belong together; of none is anything left, so it begins anew
        return read_archive(Download(url, job).run(), job.wanted)

    return source


# Each takes a Job and gives the images, or raises
SOURCES = {
    "cache": lambda job: cache.read(job.folder, job.wanted.limit),
    "keras": keras_cache,
    "npm": lambda job: read_archive(pack(job), job.wanted),
    **{name: over_http(url) for name, url in MIRRORS.items()},
}
