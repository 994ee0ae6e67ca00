"""Wrong calls of what builds networks and trains them; see ``wrong_calls.py``."""

import functools

import keras
import numpy as np
from calls_of_answers import ANY_MODEL, MAPS_ONLY, NETWORK, NO_MODELS, network
from wrong_calls import (
    FOLDER,
    IMAGES,
    LABELS,
    LOGITS,
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
    rows,
    seed,
    share,
    some_path,
    text,
    truth,
    whole,
)

from cifarlib import layers, models, training
from cifarlib.recipes import Recipe
from cifarlib.training import distillation

FEW = LABELS[:2]
ONE_HOT = np.eye(10, dtype=np.float32)[FEW]
RECIPE = Recipe(epochs=1, batch_size=2, optimizer="sgd", learning_rate=0.01)
NAME = text("mine", none=True)
CLASSES = whole(3, 1, none=True)
KERNEL = np.ones((2, 2, 3, 4), np.float32)

LAYERS = {
    "BatchNormalization": Call(layers.BatchNormalization, beta_factor=positive(2.0)),
    "FillInTokens": Call(layers.FillInTokens, tokens=whole(4, 1)),
    "PaddedShortcut": Call(layers.PaddedShortcut, filters=whole(4, 1), stride=whole(2, 1)),
    "PositionEmbedding": Call(layers.PositionEmbedding, kind=one_of("sincos")),
    "Whitening": Call(
        layers.Whitening,
        kernel=Given(KERNEL, (None, "kernel", 3, KERNEL[0], KERNEL * np.nan, RAGGED,
                              KERNEL.astype(str)), (KERNEL.tolist(), KERNEL.astype(int))),
    ),
    "sincos_positions": Call(
        layers.sincos_positions, tokens=whole(4, 1), dim=whole(8, 4)
    ),
    "stochastic_depth": Call(layers.stochastic_depth, rate=fraction(0.5), name=NAME),
    "whitening_kernel": Call(
        layers.whitening_kernel, images=images(), patch_size=whole(2, 1, 32),
        components=whole(12, 1, 12),
    ),
}  # fmt: skip
WIDTHS = Given(
    (2, 2, 2), (None, 3, "wide", (2, 2), (2, 0, 2), (2, 2.5, 2), (2, True, 2), ("2", 2, 2)),
    ([2, 2, 2], np.array([2, 2, 2])),
)  # fmt: skip
INITIALIZER = one_of("he_normal", none=True)  # as in Keras, None is its default
STAGES = ((True, 1, 4, 1, 1),)

MODELS = {
    "alexnet": Call(
        models.alexnet, width=whole(2, 1), dropout=fraction(0.5),
        activation=one_of("relu", none=True),
        initializer=INITIALIZER, norm=one_of("none"), classes=CLASSES, name=NAME,
    ),
    "build": Call(models.build, name=one_of("simple_cnn", says="no model is called")),
    "build's settings": Call(functools.partial(models.build, "simple_cnn"), classes=CLASSES),
    "cct": Call(
        models.cct, depth=whole(1, 1), dim=whole(4, 1), heads=whole(1, 1), name=NAME,
        classes=CLASSES, quick=False,
    ),
    "convmixer": Call(
        models.convmixer, dim=whole(2, 1), depth=whole(1, 1), kernel_size=whole(3, 1),
        patch_size=whole(16, 1), classes=CLASSES, name=NAME,
    ),
    "efficientnet": Call(
        models.efficientnet, width=positive(1.0), depth=positive(1.0), resolution=whole(8, 1),
        dropout=fraction(0.5), drop_path_rate=fraction(0.5), classes=CLASSES, name=NAME,
        stages=Given(STAGES, (None, 3, "stages", (), [3], ((True, 1, 4, 1),), ((1, 1, 4, 1, 1),),
                              ((True, 0, 4, 1, 1),), ((True, 1, 4, 1.5, 1),)), (list(STAGES),)),
    ),
    "efficientnet_lite0": Call(
        models.efficientnet_lite0, input_size=whole(32, 32), dropout=fraction(0.5),
        classes=CLASSES, name=NAME, quick=False,
    ),
    "masked_autoencoder": Call(
        models.masked_autoencoder, patch_size=whole(16, 1), dim=whole(4, 4), depth=whole(1, 1),
        heads=whole(1, 1), mlp_ratio=positive(1.0), decoder_dim=whole(4, 4),
        decoder_depth=whole(1, 1), name=text("mine"), quick=False,
    ),
    "pretrained": Call(
        models.pretrained, architecture=one_of("EfficientNetLite0"), source=one_of("package"),
        input_size=whole(32, 32), classes=CLASSES, name=NAME, quick=False,
    ),
    "resnet": Call(
        models.resnet, depth=whole(8, 8), width=whole(2, 1), shortcut=one_of("pad"),
        residual=truth(), classes=CLASSES, name=NAME, quick=False,
    ),
    "resnet18": Call(
        models.resnet18, width=whole(1, 1), shortcut=one_of("pad"), classes=CLASSES, name=NAME,
        quick=False,
    ),
    "simple_cnn": Call(models.simple_cnn, dropout=fraction(0.5), classes=CLASSES, name=NAME),
    "speednet": Call(
        models.speednet, widths=WIDTHS, convolutions=WIDTHS, patch_size=whole(2, 1, 32),
        stride=whole(2, 1), components=whole(2, 1, 12),
        activation=one_of("relu", none=True),
        bn_momentum=fraction(0.5),
        images=Given(None, images().wrong[1:]), classes=CLASSES, name=NAME, quick=False,
    ),
    "vgg": Call(
        models.vgg, depth=one_of(11, others=(12,)), width=whole(1, 1), dropout=fraction(0.5),
        batch_norm=truth(), initializer=INITIALIZER, classes=CLASSES, name=NAME, quick=False,
    ),
    "vit": Call(
        models.vit, patch_size=whole(16, 1), dim=whole(4, 1), depth=whole(1, 1), heads=whole(1, 1),
        mlp_ratio=positive(1.0), pooling=one_of("mean"), positions=one_of("learned"),
        tokenizer=one_of("patch"), dropout=fraction(0.5), drop_path_rate=fraction(0.5),
        classes=CLASSES, name=NAME, quick=False,
    ),
}  # fmt: skip

PAIR = (IMAGES, FEW)
PAIRS = (
    3, "data", IMAGES, (IMAGES,), (IMAGES, FEW, FEW), (IMAGES, FEW[:1]), (IMAGES[0], FEW),
    (IMAGES / 255, FEW), (IMAGES[:0], FEW[:0]), (IMAGES, FEW + 0.5), (IMAGES, FEW + 90),
    (FEW, IMAGES),
    (IMAGES, None), (None, FEW), (IMAGES, RAGGED), (RAGGED, FEW), (IMAGES, ["cat", "dog"]),
    (IMAGES.astype(str), FEW), {"x": IMAGES, "y": FEW},
)  # fmt: skip
TRAIN = functools.partial(training.train, verbose=False)
LEARNED = Recipe(
    epochs=1, batch_size=2, optimizer="sgd", learning_rate=0.01, teacher_share=0.5, temperature=2
)
CHECKPOINT = some_path(
    FOLDER / "checkpoints" / "one.npz", FOLDER, FOLDER / "file" / "one.npz", "", none=True
)
PATCHES = np.zeros((2, 4, 12))
CALLBACKS = Given((), (None, 3, "save", keras.callbacks.Callback(), [3], [None],
                       [keras.callbacks.Callback]), ([],))  # fmt: skip
PAIRS_OF_VIEWS = training.ViewPairs(IMAGES, 2)
ENCODER = keras.Model(NETWORK.input, NETWORK.get_layer("flatten").output, name="encoder")
PRETRAIN_RECIPE = Recipe(epochs=1, batch_size=2, optimizer="adam", learning_rate=0.01)


def _pretrained(**arguments):
    model = arguments.pop("model", None) or training.with_projection(ENCODER, hidden=2, dim=2)
    return training.pretrain(model, verbose=False, **arguments)


def _attacked(**arguments):
    with training.against_attacks(**arguments):
        pass


def _compiled() -> keras.Model:
    model = network()
    model.compile("sgd", "mse")
    return model


def _fresh_fingerprint(model, how):
    return training.fingerprint(model, how)


LOSS_NAMES = {"name": "loss"}
TRAINING = {
    "Batches": Call(
        training.Batches,
        x=Given(IMAGES, (None, 3, "images", IMAGES[:1], IMAGES[:0], RAGGED, IMAGES.tolist), (),
                r"\bx\b|images"),
        y=Given(FEW, (None, 3, "labels", FEW[:1], [], RAGGED), (ONE_HOT,), r"\by\b|labels?"),
        batch_size=whole(1, 1), seed=seed(),
        augmentation=instance(training.batches._NOTHING), shuffle=truth(),
    ),
    "Distillation": Call(
        training.Distillation, temperature=positive(2.0), share=share(1.0),
    ),
    "HiddenPatches": Call(training.HiddenPatches),
    "Lookahead": Call(
        training.Lookahead, every=whole(2, 1), steps=whole(4, 1), done=whole(1, 0),
    ),
    "MaskedImages": Call(
        training.MaskedImages, x=pictures(says=r"\bx\b|images"), batch_size=whole(1, 1),
        seed=seed(),
        patch_size=whole(4, 1), hidden=number(0.5, 0, 1, -1), smallest=number(0.5, 0, -1, 1.1),
    ),
    "NTXent": Call(training.NTXent, temperature=positive(2.0)),
    "Schedule": Call(
        training.Schedule, shape=one_of("linear"), peak=positive(1.0), steps=whole(4, 1),
        warmup=fraction(0.5), start=not_negative(1.0), final=not_negative(1.0),
    ),
    "ViewPairs": Call(
        training.ViewPairs, x=pictures(says=r"\bx\b|images"), batch_size=whole(2, 2), seed=seed(),
        smallest=number(0.5, 0, -1, 1.1), jitter=share(0.5), gray=share(0.5),
    ),
    "against_attacks": Call(
        _attacked, model=Given(_compiled(), (*NO_MODELS, network()), (), "model"),
        epsilon=not_negative(8.0), seed=seed(),
    ),
    "build_optimizer": Call(
        training.build_optimizer, recipe=instance(RECIPE), model=ANY_MODEL, steps=whole(2, 1)
    ),
    "fingerprint": Call(training.fingerprint, model=ANY_MODEL, how=instance(RECIPE)),
    "from_patches": Call(
        training.from_patches,
        patches=Given(PATCHES, (None, 3, "patches", [], RAGGED, PATCHES[0], PATCHES[:, :3],
                                PATCHES[:, :, :5])),
        size=whole(2, 1),
    ),
    "pretrain": Call(
        _pretrained, quick=False, model=Given(None, NO_MODELS[1:], (), "model"),
        batches=Given(PAIRS_OF_VIEWS, (None, 3, "batches", IMAGES, (IMAGES, FEW))),
        loss=Given(training.NTXent(), (None, 3, training.NTXent)),
        recipe=instance(PRETRAIN_RECIPE), checkpoint=CHECKPOINT,
        metrics=Given((), (None, 3, [3], [None]), ([],)),
    ),
    "random_masking": Call(
        training.random_masking, count=whole(2, 1), patches=whole(4, 2),
        hidden=number(0.5, 0, 1, -1), rng=generator(),
    ),
    "softened": Call(
        training.softened, logits=rows(says="logits", empty=False), temperature=positive(2.0)
    ),
    "taught": Call(
        training.taught,
        labels=Given(ONE_HOT, (None, 3, "labels", FEW, ONE_HOT[:1], RAGGED, ONE_HOT.astype(str)),
                     (ONE_HOT.tolist(),), "labels|teacher_logits"),
        teacher_logits=rows(LOGITS[:2]), temperature=positive(2.0),
    ),
    "to_patches": Call(
        training.to_patches, size=whole(4, 1),
        images=Given(IMAGES, (None, 3, "images", [], RAGGED, IMAGES[0], IMAGES[:, :31])),
    ),
    "train": Call(
        TRAIN, quick=False, model=Given(NETWORK, (*NO_MODELS, MAPS_ONLY)),
        data=Given(PAIR, (None, *PAIRS), (list(PAIR),), "data|images|labels"),
        recipe=instance(RECIPE),
        validation_data=Given(None, PAIRS, (), "validation"),
        callbacks=CALLBACKS, epochs=whole(1, 1, none=True), seed=seed(), checkpoint=CHECKPOINT,
    ),
    "train with a teacher": Call(
        TRAIN, quick=False, model=NETWORK, data=PAIR, recipe=LEARNED,
        teacher_logits=rows(LOGITS[:2], says="teacher_logits"),
    ),
    "with_projection": Call(
        training.with_projection, encoder=Given(ENCODER, (*NO_MODELS, MAPS_ONLY)),
        hidden=whole(2, 1), dim=whole(2, 1),
    ),
}  # fmt: skip
DISTILLATION = {
    name: TRAINING[name] for name in ("softened", "taught", "Distillation")
} | {
    "with_teacher": Call(
        distillation.with_teacher, recipe=instance(LEARNED),
        labels=Given(ONE_HOT, (None, 3, FEW, RAGGED)),
        teacher_logits=rows(LOGITS[:2], says="teacher_logits"),
    ),
}  # fmt: skip

CALLS = {
    "cifarlib.layers": LAYERS,
    "cifarlib.models": MODELS,
    "cifarlib.training": TRAINING,
    "cifarlib.training.distillation": DISTILLATION,
}
