"""The service, asked by HTTP: right answers, clear refusals, nothing lost and nothing left."""

import concurrent.futures
import http.client
import io
import re
import socket
import tempfile
import threading
import urllib.request
import zlib
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import scipy.special
from asking import ask, form, picture, predict
from PIL import Image

from cifarlib import CLASS_NAMES, load_cifar10, zoo
from cifarlib.evaluation import logits
from cifarlib.service import BackgroundServer, Limits, Predictor, create_app
from cifarlib.service.server import address_of, listening

SMALL = Limits(body=300_000, pixels=250_000, images=4, seconds=3)


@pytest.fixture(scope="module")
def model():
    return zoo.load("simple_cnn")


@pytest.fixture(scope="module")
def images():
    return load_cifar10().x_test[:40]


@pytest.fixture(scope="module")
def expected(model, images):
    return scipy.special.softmax(logits(model, images).astype(np.float64), axis=1)


@pytest.fixture(scope="module")
def address(model):
    with BackgroundServer(create_app(model, name="simple", limits=SMALL)) as server:
        yield server.address


def shares(answer):
    return [answer["probabilities"][name] for name in CLASS_NAMES]


def test_one_photo_gets_the_models_own_answer(address, images, expected):
    status, found = predict(address, picture(images[0]))
    [answer] = found["answers"]
    assert status == 200
    assert found["model"] == "simple" and found["calibrated"] is False
    assert found["milliseconds"] > 0
    np.testing.assert_allclose(shares(answer), expected[0], atol=2e-5)
    assert answer["class"] == "cat" and answer["probability"] == max(shares(answer))


def test_several_photos_are_answered_in_their_order(address, images, expected):
    status, found = predict(address, *map(picture, images[[3, 1, 2]]))
    assert status == 200
    np.testing.assert_allclose(
        [shares(answer) for answer in found["answers"]], expected[[3, 1, 2]], atol=2e-5
    )


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "JPEG", "GIF"])
def test_known_formats_of_any_size_are_made_small_as_photo_does(address, model, kind):
    from cifarlib.data.photos import photo

    ramp = np.linspace(0, 255, 90 * 120 * 3).reshape(90, 120, 3).astype(np.uint8)
    content = picture(ramp, kind)
    status, found = predict(address, content)
    rows = logits(model, photo(content)[None]).astype(np.float64)
    assert status == 200
    np.testing.assert_allclose(
        shares(found["answers"][0]), scipy.special.softmax(rows, axis=1)[0], atol=2e-5
    )


def test_a_photo_stays_what_it_was_when_it_was_looked_at(address, images):
    """Asked for any of its formats, Pillow would take these bytes for a Photo CD of 768 x 512."""
    gray = picture(np.full((40, 40, 3), 90), "WEBP", lossless=True)
    filler = bytes(2048 - len(gray) - 8) + b"PCD_" + bytes(4000)
    parts = gray[8:] + b"JUNK" + len(filler).to_bytes(4, "little") + filler
    both = b"RIFF" + len(parts).to_bytes(4, "little") + parts
    assert Image.open(io.BytesIO(both)).size == (768, 512)
    assert predict(address, both)[1]["answers"] == predict(address, gray)[1]["answers"]


def bomb():
    """A PNG of a few kilobytes that claims 30,000 x 30,000 pixels."""

    def chunk(kind, data):
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    size = (30_000).to_bytes(4, "big")
    pixels = zlib.compress(bytes(30_000 * 100))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            chunk(b"IHDR", size * 2 + bytes([8, 2, 0, 0, 0])),
            chunk(b"IDAT", pixels),
            chunk(b"IEND", b""),
        ]
    )


REFUSED = {
    "text": ([b"hello"], 415, "file 1 is not a picture in a known format: JPEG, PNG"),
    "drawing": ([b"<svg xmlns='...'/>"], 415, "not a picture in a known format"),
    "PostScript": ([b"%!PS-Adobe-3.0 EPSF-3.0\n"], 415, "not a picture in a known format"),
    "empty": ([b""], 422, "file 1 is empty"),
    "bomb": ([bomb()], 413, "file 1"),
    "many pixels": (
        [picture(np.zeros((501, 500)))],
        413,
        r"500 x 501, has more than 0\.25 million",
    ),
    "too many files": ([picture(np.zeros((9, 9)))] * 5, 422, "at most 4 files per request"),
    "large": ([bytes(400_000)], 413, "the body may have 300,000 bytes at most, this one has 400,"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_gets_a_sentence(address, name):
    files, status, sentence = REFUSED[name]
    found, answer = predict(address, *files)
    assert found == status
    assert re.search(sentence, answer["detail"]), answer


def test_a_photo_that_is_cut_off_or_damaged_is_refused(address, images):
    for content in (picture(images[0])[:900], picture(images[0], "JPEG")[:400]):
        status, answer = predict(address, content)
        assert status == 422
        assert "file 1 is damaged or cut off" in answer["detail"]
    second = predict(address, picture(images[0]), b"nothing")
    assert second == (415, second[1]) and "file 2 is not a picture" in second[1]["detail"]


def test_requests_that_are_no_form_are_refused(address, images):
    body, headers = form(picture(images[0]))
    url = f"{address}/predict"
    status, answer = predict(address, picture(images[0]), field="picture")
    assert status == 422
    assert answer["detail"] == "there must be a file in the field 'image'; the form has 'picture'"
    assert ask(url, b"{}", {"Content-Type": "application/json"})[0] == 415
    assert ask(url, b"")[0] == 415
    assert ask(url, body, {"Content-Type": "multipart/form-data"})[0] == 400  # no boundary
    status, answer = ask(url, body.replace(b"Content-Disposition", b"(:"), headers)
    assert status == 400 and answer["detail"].startswith("the form cannot be read: ")
    assert ask(url)[0] == 405  # GET
    assert ask(f"{address}/elsewhere")[0] == 404
    text = body.replace(b'; filename="a"', b"")
    assert ask(url, text, headers)[0] in (400, 422)  # a field of text, no file


def test_a_body_that_does_not_state_its_size_is_counted(address):
    body, headers = form(bytes(5_000_000))
    pieces = (body[i : i + 65_536] for i in range(0, len(body), 65_536))
    status, answer = ask(f"{address}/predict", pieces, headers | {"Transfer-Encoding": "chunked"})
    assert status == 413
    assert "300,000 bytes at most" in answer["detail"]


def test_a_stated_size_is_refused_before_the_body_is_there(address):
    host, port = address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.putrequest("POST", "/predict")
    connection.putheader("Content-Length", str(10**9))
    connection.endheaders()  # and not one byte of the gigabyte
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_that_never_comes_is_given_up(address):
    host, port = address.removeprefix("http://").split(":")
    body, headers = form(bytes(1000))
    with socket.create_connection((host, int(port)), timeout=30) as slow:
        lines = [f"{key}: {value}" for key, value in headers.items()]
        head = ["POST /predict HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *lines]
        slow.sendall("\r\n".join([*head, "", ""]).encode() + body[:300])
        assert b"408" in slow.recv(100)


def test_health_card_and_page(address, images):
    before = ask(f"{address}/health")[1]["batches"]
    predict(address, *map(picture, images[:3]))
    assert ask(f"{address}/health") == (
        200, {"status": "ok", "model": "simple", "batches": before + 1},
    )  # fmt: skip
    status, card = ask(f"{address}/card")
    assert status == 200 and card["classes"] == list(CLASS_NAMES) and card["parameters"] == 122_570
    assert card["limits"]["body"] == 300_000
    assert "/predict" in ask(f"{address}/openapi.json")[1]["paths"]
    with urllib.request.urlopen(address, timeout=30) as page:
        text = page.read().decode()
    assert 'name="image"' in text and "http" not in text  # and asks no other host


def test_nothing_is_written_to_a_file(address, images, monkeypatch):
    written = []
    monkeypatch.setattr(
        tempfile.SpooledTemporaryFile, "rollover", lambda self: written.append(self)
    )
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3))
    status, _ = predict(address, picture(noise, "BMP"))  # 270 kB
    assert status == 200
    assert not written


def test_a_large_photo_stays_in_memory_too(model, monkeypatch):
    written = []
    monkeypatch.setattr(
        tempfile.SpooledTemporaryFile, "rollover", lambda self: written.append(self)
    )
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3))
    with BackgroundServer(create_app(model)) as server:  # Starlette's own limit is 1 MB
        assert predict(server.address, picture(noise, "BMP"))[0] == 200
    assert not written


def resident():
    """Memory of this process in MB; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096 / 2**20
    except OSError:
        return 0


def test_four_clients_at_once_all_get_their_own_answer(address, images, expected):
    """200 requests, every fifth a bad one: none is lost, none gets what another asked for."""
    contents = [picture(image) for image in images]

    def request(number):
        if number % 5 == 4:
            return predict(address, *REFUSED[list(REFUSED)[number // 5 % len(REFUSED)]][0])
        place = number % len(images)
        return predict(address, contents[place])

    def round_of_requests():
        with concurrent.futures.ThreadPoolExecutor(4) as clients:
            return list(clients.map(request, range(200)))

    threads = threading.active_count()
    round_of_requests()
    before = resident()
    answers = round_of_requests()
    assert resident() - before < 30
    assert threading.active_count() <= threads
    assert len(answers) == 200
    for number, (status, answer) in enumerate(answers):
        if number % 5 == 4:
            assert status == REFUSED[list(REFUSED)[number // 5 % len(REFUSED)]][1]
            continue
        assert status == 200
        place = number % len(images)
        np.testing.assert_allclose(shares(answer["answers"][0]), expected[place], atol=2e-5)


def test_too_many_at_once_are_sent_away(model, images):
    release, entered = threading.Event(), threading.Event()

    def held(batch):
        if batch.any():  # not the black image by which the model is tried out
            entered.set()
            release.wait(60)
        return batch

    few = Limits(waiting=2)
    with (
        BackgroundServer(create_app(model, preprocess=held, limits=few)) as server,
        concurrent.futures.ThreadPoolExecutor(2) as clients,
    ):
        first = clients.submit(predict, server.address, picture(images[0]))
        entered.wait(60)
        second = clients.submit(predict, server.address, picture(images[1]))
        status = 200
        while status == 200:  # until the second has arrived, too
            status, answer = ask(f"{server.address}/predict", b"", {"Content-Type": "text/plain"})
            status = 200 if status == 415 else status
        assert status == 503 and "2 requests are waiting already" in answer["detail"]
        assert ask(f"{server.address}/health")[0] == 200  # it answers all the while
        release.set()
        assert first.result()[0] == second.result()[0] == 200


def test_a_readers_own_model_and_temperature(images):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    own = keras.Sequential(
        [keras.Input((24, 24, 3)), layers.Flatten(), layers.Dense(3, activation="softmax")]
    )
    app = create_app(
        own, class_names=["a", "b", "c"], preprocess=lambda x: x / 255, temperature=2.0
    )
    assert app.title == own.name
    ramp = np.linspace(0, 255, 24 * 24 * 3).reshape(24, 24, 3).astype(np.uint8)
    with BackgroundServer(app) as server:
        status, found = predict(server.address, picture(ramp))
    share = np.asarray(own(ramp[None].astype(np.float32) / 255))[0].astype(np.float64)
    wanted = share**0.5 / (share**0.5).sum()
    assert status == 200 and found["calibrated"] is True
    assert list(found["answers"][0]["probabilities"]) == ["a", "b", "c"]
    found = list(found["answers"][0]["probabilities"].values())
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_predictor_pads_its_batches_and_answers_for_the_images_alone(model, images, expected):
    predictor = Predictor(model, batch_size=8)
    for count in (1, 2, 7, 8):
        np.testing.assert_allclose(predictor(images[:count]), expected[:count], atol=2e-5)
    assert predictor.batches == 4
    for wrong in (images[:9], images[0], images[:2, :16]):
        with pytest.raises(ValueError, match=r"images must be 1 to 8 of the shape"):
            predictor(wrong)


def test_models_and_settings_that_do_not_fit_are_refused_at_once(model):
    layers = keras.layers
    flat = keras.Sequential([keras.Input((10,)), layers.Dense(10)])
    with pytest.raises(ValueError, match=r"square color images .*, it takes \(None, 10\)"):
        create_app(flat)
    with pytest.raises(ValueError, match="a number for each of the 2 classes"):
        create_app(model, class_names=["cat", "dog"])
    with pytest.raises(ValueError, match="temperature must be positive and finite, got 0"):
        create_app(model, temperature=0)
    with pytest.raises(ValueError, match="fit must be one of 'crop', 'pad', got 'stretch'"):
        create_app(model, fit="stretch")
    with pytest.raises(ValueError, match="body must be a whole number of at least 1, got 0"):
        Limits(body=0)


def test_a_server_that_nobody_refers_to_ends(model):
    app, before = create_app(model), threading.active_count()
    server = BackgroundServer(app)
    address = server.address
    assert server.running and ask(f"{address}/health")[0] == 200
    server = BackgroundServer(app)  # the cell is run again
    with pytest.raises(OSError, match=r"refused|reset"):
        ask(f"{address}/health")
    server.stop()
    server.stop()  # once more does no harm
    assert not server.running
    assert threading.active_count() <= before


def test_an_address_of_ipv6_stands_in_brackets():
    try:
        listener = listening("::1")
    except OSError:  # a machine without IPv6
        listener = SimpleNamespace(family=socket.AF_INET6, getsockname=lambda: ("::1", 80, 0, 0))
    assert re.fullmatch(r"http://\[::1\]:\d+", address_of("::1", listener))
    with listening("127.0.0.1") as listener:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address_of("127.0.0.1", listener))


def test_a_name_is_text_on_the_page(model):
    app = create_app(model, name="<b>R&D</b>")
    with BackgroundServer(app) as server, urllib.request.urlopen(f"{server.address}/") as answer:
        page = answer.read().decode()
    assert "&lt;b&gt;R&amp;D&lt;/b&gt;" in page
    assert "<b>R&D" not in page
