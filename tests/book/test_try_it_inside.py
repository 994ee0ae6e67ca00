"""The look inside: each sum on the page is NumPy's, for the book's network and for a reader's."""

import re

import keras
import numpy as np
import pytest
from built_pages import PHONE
from keras import layers
from trying import Trying

from cifarlib import zoo
from cifarlib.export import to_page

NEAR = 1e-3


@pytest.fixture(scope="module")
def inside(browser, site):
    one = Trying(browser, site)
    yield one
    assert one.visit.troubles == []
    one.visit.close()


def convolved(x, kernel, bias):
    """Patch times kernel over all channels, plus the bias, at every place, in float64."""
    patches = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(0, 1))
    return np.einsum("yxcij,ijcf->yxf", patches, kernel.astype(float)) + bias


def pooled(x):
    rows, columns = x.shape[0] // 2, x.shape[1] // 2
    return x[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2, -1).max(axis=(1, 3))


@pytest.fixture(scope="module")
def expected(inside):
    """The sums of the three convolutions and the units, by NumPy, for the picture on the page."""
    model = zoo.load("simple_cnn")
    weights = {layer.name: layer.get_weights() for layer in model.layers}
    found = {"biases": {name: some[1] for name, some in weights.items() if some}}
    x = inside.pixels() / 255
    for number in (1, 2, 3):
        found[f"conv{number}"] = convolved(x, *weights[f"conv{number}"])
        x = np.maximum(found[f"conv{number}"], 0)
        x = pooled(x) if number < 3 else x
    kernel, bias = weights["hidden"]
    found["hidden"] = x.ravel() @ kernel + bias
    kernel, bias = weights["logits"]
    found["logits"] = np.maximum(found["hidden"], 0) @ kernel + bias
    return found


def go(board, row, column):
    """To a position by the keyboard, from the upper left corner."""
    board.press("Home")
    board.press("PageUp")
    for _ in range(row):
        board.press("ArrowDown")
    for _ in range(column):
        board.press("ArrowRight")


@pytest.mark.parametrize(
    ("layer", "by"), [("conv1", "pointer"), ("conv2", "keys"), ("conv3", "keys")]
)
def test_ten_positions_of_a_layer_are_numpys(inside, expected, layer, by):
    sums, rng = expected[layer], np.random.default_rng(0)
    for _ in range(10):
        row, column, channel = (int(rng.integers(size)) for size in sums.shape)
        inside.page.get_by_role("button", name=f"{layer}, map {channel}", exact=True).click()
        board = inside.page.get_by_role("application", name=f"{layer}, map {channel}.")
        if by == "keys":
            go(board, row, column)
        else:
            board.scroll_into_view_if_needed()
            box = board.locator("canvas").bounding_box()
            step = box["width"] / sums.shape[1]
            inside.page.mouse.move(box["x"] + (column + 0.5) * step, box["y"] + (row + 0.5) * step)
        words = inside.page.locator(".try-words").inner_text()
        assert words.startswith(f"Row {row}, column {column}: ")
        wanted = sums[row, column, channel]
        assert inside.number("sum") == pytest.approx([wanted] * 2, abs=NEAR)
        assert inside.number("output") == pytest.approx([max(0, wanted)] * 2, abs=NEAR)
        # The tiles: the channels' sums and the bias make the whole
        tiles = [float(t) for t in inside.page.locator(".try-value").all_inner_texts()]
        bias = expected["biases"][layer][channel]
        assert sum(tiles) + bias == pytest.approx(wanted, abs=NEAR * len(tiles))
        if layer != "conv3":
            after = pooled(np.maximum(sums, 0))
            if row // 2 < after.shape[0] and column // 2 < after.shape[1]:
                largest = after[row // 2, column // 2, channel]
                assert inside.number("pool")[0] == pytest.approx(largest, abs=NEAR)
            else:
                assert "leaves this position out" in words


def test_a_patch_times_a_kernel_is_written_out(inside, expected):
    inside.page.get_by_role("button", name="conv1, map 4", exact=True).click()
    inside.page.locator(".try-tile").nth(2).click()  # blue
    tables = inside.page.locator(".try-equation table").evaluate_all(
        "all => all.map(t => [...t.querySelectorAll('td')].map(cell => Number(cell.textContent)))"
    )
    patch, kernel, products = np.array(tables)
    np.testing.assert_allclose(patch * kernel, products, atol=2e-3)
    assert inside.number("channel")[0] == pytest.approx(products.sum(), abs=5e-3)
    wanted = zoo.load("simple_cnn").get_layer("conv1").kernel.numpy()[:, :, 2, 4].ravel()
    np.testing.assert_allclose(kernel, wanted, atol=6e-4)


def test_a_click_holds_the_position_on_the_way_to_a_channel(inside):
    page = inside.page
    page.get_by_role("button", name="conv1, map 4", exact=True).click()
    board = page.get_by_role("application", name="conv1, map 4.").locator("canvas")
    words = page.locator(".try-words > p").first
    caption = page.locator(".try-main figcaption")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.3
    assert "move here, click to hold" in caption.inner_text()
    page.mouse.move(x, y)
    chosen = words.inner_text()
    page.mouse.down()
    page.mouse.up()
    assert "held, click to release" in caption.inner_text()
    page.mouse.move(x, y + box["height"], steps=20)  # over the rest of the map
    page.locator(".try-tile").first.click()
    assert words.inner_text() == chosen
    page.mouse.move(x, y + 20)
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(x, y + 60)
    assert "move here" in caption.inner_text() and words.inner_text() != chosen


def test_the_sentence_adds_up_as_it_is_written(inside):
    for layer, terms in (("conv1", 4), ("conv2", 2)):
        for channel in (0, 4, 7):
            inside.page.get_by_role("button", name=f"{layer}, map {channel}", exact=True).click()
            text = inside.page.locator(".try-words > p").first.inner_text()
            left, right = text.partition(": ")[2].partition(". ")[0].split(" = ")
            written = re.findall(r"([+-] )?(-?\d+\.\d{4}) \(", left)
            assert len(written) == terms
            total = sum(float(sign.strip() + "1") * float(value) for sign, value in written)
            assert total == pytest.approx(float(right), abs=0.5e-4 * (terms + 1))
    inside.page.get_by_role("button", name="hidden, unit 9", exact=True).click()
    text = inside.page.locator(".try-detail p").first.inner_text()
    first, sign, bias, total = re.search(
        r"added up: (-?[\d.]+) ([+-]) ([\d.]+) \(bias\) = (-?\d+\.\d+)", text
    ).groups()
    assert float(first) + float(sign + bias) == pytest.approx(float(total), abs=1.6e-4)


def test_the_patch_is_framed_in_the_map_that_it_is_taken_from(inside):
    inside.page.get_by_role("button", name="conv1, map 4", exact=True).click()
    go(inside.page.get_by_role("application", name="conv1, map 4."), 6, 20)
    inside.page.locator(".try-tile").nth(1).click()
    first = inside.page.locator(".try-boards figure").first
    assert first.inner_text().strip() == "where the patch is taken: green"
    painted, mark = first.evaluate("""figure => {
      const canvas = figure.querySelector("canvas"), { style } = figure.querySelector(".try-mark");
      return [[...canvas.getContext("2d").getImageData(0, 0, 32, 32).data],
              [style.top, style.left, style.height, style.width].map(parseFloat)];
    }""")
    green = inside.pixels()[..., 1].astype(float)
    shown = np.reshape(painted, (32, 32, 4))[..., 0]
    np.testing.assert_allclose(shown, green * 255 / inside.pixels().max(), atol=1)
    np.testing.assert_allclose(np.array(mark) * 0.32, [6, 20, 3, 3], atol=1e-3)


def test_on_a_phone_the_board_that_one_moves_on_has_the_full_width(browser, site):
    one = Trying(browser, site, width=PHONE)
    one.page.get_by_role("button", name="conv2, map 7", exact=True).click()
    boards = one.page.locator(".try-boards").bounding_box()["width"]
    assert one.page.locator(".try-main canvas").bounding_box()["width"] > 0.9 * boards
    one.visit.close()


def test_a_file_that_is_too_large_is_refused(inside):
    message = inside.page.evaluate("""() => {
      try { TryIt.network.parse(" ".repeat(60e6 + 1)); } catch (error) { return error.message; }
    }""")
    assert "too large" in message


def test_a_pool_shows_the_largest(inside, expected):
    inside.page.get_by_role("button", name="pool1, map 6", exact=True).click()
    go(inside.page.get_by_role("application", name="pool1, map 6."), 3, 11)
    wanted = np.maximum(expected["conv1"][6:8, 22:24, 6], 0).max()
    assert inside.number("pool") == pytest.approx([wanted] * 2, abs=NEAR)


def test_units_and_classes_are_numpys(inside, expected):
    inside.page.get_by_role("button", name="hidden, unit 9", exact=True).click()
    assert inside.number("sum") == pytest.approx([expected["hidden"][9]] * 2, abs=NEAR)
    scores = expected["logits"] / inside.page.evaluate(
        "TryIt.data('simple_cnn').then(network => network.temperature)"
    )
    shares = np.exp(scores) / np.exp(scores).sum()
    for label in (0, 8):
        inside.page.locator(".try-class").nth(label).click()
        assert inside.number("sum") == pytest.approx([expected["logits"][label]] * 2, abs=NEAR)
        exact, written = inside.number("share")
        assert exact == pytest.approx(shares[label], abs=NEAR)
        assert written / 100 == pytest.approx(shares[label], abs=NEAR)
        products = inside.page.locator(".try-table").nth(1).locator("tbody td:last-child")
        total = sum(float(text) for text in products.all_inner_texts())
        assert total == pytest.approx(expected["logits"][label], abs=0.01)


def test_arrows_move_among_maps_and_the_look_inside_is_one_stop_a_layer(inside):
    first = inside.page.get_by_role("button", name="conv2, map 0", exact=True)
    first.focus()
    inside.page.keyboard.press("ArrowRight")
    label = "document.activeElement.ariaLabel"
    assert inside.page.evaluate(label) == "conv2, map 1"
    inside.page.keyboard.press("Tab")
    assert inside.page.evaluate(label) == "pool2, map 0"


def test_a_new_picture_moves_all_maps_and_the_open_sum(inside):
    inside.page.get_by_role("button", name="conv2, map 3", exact=True).click()
    before = inside.number("sum")
    inside.page.locator(".try-tests button").nth(30).click()
    inside.page.wait_for_timeout(300)
    assert inside.number("sum") != before
    inside.page.locator(".try-tests button").first.click()


def readers_network():
    """The first page's network, changed in many of its numbers, with weights as they begin."""
    keras.utils.set_random_seed(3)
    return keras.Sequential([
        keras.Input((32, 32, 3)),
        layers.Conv2D(12, (5, 5), strides=2, padding="same", activation="relu"),
        layers.MaxPooling2D((3, 3), strides=2, padding="same"),
        layers.Conv2D(7, (1, 3)),
        layers.ReLU(),
        layers.Flatten(),
        layers.Dense(20, activation="relu"),
        layers.Dense(16, activation="relu", use_bias=False),
        layers.Dropout(0.3),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def test_a_readers_changed_network_runs_and_can_be_looked_into(inside, tmp_path):
    model = readers_network()
    inside.page.locator("#try-it input[type=file]").nth(1).set_input_files(
        to_page(model, tmp_path / "mine.json")
    )
    inside.page.wait_for_function(
        "document.querySelector('.try-column select').selectedOptions[0].text.includes('mine.json')"
    )
    inside.page.wait_for_selector(".try-overview [aria-label^='conv2d']")
    image = inside.pixels()[None].astype("float32") / 255
    scores = np.array(inside.data(0, "logits"))
    shares = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(shares, model.predict(image, verbose=0)[0], atol=1e-5)
    first = model.layers[0]
    inside.page.get_by_role("button", name=f"{first.name}, map 2", exact=True).click()
    go(inside.page.get_by_role("application", name=f"{first.name}, map 2."), 15, 15)  # half outside
    note = inside.page.locator(".try-column .try-quiet").first.inner_text()
    assert "divided" not in note  # no temperature was given
    wanted = keras.Sequential(model.layers[:1])(image).numpy()[0, 15, 15, 2]
    assert inside.number("output") == pytest.approx([wanted] * 2, abs=NEAR)
