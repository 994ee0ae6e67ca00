"""Two real processes train together: they equal one, and go on after one of them was killed."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading

import keras
import numpy as np
import psutil
import pytest

from cifarlib import load_cifar10
from cifarlib.models import build
from cifarlib.training.distributed import (
    Job,
    WorkerFailed,
    Workers,
    cluster,
    start,
    train_on_workers,
)
from cifarlib.training.distributed import worker as worker_module
from cifarlib.training.distributed.cluster import on_this_machine
from cifarlib.training.distributed.worker import work

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are grouped as in POSIX")
SECONDS = 500  # far more than it takes; a worker that hangs must not hang the tests
JOB = Job(
    model_settings={"dropout": 0.0}, images=96, batch_size=16, steps=8, learning_rate=0.1,
    momentum=0.5, warmup=4, every=3, seed=1,
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_process_is_left():
    """Whatever a test did, what it has started is gone."""
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    yield
    left = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
    assert not left


def by_fit(job):
    """The same training by Keras alone, in this process, with the whole batch."""
    x, y = load_cifar10().train
    keras.utils.set_random_seed(job.seed)
    model = build(job.model, **job.model_settings)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(momentum=job.momentum), loss)
    for step in range(job.steps):
        # a line from learning_rate / warmup at the first step to learning_rate at step `warmup`
        rise = 1 / job.warmup + (1 - 1 / job.warmup) * step / job.warmup
        model.optimizer.learning_rate = job.learning_rate * (rise if step < job.warmup else 1)
        order = np.random.default_rng([job.seed, step // 6]).permutation(job.images)
        chosen = order[step % 6 * 16 : step % 6 * 16 + 16]
        model.train_on_batch(x[chosen].astype("float32"), y[chosen])
    return model.get_weights()


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """The job, done by two."""
    checkpoint = tmp_path_factory.mktemp("two") / "state.npz"
    job = Job(**(vars(JOB) | {"checkpoint": checkpoint}))
    return train_on_workers(job, 2, threads=1, seconds=SECONDS)


def test_both_have_the_same_weights(outcome):
    one, two = outcome.weights
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    assert outcome.first == 0 and len(outcome.losses) == JOB.steps


def test_they_equal_one_process_with_the_whole_batch(outcome):
    for found, wanted in zip(outcome.weights[0], by_fit(JOB), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_killed_training_goes_on_and_loses_the_steps_since_the_checkpoint_alone(
    outcome, tmp_path
):
    job = Job(**(vars(JOB) | {"checkpoint": tmp_path / "state.npz"}))
    with start(job, 2, threads=1) as running:
        pids = running.pids
        running.wait_for(step=4, seconds=SECONDS)
        running.kill(1)
        with pytest.raises(WorkerFailed, match="worker 1 was ended by the signal SIGKILL") as info:
            running.wait(SECONDS)
    assert (info.value.rank, info.value.status) == (1, -signal.SIGKILL)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    done = info.value.reports[0][-1]["step"]
    again = train_on_workers(job, 2, threads=1, seconds=SECONDS)
    # it is kept after every third step, just before that is reported
    assert again.first % 3 == 0 and done - 3 < again.first <= done + 1
    assert again.losses == pytest.approx(outcome.losses[again.first :], abs=1e-5)
    for found, wanted in zip(again.weights[0], outcome.weights[0], strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_one_worker_goes_on_where_two_were(tmp_path):
    """With moving statistics, which the two agree on as well."""
    job = Job(
        model="convmixer", model_settings={"dim": 8, "depth": 1}, images=32, batch_size=8, steps=2,
        every=1, checkpoint=tmp_path / "state.npz",
    )  # fmt: skip
    two = train_on_workers(job, 2, threads=1, seconds=SECONDS)
    for a, b in zip(*two.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    from cifarlib.training.distributed.worker import work

    told = []
    work(Job(**(vars(job) | {"steps": 3})), tell=lambda **facts: told.append(facts))
    assert told[0] == {"first": 2} and [fact["step"] for fact in told[1:]] == [3]


@pytest.fixture
def worker():
    """Starts a worker by itself, as a machine of a cluster would; none is left in the end."""
    begun = []

    def start_one(job, one, **more):
        begun.append(_worker(job, one, **more))
        return begun[-1]

    yield start_one
    for process in begun:
        process.kill()
        process.wait()


def _worker(job, one, **more):
    line = [sys.executable, "-m", "cifarlib.training.distributed", "--job", job.text()]
    line += [str(part) for name, value in more.items() for part in (f"--{name}", value)]
    settings = os.environ | {"TF_CONFIG": one.config(), "TF_NUM_INTRAOP_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(line, env=settings, text=True, **pipes)


def test_a_worker_that_never_comes_is_named_within_the_patience(worker):
    alone = worker(JOB, cluster.on_this_machine(2)[0], patience=5)
    said = alone.communicate(timeout=SECONDS)[1]
    assert alone.returncode == 1
    assert "worker 0 waited 5 s for all 2 workers; nobody came as worker 1 at 127.0.0.1:" in said


def test_workers_with_different_jobs_do_not_begin(worker):
    both = cluster.on_this_machine(2)
    other = Job(**(vars(JOB) | {"learning_rate": 0.2}))
    processes = [worker(JOB, both[0]), worker(other, both[1])]
    for process in processes:
        said = process.communicate(timeout=SECONDS)[1]
        assert process.returncode == 1
        assert "worker 1 was given another job than worker 0" in said


# What needs no TensorFlow: any command can be such a worker

SAY = "import json, os; print(json.dumps({'step': 1}), flush=True); "


def python(code, count=2, **settings):
    return Workers([sys.executable, "-c", code], count, **settings)


def test_each_worker_is_told_which_it_is():
    code = "import json, os; c = json.loads(os.environ['TF_CONFIG']); "
    code += "print(json.dumps({'rank': c['task']['index'], 'all': c['cluster']['worker'], "
    code += "'threads': os.environ['TF_NUM_INTRAOP_THREADS']})); print('no JSON'); print(3)"
    with python(code, 3, threads=2) as running:
        reports = running.wait(SECONDS)
    assert [r[0]["rank"] for r in reports] == [0, 1, 2]
    assert {r[0]["threads"] for r in reports} == {"2"} and all(len(r) == 1 for r in reports)
    assert len({tuple(r[0]["all"]) for r in reports}) == 1


def test_one_that_fails_ends_the_others_and_its_last_words_are_told():
    code = "import json, os, sys, threading; rank = json.loads(os.environ['TF_CONFIG'])['task']"
    code += "['index']; sys.exit('no more disk') if rank else threading.Event().wait()"
    with python(code) as running, pytest.raises(WorkerFailed, match="no more disk") as info:
        running.wait(SECONDS)
    assert info.value.rank == 1 and info.value.status == 1
    assert not any(psutil.pid_exists(pid) for pid in running.pids)


def test_one_that_never_ends_is_stopped_when_the_time_is_over():
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()'], "
    code = SAY + child + "stdin=subprocess.PIPE); import threading; threading.Event().wait()"
    with python(code) as running:
        running.wait_for(step=1, seconds=SECONDS)
        with pytest.raises(WorkerFailed, match=r"not at the end after 0.1 s \(steps done: worker"):
            running.wait(0.1)
    assert not any(psutil.pid_exists(pid) for pid in running.pids)


def test_a_port_that_was_taken_meanwhile_is_replaced(tmp_path):
    code = f"import os, sys; f = {str(tmp_path / 'tried')!r}; here = os.path.exists(f); "
    code += "open(f, 'a').close(); " + "sys.exit(0 if here else 75)"
    with python(code, 1) as running:
        first = running.pids
        assert running.wait(SECONDS) == [[]]
    assert running.pids != first


def test_workers_end_with_the_process_that_started_them():
    code = "import sys; from cifarlib.training.distributed import Workers; "
    code += "w = Workers([sys.executable, '-c', 'import threading; threading.Event().wait()'], 2); "
    code += "print(*w.pids, flush=True); import threading; threading.Event().wait()"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2 and all(psutil.pid_exists(pid) for pid in pids)
    orphans = [psutil.Process(pid) for pid in pids]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, left = psutil.wait_procs(orphans, timeout=60)
    assert not left


def test_leaving_the_block_early_leaves_nothing():
    with python("import threading; threading.Event().wait()") as running:
        threads = threading.active_count()
    assert threads and not any(psutil.pid_exists(pid) for pid in running.pids)


def test_weights_are_kept_in_a_folder_that_was_not_there(tmp_path):
    file = tmp_path / "new" / "weights"
    model = work(Job(images=16, batch_size=8, steps=1), keep=file)
    with np.load(file) as kept:
        for weight, name in zip(model.get_weights(), kept.files, strict=True):
            np.testing.assert_array_equal(weight, kept[name])


def test_a_checkpoint_with_more_steps_is_refused_in_steps(tmp_path):
    job = Job(images=16, batch_size=8, steps=2, checkpoint=tmp_path / "state.npz")
    work(job)
    with pytest.raises(ValueError, match="has 2 steps already, more than the 1 steps asked"):
        work(dataclasses.replace(job, steps=1))


def test_a_rate_that_still_rises_at_the_end_has_risen_no_faster():
    optimizer = worker_module._optimizer(Job(steps=10, warmup=100, learning_rate=1.0))
    optimizer.iterations.assign(9)
    assert float(optimizer.learning_rate) == pytest.approx(0.01 + 0.99 * 9 / 100, abs=1e-4)


def test_workers_that_tensorflow_does_not_know_of_are_refused(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match="set TF_CONFIG"):
        worker_module.Group(on_this_machine(2)[0], Job(), 1)
