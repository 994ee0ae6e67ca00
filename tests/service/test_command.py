"""``python -m cifarlib.service``: it answers, it ends when told to, and says what is wrong."""

import os
import re
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
import scipy.special
from asking import ask, picture, predict

from cifarlib import CLASS_NAMES, load_cifar10, zoo
from cifarlib.evaluation import logits
from cifarlib.service.__main__ import main


@pytest.fixture
def start(tmp_path):
    """Start the command; whatever a test does, no process is left."""
    begun = []

    def run(*options):
        process = subprocess.Popen(
            [sys.executable, "-m", "cifarlib.service", *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path,
        )  # fmt: skip
        begun.append(process)
        line = process.stdout.readline()
        return process, re.search(r"http://[\d.]+:\d+", line)[0]

    yield run
    for process in begun:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals like these")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_until_it_is_told_to_end(start, ending, tmp_path):
    process, address = start("--model", "simple_cnn", "--port", "0")
    image = load_cifar10().x_test[:1]
    status, found = predict(address, picture(image[0]))
    rows = logits(zoo.load("simple_cnn"), image).astype(np.float64)
    shares = [found["answers"][0]["probabilities"][name] for name in CLASS_NAMES]
    assert status == 200
    np.testing.assert_allclose(shares, scipy.special.softmax(rows, axis=1)[0], atol=2e-5)
    card = ask(f"{address}/card")[1]
    assert card["test accuracy"] == pytest.approx(zoo.record("simple_cnn").accuracies[0])
    process.send_signal(ending)
    assert process.wait(timeout=30) in (0, -ending)
    with pytest.raises(OSError):  # noqa: PT011  (systems word it differently)
        ask(f"{address}/health")
    assert not list(tmp_path.iterdir())  # and it has written nothing


def test_unknown_models_taken_ports_and_missing_files_are_said(capsys, tmp_path):
    def complaint(*options):
        assert main(list(options)) == 1
        return capsys.readouterr().err

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        text = complaint("--model", "simple_cnn", "--port", port)
    assert f"cannot listen at 127.0.0.1:{port}: another program has that port" in text
    text = complaint("--model", "resnet21", "--port", "0")
    assert "no network called 'resnet21'" in text and "resnet20" in text
    text = complaint("--model", str(tmp_path / "mine.keras"), "--port", "0")
    assert "there is no file" in text
    text = complaint("--model", "simple_cnn", "--port", "70000")
    assert "port must be a whole number from 0 to 65535, got 70000" in text
    text = complaint("--model", "simple_cnn", "--host", "192.0.2.1", "--port", "0")
    assert "this machine has no such address" in text


def test_a_file_of_ones_own_is_served(start, tmp_path):
    import keras

    layers = keras.layers
    keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    ).save(tmp_path / "mine.keras")
    _, address = start("--model", "mine.keras", "--port", "0", "--temperature", "1.5")
    status, found = predict(address, picture(np.zeros((50, 40, 3))))
    assert status == 200
    assert found["model"] == "mine" and found["calibrated"] is True
