"""Wrong calls of what measures and explains networks; see ``wrong_calls.py``."""

import keras
import numpy as np
from wrong_calls import (
    FOLDER,
    IMAGES,
    LABELS,
    LOGITS,
    RAGGED,
    Call,
    Given,
    answers,
    images,
    labels,
    names,
    not_negative,
    one_of,
    positive,
    preprocess,
    rows,
    seed,
    some_path,
    truth,
    whole,
)

from cifarlib import evaluation, explain
from cifarlib.models import simple_cnn, vit

layers = keras.layers


def network(outputs: int = 10, ending: str | None = None) -> keras.Model:
    """As small as a network can be that has maps."""
    inputs = keras.Input((32, 32, 3), name="images")
    x = layers.AveragePooling2D(8, name="pool")(inputs)
    x = layers.Conv2D(2, 1, name="maps")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(inputs, layers.Dense(outputs, ending, name="logits")(x), name="small")


def maps_only() -> keras.Model:
    """A network that gives no row of numbers per image."""
    inputs = keras.Input((32, 32, 3), name="images")
    return keras.Model(inputs, layers.AveragePooling2D(8, name="pool")(inputs), name="maps_only")


NETWORK, MAPS_ONLY = network(), maps_only()
NO_MODELS = (None, "simple_cnn", 3, simple_cnn, [NETWORK], layers.Dense(3))
MODEL = Given(NETWORK, (*NO_MODELS, MAPS_ONLY), (), "model")
ANY_MODEL = Given(NETWORK, NO_MODELS, (), "model")
FEW = LABELS[:2]
FEATURES = np.random.default_rng(2).normal(size=(6, 3)).astype(np.float32)
NUMBERS = Given(
    [0.5, 0.1],
    (None, "scores", 0.5, [], [0.1, np.nan], [[0.1]], RAGGED, ["a"], np.array([0.1], object)),
    (np.array([1, 2]), (0.1, 0.2)),
)
COUNTS = np.array([[2, 1], [0, 3]])
OF_ANY_SIZE = Given(
    IMAGES, tuple(v for v in images().wrong if getattr(v, "shape", ()) != (2, 16, 32, 3))
)
RELIABILITY = evaluation.reliability(LOGITS, LABELS)
# Where the labels themselves say how many classes there are
_WITHOUT_CLASSES = Given(
    LABELS,
    (None, "labels", 3, [], RAGGED, LABELS[:-1], LABELS + 0.5, LABELS - 10, LABELS.astype(str),
     LABELS.astype(object), np.stack([LABELS, LABELS], 1), np.eye(10)[LABELS][None]),
    (LABELS[:, None], LABELS.tolist(), LABELS.astype(np.uint8)),
    "labels",
)  # fmt: skip
PROBE = evaluation.linear_probe(FEATURES, LABELS, steps=2)

EVALUATION = {
    "LinearProbe.logits": Call(PROBE.logits, features=rows(FEATURES, empty=False)),
    "Reliability.error_by_chance": Call(
        RELIABILITY.error_by_chance, draws=whole(2, 1), seed=seed()
    ),
    "accuracy": Call(evaluation.accuracy, predictions=answers(), labels=labels()),
    "auroc": Call(evaluation.auroc, high=NUMBERS, low=NUMBERS),
    "cached_features": Call(
        evaluation.cached_features, model=MODEL,
        images=OF_ANY_SIZE,
        batch_size=whole(2, 1),
        folder=some_path(FOLDER / "features", FOLDER / "file" / "features", none=True),
        verbose=False,
    ),
    "confusion_matrix": Call(evaluation.confusion_matrix, predictions=answers(), labels=labels()),
    "energy": Call(evaluation.energy, logits=rows(), temperature=positive(2.0)),
    "fit_temperature": Call(
        evaluation.fit_temperature, predictions=rows(10 * np.eye(10)[[3, 0, 7, 9, 3, 2]]),
        labels=labels(),
    ),
    "latency": Call(
        evaluation.latency, model=ANY_MODEL, batch_size=whole(1, 1), repeats=whole(1, 1)
    ),
    "layer_macs": Call(
        evaluation.layer_macs, layer=Given(NETWORK.layers[2], (None, "conv", 3, layers.Dense))
    ),
    "linear_probe": Call(
        evaluation.linear_probe, features=rows(FEATURES), labels=_WITHOUT_CLASSES,
        decay=positive(1.0), steps=whole(2, 1),
    ),
    "log_loss": Call(evaluation.log_loss, predictions=rows(), labels=labels()),
    "logits": Call(
        evaluation.logits, model=MODEL, images=images(), batch_size=whole(2, 1),
        preprocess=preprocess(), test_time_augmentation=truth(False),
    ),
    "macs": Call(evaluation.macs, model=ANY_MODEL),
    "max_probability": Call(evaluation.max_probability, logits=rows()),
    "mcnemar": Call(
        evaluation.mcnemar, first=answers(says="first|labels"),
        second=answers(says="second|labels"),
        labels=labels(), exact=truth(),
    ),
    "nearest": Call(
        evaluation.nearest, features=rows(FEATURES), bank=rows(FEATURES[:, :]), count=whole(2, 1, 6)
    ),
    "neighbors_vote": Call(
        evaluation.neighbors_vote, features=rows(FEATURES), bank=rows(FEATURES),
        labels=_WITHOUT_CLASSES, count=whole(2, 1, 6),
    ),
    "paired_bootstrap": Call(
        evaluation.paired_bootstrap, first=answers(says="first|labels"),
        second=answers(says="second|labels"),
        labels=labels(), resamples=whole(100, 100), seed=seed(),
    ),
    "per_class": Call(
        evaluation.per_class,
        matrix=Given(COUNTS, (None, "matrix", 3, [], RAGGED, COUNTS[:1], COUNTS - 1, 0 * COUNTS,
                              COUNTS / 2, COUNTS.astype(str)), (COUNTS.tolist(),)),
        names=names(("cat", "dog"), none=True),
    ),
    "probabilities": Call(evaluation.probabilities, predictions=rows(), temperature=positive(2.0)),
    "reliability": Call(
        evaluation.reliability, predictions=rows(), labels=labels(), bins=whole(3, 1),
        kind=one_of("mass"),
    ),
    "risk_coverage": Call(
        evaluation.risk_coverage, predictions=rows(), labels=labels(),
        confidence=Given(np.arange(6.0), ("sure", 3, np.arange(5.0), np.ones((6, 1)), RAGGED,
                                          np.full(6, np.nan), list("abcdef")),
                         (list(range(6)), None)),
    ),
}  # fmt: skip
CLASSES_OF = Given(
    FEW,
    ("cat", 10, -1, 2.5, True, [1], [1, 2, 3], [1.0, 2.0], [0, 10], RAGGED, ["a", "b"], [None, 1]),
    (None, 3, np.int64(3), [3, 4], FEW[:, None]),
    "class|labels",
)
PREPROCESS = preprocess()
FILL = Given(
    0.0,
    (None, "black", np.nan, -1, 256, (1, 2), RAGGED, np.zeros((3, 32, 32, 3)), [True], ["a"] * 3),
    (0, (1, 2, 3), np.zeros((2, 32, 32, 3)), np.float32(3)),
)
MAPS = np.random.default_rng(3).random((2, 32, 32))
CURVE = {
    "model": MODEL, "images": images(), "classes": CLASSES_OF, "steps": whole(2, 1, 1024),
    "maps": Given(MAPS, (None, "maps", 3, MAPS[0], MAPS[:1], MAPS[:, :16], MAPS * np.nan,
                         MAPS.astype(str), RAGGED, MAPS.astype(complex)), (MAPS.tolist(),)),
    "fill": FILL, "preprocess": PREPROCESS,
}  # fmt: skip
ATTENTION = np.full((2, 2, 4, 4), 0.25)
NO_ATTENTION = (
    None, "maps", 3, ATTENTION[0], ATTENTION * 2, -ATTENTION, ATTENTION * np.nan, RAGGED,
    ATTENTION[:, :, :2], ATTENTION[:0], ATTENTION.astype(str), ATTENTION.astype(complex),
)  # fmt: skip
TRANSFORMER = vit(dim=8, depth=1, heads=1, patch_size=16)
LAYERS = (None, 3, "such a layer", "", ["maps"], NETWORK.layers[2])
ATTACK = {
    "model": MODEL, "images": images(), "labels": labels(FEW), "epsilon": not_negative(8.0),
    "preprocess": PREPROCESS, "batch_size": whole(2, 1),
}  # fmt: skip

EXPLAIN = {
    "attention_distance": Call(
        explain.attention_distance,
        maps=Given(ATTENTION, (*NO_ATTENTION, np.full((1, 1, 3, 3), 1 / 3)), (ATTENTION.tolist(),),
                   "maps|tokens"),
        patch_size=positive(4.0),
    ),
    "attention_maps": Call(explain.attention_maps, model=Given(TRANSFORMER, (*NO_MODELS, NETWORK))),
    "attention_rollout": Call(
        explain.attention_rollout,
        maps=Given([ATTENTION] * 2,
                   (None, "maps", 3, [], [[]], *([ATTENTION, bad] for bad in NO_ATTENTION),
                    [ATTENTION, ATTENTION[:1]], ATTENTION, RAGGED), ((ATTENTION,),)),
    ),
    "deletion_curve": Call(explain.deletion_curve, **CURVE),
    "exciting_image": Call(
        explain.exciting_image, model=ANY_MODEL, layer=Given("maps", LAYERS, (), "layer"),
        unit=whole(1, 0, 1), steps=whole(1, 0), step_size=positive(2.0), jitter=whole(1, 0),
        seed=seed(), preprocess=Given(None, ("such a thing", 3), (lambda images: images,)),
    ),
    "feature_maps": Call(
        explain.feature_maps, model=ANY_MODEL, images=images(),
        layers=Given(["maps"], (None, 3, "maps", [], [3], ["such a layer"], [None]), (("pool",),),
                     "layer"),
        preprocess=PREPROCESS,
    ),
    "feature_maps of attention": Call(
        explain.feature_maps, model=TRANSFORMER, images=IMAGES,
        layers=Given(["positions"], (["block0"],), (["attention_0"],), "layer"),
    ),
    "fgsm": Call(explain.fgsm, quick=False, **ATTACK),
    "grad_cam": Call(
        explain.grad_cam, model=MODEL, images=images(),
        layer=Given("maps", (*LAYERS[1:], "flatten"), (None,)),
        classes=CLASSES_OF, preprocess=PREPROCESS,
    ),
    "input_gradient": Call(
        explain.input_gradient,
        function=Given(keras.ops.square, (None, 3, "square", lambda x: None, lambda x: "text")),
        inputs=Given(np.ones(2), (None, "inputs", RAGGED, [None], [1j]), ([1, 2], 3.0)),
    ),
    "insertion_curve": Call(explain.insertion_curve, quick=False, **CURVE),
    "integrated_gradients": Call(
        explain.integrated_gradients, quick=False, model=MODEL, images=images(), classes=CLASSES_OF,
        baseline=FILL, steps=whole(2, 1), preprocess=PREPROCESS,
    ),
    "occlusion_map": Call(
        explain.occlusion_map, quick=False, model=MODEL, images=images(), classes=CLASSES_OF,
        size=whole(16, 1, 32), stride=whole(16, 1, 16), fill=FILL, preprocess=PREPROCESS,
    ),
    "pgd": Call(
        explain.pgd, **ATTACK, steps=whole(1, 1), step_size=not_negative(2.0, none=True),
        seed=seed(),
    ),
    "saliency": Call(
        explain.saliency, model=MODEL, images=images(), classes=CLASSES_OF, times_input=truth(),
        preprocess=PREPROCESS,
    ),
    "smooth_grad": Call(
        explain.smooth_grad, quick=False, model=MODEL, images=images(), classes=CLASSES_OF,
        noise=not_negative(1.0), samples=whole(1, 1), seed=seed(), preprocess=PREPROCESS,
    ),
}  # fmt: skip

CALLS = {"cifarlib.evaluation": EVALUATION, "cifarlib.explain": EXPLAIN}
