"""Features that are computed once: the same as without a cache, and never those of another."""

import os

import keras
import numpy as np
import pytest

from cifarlib.evaluation import cached_features


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (23, 8, 8, 3), np.uint8)


def network(size=4, seed=0):
    """Resizes, as a pretrained network does, and takes the mean of a convolution."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((None, None, 3), name="images"),
            keras.layers.Resizing(size, size, name="resizing"),
            keras.layers.Rescaling(1 / 255, name="scaling"),
            keras.layers.Conv2D(5, 3, name="conv"),
            keras.layers.GlobalAveragePooling2D(name="pool"),
        ]
    )


@pytest.fixture
def counted(monkeypatch):
    """How many batches networks have computed."""
    batches, original = [], keras.Model.predict_on_batch

    def predict_on_batch(self, x):
        batches.append(len(x))
        return original(self, x)

    monkeypatch.setattr(keras.Model, "predict_on_batch", predict_on_batch)
    return batches


def compute(model, pictures, folder, **settings):
    return cached_features(model, pictures, folder=folder, verbose=False, **settings)


@pytest.mark.parametrize("batch_size", [1, 5, 23, 100])
def test_they_are_what_the_network_predicts(batch_size, pictures, tmp_path):
    model = network()
    found = compute(model, pictures, tmp_path, batch_size=batch_size)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, model.predict(pictures, verbose=0), atol=1e-3)


def test_a_second_call_computes_nothing_and_gives_the_same(pictures, tmp_path, counted):
    first = compute(network(), pictures, tmp_path)
    done = len(counted)
    second = compute(network(), pictures, tmp_path)  # the same weights, built anew
    assert len(counted) == done
    np.testing.assert_array_equal(first, second)


def test_other_weights_sizes_or_images_are_computed_anew(pictures, tmp_path):
    changed = pictures.copy()
    changed[22, 7, 7, 2] ^= 1
    for model, images in (
        (network(), pictures), (network(seed=1), pictures), (network(size=6), pictures),
        (network(), changed), (network(), pictures[:22]),
    ):  # fmt: skip
        before = len(list(tmp_path.iterdir()))
        found = compute(model, images, tmp_path)
        assert len(list(tmp_path.iterdir())) == before + 1
        np.testing.assert_allclose(found, model.predict(images, verbose=0), atol=1e-3)


def test_another_number_between_the_layers_is_computed_anew(pictures, tmp_path):
    def halved(by):
        images = keras.Input((None, None, 3))
        return keras.Model(images, keras.layers.GlobalAveragePooling2D()(images / by))

    for by in (255, 127.5):
        found = compute(halved(by), pictures, tmp_path)
        np.testing.assert_allclose(found, pictures.mean((1, 2)) / by, rtol=1e-2)


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "shape", "header"])
def test_a_damaged_file_is_replaced(damage, pictures, tmp_path):
    first = compute(network(), pictures, tmp_path)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    header = content[:8] + bytes([content[8] ^ 64]) + content[9:]
    damaged = {"cut": content[:-9], "empty": b"", "text": b"no array", "header": header}
    if damage == "shape":
        np.save(path, np.zeros((23, 4), np.float16))
    else:
        path.write_bytes(damaged[damage])
    np.testing.assert_array_equal(compute(network(), pictures, tmp_path), first)
    assert path.read_bytes() == content


def test_what_is_interrupted_leaves_nothing_behind(pictures, tmp_path, monkeypatch):
    def interrupted(self, x):
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.Model, "predict_on_batch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compute(network(), pictures, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_found_out_before_the_work(pictures, tmp_path, counted):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="is not a folder"):
        compute(network(), pictures, tmp_path / "file")
    assert not counted


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x[0], "shape"),
        (lambda x: x[:0], "shape"),
        (lambda x: x[..., :1], "shape"),
        (lambda x: x / 255, "do not divide by 255"),
        (lambda x: x.astype(float) - 1, "from 0 to 255"),
        (lambda x: x.astype(str), "from 0 to 255"),
    ],
)
def test_wrong_images_are_refused(change, words, pictures, tmp_path):
    with pytest.raises(ValueError, match=words):
        compute(network(), change(pictures), tmp_path)


def test_a_network_that_gives_maps_is_refused(pictures, tmp_path):
    maps = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match="global pooling"):
        compute(maps, pictures, tmp_path)


def test_features_that_float16_cannot_hold_are_refused(pictures, tmp_path):
    model = network()
    model.get_layer("conv").set_weights([np.full((3, 3, 3, 5), 1e5), np.zeros(5)])
    with pytest.raises(ValueError, match="too large for float16"):
        compute(model, pictures, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_progress_goes_to_standard_error(pictures, tmp_path, capfd):
    cached_features(network(), pictures, folder=tmp_path, batch_size=10)
    output = capfd.readouterr()
    assert "23/23" in output.err and not output.out


def test_by_default_they_are_in_the_users_cache_folder(pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "cache"))
    cached_features(network(), pictures, verbose=False)
    assert len(list((tmp_path / "cache" / "features").iterdir())) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_in_its_place_is_replaced_and_not_waited_for(pictures, tmp_path):
    model = network()
    expected = compute(model, pictures, tmp_path)
    (path,) = tmp_path.glob("*.npy")
    path.unlink()
    os.mkfifo(path)  # to read from it would block for ever
    np.testing.assert_array_equal(compute(model, pictures, tmp_path), expected)
    assert path.is_file()
