"""Muon: each step against its formula, with NumPy's singular value decomposition."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from cifarlib.models import vit
from cifarlib.recipes import Recipe
from cifarlib.training import build_optimizer
from cifarlib.training.muon import Muon, orthogonalized

RECIPE = Recipe(1, 1, "muon", 0.01, weight_decay=0.5)


def small_vit():
    keras.utils.set_random_seed(0)
    return vit(patch_size=16, dim=8, depth=1, heads=2, mlp_ratio=3)


def stepped(model, recipe=RECIPE, steps=1):
    """Names of the weights, their values before, the gradients of each step, the values after."""
    optimizer = build_optimizer(recipe, model, 10)
    rng = np.random.default_rng(1)
    before = model.get_weights()
    gradients = [
        [rng.normal(size=v.shape).astype(np.float32) for v in model.trainable_variables]
        for _ in range(steps)
    ]
    for gradient in gradients:
        optimizer.apply(
            [keras.ops.convert_to_tensor(g) for g in gradient], model.trainable_variables
        )
    names = [v.path for v in model.trainable_variables]
    return names, before, gradients, model.get_weights()


def reference(matrix):
    """The published iteration, on the singular values alone: the vectors stay as they are."""
    left, values, right = np.linalg.svd(matrix.astype(np.float64), full_matrices=False)
    values = values / np.linalg.norm(values)
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return left * values @ right


@pytest.mark.parametrize("shape", [(8, 8), (5, 20), (20, 5), (1, 7)])
def test_singular_vectors_stay_and_singular_values_become_about_one(shape):
    matrix = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = keras.ops.convert_to_numpy(orthogonalized(keras.ops.convert_to_tensor(matrix)))
    assert_allclose(found, reference(matrix), atol=1e-4)
    if 1 < min(shape) < max(shape):  # those of a square random matrix come close to zero
        values = np.linalg.svd(found, compute_uv=False)
        assert 0.6 < values.min() <= values.max() < 1.3


def test_kernel_takes_a_scaled_orthogonal_step_along_nesterov_momentum():
    names, before, gradients, after = stepped(small_vit(), steps=2)
    kernels = [number for number, name in enumerate(names) if name.endswith("kernel")]
    # query, key, value, output of attention, and the two dense layers
    matrices = [(8, 8), (8, 8), (8, 8), (8, 8), (8, 24), (24, 8)]
    for number, shape in zip(kernels[1:-1], matrices, strict=True):
        weight, velocity = before[number], 0
        for gradient in gradients:
            velocity = 0.95 * velocity + gradient[number]
            step = reference((gradient[number] + 0.95 * velocity).reshape(shape))
            scale = 0.01 * 0.2 * np.sqrt(max(shape))
            weight = weight * (1 - 0.01 * 0.5) - scale * step.reshape(weight.shape)
        assert_allclose(after[number], weight, atol=2e-5, err_msg=names[number])


def test_all_other_weights_are_left_to_adamw():
    names, _, _, by_muon = stepped(small_vit())
    *_, by_adamw = stepped(small_vit(), Recipe(1, 1, "adamw", 0.01, weight_decay=0.5))
    same = {n for n, a, b in zip(names, by_muon, by_adamw, strict=True) if np.array_equal(a, b)}
    others = {name for name in names if not name.endswith("kernel")}
    first, *_, last = [name for name in names if name.endswith("kernel")]
    assert same == others | {first, last}


def test_convolutions_are_matrices_of_patches_by_filters():
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((8, 8, 2)), *(layers.Conv2D(4, 3) for _ in range(3)), layers.Dense(3)]
    )
    names, before, [gradients], after = stepped(model, Recipe(1, 1, "muon", 0.01))
    number = [n for n, name in enumerate(names) if name.endswith("kernel")][1]
    step = 0.01 * 0.2 * 6 * reference(gradients[number].reshape(36, 4))
    assert_allclose(after[number], before[number] - step.reshape(3, 3, 4, 4), atol=1e-5)


def test_optimizer_of_a_saved_model_comes_back(tmp_path):
    model = keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(2) for _ in range(3))])
    model.compile(Muon(0.02, momentum=0.9), loss="mse")
    model.fit(np.ones((4, 2)), np.ones((4, 2)), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert (loaded.optimizer.momentum, float(loaded.optimizer.learning_rate)) == (
        0.9, pytest.approx(0.02),
    )  # fmt: skip
    for some in (model, loaded):
        some.fit(np.ones((4, 2)), np.zeros((4, 2)), verbose=0)
    for found, wanted in zip(loaded.get_weights(), model.get_weights(), strict=True):
        assert_allclose(found, wanted, atol=1e-6)
