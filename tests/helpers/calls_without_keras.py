"""Wrong calls of what needs no network: images, recipes, figures, files; see ``wrong_calls.py``."""

import numpy as np
from matplotlib.figure import Figure
from wrong_calls import (
    FOLDER,
    IMAGES,
    LABELS,
    RAGGED,
    Call,
    Given,
    fraction,
    generator,
    images,
    instance,
    not_negative,
    number,
    one_of,
    pictures,
    positive,
    seed,
    share,
    some_path,
    text,
    truth,
    whole,
)

from cifarlib import bench, cifar10, claims, data, machine, plots, recipes, widgets
from cifarlib import images as images_room
from cifarlib.images import Augmentation

SHARES = np.eye(10, dtype=np.float32)[LABELS[:2]]
CURVES = {"loss": [2.0, 1.0], "accuracy": [0.2, 0.5]}
PHOTOS = FOLDER / "photos"
CLASSES = FOLDER / "classes"
BESIDE = FOLDER / "beside"


def _write_photos() -> None:
    from PIL import Image

    names = [PHOTOS, CLASSES / "cups", CLASSES / "plates", BESIDE / "cups", BESIDE / "plates"]
    for place, folder in enumerate(names):
        folder.mkdir(parents=True, exist_ok=True)
        for shade in (1, 2):
            Image.new("RGB", (8, 8), (60 * shade, 40 * place, 0)).save(folder / f"{shade}.png")


_write_photos()


def _figure():
    return Figure(figsize=(2, 2))  # no style waits for its end


def _drawn(*places) -> plots.Plot:
    return plots.finish(_figure(), f"a figure {places}")


PLOT = _drawn()
SHARES_GIVEN = Given(
    SHARES,
    (
        None,
        "shares",
        LABELS[:2],
        SHARES[:1],
        SHARES[0],
        RAGGED,
        SHARES * np.nan,
        SHARES.astype(str),
    ),
    (SHARES.astype(np.float64), SHARES.tolist()),
    "shares|labels",
)
WITHOUT_IMAGES = Given(
    SHARES, (None, "shares", LABELS[:2], SHARES[0], RAGGED, SHARES * np.nan, SHARES.astype(str)),
    (), "shares|labels",
)  # fmt: skip
RUNS = Given(
    [CURVES],
    (None, 3, "runs", [], [3], [None], CURVES, [{}], [{"loss": [1.0]}],
     [{"loss": 3, "accuracy": 2}], [CURVES | {"accuracy": []}], [CURVES | {"loss": ["a", "b"]}]),
    ([CURVES | {"val_loss": [2, 1], "val_accuracy": [0.1, 0.2]}], (CURVES,)),
    "runs?|curves?",
)  # fmt: skip
NAMES = Given(["one"], (3, "one", [], ["one", "two"], [3]), (("one",),), "names")
MIRROR = Given(
    np.array([True, False]),
    (None, "mirror", 3, np.array([True]), np.array([0.5, 0.5]), np.array([0, 1]), RAGGED),
    ([True, False],),
    "mirror",
)

DATA = {
    "check_image_folder": Call(
        data.check_image_folder,
        folder=some_path(CLASSES, FOLDER / "nowhere", FOLDER / "empty"),
        least=whole(2, 2),
        beside=some_path(
            BESIDE, FOLDER / "nowhere", FOLDER / "empty", none=True, says="beside|class"
        ),
    ),
    "clear_cache": Call(
        data.clear_cache,
        pattern=Given("nothing.*", (None, 3, "", "/nowhere/*", "../nothing.*", "..", ".", "**")),
    ),
    "load_cifar10": Call(data.load_cifar10, quick=False, full=truth(False)),
    "photo": Call(
        data.photo,
        source=Given(IMAGES[0], (None, 3, "", IMAGES[0].astype(float), IMAGES, RAGGED, b""),
                     (), "source|picture|photo|array|empty|bytes|path"),
        size=whole(32, 1), fit=one_of("crop"),
        background=Given((0, 0, 0), (None, 3, "white", (1,), (1, 2, 256), (-1, 0, 0), (0.5, 0, 0)),
                         ([0, 0, 0], np.array([0, 0, 0]))),
    ),
    "photos": Call(
        data.photos, folder=some_path(PHOTOS, FOLDER / "nowhere", PHOTOS / "1.png"),
        size=whole(32, 1), fit=one_of("pad"),
    ),
    "Cifar10.split": Call(
        data.Cifar10(IMAGES, LABELS[:2] * 0, IMAGES, LABELS[:2]).split,
        validation=number(0.5, 0, 1, -0.1, np.inf), seed=seed(),
    ),
}  # fmt: skip
IMAGES_ROOM = {
    "Augmentation": Call(
        Augmentation, operations=whole(1, 0, 14), magnitude=whole(3, 0, 30), crop=whole(2, 0, 16),
        flip=one_of("random"), cutout=whole(4, 0, 32), mixup=not_negative(1.0),
        cutmix=not_negative(1.0),
    ),
    "augment": Call(
        images_room.augment, images=pictures(), labels=SHARES_GIVEN,
        settings=instance(Augmentation(crop=2, mixup=1.0)), mirror=MIRROR, rng=generator(),
    ),
    "check_shares": Call(images_room.check_shares, shares=WITHOUT_IMAGES),
    "corrupt": Call(
        images_room.corrupt, images=images(whole=True), name=one_of("fog"),
        severity=whole(3, 1, 5), seed=seed(),
    ),
    "cutmix": Call(
        images_room.cutmix, images=pictures(), shares=SHARES_GIVEN, alpha=positive(1.0),
        rng=generator(),
    ),
    "cutout": Call(images_room.cutout, images=pictures(), side=whole(8, 0), rng=generator()),
    "mirrored": Call(
        images_room.mirrored, count=whole(4, 0), flip=one_of("random"), seed=seed(),
        epoch=whole(1, 0),
    ),
    "mixup": Call(
        images_room.mixup, images=pictures(), shares=SHARES_GIVEN, alpha=positive(1.0),
        rng=generator(),
    ),
    "rand_augment": Call(
        images_room.rand_augment, images=pictures(), operations=whole(1, 0, 14),
        magnitude=whole(9, 0, 30), rng=generator(),
    ),
    "random_views": Call(
        images_room.random_views, images=pictures(), rng=generator(),
        smallest=number(0.5, 0, -1, 1.1), jitter=share(0.5), gray=share(0.5),
    ),
    "shift": Call(images_room.shift, images=pictures(), pixels=whole(2, 0), rng=generator()),
}  # fmt: skip
RECIPES = {
    "Recipe": Call(
        recipes.Recipe, epochs=whole(1, 1), batch_size=whole(8, 1), optimizer=one_of("sgd"),
        learning_rate=positive(1.0), momentum=fraction(0.5), weight_decay=not_negative(1.0),
        decay_all=truth(), schedule=one_of("linear"), warmup=fraction(0.5), start=not_negative(1.0),
        final=not_negative(1.0), clip_norm=not_negative(1.0), label_smoothing=fraction(0.0),
        augmentation=instance(Augmentation()), lookahead=whole(2, 0), teacher_share=share(1.0),
        temperature=positive(2.0), adversarial_epsilon=not_negative(1.0),
    ),
    "changed_settings": Call(
        recipes.changed_settings, item=instance(recipes.SIMPLE_CNN, says="item"),
    ),
}  # fmt: skip
PLOTS = {
    "Plot": Call(
        plots.Plot, figure=Given(_figure(), (None, 3, "figure", plots.Plot)), text=text("a plot")
    ),
    "subplots": Call(
        plots.subplots, rows=whole(1, 1), columns=whole(1, 1),
        size=Given((2, 2), (None, 3, "large", (2,), (2, 0), (2, -1), (2, np.nan), ("2", 2)),
                   ([2, 2], (2.5, 2), np.array([2, 2]))),
    ),
    "finish": Call(
        plots.finish, quick=False, figure=Given(_figure(), (None, 3, "figure", plots.Plot)),
        text=text("a plot"),
    ),
    "image_grid": Call(
        plots.image_grid, quick=False,
        images=Given(IMAGES, (None, 3, "images", [], IMAGES[:0], IMAGES[0], RAGGED, IMAGES[..., :2],
                              IMAGES.astype(float), IMAGES.astype(str), IMAGES.astype(int) + 200),
                     (list(IMAGES), IMAGES.astype(int), IMAGES[:, :16])),
        titles=Given(["a", "b"], (3, "ab", ["a"], ["a", "b", "c"], []), (None, ("a", "b"), [1, 2])),
        columns=whole(2, 1), width=positive(2.0), title_size=positive(9.0),
    ),
    "learning_curves": Call(
        plots.learning_curves, quick=False, runs=RUNS, names=NAMES, validation_label=text("test"),
        width=positive(4.0),
    ),
    "curves_side_by_side": Call(
        plots.curves_side_by_side, quick=False, runs=RUNS, names=NAMES,
        validation_label=text("test"), width=positive(4.0),
    ),
}  # fmt: skip
CONTROLS = Given(
    {"power": ["0", "1"]},
    (None, 3, "power", {}, {"power": []}, {"power": ["0"]}, {"power": 3}, ["power"],
     {"power": "01"}),
    ({"power": (0, 1)}, {"power": range(2)}),
    "slider|controls",
)  # fmt: skip
WIDGETS = {
    "moving_figure": Call(
        widgets.moving_figure, quick=False, title=text("a title"), controls=CONTROLS,
        draw=Given(_drawn, (None, 3, "draw", lambda place: None, lambda place: 3), ()),
        alt=Given("a sentence", (None, 3, "", lambda place: None), (lambda place: f"at {place}",)),
    ),
    "quiz": Call(widgets.quiz, name=one_of("convolution", says="no quiz is called")),
}  # fmt: skip
CPUINFO = some_path(FOLDER / "cpuinfo", says="cpuinfo")
MACHINE = {
    "hardware": Call(machine.hardware, cpuinfo=CPUINFO),
    "processor": Call(machine.processor, cpuinfo=CPUINFO),
    "fastest_precision": Call(machine.fastest_precision, cpuinfo=CPUINFO),
    "precision": Call(machine.precision, name=one_of("float32")),
}
CLAIMS = {
    "check": Call(
        claims.check,
        sentence=Given("one is one", (None, 3, "", "One is one."), (), "sentence"),
        condition=Given(lambda: True, (None, 3, True, lambda: 1), (lambda: np.True_,),
                        "condition|takes a function"),
    ),
}  # fmt: skip
BENCH = {
    "contender": Call(
        bench.contender, quick=False, name=one_of("speednet"), precision=text("float32")
    ),
    "read": Call(bench.read, quick=False, path=some_path(None, FOLDER / "nowhere.json")),
    "table": Call(
        bench.table,
        quick=False,
        record=Given(None, ("a record", 3, [], {"runs": []}), (), "record"),
    ),
}

CALLS = {
    "cifarlib": {"check": CLAIMS["check"], "load_cifar10": DATA["load_cifar10"]},
    "cifarlib.data": DATA,
    "cifarlib.images": IMAGES_ROOM,
    "cifarlib.recipes": RECIPES,
    "cifarlib.plots": PLOTS,
    "cifarlib.widgets": WIDGETS,
    "cifarlib.machine": MACHINE,
    "cifarlib.claims": CLAIMS,
    "cifarlib.cifar10": {"load_data": Call(cifar10.load_data, quick=False, full=truth(False))},
    "cifarlib.bench": BENCH,
}
