"""Figures: the text says what the picture shows, and the picture shows what was given."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cifarlib import plots
from cifarlib.plots import Plot, curves_side_by_side, finish, image_grid, learning_curves, subplots


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    plt.close("all")
    settings = dict(plt.rcParams)
    yield
    left = plt.get_fignums()
    plt.close("all")
    assert left == []
    # Nor does a style leak into the reader's own figures
    assert {key: was for key, was in settings.items() if plt.rcParams[key] != was} == {}


@pytest.fixture
def figures(monkeypatch):
    """The figures, kept open for a look at what is in them."""
    kept = []

    class Kept(Plot):
        def __init__(self, figure, text):
            kept.append(figure)
            super().__init__(figure, text)

    monkeypatch.setattr(plots, "Plot", Kept)
    return kept


def images(count=6, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), np.uint8)


def pixels(plot):
    return np.asarray(Image.open(io.BytesIO(plot.png)).convert("RGB")).astype(int)


def drawn(*data):
    """The text of a figure that shows nothing, with these data behind it."""
    return finish(subplots(size=(1, 1))[0], "a figure", *data).text


# The text


def test_text_is_the_same_on_every_machine():
    # Written down once: whoever changes how numbers are hashed changes the notebooks' outputs
    grid = np.arange(2 * 2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 2, 3)
    assert image_grid(grid).text == "2 images in 1 rows; data 008959bc1610"


def test_notebooks_show_the_picture_and_compare_the_text():
    plot = image_grid(images())
    assert repr(plot) == f"<Figure: {plot.text}>"
    assert plot._repr_png_() == plot.png
    assert plot.png.startswith(b"\x89PNG")


def test_same_data_give_the_same_text():
    assert image_grid(images(), list("abcdef")).text == image_grid(images(), list("abcdef")).text


def test_one_changed_pixel_changes_the_text():
    changed = images()
    changed[3, 30, 1, 2] ^= 1
    assert image_grid(changed).text != image_grid(images()).text


def test_one_changed_title_changes_the_text():
    assert image_grid(images(), list("abcdef")).text != image_grid(images(), list("abcdeF")).text
    assert image_grid(images(), list("abcdef")).text != image_grid(images()).text


def test_order_of_the_images_changes_the_text():
    assert image_grid(images()[::-1]).text != image_grid(images()).text


def test_text_counts_images_and_rows():
    assert image_grid(images(7), columns=3).text.startswith("7 images in 3 rows")


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=20))
@settings(max_examples=10, deadline=None, derandomize=True)
def test_width_of_whole_numbers_does_not_count(values):
    # Windows and older NumPy have other default widths
    found = {drawn(np.array(values, dtype)) for dtype in (np.int16, np.int32, np.int64)}
    assert found == {drawn(values)}


def test_memory_order_does_not_count():
    grid = np.arange(12).reshape(3, 4)
    assert drawn(grid) == drawn(np.asfortranarray(grid))


def test_shape_counts():
    grid = np.arange(12)
    texts = {drawn(grid), drawn(grid.reshape(3, 4)), drawn(grid.reshape(4, 3))}
    assert len(texts) == 3


def test_where_one_array_ends_counts():
    assert drawn([1, 2], [3]) != drawn([1], [2, 3]) != drawn([1, 2, 3])


def test_order_of_the_data_counts():
    assert drawn([1, 2], [3, 4]) != drawn([3, 4], [1, 2])


def test_figure_without_data_has_its_text_alone():
    assert drawn() == "a figure"


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_fractions_are_refused_for_they_differ_between_machines(dtype):
    figure = subplots(size=(1, 1))[0]
    with pytest.raises(TypeError, match="round fractions"):
        finish(figure, "a figure", np.ones(3, dtype))
    plt.close(figure)


def test_where_one_title_ends_counts():
    two = images(2)
    assert image_grid(two, ["cat\nold", "dog"]).text != image_grid(two, ["cat", "old\ndog"]).text


@pytest.mark.parametrize(
    ("columns", "width", "title"),
    [(10, 7, "one line"), (3, 4.5, "two\nlines"), (3, 4.5, "three\nlines\nhere"), (5, 9, "a\nb")],
)
def test_titles_of_several_lines_are_not_cut_off(columns, width, title, figures):
    count = 2 * columns
    image_grid(images(count), [title] * count, columns=columns, width=width)
    (figure,) = figures
    for axis in figure.axes:
        extent = axis.title.get_window_extent()
        assert extent.y1 <= figure.bbox.height, f"{extent.y1 - figure.bbox.height:.0f} pixels short"


@pytest.mark.parametrize("data", [np.array([1 + 0.5j]), np.array([0.5, None], object)])
def test_fractions_in_disguise_are_refused(data):
    figure = subplots(size=(1, 1))[0]
    try:
        with pytest.raises(TypeError):
            finish(figure, "a figure", data)
    finally:
        plt.close(figure)


def test_refused_data_leave_no_figure_open():
    with pytest.raises((TypeError, ValueError)):
        image_grid(images() / 255)
    left = plt.get_fignums()
    plt.close("all")
    assert left == []


# Grids of images


def test_grid_shows_each_image_at_its_place():
    colors = np.array(
        [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]], np.uint8
    )
    plain = np.broadcast_to(colors[:, None, None], (5, 32, 32, 3))
    shown = pixels(image_grid(plain, columns=3, width=3))
    height, width = shown.shape[:2]
    for number in range(6):
        row, column = divmod(number, 3)
        center = shown[int((row + 0.5) * height / 2), int((column + 0.5) * width / 3)]
        expected = colors[number] if number < 5 else (255, 255, 255)  # the last place stays empty
        assert center.tolist() == list(expected)


def test_pixels_of_an_image_stay_sharp():
    halves = np.zeros((1, 2, 2, 3), np.uint8)
    halves[0, :, 1] = 255
    shown = pixels(image_grid(halves, columns=1, width=2))
    row = shown[shown.shape[0] // 2, :, 0]
    assert set(row.tolist()) == {0, 255}  # no gray between: nothing is interpolated


def test_grid_has_the_width_it_was_asked_for():
    assert pixels(image_grid(images(4), columns=4, width=5)).shape[1] == 5 * 120


def test_titles_stand_above_their_images(figures):
    image_grid(images(5), list("abcde"), columns=2)
    axes = figures[0].axes
    assert [axis.get_title() for axis in axes] == ["a", "b", "c", "d", "e", ""]
    for axis, image in zip(axes, images(5), strict=False):
        np.testing.assert_array_equal(axis.get_images()[0].get_array(), image)


@pytest.mark.parametrize("titles", [["one"], list("abcdefg"), []])
def test_wrong_number_of_titles_is_refused(titles):
    with pytest.raises(ValueError, match=f"got {len(titles)} titles for 6 images"):
        image_grid(images(), titles)


# Learning curves


RUN = {
    "accuracy": [0.3, 0.5, 0.6], "loss": [2.0, 1.5, 1.2],
    "val_accuracy": [0.35, 0.45, 0.5], "val_loss": [1.8, 1.6, 1.7],
}  # fmt: skip
SHORT = {"accuracy": [0.1, 0.2], "loss": [2.3, 2.2]}


def lines(axis):
    """The curves of an axis as (x, y), in the order they were drawn; legend samples left out."""
    found = [line.get_xydata().T.tolist() for line in axis.get_lines()]
    return [tuple(xy) for xy in found if xy[0]]


def test_curves_show_what_was_given(figures):
    learning_curves([RUN])
    accuracy, loss = figures[0].axes
    assert lines(accuracy) == [([1, 2, 3], RUN["accuracy"]), ([1, 2, 3], RUN["val_accuracy"])]
    assert lines(loss) == [([1, 2, 3], RUN["loss"]), ([1, 2, 3], RUN["val_loss"])]
    assert (accuracy.get_xlabel(), accuracy.get_ylabel()) == ("epoch", "accuracy")
    assert (loss.get_xlabel(), loss.get_ylabel()) == ("epoch", "loss")


def test_an_accuracy_in_percent_is_refused():
    percent = {"accuracy": [40.0, 62.0], "loss": [1.6, 1.1]}
    for draw in (learning_curves, lambda runs: curves_side_by_side(runs, ["one"])):
        with pytest.raises(ValueError, match=r"curve accuracy must run from 0 to 1, got \[40"):
            draw([percent])


def test_axes_hold_all_curves(figures):
    high = {"accuracy": [0.1, 1.0], "loss": [0.5, 9.0]}
    learning_curves([RUN, high], names=["low", "high"])
    curves_side_by_side([RUN, high], ["low", "high"])
    for figure in figures:
        for axis in figure.axes:
            low, top = axis.get_ylim()
            assert low == 0
            assert all(min(y) >= 0 and max(y) <= top for _, y in lines(axis))


def test_legend_names_the_runs_and_the_validation_images(figures):
    learning_curves([RUN, SHORT], names=["wide", "narrow"], validation_label="test set")
    legend = figures[0].axes[0].get_legend()
    found = [text.get_text() for text in legend.get_texts()]
    assert found == ["training", "test set", "wide", "narrow"]


def test_runs_have_colors_of_their_own_and_the_legend_the_same(figures):
    learning_curves([RUN, SHORT], names=["wide", "narrow"])
    axis = figures[0].axes[0]
    curves = [line for line in axis.get_lines() if len(line.get_xdata())]
    samples = {line.get_label(): line.get_color() for line in axis.get_lines()}
    assert curves[0].get_color() == curves[1].get_color() == samples["wide"]
    assert curves[2].get_color() == samples["narrow"] != samples["wide"]


def test_side_by_side_has_a_column_a_run(figures):
    curves_side_by_side([RUN, SHORT], ["with dropout", "without"])
    axes = figures[0].axes
    assert [axis.get_title() for axis in axes] == ["with dropout", "without", "", ""]
    assert lines(axes[0])[0][1] == RUN["accuracy"]
    assert lines(axes[1])[0][1] == SHORT["accuracy"]
    assert lines(axes[2])[0][1] == RUN["loss"]
    assert lines(axes[3])[0][1] == SHORT["loss"]
    assert axes[0].get_ylim() == axes[1].get_ylim()
    assert axes[2].get_ylim() == axes[3].get_ylim()


@pytest.mark.parametrize("draw", [learning_curves, curves_side_by_side])
def test_text_tells_structure_but_no_trained_number(draw):
    names = {"names": ["wide", "narrow"]}
    shifted = {name: [value * 0.99 for value in values] for name, values in RUN.items()}
    text = draw([RUN, SHORT], **names).text
    assert draw([shifted, SHORT], **names).text == text
    assert text == "accuracy, loss, val_accuracy, val_loss of wide, narrow over 3, 2 epochs"


def test_one_run_needs_no_name():
    assert learning_curves([SHORT]).text == "accuracy, loss of one run over 2 epochs"


def test_more_runs_need_names():
    with pytest.raises(ValueError, match="names"):
        learning_curves([RUN, SHORT])


@pytest.mark.parametrize("draw", [learning_curves, curves_side_by_side])
@pytest.mark.parametrize("names", [["one"], ["one", "two", "three"]])
def test_wrong_number_of_names_is_refused(draw, names):
    try:
        with pytest.raises(ValueError, match=f"{len(names)} names for 2 runs"):
            draw([RUN, SHORT], names=names)
    finally:
        plt.close("all")


# Style


def test_palette_is_okabe_and_ito_s():
    # Color Universal Design (2008): blue, orange, bluish green, vermilion, reddish purple
    published = [(0, 114, 178), (230, 159, 0), (0, 158, 115), (213, 94, 0), (204, 121, 167)]
    palette = [plots.BLUE, plots.ORANGE, plots.GREEN, plots.RED, plots.PURPLE]
    assert [tuple(bytes.fromhex(color[1:])) for color in palette] == published


@pytest.mark.parametrize("style", ["dark_background", "grayscale", "ggplot"])
def test_a_figure_is_the_same_whatever_style_the_reader_s_editor_sets(style):
    def draw():
        figure, axis = plots.subplots(size=(3, 2))
        axis.plot([1, 2, 3], label="a curve")
        axis.text(1, 2, "a word")  # as pages draw between the two
        axis.legend()
        return plots.finish(figure, "a curve").png

    expected = draw()
    with plt.style.context(style):
        before = dict(plt.rcParams)
        assert draw() == expected
        assert dict(plt.rcParams) == before  # the reader's own figures keep the reader's style


def test_a_figure_of_the_reader_s_own_stays_readable_in_a_dark_style():
    with plt.style.context("dark_background"):
        figure, axis = plt.subplots(figsize=(3, 2))
        axis.plot([1, 2, 3])
        pixels = np.asarray(Image.open(io.BytesIO(plots.finish(figure, "mine").png)).convert("L"))
    left = pixels[:, : pixels.shape[1] // 10].astype(int)  # the numbers beside the axis
    assert np.abs(left - left[0, 0]).max() > 128


def test_one_run_needs_no_name_and_its_text_names_what_was_drawn():
    run = {"accuracy": [0.1, 0.2], "loss": [2.0, 1.0], "learning_rate": [1e-3, 1e-4]}
    for draw in (learning_curves, lambda runs: curves_side_by_side(runs, None)):
        assert draw([run]).text == "accuracy, loss of one run over 2 epochs"


def test_a_figure_with_a_wrong_text_is_closed():
    before = plt.get_fignums()
    figure, _ = subplots(size=(1, 1))
    with pytest.raises(ValueError, match="text"):
        finish(figure, 3)
    assert plt.get_fignums() == before
