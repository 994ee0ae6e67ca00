"""The embedded images, their checks and splits."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cifarlib
from cifarlib import CLASS_NAMES, Cifar10, LabeledImages, load_cifar10
from cifarlib.data import embedded
from cifarlib.data.arrays import EMBEDDED_SHA256, FULL_SHA256, check_images, check_labels, verify

IMAGES = Path(cifarlib.__file__).parent / "data" / "images"


@pytest.fixture(scope="module")
def data():
    return load_cifar10()


@pytest.fixture
def images_folder(tmp_path, monkeypatch):
    """A copy of the package's images that a test may damage; the package reads from it."""
    folder = shutil.copytree(IMAGES, tmp_path / "images")
    monkeypatch.setattr(embedded.resources, "files", lambda package: tmp_path)
    return folder


def numbered(labels):
    """A data set whose images carry their number in the training set in their first two bytes."""
    labels = np.asarray(labels, np.uint8)
    x = np.zeros((len(labels), 32, 32, 3), np.uint8)
    x[:, 0, 0, 0], x[:, 0, 0, 1] = np.divmod(np.arange(len(labels)), 256)
    return Cifar10(x, labels, x[:1], labels[:1])


def numbers(images):
    return images[:, 0, 0, 0].astype(int) * 256 + images[:, 0, 0, 1]


# What import cifarlib costs


def test_importing_cifarlib_loads_neither_keras_nor_tensorflow():
    code = "import sys, cifarlib; print(*{name.partition('.')[0] for name in sys.modules})"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(process.stdout.split())
    assert "cifarlib" in loaded
    assert not loaded & {"keras", "tensorflow", "jax", "torch", "matplotlib", "PIL", "tqdm"}


# The embedded images


@pytest.mark.parametrize(
    ("name", "digest"),
    [  # written out again, so that a change of the module's own table is noticed
        ("x_train", "fc115a3de050d667b88cbd5b0b9612ebf996c54230fe7758f3a14bb5af9a1c27"),
        ("y_train", "d829dbdf32167c9d7b3687cee66d92d80d46c441308b5aca0d11e8b69e27dac9"),
        ("x_test", "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04"),
        ("y_test", "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5"),
    ],
)
def test_embedded_array_is_cifar10_byte_for_byte(data, name, digest):
    assert hashlib.sha256(getattr(data, name).tobytes()).hexdigest() == digest


def test_test_set_of_both_variants_is_the_same():
    assert {k: v for k, v in FULL_SHA256.items() if "test" in k} == {
        k: v for k, v in EMBEDDED_SHA256.items() if "test" in k
    }


def test_embedded_arrays_have_the_documented_shapes_and_types(data):
    for x, y in (data.train, data.test):
        assert x.shape == (10_000, 32, 32, 3)
        assert y.shape == (10_000,)
        assert x.dtype == y.dtype == np.uint8
    assert data.train.x is data.x_train
    assert data.train.y is data.y_train
    assert data.test.x is data.x_test
    assert data.test.y is data.y_test


def test_test_set_has_a_thousand_images_of_each_class_and_starts_with_a_cat(data):
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    # The first 10,000 training images are the official data_batch_1: its counts are well known
    counts = [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981]
    assert np.bincount(data.y_train).tolist() == counts
    # The official order: cat, ship, ship, airplane, frog, frog, automobile, frog, cat, automobile
    assert data.y_test[:10].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]
    assert [CLASS_NAMES[label] for label in data.y_train[:3]] == ["frog", "truck", "truck"]


def test_each_call_gives_arrays_of_its_own():
    first = load_cifar10()
    first.x_train[0] = 0
    assert load_cifar10().x_train[0].any()


def test_every_array_can_be_written(data):
    assert all(getattr(data, name).flags.writeable for name in EMBEDDED_SHA256)


def test_sheet_places_images_row_by_row():
    images = np.random.default_rng(0).integers(0, 256, (10_000, 32, 32, 3), np.uint8)
    sheet = embedded.to_sheet(images)
    assert sheet.shape == (3200, 3200, 3)
    for number in (0, 1, 99, 100, 4321, 9999):
        row, column = divmod(number, 100)
        tile = sheet[32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
        np.testing.assert_array_equal(tile, images[number])
    np.testing.assert_array_equal(embedded.from_sheet(sheet), images)


@pytest.mark.parametrize("name", ["train.webp", "test.webp", "train_labels.bin", "test_labels.bin"])
def test_missing_file_gives_an_error_that_says_what_to_do(images_folder, name):
    (images_folder / name).unlink()
    with pytest.raises(OSError, match=r"(?s)missing or damaged.*Install cifarlib again") as error:
        load_cifar10()
    assert name in str(error.value)


def test_one_changed_label_is_noticed(images_folder):
    path = images_folder / "test_labels.bin"
    content = bytearray(path.read_bytes())
    content[1234] ^= 1
    path.write_bytes(content)
    with pytest.raises(OSError, match=r"missing or damaged: y_test is not CIFAR-10's"):
        load_cifar10()


@pytest.mark.parametrize("position", [5, 1_000_000])  # in the file's header, in the pixels
def test_one_changed_byte_of_a_sheet_is_noticed(images_folder, position):
    path = images_folder / "train.webp"
    content = bytearray(path.read_bytes())
    content[position] ^= 0x55
    path.write_bytes(content)
    with pytest.raises(OSError, match="missing or damaged"):
        load_cifar10()


def test_truncated_files_are_noticed(images_folder):
    for name in ("test_labels.bin", "test.webp"):
        path = images_folder / name
        path.write_bytes(path.read_bytes()[:5000])
        with pytest.raises(OSError, match="missing or damaged"):
            load_cifar10()


def test_pillow_without_webp_is_named_and_the_images_are_not_called_damaged():
    code = """if True:
        import sys
        sys.modules["PIL._webp"] = None  # as where Pillow was built without it
        import cifarlib
        try:
            cifarlib.load_cifar10()
        except OSError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "this Pillow was built without it" in done.stdout
    assert "damaged" not in done.stdout
    assert "pip install --force-reinstall pillow" in done.stdout


# verify


def small(**changes):
    rng = np.random.default_rng(0)
    arrays = {}
    for part in ("train", "test"):
        arrays[f"x_{part}"] = rng.integers(0, 256, (4, 32, 32, 3), np.uint8)
        arrays[f"y_{part}"] = rng.integers(0, 10, 4).astype(np.uint8)
    return Cifar10(**(arrays | changes))


def hashes(data):
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in vars(data).items()}


def test_verify_gives_the_same_data_back():
    data = small()
    assert verify(data, hashes(data)) is data


@pytest.mark.parametrize("name", sorted(EMBEDDED_SHA256))
def test_verify_names_the_array_that_differs_and_both_hashes(name):
    changed = getattr(small(), name).copy()
    changed.flat[3] ^= 1
    data, expected = small(**{name: changed}), hashes(small())
    with pytest.raises(ValueError, match=f"{name} is not CIFAR-10's") as error:
        verify(data, expected)
    assert expected[name] in str(error.value)
    assert hashes(data)[name] in str(error.value)


def test_verify_looks_at_values_in_c_order_not_at_memory():
    data = small()
    fortran = small(x_train=np.asfortranarray(data.x_train))
    assert fortran.x_train.tobytes("A") != data.x_train.tobytes("A")
    assert verify(fortran, hashes(data)) is fortran


def test_verify_refuses_the_right_bytes_in_another_type():
    data = small(y_test=small().y_test.view(np.int8))
    with pytest.raises(ValueError, match="y_test is not CIFAR-10's"):
        verify(data, hashes(small()))


def test_verify_refuses_the_right_bytes_in_another_shape(data):
    flat = Cifar10(data.x_train.reshape(-1, 3072), data.y_train, data.x_test, data.y_test)
    with pytest.raises(ValueError, match="x_train"):
        verify(flat, EMBEDDED_SHA256)


# Splits


def test_split_of_the_embedded_images_has_the_documented_sizes(data):
    train, held_out = data.split(validation=0.1, seed=0)
    assert isinstance(train, LabeledImages)
    assert isinstance(held_out, LabeledImages)
    assert (len(train.x), len(train.y)) == (9000, 9000)
    assert (len(held_out.x), len(held_out.y)) == (1000, 1000)


@given(
    labels=st.lists(st.integers(0, 9), min_size=2, max_size=300),
    validation=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_split_is_disjoint_complete_ordered_and_keeps_each_class_s_share(labels, validation, seed):
    data = numbered(labels)
    try:
        train, held_out = data.split(validation, seed)
    except ValueError:
        # It may refuse only what cannot be done: one part would get no image
        assert round(validation * len(labels)) in (0, len(labels))
        return
    kept, out = numbers(train.x), numbers(held_out.x)
    assert sorted([*kept, *out]) == list(range(len(labels)))
    assert (np.diff(kept) > 0).all()  # the official order
    assert (np.diff(out) > 0).all()
    assert train.y.tolist() == [labels[i] for i in kept]
    assert held_out.y.tolist() == [labels[i] for i in out]
    assert len(out) == round(validation * len(labels))
    for label in range(10):
        share = (held_out.y == label).sum()
        assert abs(share - validation * labels.count(label)) < 1


def test_split_repeats_with_its_seed_and_differs_with_another():
    data = numbered(np.arange(1000) % 10)
    chosen = [numbers(data.split(0.2, seed=seed)[1].x).tolist() for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1]
    # 20 of 100 in each class: two independent choices share 4 of 20 on average
    assert 10 < len(set(chosen[0]) & set(chosen[2])) < 80


def test_split_does_not_depend_on_numpy_s_global_seed():
    data = numbered(np.arange(200) % 10)
    np.random.seed(1)  # noqa: NPY002
    first = numbers(data.split()[1].x).tolist()
    np.random.seed(2)  # noqa: NPY002
    assert numbers(data.split()[1].x).tolist() == first


def test_split_chooses_from_everywhere_not_from_the_end():
    data = numbered(np.arange(1000) % 10)
    out = numbers(data.split(0.2)[1].x)
    counts = np.histogram(out, bins=4, range=(0, 1000))[0]
    assert counts.sum() == 200
    assert counts.min() > 25  # 50 expected; a slice from either end would leave quarters empty


def test_split_leaves_the_data_set_as_it_was(data):
    before = {name: hashlib.sha256(array).hexdigest() for name, array in vars(data).items()}
    train, held_out = data.split(0.3, seed=5)
    train.x[:] = 0
    held_out.x[:] = 0
    assert before == {name: hashlib.sha256(array).hexdigest() for name, array in vars(data).items()}


def test_no_test_image_gets_into_a_split(data):
    train, held_out = data.split()
    pixels = {image.tobytes() for part in (train, held_out) for image in part.x}
    official = {image.tobytes() for image in data.x_train}
    assert pixels == official


@pytest.mark.parametrize("validation", [0, 1, -0.1, 1.5, 1000, float("nan")])
def test_split_refuses_what_is_not_a_fraction(data, validation):
    with pytest.raises(ValueError, match="between 0 and 1") as error:
        data.split(validation)
    assert str(validation) in str(error.value)


@pytest.mark.parametrize("validation", [0.01, 0.99])
def test_split_refuses_to_leave_one_part_empty(validation):
    with pytest.raises(ValueError, match=r"of 10 images leaves one part empty"):
        numbered(range(10)).split(validation)


# Checks of what a model is given


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_raw_images_of_any_numeric_type_pass_unchanged(data, dtype):
    x = data.x_test[:3].astype(dtype)
    assert check_images(x) is x


def test_integer_images_may_be_dark():
    x = np.ones((2, 32, 32, 3), np.uint8)  # nobody scales to 0..1 in whole numbers
    assert check_images(x) is x


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_black_images_are_black_on_either_scale(dtype):
    x = np.zeros((2, 32, 32, 3), dtype)
    assert check_images(x) is x


def test_scaled_images_are_refused_with_the_cure(data):
    for x in (data.x_test[:5] / 255, (data.x_test[:5] / 255).astype(np.float16)):
        with pytest.raises(ValueError, match="do not divide by 255"):
            check_images(x)


@pytest.mark.parametrize(
    "shape",
    [(32, 32, 3), (2, 32, 32), (2, 3, 32, 32), (2, 32, 32, 1), (2, 28, 28, 3), (0, 32, 32, 3)],
)
def test_images_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"photos must have the shape \(n, 32, 32, 3\)") as error:
        check_images(np.full(shape, 100.0), "photos")
    assert str(shape) in str(error.value)


@pytest.mark.parametrize("value", [-1, 256, np.inf, -np.inf])
def test_images_out_of_range_are_refused(value):
    x = np.full((1, 32, 32, 3), 100.0)
    x[0, 3, 4, 1] = value
    with pytest.raises(ValueError, match="must be numbers from 0 to 255") as error:
        check_images(x)
    assert str(float(value)) in str(error.value)


@pytest.mark.parametrize("dtype", [bool, object, "U3"])
def test_images_that_are_not_numbers_are_refused(dtype):
    with pytest.raises(ValueError, match="must be numbers from 0 to 255"):
        check_images(np.ones((1, 32, 32, 3), dtype))


def test_nan_in_images_is_refused():
    x = np.full((2, 32, 32, 3), 100.0)
    x[1, 3, 4, 1] = np.nan
    with pytest.raises(ValueError, match=r"(?i)nan"):
        check_images(x)


def test_complex_images_are_refused():
    with pytest.raises(ValueError, match="must be numbers from 0 to 255"):
        check_images(np.full((1, 32, 32, 3), 100 + 0j))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_of_any_whole_number_type_pass_unchanged(dtype):
    y = np.arange(10, dtype=dtype)
    assert check_labels(y, 10) is y


def test_labels_as_a_column_or_one_hot_are_made_a_row():
    y = np.array([3, 0, 9])
    for form in (y[:, None], np.eye(10)[y], np.eye(10, dtype=bool)[y], np.eye(10, dtype=int)[y]):
        found = check_labels(form, 3)
        assert found.shape == (3,)
        np.testing.assert_array_equal(found, y)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((4, 10), int), "one-hot, a single 1 per row"),
        (np.zeros((4, 2), int), r"must have the shape \(4,\).*got \(4, 2\)"),
        (np.zeros((3, 1), int), r"must have the shape \(4,\).*got \(3, 1\)"),
        (np.full((4, 1), 10), "from 0 to 9, got int64 from 10 to 10"),
        (np.zeros(3, int), r"must have the shape \(4,\).*got \(3,\)"),
        (np.array([0, 1, 2, 10]), "from 0 to 9, got int64 from 0 to 10"),
        (np.array([0, 1, 2, -1]), "from 0 to 9, got int64 from -1 to 2"),
        (np.array([0.0, 1, 2, 3]), "whole numbers from 0 to 9, got float64"),
        (np.array([True, False, True, True]), "whole numbers from 0 to 9, got bool"),
        (np.array(["cat", "dog", "cat", "dog"]), "whole numbers from 0 to 9, got <U3"),
    ],
)
def test_wrong_labels_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        check_labels(labels, 4)


def test_of_classes_with_like_remainders_the_first_give_one_more():
    held_out = numbered(np.arange(1500) % 100).split(0.1)[1]  # 1.5 of each
    assert np.bincount(held_out.y, minlength=100).tolist() == [2] * 50 + [1] * 50
