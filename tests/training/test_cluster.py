"""TF_CONFIG, ports, and jobs that all workers must agree on."""

import json
import socket
import threading

import numpy as np
import pytest

from cifarlib.training.distributed import Job, launcher, start
from cifarlib.training.distributed.__main__ import job_of, main, parse
from cifarlib.training.distributed.cluster import Cluster, from_environment, on_this_machine
from cifarlib.training.distributed.launcher import Outcome
from cifarlib.training.distributed.meeting import meet


def described(text):
    return from_environment({"TF_CONFIG": text})


def config(addresses, rank):
    return json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}})


def test_what_a_cluster_says_of_itself_is_read_again():
    for one in on_this_machine(3):
        assert described(one.config()) == one
    assert described("") is None


def test_ports_come_from_the_system_and_differ():
    first = on_this_machine(4)[0].addresses
    assert len(set(first)) == 4
    for address in first:  # and nobody listens there
        with pytest.raises(OSError):  # noqa: PT011  (systems word it differently)
            socket.create_connection(("127.0.0.1", int(address.split(":")[1])), timeout=5)


def with_a_chief(role):
    """TensorFlow counts a chief as a worker; here the first worker is the chief."""
    cluster = {"chief": ["127.0.0.1:2222"], "worker": ["127.0.0.1:2223"]}
    return json.dumps({"cluster": cluster, "task": {"type": role, "index": 0}})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "TF_CONFIG is wrong .*it must look like"),
        ("{}", "TF_CONFIG is wrong .*cluster"),
        ('{"cluster": {"worker": ["a:1"]}, "task": "worker"}', "TF_CONFIG is wrong .*task"),
        (config(["a"], 0), "'a' is not host:port"),
        (config(["a:1", "b:99999"], 0), "'b:99999' is not host:port"),
        (config(["a:1", "b:2"], 2), "has 2 workers, there is no worker 2"),
        (config(["a:1", "a:1"], 0), "gives two workers one address"),
        (with_a_chief("chief"), "all tasks must be workers"),
        (with_a_chief("worker"), "all tasks must be workers"),
    ],
)
def test_a_wrong_description_is_said(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        described(text)


def test_a_taken_port_and_a_foreign_address_are_found_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        cluster = Cluster((address, "127.0.0.1:1"))
        with pytest.raises(OSError, match=f"worker 0 cannot listen at {address}: another program"):
            meet(cluster, "here", 5)
        assert Cluster(("127.0.0.1:1", address)).silent() == []
    assert Cluster(("127.0.0.1:1", address)).silent() == [1]
    with pytest.raises(OSError, match="this machine has no such address"):
        meet(Cluster(("192.0.2.1:0", address)), "here", 5)


def together(clusters, seconds, words=None):
    """What each of some workers learns when they meet, in threads; an exception as itself."""
    found = {}

    def come(one):
        try:
            found[one.rank] = meet(one, words[one.rank] if words else f"I {one.rank}", seconds)
        except OSError as error:
            found[one.rank] = error

    threads = [threading.Thread(target=come, args=(one,)) for one in clusters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_all_learn_what_each_has_to_say():
    found = together(on_this_machine(4), 50)
    assert found == {rank: ["I 0", "I 1", "I 2", "I 3"] for rank in range(4)}


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_whoever_does_not_come_is_named_by_the_others(absent):
    clusters = on_this_machine(3)
    address = clusters[0].addresses[absent]
    found = together([one for one in clusters if one.rank != absent], 0.5)
    assert len(found) == 2
    for rank, error in found.items():
        assert isinstance(error, TimeoutError)
        said = f"worker {rank} waited 0.5 s for all 3 workers; nobody came as worker {absent} at"
        assert str(error) == f"{said} {address}"


def test_strangers_who_knock_are_left_alone():
    clusters = on_this_machine(2)
    host, port = clusters[0].addresses[0].split(":")
    found = {}
    waiting = threading.Thread(target=lambda: found.update(words=meet(clusters[0], "a", 50)))
    waiting.start()
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b'{"rank": 7, "word": "x"}\n', b"[]\n", b""):
        while True:
            try:
                stranger = socket.create_connection((host, int(port)), timeout=5)
            except OSError:  # worker 0 does not listen yet
                continue
            with stranger:
                stranger.sendall(noise)
            break
    assert meet(clusters[1], "b", 50) == ["a", "b"]
    waiting.join(60)
    assert found["words"] == ["a", "b"]


def test_the_shares_of_a_batch_are_equal_and_make_up_the_batch():
    job = Job(images=50, batch_size=12, steps=9, seed=3)
    epoch = np.concatenate([job.indices(step) for step in range(4)])
    assert len(set(epoch)) == 48  # no image twice in a pass
    assert set(epoch) != set(np.concatenate([job.indices(step) for step in range(4, 8)]))
    for workers in (1, 2, 3, 4):
        shares = [job.share(5, rank, workers) for rank in range(workers)]
        assert {len(share) for share in shares} == {12 // workers}
        np.testing.assert_array_equal(np.concatenate(shares), job.indices(5))


def test_unequal_shares_and_wrong_settings_are_refused_before_anything_starts():
    with pytest.raises(ValueError, match=r"64 images cannot be split evenly among 3.*such as 63"):
        start(Job(batch_size=64), 3)
    with pytest.raises(ValueError, match=r"4 images cannot be split evenly among 8.*such as 8"):
        start(Job(batch_size=4), 8)
    for workers in (0, -1, 1.5, "2"):
        with pytest.raises(ValueError, match="workers must be a whole number from 1 to 64"):
            start(Job(), workers)
    with pytest.raises(ValueError, match="workers must be a whole number from 1 to 64, got 100"):
        start(Job(batch_size=100), 100)
    with pytest.raises(ValueError, match="batch_size must be at most the number of images, 10"):
        Job(images=10, batch_size=20)
    for name, value in {"images": 50_001, "steps": 0, "every": 0, "momentum": 1.0}.items():
        with pytest.raises(ValueError, match=f"{name} must be"):
            Job(**{name: value})


def test_a_job_goes_through_the_command_line(tmp_path):
    job = Job(steps=7, momentum=0.9, model_settings={"dropout": 0.1}, checkpoint=tmp_path / "x")
    assert job_of(parse(["--job", job.text()])) == job
    line = ["--images", "640", "--batch-size", "64", "--learning-rate", "0.1"]
    line += ["--model-settings", '{"dropout": 0}']
    wanted = Job(images=640, batch_size=64, learning_rate=0.1, model_settings={"dropout": 0})
    assert job_of(parse(line)) == wanted
    assert wanted.digest() != Job(images=640, batch_size=64).digest()
    other_place = Job(steps=7, momentum=0.9, model_settings={"dropout": 0.1}, checkpoint="y")
    assert job.digest() == other_place.digest()


def test_a_job_s_model_may_have_a_name():
    assert Job(model_settings={"name": "mine", "dropout": 0}).build().name == "mine"


def test_the_command_says_what_is_wrong(capsys, monkeypatch):
    def complaint(*options):
        assert main(list(options)) == 1
        return capsys.readouterr().err

    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert "cannot be split evenly among 3" in complaint("--workers", "3", "--batch-size", "64")
    assert "no such job" in complaint("--job", '{"batch": 3}')
    assert "workers must be a whole number from 1" in complaint("--workers", "0")
    assert "name a --checkpoint" in complaint("--workers", "2", "--keep", "weights.npz")
    monkeypatch.setenv("TF_CONFIG", config(["127.0.0.1:1", "127.0.0.1:2"], 5))
    assert "there is no worker 5" in complaint()
    monkeypatch.setenv("TF_CONFIG", config(["127.0.0.1:1", "127.0.0.1:2"], 1))
    assert "leave --workers out" in complaint("--workers", "2")


def test_a_command_with_nothing_left_to_do_says_so(capsys, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.setattr(launcher, "train_on_workers", lambda *_, **__: Outcome(10, [], [], []))
    assert main(["--workers", "2"]) == 0
    assert "all made before" in capsys.readouterr().out
