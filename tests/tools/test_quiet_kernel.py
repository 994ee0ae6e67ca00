"""The kernel of `make lab`: TensorFlow's greetings stay out of the notebook, errors do not."""

import os
import select
import sys
import threading
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import lab  # noqa: E402
import quiet_kernel  # noqa: E402

GREETINGS = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795886663.480837   11292 port.cc:153] oneDNN custom operations are on. You may "
    "see slightly different numerical results",
    "I0000 00:00:1795886663.644283   11292 cpu_feature_guard.cc:227] This TensorFlow binary is "
    "optimized to use available CPU instructions in performance-critical operations.",
    "To enable the following instructions: AVX2 AVX512F FMA, in other operations, rebuild "
    "TensorFlow with the appropriate compiler flags.",
    "E0000 00:00:1795886679.777263   11292 cuda_platform.cc:52] failed call to cuInit: INTERNAL: "
    "CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)",
    "E0000 00:00:1741.1   77 cuda_dnn.cc:8579] Unable to register cuDNN factory: Attempting to "
    "register factory for plugin cuDNN when one has already been registered",
    "W0000 00:00:1741.1   77 computation_placer.cc:177] computation placer already registered.",
    "2026-11-28 17:24:33.480837: I tensorflow/core/util/port.cc:153] oneDNN custom operations",
    "2026-11-28 17:24:33.480837: E external/local_xla/xla/stream_executor/cuda/cuda_fft.cc:467] "
    "Unable to register cuFFT factory: Attempting to register factory",
    "2026-11-28 17:24:33.480837: W tensorflow/compiler/tf2tensorrt/utils/py_utils.cc:38] TF-TRT "
    "Warning: Could not find TensorRT",
]
NEWS = [
    "Traceback (most recent call last):",
    "ValueError: I0000",
    "UserWarning: To enable",
    "WARNING: everything",
    "Segmentation fault",
    "",
    "E0000 00:00:1795886679.777263   11292 cuda_dnn.cc:52] Could not create cudnn handle",
    "2026-11-28 17:24:33.480837: W tensorflow/core/framework/op_kernel.cc:1857] OOM when "
    "allocating tensor",
    "2026-11-28 17:24:33.480837: F tensorflow/core/util/port.cc:153] Check failed",
    "I think, therefore I am] not",
]


@pytest.mark.parametrize("line", GREETINGS)
def test_greetings_are_noise(line):
    assert quiet_kernel.is_noise(line.encode())


@pytest.mark.parametrize("line", NEWS)
def test_everything_else_is_not(line):
    assert not quiet_kernel.is_noise(line.encode())


@pytest.mark.skipif(os.name != "posix", reason="the filter waits for pipes")
def test_the_filter_keeps_order_halves_of_lines_and_bytes_that_are_no_text():
    (source, into), (out, target) = os.pipe(), os.pipe()
    thread = threading.Thread(target=quiet_kernel.relay, args=(source, target))
    thread.start()
    greeting = GREETINGS[1].encode() + b"\n"
    os.write(into, b"one\n" + greeting + b"two \xff\n" + greeting[:40])
    os.write(into, greeting[40:] + b"name? ")
    assert read(out, 16) == b"one\ntwo \xff\nname? "  # a question does not wait for its line's end
    os.write(into, b"three\nfour")
    os.close(into)
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert read(out, 10) == b"three\nfour"
    for descriptor in (source, out, target):
        os.close(descriptor)


def read(descriptor, count):
    found = b""
    while len(found) < count and select.select([descriptor], [], [], 30)[0]:
        found += os.read(descriptor, count - len(found))
    return found


SILENT = "import tensorflow as tf\nprint(int(tf.reduce_sum(tf.ones(3))))"
LOUD = {  # code, and what of it must be seen
    "import os\n_ = os.write(2, b'from a library\\n')": "from a library\n",
    "import sys\nprint('from python', file=sys.stderr)": "from python\n",
    "import warnings\nwarnings.warn('mind this')": "UserWarning: mind this",
    "import subprocess, sys\n_ = subprocess.run([sys.executable, '-c', '1 / 0'])": "ZeroDivision",
}


@pytest.mark.skipif(os.name != "posix", reason="the filter waits for pipes")
def test_in_a_notebook_tensorflow_is_silent_and_errors_are_seen(tmp_path, monkeypatch):
    environment = lab.set_up(tmp_path)
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH"):
        monkeypatch.setenv(name, environment[name])
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # or the kernel leaves file descriptor 2 alone
    manager, client = start_new_kernel(startup_timeout=120)
    try:
        assert run(client, SILENT, until="3\n") == {"stdout": "3\n"}
        for code, wanted in LOUD.items():
            shown = run(client, code, until=wanted)["stderr"]
            assert wanted in shown
            assert not [line for line in shown.split("\n") if quiet_kernel.is_noise(line.encode())]
        assert run(client, "1 / 0", until=None) == {"error": "ZeroDivisionError"}
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client, code, until):
    """What a cell shows, by stream.

    What goes through a pipe may come after the cell has ended, when a notebook still shows it: so
    this listens until the cell is done and has shown ``until``.
    """
    sent, found, done = client.execute(code), {}, False
    while not done or (until and until not in "".join(found.values())):
        message = client.get_iopub_msg(timeout=120)
        kind, content = message["msg_type"], message["content"]
        ended = kind == "status" and content["execution_state"] == "idle"
        if kind == "stream":
            found[content["name"]] = found.get(content["name"], "") + content["text"]
        elif kind == "error":
            found["error"] = content["ename"]
        elif ended and message["parent_header"].get("msg_id") == sent:
            done = True
    return found


def test_checks_of_a_reader_are_not_those_of_a_test(tmp_path, monkeypatch):
    monkeypatch.setenv("CIFARLIB_CHECKS", "strict")
    assert "CIFARLIB_CHECKS" not in lab.set_up(tmp_path)
