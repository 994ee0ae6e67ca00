"""``from cifarlib import cifar10`` in the place of ``from keras.datasets import cifar10``."""

import inspect
import sys

import numpy as np
import pytest
from servers import describe, make_stand_in

from cifarlib import cifar10, load_cifar10
from cifarlib.data import cache, sources


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """Nothing is cached, and nothing outside this machine is asked."""
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("CIFARLIB_SOURCES", raising=False)
    monkeypatch.delenv("CIFARLIB_FULL", raising=False)


@pytest.fixture
def small(monkeypatch):
    """A stand-in for all 60,000 images, so that the cache may hold it."""
    small = make_stand_in()
    monkeypatch.setattr(cifar10, "at_hand", lambda: sources.at_hand(describe(small)))
    return small


def test_without_a_cache_it_gives_the_embedded_images_and_says_so(capsys):
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    embedded = load_cifar10()
    np.testing.assert_array_equal(x_train, embedded.x_train)
    np.testing.assert_array_equal(y_train, embedded.y_train[:, None])
    np.testing.assert_array_equal(x_test, embedded.x_test)
    np.testing.assert_array_equal(y_test, embedded.y_test[:, None])
    said = capsys.readouterr().out
    assert "10,000 training and 10,000 test images that come with cifarlib" in said
    assert "load_data(full=True)" in said
    assert said.count("\n") == 1


def test_output_that_is_closed_or_full_costs_no_images(monkeypatch, tmp_path):
    closed = (tmp_path / "closed").open("w")
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    assert len(cifar10.load_data()[0][0]) == 10_000


def test_shapes_and_types_are_those_of_keras():
    """As its documentation gives them: images and labels uint8, labels (n, 1)."""
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert x_train.shape[1:] == x_test.shape[1:] == (32, 32, 3)
    assert y_train.shape == (len(x_train), 1) and y_test.shape == (10_000, 1)


def test_what_is_in_the_cache_is_used_without_a_word(small, capsys, tmp_path):
    cache.keep(small, tmp_path / "cache")
    (x_train, y_train), _ = cifar10.load_data()
    np.testing.assert_array_equal(x_train, small.x_train)
    np.testing.assert_array_equal(y_train, small.y_train[:, None])
    assert capsys.readouterr().out == ""


def test_a_damaged_cache_is_as_good_as_none_and_stays_as_it_is(small, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "cifar10.npz").write_bytes(b"torn")
    assert len(cifar10.load_data()[0][0]) == 10_000
    assert (folder / "cifar10.npz").read_bytes() == b"torn"


def test_the_environment_can_ask_for_the_embedded_images_alone(small, monkeypatch, tmp_path):
    cache.keep(small, tmp_path / "cache")
    monkeypatch.setenv("CIFARLIB_FULL", "0")
    assert len(cifar10.load_data()[0][0]) == 10_000


@pytest.mark.parametrize("names", ["npm,official", "official"])
def test_nothing_is_downloaded_unless_asked(monkeypatch, names):
    """Whatever sources are allowed: none that needs a network is touched."""
    monkeypatch.setenv("CIFARLIB_SOURCES", names)
    touched = []
    for name in sources.SOURCES:
        if name not in ("cache", "keras"):
            monkeypatch.setitem(sources.SOURCES, name, touched.append)
    assert len(cifar10.load_data()[0][0]) == 10_000
    assert touched == []


def test_full_fetches(small, monkeypatch, tmp_path):
    monkeypatch.setenv("CIFARLIB_SOURCES", "official")
    monkeypatch.setitem(sources.SOURCES, "official", lambda job: small)
    monkeypatch.setattr(sources, "fetch", lambda fetch=sources.fetch: fetch(describe(small)))
    (x_train, _), _ = cifar10.load_data(full=True)
    np.testing.assert_array_equal(x_train, small.x_train)


def test_it_can_stand_in_for_keras():
    """The same name, callable without arguments, as tutorials call it."""
    from keras.datasets import cifar10 as original

    assert not inspect.signature(original.load_data).parameters
    assert all(p.default is not p.empty
               for p in inspect.signature(cifar10.load_data).parameters.values())  # fmt: skip
