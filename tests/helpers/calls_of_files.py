"""Wrong calls of what reads and writes files, serves and measures; see ``wrong_calls.py``."""

from pathlib import Path

import keras
import numpy as np
from calls_of_answers import MAPS_ONLY, NETWORK, NO_MODELS
from wrong_calls import (
    FOLDER,
    IMAGES,
    LABELS,
    RAGGED,
    Call,
    Given,
    images,
    instance,
    names,
    not_negative,
    one_of,
    positive,
    preprocess,
    seed,
    some_path,
    text,
    truth,
    whole,
)

from cifarlib import export, service, widgets, zoo
from cifarlib.data import CLASS_NAMES, Cifar10
from cifarlib.models import simple_cnn
from cifarlib.recipes import SIMPLE_CNN
from cifarlib.training import distributed
from cifarlib.training.distributed import worker
from cifarlib.zoo import evaluations, experiments, exported, transfer, unlabeled
from cifarlib.zoo.experiments import ladder
from cifarlib.zoo.transfer import fine_tuning

(FOLDER / "file").write_text("no folder")
(FOLDER / "damaged.onnx").write_text("no network")
(FOLDER / "damaged.tflite").write_text("no network")
PAGE_MODEL = simple_cnn()
SMALL = Cifar10(IMAGES, LABELS[:2], IMAGES, LABELS[:2])
MODEL = Given(NETWORK, (*NO_MODELS,), (), "model")
NOWHERE = FOLDER / "nowhere"


def written(ending: str) -> Given:
    """A path of a file to write."""
    wrong = (FOLDER, "", f"model{ending}.txt", FOLDER / "file" / f"model{ending}")
    return some_path(FOLDER / f"model{ending}", *wrong)


def opened() -> Given:
    wrong = (FOLDER, "", "model.txt", FOLDER / "nowhere.onnx", FOLDER / "damaged.onnx",
             FOLDER / "damaged.tflite")  # fmt: skip
    return some_path(FOLDER / "damaged.onnx", *wrong, says="path|file|nowhere|damaged|end in")


WEIGHTS = np.array([[0.5, -1.0], [0.25, 0.0]], np.float32)
EXPORT = {
    "model_card": Call(
        export.model_card, record=instance(zoo.record("speednet")), description=text("a network"),
        intended_use=text("to try"),
        limits=Given(("one",), (None, 3, "one", [3], [""]), ([], ["one"])),
        per_class=Given({"cat": 0.5}, (3, "cat", [0.5], {"cat": 2}, {"cat": "1"}, {"cat": None}),
                        (None, {"cat": 1}, {"cat": np.float32(0.5)})),
        files=Given({"a.onnx": 3}, (3, "a.onnx", ["a.onnx"], {"a.onnx": "3"}, {"a.onnx": -1}),
                    (None, {"a.onnx": np.int64(3)})),
    ),
    "open_exported": Call(
        export.open_exported, quick=False, path=opened(), threads=whole(1, 1, none=True)
    ),
    "parity": Call(
        export.parity, quick=False, model=MODEL, path=opened(), images=images(),
        preprocess=Given(None, ("such a thing", 3)),
    ),
    "quantize_symmetric": Call(
        export.quantize_symmetric,
        weights=Given(WEIGHTS, (None, "weights", RAGGED, WEIGHTS * np.nan, WEIGHTS.astype(str),
                                WEIGHTS.astype(complex)), (WEIGHTS.tolist(),)),
        bits=whole(8, 2, 16), axis=whole(1, -2, 1, none=True),
    ),
    "quantized_weights": Call(export.quantized_weights, quick=False, path=opened()),
    "run_exported": Call(
        export.run_exported, quick=False, path=opened(), images=images(), batch_size=whole(2, 1),
        preprocess=Given(None, ("such a thing", 3)),
    ),
    "to_float16": Call(export.to_float16, quick=False, model=MODEL, path=written(".tflite")),
    "to_int8": Call(
        export.to_int8, quick=False, model=MODEL, path=written(".tflite"), images=images(),
        preprocess=preprocess(),
    ),
    "to_litert": Call(export.to_litert, quick=False, model=MODEL, path=written(".tflite")),
    "to_onnx": Call(export.to_onnx, quick=False, model=MODEL, path=written(".onnx")),
    "to_page": Call(
        export.to_page,
        model=Given(PAGE_MODEL, (*NO_MODELS, NETWORK, keras.Sequential()), (), "page|network"),
        path=written(".json"), preprocess=preprocess(), temperature=positive(2.0),
        class_names=names(CLASS_NAMES, says="names"),
    ),
}  # fmt: skip

PREDICTOR = service.Predictor(NETWORK, batch_size=2)
LIMITS = service.Limits(images=1)
SERVICE = {
    "Limits": Call(
        service.Limits, body=whole(10, 1), pixels=whole(10, 1), images=whole(2, 1),
        waiting=whole(2, 1), seconds=positive(2.0),
    ),
    "Predictor": Call(
        service.Predictor, model=Given(NETWORK, (*NO_MODELS, MAPS_ONLY)),
        class_names=names(CLASS_NAMES, says="names|class"), preprocess=preprocess(),
        temperature=positive(2.0), batch_size=whole(1, 1),
    ),
    "Predictor.__call__": Call(
        PREDICTOR.__call__,
        images=Given(IMAGES, (None, 3, "images", [], RAGGED, IMAGES[0], IMAGES[:0], IMAGES[:, :16],
                              np.concatenate([IMAGES] * 2), IMAGES.astype(str)),
                     (IMAGES.tolist(),)),
    ),
    "create_app": Call(
        service.create_app, model=Given(NETWORK, (*NO_MODELS, MAPS_ONLY)), name=text(""),
        class_names=names(CLASS_NAMES, says="names|class"), preprocess=preprocess(),
        temperature=positive(2.0, none=True), fit=one_of("pad"),
        card=Given(None, (3, "card", ["card"]), ({"a": 1},)), limits=instance(LIMITS),
    ),
    "listening": Call(
        lambda **arguments: service.listening(**arguments).close(),
        host=Given("127.0.0.1", (None, 3, "no such host.example", ["127.0.0.1"]), ("localhost",)),
        port=whole(0, 0, 65535),
    ),
    "BackgroundServer": Call(
        service.BackgroundServer, quick=False, app=Given(None, (None, 3, "app", NETWORK)),
    ),
}  # fmt: skip

ARRAYS = [np.array([1, 2]), np.array([3, 4])]
RING = Given(
    ARRAYS, (None, 3, "arrays", [], [3], [ARRAYS[0], ARRAYS[0][:1]], [[[1]], [[2]]], RAGGED,
             [["a"], ["b"]], [None, None]),
    ([[1, 2], [3, 4]], tuple(ARRAYS)), "arrays",
)  # fmt: skip
JOB = distributed.Job(images=4, batch_size=2, steps=1)
THREADS = whole(1, 1, none=True)
DISTRIBUTED = {
    "Cluster": Call(
        distributed.Cluster,
        addresses=Given(("127.0.0.1:1",), (None, 3, "127.0.0.1:1", (), (3,), ("a",), ("a:b",)),
                        (["127.0.0.1:1"],)),
        rank=whole(0, 0, 0),
    ),
    "Job": Call(
        distributed.Job, model=one_of("simple_cnn"),
        model_settings=Given({}, (None, 3, "classes=3", [3], {"such a thing": 3}),
                             ({"classes": 3}, {"classes": np.int64(3)})),
        images=whole(4, 1, 50_000), batch_size=whole(2, 1), steps=whole(1, 1),
        learning_rate=positive(1.0), momentum=Given(0.5, (-0.1, 1, "0.5", None, True)),
        warmup=whole(1, 0), seed=seed(), checkpoint=some_path(FOLDER / "job.npz", none=True),
        every=whole(1, 1),
    ),
    "Workers": Call(
        distributed.Workers, quick=False,
        command=Given(["true"], (None, 3, "true", [])), count=whole(1, 1, 64), threads=THREADS,
        separate=Given(lambda rank: [], (None, 3, "such a thing")),
    ),
    "ring_all_reduce": Call(distributed.ring_all_reduce, arrays=RING),
    "ring_bytes": Call(distributed.ring_bytes, size=not_negative(8.0), workers=whole(2, 1)),
    "ring_steps": Call(distributed.ring_steps, arrays=RING),
    "start": Call(
        distributed.start, quick=False, job=instance(JOB), workers=whole(1, 1, 64),
        threads=THREADS, patience=positive(2.0),
    ),
    "train_on_workers": Call(
        distributed.train_on_workers, quick=False, job=instance(JOB), workers=whole(1, 1, 64),
        threads=THREADS, seconds=positive(2.0),
    ),
}  # fmt: skip
WORKER = {
    "Group": Call(
        worker.Group, quick=False, cluster=instance(distributed.Cluster()), job=instance(JOB),
        patience=positive(2.0),
    ),
    "work": Call(
        worker.work, quick=False, job=instance(JOB),
        cluster=instance(distributed.Cluster(), none=True), patience=positive(2.0),
        tell=Given(lambda **facts: None, (None, 3, "tell")),
        keep=some_path(FOLDER / "kept.npz", FOLDER, FOLDER / "file" / "kept.npz", none=True,
                       says="keep|path|file|folder"),
    ),
}  # fmt: skip

MODEL_NAME = one_of("speednet", says="no model called|has no model|such a thing")
ZOO_FOLDER = some_path(None, NOWHERE, "", none=True, says="folder|nowhere")
TRAINING = {
    "model": Given(simple_cnn, (None, 3, "simple_cnn")), "recipe": instance(SIMPLE_CNN),
    "images": whole(10, 1), "held_out": whole(1, 0), "precision": one_of("float32"),
    "validate_on_test": truth(), "test_time_augmentation": truth(),
    "teacher": Given("", (None, 3, "resnet20")),
    "attacks": Given(((8.0, 1),), (None, 3, "attacks", ((8.0,),), ((-1, 1),), ((8, 0),), (8.0, 1)),
                     ((), [(8, 2)]), "attack"),
}  # fmt: skip
DATA = instance(SMALL, says="data|training images|load_cifar10")
ZOO = {
    "Registered": Call(
        zoo.Registered, **TRAINING, seeds=whole(2, 1), for_a_gpu=truth()
    ),
    "Training": Call(zoo.Training, **TRAINING),
    "load": Call(zoo.load, quick=False, name=MODEL_NAME, folder=ZOO_FOLDER),
    "logits": Call(zoo.logits, name=MODEL_NAME, folder=ZOO_FOLDER),
    "record": Call(zoo.record, name=MODEL_NAME, folder=ZOO_FOLDER),
    "training": Call(zoo.training, name=one_of("speednet", says="no training is called")),
}  # fmt: skip
EXPERIMENT = one_of("ladder", says="no experiment is called")
READ_FOLDER = some_path(None, NOWHERE, FOLDER / "file", none=True, says="folder|nowhere|file")
RECORD = evaluations.read()
EXPERIMENTS = {
    "Experiment": Call(
        experiments.Experiment, question=text("Which?"), seeds=whole(2, 1),
        variants=Given({"one": ladder.LADDER.variants["the simple CNN"]},
                       (None, 3, "one", {}, {"one": 3}, ["one"])),
    ),
    "read": Call(experiments.read, name=EXPERIMENT, folder=READ_FOLDER),
    "run": Call(
        experiments.run, quick=False, name=EXPERIMENT, data=DATA,
        folder=some_path(FOLDER / "runs"), seeds=whole(0, 0, none=True),
    ),
}  # fmt: skip
EVALUATIONS = {
    "read": Call(
        evaluations.read,
        path=some_path(evaluations.corrupted.FILE, NOWHERE, FOLDER, FOLDER / "damaged.onnx",
                       says="path|nowhere|read|damaged"),
    ),
    "run": Call(
        evaluations.run, quick=False, path=some_path(NOWHERE / "a.json", FOLDER), data=DATA,
        models=Given(["speednet"], (3, "speednet", ["such a thing"], [3]), (), "model"),
    ),
    "CorruptionRecord.right": Call(
        RECORD.right, model=one_of(RECORD.models[0], says="no model"),
        corruption=Given("fog", ("such a thing", 3), (), "no '"),
        severity=Given(3, (0, 6, "3", None), (), "no '|severity"),
    ),
}  # fmt: skip
EXPORTED = {
    "read": Call(exported.read, folder=READ_FOLDER),
    "measure": Call(exported.measure, quick=False, name=MODEL_NAME, data=DATA),
    "measure_all": Call(
        exported.measure_all, quick=False, data=DATA,
        folder=some_path(FOLDER / "exported", FOLDER / "file"),
    ),
}  # fmt: skip
PRETRAINING = one_of("masked", says="no pretraining is called")
UNLABELED = {
    "autoencoder": Call(unlabeled.autoencoder, quick=False, folder=READ_FOLDER),
    "encoder": Call(
        unlabeled.encoder, quick=False, name=PRETRAINING, folder=READ_FOLDER,
        random_seed=Given(None, (-1, "1", 1.5, True, 2**32)),
    ),
    "read": Call(unlabeled.read, quick=False, name=PRETRAINING, folder=READ_FOLDER),
    "run": Call(
        unlabeled.run, quick=False, name=PRETRAINING,
        folder=some_path(FOLDER / "unlabeled", FOLDER / "file"), data=DATA,
        only=Given(None, (3, "masked", ("a", "b"), ("such a thing", "probe", 0))),
    ),
}  # fmt: skip
TRANSFER = {
    "read": Call(transfer.read, path=some_path(
        Path(transfer.__file__).parent / "label_efficiency.json", NOWHERE, FOLDER,
        says="path|nowhere|read")),
    "run": Call(transfer.run, quick=False, path=some_path(NOWHERE / "a.json", FOLDER), data=DATA),
}  # fmt: skip
TUNED = some_path(fine_tuning.FILE, NOWHERE, FOLDER, says="path|nowhere|read|logits")
LABELED = Given((IMAGES, LABELS[:2]), (None, 3, "data", (IMAGES,), (IMAGES, LABELS[:1])), (),
                "data|labels|images")  # fmt: skip
FINE_TUNING = {
    "read": Call(fine_tuning.read, path=TUNED),
    "logits_file": Call(fine_tuning.logits_file, path=some_path(fine_tuning.FILE)),
    "logits_of_test": Call(fine_tuning.logits_of_test, path=TUNED),
    "with_trained_head": Call(
        fine_tuning.with_trained_head, quick=False, train_data=LABELED, seed=seed()
    ),
    "fine_tune": Call(
        fine_tuning.fine_tune, quick=False, model=MODEL, train_data=LABELED, seed=seed(),
        checkpoint=some_path(FOLDER / "tuned.npz", FOLDER, FOLDER / "file" / "tuned.npz"),
    ),
    "run": Call(
        fine_tuning.run, quick=False, path=some_path(NOWHERE / "a.json", FOLDER), data=DATA
    ),
}  # fmt: skip

CALLS = {
    "cifarlib.export": EXPORT,
    "cifarlib.service": SERVICE,
    "cifarlib.training.distributed": DISTRIBUTED,
    "cifarlib.training.distributed.worker": WORKER,
    "cifarlib.zoo": ZOO,
    "cifarlib.zoo.experiments": EXPERIMENTS,
    "cifarlib.zoo.experiments.ladder": {
        "rung_network": Call(ladder.rung_network, quick=False, normalized=truth(), prepared=truth())
    },
    "cifarlib.zoo.evaluations": EVALUATIONS,
    "cifarlib.zoo.exported": EXPORTED,
    "cifarlib.zoo.unlabeled": UNLABELED,
    "cifarlib.zoo.transfer": TRANSFER,
    "cifarlib.zoo.transfer.fine_tuning": FINE_TUNING,
    "cifarlib.widgets": {
        "photo_upload": Call(
            widgets.photo_upload, model=Given(NETWORK, (*NO_MODELS, MAPS_ONLY)),
            temperature=positive(2.0), fit=one_of("pad"), preprocess=preprocess(),
            class_names=names(CLASS_NAMES, says="names"),
        ),
        "PhotoUpload.answer": Call(
            widgets.photo_upload(NETWORK).answer,
            source=Given(IMAGES[0], (None, 3, "", IMAGES, RAGGED), (),
                         "source|picture|photo|array|path"),
        ),
    },
}  # fmt: skip
