"""One worker's part of a training: its share of each batch, and the gradients of all, added up."""

from __future__ import annotations

import contextlib
import faulthandler
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from cifarlib import _checks as checks
from cifarlib._files import check_writable, write_atomically
from cifarlib.training import checkpoints
from cifarlib.training.distributed.cluster import Cluster, from_environment
from cifarlib.training.distributed.deadline import Deadline
from cifarlib.training.distributed.job import Job
from cifarlib.training.distributed.meeting import meet
from cifarlib.training.identity import identity
from cifarlib.training.schedules import Schedule

# How numbers travel: in a ring, as ``cifarlib.training.distributed.ring`` does it in NumPy
_RING = tf.distribute.experimental.CommunicationOptions(
    implementation=tf.distribute.experimental.CommunicationImplementation.RING
)


class Group:
    """The workers that train together, and what each can do with the others: add up.

    Args:
        cluster: who takes part. One worker alone needs no other.
        job: what this worker is to do.
        patience: seconds to wait for the others, at the start and in each step. In a step, the
            process ends after that, with a sentence on stderr.

    Raises:
        TimeoutError: somebody did not come in that time.
        OSError: this worker's port is taken.
        ValueError: the workers were given different jobs, or ``TF_CONFIG`` is not this cluster's.
        RuntimeError: this process has several accelerators, so it would be several workers.
    """

    def __init__(self, cluster: Cluster, job: Job, patience: float) -> None:
        checks.instance("cluster", cluster, Cluster)
        checks.instance("job", job, Job)
        patience = checks.positive("patience", patience)
        self.cluster, self.patience = cluster, patience
        self.rank, self.workers = cluster.rank, cluster.workers
        if self.workers > 1 and from_environment() != cluster:
            raise ValueError(
                "TensorFlow finds the other workers in the environment: set TF_CONFIG to "
                "cluster.config() before TensorFlow is used"
            )
        digests = meet(cluster, job.digest(), patience)
        if others := [f"worker {r}" for r, found in enumerate(digests) if found != digests[0]]:
            raise ValueError(
                f"{' and '.join(others)} was given another job than worker 0: all settings must be "
                "equal"
            )
        if self.workers == 1:
            return
        # While TensorFlow waits here, no other thread of Python's runs
        faulthandler.dump_traceback_later(patience, exit=True)
        try:
            self.strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=_RING)
        finally:
            faulthandler.cancel_dump_traceback_later()
        if self.strategy.num_replicas_in_sync != self.workers:
            raise RuntimeError(
                f"worker {self.rank} sees several accelerators; start one worker for each, and let "
                "it see that one alone (CUDA_VISIBLE_DEVICES)"
            )

    def sum(self, tensors: list) -> list:
        """For each tensor the sum of all workers' tensors, the same in all workers."""
        if self.workers == 1:
            return tensors

        def add(mine: list) -> list:
            replica = tf.distribute.get_replica_context()
            mine = [tf.identity(tensor) for tensor in mine]  # now each is on this replica's device
            return replica.all_reduce(tf.distribute.ReduceOp.SUM, mine, _RING)

        return self.strategy.run(add, args=(tensors,))

    def in_time(self, what: str) -> contextlib.AbstractContextManager:
        """A block that must not take longer than the patience, where there are others."""
        if self.workers == 1:
            return contextlib.nullcontext()
        return Deadline(self.patience, lambda: self._stuck(what))

    def _stuck(self, what: str) -> str:
        gone = ", ".join(f"worker {rank}" for rank in self.cluster.silent()) or "none of them"
        return (
            f"worker {self.rank} waited {self.patience:g} s for the others to {what}; gone: {gone}"
        )


def work(
    job: Job,
    cluster: Cluster | None = None,
    *,
    patience: float = 300,
    tell: Callable[..., object] = lambda **facts: None,
    keep: Path | None = None,
) -> keras.Model:
    """Do one worker's part of a job; all workers of the cluster must do theirs at the same time.

    Args:
        job: what is trained; the same for all.
        cluster: who takes part; by default, this process alone. With more than one worker,
            ``TF_CONFIG`` in the environment must be ``cluster.config()``.
        patience: as for :class:`Group`.
        tell: is called with facts by name: ``first`` before the first step (how many steps the
            checkpoint had), and after each step ``step`` (how many are done), ``loss``,
            ``accuracy`` and ``seconds``. Loss and accuracy are those of the whole batch.
        keep: a file for the final weights, as ``.npz``.

    Returns:
        The trained model; its weights are the same in all workers.

    Raises:
        ValueError: a batch cannot be split evenly, the workers' jobs differ, ``TF_CONFIG`` is not
            this cluster's, or the checkpoint is damaged, of another job, or has too many steps.
        RuntimeError: there are other workers, and this process has several accelerators.
        TimeoutError: not all workers came in time; the message says who is missing.
        OSError: the checkpoint cannot be written or is in use, or this worker's port is taken.
        FloatingPointError: the loss became NaN or infinite.
    """
    checks.instance("job", job, Job)
    checks.function("tell", tell, none=False)
    patience = checks.positive("patience", patience)
    if keep is not None:
        keep = checks.path("keep", keep)
        check_writable(keep)
    cluster = Cluster() if cluster is None else cluster
    checks.instance("cluster", cluster, Cluster)
    job.check_shares(cluster.workers)
    group = Group(cluster, job, patience)
    x, y = job.data()
    model = job.build()
    model.compile(_optimizer(job))
    model.optimizer.build(model.trainable_variables)
    if group.rank or job.checkpoint is None:
        return _train(group, job, model, (x, y), tell, keep, checkpoints.Progress(), lambda _: None)
    path = Path(job.checkpoint)
    with checkpoints.held(path, model):
        what = identity(model, job, job.seed, (x, y), None)
        progress = checkpoints.restore(path, model, what, job.steps, unit="steps")

        def save(progress: checkpoints.Progress) -> None:
            checkpoints.save(path, model, what, progress)

        return _train(group, job, model, (x, y), tell, keep, progress, save)


def _train(
    group: Group,
    job: Job,
    model: keras.Model,
    data: tuple[np.ndarray, np.ndarray],
    tell: Callable[..., object],
    keep: Path | None,
    progress: checkpoints.Progress,
    save: Callable[[checkpoints.Progress], None],
) -> keras.Model:
    """Take the chief's state, and then the steps that are left."""
    with group.in_time("take over the state of worker 0"):
        _take_over(group, model)
    first = int(model.optimizer.iterations)
    tell(first=first)
    _reseed(model, job.seed, group.rank, first)
    step = _step(group, job, model)
    for number in range(first, job.steps):
        start = time.perf_counter()
        share = job.share(number, group.rank, group.workers)
        with group.in_time(f"make step {number + 1}"):
            loss, right = (float(value) for value in step(data[0][share], data[1][share]))
        if not np.isfinite(loss):
            raise FloatingPointError(f"the loss became {loss} in step {number + 1}")
        seconds = time.perf_counter() - start
        for name, value in {"loss": loss, "accuracy": right / job.batch_size}.items():
            progress.curves.setdefault(name, []).append(value)
        progress.epochs, progress.seconds = number + 1, progress.seconds + seconds
        if (number + 1) % job.every == 0 or number + 1 == job.steps:
            save(progress)
            _reseed(model, job.seed, group.rank, number + 1)
        tell(step=number + 1, loss=loss, accuracy=right / job.batch_size, seconds=seconds)
    if keep is not None:
        weights = [np.asarray(weight) for weight in model.get_weights()]
        write_atomically(keep, lambda file: np.savez(file, *weights))
    with group.in_time("finish"):  # the first to leave would look like one that died
        group.sum([tf.zeros(1)])
    return model


def _step(group: Group, job: Job, model: keras.Model) -> Callable:
    """One step of the optimizer, as a function of this worker's images and labels."""
    weights = model.trainable_variables
    statistics = [v for v in model.non_trainable_variables if "float" in str(v.dtype)]
    losses = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")

    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(tf.cast(x, tf.float32), training=True)
            loss = tf.reduce_sum(losses(y, logits)) / job.batch_size  # of the whole batch
        gradients = tape.gradient(loss, weights)
        right = tf.cast(tf.argmax(logits, axis=1) == tf.cast(y, tf.int64), tf.float32)
        mine = [loss, tf.reduce_sum(right), *gradients, *[v.value for v in statistics]]
        loss, right, *rest = group.sum([tf.convert_to_tensor(tensor) for tensor in mine])
        model.optimizer.apply(rest[: len(weights)], weights)
        for variable, total in zip(statistics, rest[len(weights) :], strict=True):
            variable.assign(total / group.workers)
        return loss, right

    return step


def _optimizer(job: Job) -> keras.optimizers.Optimizer:
    rate = job.learning_rate
    if job.warmup > 1:
        steps = max(job.steps, job.warmup + 1)  # a job may end while its rate still rises
        share = job.warmup / steps
        rate = Schedule("constant", rate, steps=steps, warmup=share, start=1 / job.warmup)
    return keras.optimizers.SGD(rate, momentum=job.momentum)


def _take_over(group: Group, model: keras.Model) -> None:
    """Give all workers the chief's weights, statistics, momenta and number of steps."""
    state = model.trainable_variables + model.non_trainable_variables + model.optimizer.variables
    state = [variable for variable in state if "uint" not in str(variable.dtype)]
    mine = [tf.convert_to_tensor(variable.value) for variable in state]
    if group.rank:
        mine = [tf.zeros_like(tensor) for tensor in mine]
    for variable, value in zip(state, group.sum(mine), strict=True):
        variable.assign(value)


def _reseed(model: keras.Model, seed: int, rank: int, step: int) -> None:
    """Let each worker's dropout depend on its rank and on the last checkpoint alone."""
    states = [v for v in model.non_trainable_variables if v.path.endswith("seed_generator_state")]
    for number, state in enumerate(states):
        drawn = np.random.default_rng([seed, rank, step, number]).integers(2**32, size=2)
        state.assign(drawn.astype(state.dtype))
