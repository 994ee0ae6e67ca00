"""Attention: what the pages write in NumPy, by its definition; rollout and distance by hand."""

import math
from pathlib import Path

import keras
import nbformat
import numpy as np
import pytest

from cifarlib import load_cifar10
from cifarlib.explain import attention_distance, attention_maps, attention_rollout
from cifarlib.models import cct, vit

PAGES = Path(__file__).parents[2] / "chapters" / "architectures"


def run_cell(page, cell):
    """The names that are there after one cell of a page, run with NumPy alone."""
    names = {"np": np}
    cells = nbformat.read(PAGES / f"{page}.ipynb", 4).cells
    exec(next(c.source for c in cells if c.get("id") == cell), names)
    return names


def random_maps(rng, *shape):
    """Attention maps ``(n, heads, tokens, tokens)`` with rows that add up to 1."""
    maps = rng.exponential(size=(*shape, shape[-1]))
    return maps / maps.sum(axis=-1, keepdims=True)


def test_the_pages_three_tokens_attend_by_the_definition():
    found = run_cell("vision_transformer", "attention")
    tokens = [(2, 0), (0, 1), (0, 2)]
    for i, token in enumerate(tokens):
        query = token[::-1]
        powers = [math.exp((query[0] * k[0] + query[1] * k[1]) / 2**0.5) for k in tokens]
        shares = [power / sum(powers) for power in powers]
        taken = [sum(s * t[n] for s, t in zip(shares, tokens, strict=True)) for n in (0, 1)]
        np.testing.assert_allclose(found["shares"][i], shares, atol=1e-12)
        np.testing.assert_allclose((found["shares"] @ found["values"])[i], taken, atol=1e-12)


def test_the_pages_rollout_is_the_librarys():
    rng = np.random.default_rng(4)
    maps = [random_maps(rng, 2, heads, 5) for heads in (3, 1, 2)]
    found = run_cell("looking_into_a_transformer", "rollout")["rollout"](maps)
    np.testing.assert_allclose(found, attention_rollout(maps), atol=1e-12)


def test_rollout_of_two_layers_is_the_closed_form():
    """Tokens 0 and 1; the share that each takes from the other is p, q first and r, s then."""
    p, q, r, s = 0.2, 0.6, 0.9, 0.3
    first, second = (np.array([[[[1 - a, a], [b, 1 - b]]]]) for a, b in ((p, q), (r, s)))
    # A token takes half of its share, a path over the other token the product of two halves
    p, q, r, s = p / 2, q / 2, r / 2, s / 2
    expected = [
        [(1 - r) * (1 - p) + r * q, (1 - r) * p + r * (1 - q)],
        [s * (1 - p) + (1 - s) * q, s * p + (1 - s) * (1 - q)],
    ]
    np.testing.assert_allclose(attention_rollout([first, second])[0], expected, atol=1e-12)
    assert np.abs(attention_rollout([second, first])[0] - expected).max() > 0.01


def test_rollout_averages_heads_and_keeps_images_apart():
    rng = np.random.default_rng(2)
    maps = [random_maps(rng, 3, heads, 6) for heads in (2, 4, 1)]
    flow = attention_rollout(maps)
    assert flow.shape == (3, 6, 6)
    np.testing.assert_allclose(flow.sum(axis=-1), 1, atol=1e-12)
    for image in range(3):
        expected = np.eye(6)
        for block in maps:
            mean = sum(block[image, head] for head in range(block.shape[1])) / block.shape[1]
            expected = (0.5 * mean + 0.5 * np.eye(6)) @ expected
        np.testing.assert_allclose(flow[image], expected, atol=1e-12)


def test_rollout_of_attention_to_itself_is_the_identity():
    itself = np.eye(5)[None, None]
    np.testing.assert_array_equal(attention_rollout([itself] * 4)[0], np.eye(5))


@pytest.mark.parametrize("class_token", [False, True])
def test_distance_is_its_definition_in_a_loop(class_token):
    rng = np.random.default_rng(3)
    side, images, heads = 4, 2, 3
    maps = random_maps(rng, images, heads, side * side + class_token)
    expected = np.zeros(heads)
    for image in range(images):
        for head in range(heads):
            for a in range(side * side):
                shares = maps[image, head, a + class_token, int(class_token) :]
                for b in range(side * side):
                    rows, columns = a // side - b // side, a % side - b % side
                    apart = 2.5 * math.sqrt(rows**2 + columns**2)
                    expected[head] += apart * shares[b] / shares.sum() / side**2 / images
    np.testing.assert_allclose(attention_distance(maps, 2.5), expected, rtol=1e-12)


def test_distance_counts_from_who_asks_and_goes_by_rows():
    maps = np.zeros((1, 1, 9, 9))
    maps[..., 0] = 1  # all look at the upper left corner of 3 x 3
    corner = sum(math.hypot(row, column) for row in range(3) for column in range(3)) / 9
    assert attention_distance(maps) == pytest.approx(corner)
    assert attention_distance(np.eye(9)[None, None]) == 0
    below = np.roll(np.eye(9), 3, axis=1)[None, None]  # each looks a row below, the last two up
    assert attention_distance(below) == pytest.approx((6 * 1 + 3 * 2) / 9)


@pytest.mark.parametrize(("model", "tokens"), [(vit(dim=16, depth=2), 65), (cct(dim=16), 64)])
def test_they_take_what_models_give(model, tokens):
    images = load_cifar10().x_test[:2].astype(np.float32)
    maps = [np.asarray(block) for block in attention_maps(model)(images)]
    assert attention_rollout(maps).shape == (2, tokens, tokens)
    even = attention_distance(np.full((1, 1, 64, 64), 1 / 64), 4)
    for block in maps:
        distances = attention_distance(block, 4)
        assert distances.shape == (block.shape[1],)
        assert np.all(distances < 2 * even)


def test_attention_that_keeps_its_maps_to_itself_is_refused():
    x = keras.Input((5, 8))
    model = keras.Model(x, keras.layers.MultiHeadAttention(2, 4, name="silent")(x, x))
    with pytest.raises(ValueError, match=r"'silent' keeps its maps: .*return_attention_scores"):
        attention_maps(model)


def test_wrong_maps_are_refused_with_what_is_wrong():
    good = random_maps(np.random.default_rng(4), 1, 2, 5)
    for function in (lambda maps: attention_rollout([good, maps]), attention_distance):
        with pytest.raises(ValueError, match=r"\(n, heads, tokens, tokens\), got \(2, 5, 5\)"):
            function(good[0])
        with pytest.raises(ValueError, match="add up to 1"):
            function(2 * good)
        with pytest.raises(ValueError, match="nothing below 0"):
            function(np.array([[[[2.0, -1.0], [0.5, 0.5]]]]))
    with pytest.raises(ValueError, match="no attention maps"):
        attention_rollout([])
    with pytest.raises(ValueError, match="block 1"):
        attention_rollout([good, good[0]])
    with pytest.raises(ValueError, match=r"\(1, 2, 5, 5\), \(1, 2, 4, 4\)"):
        attention_rollout([good, random_maps(np.random.default_rng(5), 1, 2, 4)])
    with pytest.raises(ValueError, match="one more with a class token, got 6"):
        attention_distance(random_maps(np.random.default_rng(6), 1, 1, 6))
    with pytest.raises(ValueError, match="patch_size must be positive and finite, got 0"):
        attention_distance(good, 0)
    only_class = np.zeros((1, 1, 5, 5))
    only_class[..., 0] = 1
    with pytest.raises(ValueError, match="class token alone"):
        attention_distance(only_class)
