"""The upload of a photo: its callback in ipywidgets, and what stands on a page without a kernel."""

import datetime
import html
import io
import re

import keras
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from cifarlib import CLASS_NAMES
from cifarlib.widgets import PhotoUpload, photo_upload

RED, GREEN = (200, 0, 0), (0, 200, 0)


def file_of(color, size=(60, 40)):
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "png")
    return buffer.getvalue()


def new(content, name="a.png"):
    """As ipywidgets 8 gives it."""
    when = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    return (
        {"name": name, "type": "image/png", "size": len(content), "last_modified": when,
         "content": memoryview(content)},
    )  # fmt: skip


def old(content, name="a.png"):
    """As ipywidgets 7 gives it."""
    return {name: {"metadata": {"name": name}, "content": content}}


def red_is_a_cat(images):
    """The share of red, as the probability of a cat; the rest is a frog's."""
    assert images.shape == (1, 32, 32, 3) and images.dtype == np.uint8
    shares = np.zeros((1, 10))
    shares[0, 3] = images[0, :, :, 0].mean() / 255
    shares[0, 6] = 1 - shares[0, 3]
    return shares


@pytest.fixture
def upload():
    return PhotoUpload(red_is_a_cat, "crop", CLASS_NAMES)


def parts(upload):
    button, fits, panel = upload.widget().children
    return button, fits, panel


@pytest.mark.parametrize("value", [new, old])
def test_a_chosen_photo_is_shown_with_the_answer(upload, value):
    _, _, panel = parts(upload)
    upload._chosen({"new": value(file_of(RED))})
    assert upload.last.text == "the answer to your photo: cat 78%, frog 22%, airplane 0%"
    assert f'alt="{upload.last.text}"' in panel.value
    assert 'src="data:image/png;base64,iVBOR' in panel.value
    upload._chosen({"new": value(file_of(GREEN))})
    assert upload.last.text.startswith("the answer to your photo: frog 100%")


def test_the_button_of_the_installed_ipywidgets_calls_it(upload):
    button, _, panel = parts(upload)
    if isinstance(button.value, tuple):
        button.value = new(file_of(RED))
    else:  # ipywidgets 7, in the form in which its front end sends it
        about = {"name": "a.png", "type": "image/png", "size": 9, "lastModified": 1}
        sent = {"metadata": [about], "data": [memoryview(file_of(RED))], "_counter": 1}
        button.set_state(sent)
    assert "cat 78%" in panel.value


def test_switching_to_pad_shows_the_same_photo_anew(upload):
    _, fits, panel = parts(upload)
    fits.value = "pad"  # before there is a photo
    assert panel.value == "<p>Choose a photo.</p>"
    fits.value = "crop"
    upload._chosen({"new": new(file_of(GREEN))})
    assert "frog 100%" in panel.value
    fits.value = "pad"  # 11 of its 32 rows are white now, and white is red, too
    assert "frog 66%" in panel.value


def test_what_is_no_photo_is_said_in_words_and_the_next_one_works(upload):
    _, _, panel = parts(upload)
    upload._chosen({"new": new(b"<b>no</b>", name="<i>.png")})
    assert "a web page, not the picture on it" in upload.message and upload.last is None
    assert panel.value == f'<p role="alert">{html.escape(upload.message)}</p>'
    assert "<i>" not in panel.value
    upload._chosen({"new": ()})  # taken away again: nothing to say
    assert "web page" in panel.value
    upload._chosen({"new": new(file_of(RED))})
    assert "cat 78%" in panel.value and upload.message == ""


def test_two_uploads_on_a_page_do_not_share_anything(upload):
    other = PhotoUpload(red_is_a_cat, "pad", CLASS_NAMES)
    _, _, panel = parts(upload)
    parts(other)
    other._chosen({"new": new(file_of(RED))})
    assert upload.last is None and "Choose a photo" in panel.value


def test_it_answers_for_any_source_without_a_widget(upload, tmp_path):
    (tmp_path / "a.png").write_bytes(file_of(RED))
    for source in (tmp_path / "a.png", io.BytesIO(file_of(RED)), np.full((9, 9, 3), RED, np.uint8)):
        assert "cat 78%" in upload.answer(source).text
    with pytest.raises(FileNotFoundError):
        upload.answer(tmp_path / "missing.png")


# With a model


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential([
        keras.Input((32, 32, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10),
    ])  # fmt: skip


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_probabilities_are_the_softmax_of_the_models_scores(model, temperature):
    shares = photo_upload(model, temperature=temperature)._predict(np.full((1, 32, 32, 3), 3))[0]
    scores = model.predict(np.full((1, 32, 32, 3), 3.0), verbose=0)[0].astype(float)
    wanted = np.exp(scores / temperature) / np.exp(scores / temperature).sum()
    assert shares == pytest.approx(wanted, abs=1e-5)


def test_a_model_of_ones_own_says_how_it_wants_its_images():
    own = keras.Sequential([
        keras.Input((32, 32, 3)), keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(2, activation="softmax"),
    ])  # fmt: skip
    upload = photo_upload(own, preprocess=lambda x: x / 255, class_names=("no", "yes"))
    wanted = own.predict(np.full((1, 32, 32, 3), RED) / 255, verbose=0)[0]
    shown = upload.answer(np.full((40, 40, 3), RED, np.uint8)).text
    place = int(wanted.argmax())
    assert f"{('no', 'yes')[place]} {wanted[place]:.0%}" in shown


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"temperature": 0}, "temperature must be positive and finite, got 0"),
        ({"fit": "stretch"}, "fit must be one of 'crop', 'pad'"),
        ({"class_names": ["a", "b"]}, "the model has 10 classes, and there are 2 names"),
    ],
)
def test_settings_are_checked_at_once(model, wrong, complaint):
    with pytest.raises(ValueError, match=complaint):
        photo_upload(model, **wrong)


# On a page


CELL = """\
from cifarlib import CLASS_NAMES
from cifarlib.widgets import PhotoUpload
PhotoUpload(lambda images: images, "crop", CLASS_NAMES)
"""


def test_where_nobody_can_choose_a_sentence_stands_and_nothing_that_changes():
    outputs = []
    for _ in range(2):
        notebook = new_notebook(cells=[new_code_cell(CELL)])
        NotebookClient(notebook, kernel_name="python3").execute()
        [output] = notebook.cells[0].outputs
        assert set(output.data) == {"text/html", "text/plain"}
        outputs.append(dict(output.data))
    assert outputs[0] == outputs[1]
    shown = re.fullmatch(r'<p class="photo-upload">(.*)</p>', outputs[0]["text/html"]).group(1)
    assert shown == "To try a photo of your own, open this page as a notebook and run this cell."
    assert shown in outputs[0]["text/plain"]


class Kernel:
    _allow_stdin = True


class Shell:
    kernel = Kernel()


def displayed(monkeypatch, upload):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", Shell)
    monkeypatch.setattr("IPython.display.display", lambda item, **_: shown.append(item))
    upload._ipython_display_()
    return shown[0]


def test_where_a_reader_runs_it_the_button_appears(upload, monkeypatch):
    assert type(displayed(monkeypatch, upload)).__name__ == "VBox"


def test_without_ipywidgets_a_sentence_says_what_to_install(upload, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    assert "install ipywidgets" in displayed(monkeypatch, upload).data
