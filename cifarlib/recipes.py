"""How each model is trained: plain numbers, most with their source. It imports no Keras.

Which model is trained by which recipe, and how that is tested, says ``cifarlib.zoo.registry``.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass, fields

from cifarlib import _checks as checks
from cifarlib.images import Augmentation

OPTIMIZERS = ("sgd", "adam", "adamw", "muon")
SHAPES = ("constant", "cosine", "linear", "step")  # of a schedule
_NOTHING = Augmentation()


@dataclass(frozen=True, repr=False)
class Recipe:
    """Everything that :func:`cifarlib.training.train` needs to know besides the model and the data.

    It does all that a recipe says. In what precision the model computes is the model's own affair,
    and how a run is tested is said by :class:`cifarlib.zoo.trainings.Training`.

    Attributes:
        epochs: passes over the training images.
        batch_size: images per optimizer step; the last batch of an epoch may be smaller.
        optimizer: ``"sgd"``, ``"adam"``, ``"adamw"`` or ``"muon"``.
        learning_rate: the step size; with a schedule, the largest.
        momentum: Nesterov momentum of SGD, 0 <= m < 1.
        weight_decay: decoupled, a factor on the learning rate.
        decay_all: whether biases, normalization and embeddings decay, too.
        schedule: the ``shape`` of :class:`cifarlib.training.Schedule`, which ``warmup``, ``start``
            and ``final`` belong to as well. Without a warm-up ``start`` changes nothing, and
            ``final`` changes nothing but a cosine or linear descent.
        clip_norm: the largest norm of each weight's gradient; 0 leaves them alone.
        label_smoothing: the share of the target that goes to all classes alike, 0 <= s < 1.
        augmentation: what is done to the training images.
        lookahead: optimizer steps between two mixes of :class:`cifarlib.training.Lookahead`;
            0 leaves it out.
        teacher_share: how much of the loss compares with a teacher's outputs, 0..1; the rest
            compares with the labels. See :class:`cifarlib.training.Distillation`.
        temperature: what softens the outputs of teacher and student in that comparison.
        adversarial_epsilon: how far an attack moves each value of the training images before the
            network learns from them, on the scale of 0..255; 0 leaves them as they are. See
            :func:`cifarlib.training.against_attacks`.

    Raises:
        ValueError: a setting is outside its range.
    """

    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    decay_all: bool = False
    schedule: str = "constant"
    warmup: float = 0.0
    start: float = 0.0
    final: float = 0.0
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    augmentation: Augmentation = _NOTHING
    lookahead: int = 0
    teacher_share: float = 0.0
    temperature: float = 1.0
    adversarial_epsilon: float = 0.0

    def __post_init__(self) -> None:
        for check, names in (
            (functools.partial(checks.whole, least=1), ("epochs", "batch_size")),
            (functools.partial(checks.whole, least=0), ("lookahead",)),
            (checks.positive, ("learning_rate", "temperature")),
            (checks.share, ("teacher_share",)),
            (
                checks.not_negative,
                ("weight_decay", "clip_norm", "start", "final", "adversarial_epsilon"),
            ),
            (checks.fraction, ("momentum", "warmup", "label_smoothing")),
        ):
            for name in names:
                object.__setattr__(self, name, check(name, getattr(self, name)))
        checks.truth("decay_all", self.decay_all)
        checks.choice("optimizer", self.optimizer, OPTIMIZERS)
        checks.choice("schedule", self.schedule, SHAPES)
        if not isinstance(self.augmentation, Augmentation):
            raise ValueError(f"augmentation must be an Augmentation, got {self.augmentation!r}")
        if self.momentum and self.optimizer != "sgd":
            raise ValueError(f"momentum belongs to sgd, not to {self.optimizer}")
        if self.temperature != 1 and not self.teacher_share:
            raise ValueError(
                f"temperature {self.temperature} softens a teacher: give teacher_share"
            )
        if self.teacher_share and (self.augmentation != _NOTHING or self.label_smoothing):
            raise ValueError(
                "a teacher's outputs are of the images as they are, and its targets are soft by "
                "themselves: with teacher_share, leave out augmentation and label_smoothing"
            )

    def settings(self) -> dict:
        """The fields that are required or differ from their default, by name.

        A record's hash covers these, so that a field added later, with a default that changes
        nothing, leaves older records valid. For the same reason no default may ever change.
        """
        return changed_settings(self)

    def __repr__(self) -> str:
        listed = ", ".join(
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if field.name in self.settings()
        )
        return f"Recipe({listed})"

    @property
    def length_matters(self) -> bool:
        """Whether what a step does depends on how many steps there will be."""
        return bool(self.schedule != "constant" or self.warmup or self.lookahead)

    @property
    def soft_labels(self) -> bool:
        """Whether a target is a share for each class rather than one class."""
        mixed = self.augmentation.mixup or self.augmentation.cutmix
        return bool(self.label_smoothing or mixed or self.teacher_share)


def changed_settings(item) -> dict:
    """The fields of a dataclass that are required or differ from their default, by name.

    Raises:
        ValueError: ``item`` is no instance of a dataclass.
    """
    if not dataclasses.is_dataclass(item) or isinstance(item, type):
        raise ValueError(f"item must be an instance of a dataclass, got {item!r}")
    values = {field.name: getattr(item, field.name) for field in fields(item)}
    changed = {f.name: values[f.name] for f in fields(item) if values[f.name] != f.default}
    return {
        k: changed_settings(v) if dataclasses.is_dataclass(v) else v for k, v in changed.items()
    }


# Adam at Keras' default rate (Kingma and Ba, 2015, section 2: 0.001) for 10 epochs: what the usual
# first tutorials do, TensorFlow's own among them.
SIMPLE_CNN = Recipe(epochs=10, batch_size=64, optimizer="adam", learning_rate=1e-3)

_CROP_AND_FLIP = Augmentation(crop=4, flip="random")

# The paper's batches of 128 and its momentum, with a cosine in place of its three manual divisions
# of the rate, which was 0.01; weight decay is its 5e-4, times 1 / (1 - momentum) for the decoupled
# form.
ALEXNET = Recipe(
    epochs=60, batch_size=128, optimizer="sgd", learning_rate=0.05, momentum=0.9,
    weight_decay=5e-3, schedule="cosine", warmup=0.05, augmentation=_CROP_AND_FLIP,
)  # fmt: skip

# He et al. (2015), section 4.2: SGD with 0.1, momentum 0.9, batch 128, weight decay 1e-4 (times
# 1 / (1 - momentum) for the decoupled form, and times 5, as is usual since Zagoruyko and Komodakis,
# 2016), crops with a padding of 4 and flips; fewer epochs than the paper's 164, hence the cosine.
RESNET = Recipe(
    epochs=60, batch_size=128, optimizer="sgd", learning_rate=0.1, momentum=0.9,
    weight_decay=5e-3, schedule="cosine", warmup=0.05, augmentation=_CROP_AND_FLIP,
)  # fmt: skip

VGG = dataclasses.replace(RESNET, learning_rate=0.05)

EFFICIENTNET = dataclasses.replace(RESNET, epochs=25, label_smoothing=0.1)

# AdamW, batches of 128, warm-up, cosine and label smoothing as in Hassani et al. (2021), with twice
# their rate and fewer epochs
CCT = Recipe(
    epochs=45, batch_size=128, optimizer="adamw", learning_rate=1e-3, weight_decay=0.06,
    schedule="cosine", warmup=0.1, label_smoothing=0.1, augmentation=_CROP_AND_FLIP,
)  # fmt: skip

VIT = dataclasses.replace(CCT, epochs=24)

# Muon: four epochs on 12,000 training images with this rate and this little RandAugment gave 52.7 %
# on 5,000 others
VIT_MUON = dataclasses.replace(
    VIT, epochs=40, optimizer="muon", learning_rate=3e-3, warmup=0.05,
    augmentation=Augmentation(operations=1, magnitude=9, crop=4, flip="random"),
)  # fmt: skip

# A convolution bears a larger rate: 5 epochs on 4,000 training images at 1e-3, 4e-3 and 1e-2 gave
# 49.0, 50.0 and 48.9 % on 2,000 others.
CONVMIXER = dataclasses.replace(CCT, epochs=25, learning_rate=4e-3, weight_decay=0.03)

# Jordan (2024), airbench94, as decoupled weight decay and a rate for the mean loss; ReLU instead of
# GELU, so more and cheaper epochs than its 9.9
SPEEDNET = Recipe(
    epochs=15, batch_size=1024, optimizer="sgd", learning_rate=1.5, momentum=0.85,
    weight_decay=8.87e-3, decay_all=True, schedule="linear", warmup=0.23, start=0.2, final=0.07,
    label_smoothing=0.2, augmentation=Augmentation(crop=2, flip="alternating"), lookahead=5,
)  # fmt: skip

# For cifarlib.bench: narrower networks, fewer epochs, smaller batches, rate and lookahead rescaled
# with the batch, half the label smoothing.
# Chosen on 5,000 training images, with the other 45,000 to train on, all in like time: widths
# 48, 96, 128 gave 87.9 % with several views, three epochs of 64, 128, 128 gave 87.2, six of
# 64, 128, 256 behind a stride of 2 gave 86.9. In float32 the time allows 32, 64, 128: 86.3.
QUICK = dataclasses.replace(
    SPEEDNET, epochs=4, batch_size=512, learning_rate=0.75, lookahead=10, label_smoothing=0.1
)
# With patches of 4 pixels and a stride of 2, one epoch gave 72.3 %; 68.0 with patches of 2 at every
# pixel and widths 32, 64, 64, which takes twice as long.
SPRINT = dataclasses.replace(
    QUICK, epochs=1, batch_size=256, learning_rate=0.5, lookahead=0, label_smoothing=0.0,
    augmentation=Augmentation(flip="random"),
)  # fmt: skip

# For a GPU. He et al. (2015), section 4.2: 64,000 steps of 128 images, the rate divided by 10 after
# a half and three quarters. The deepest one starts with a tenth, which rises over 400 steps here
# and stays that long in the paper; and the momentum here is Nesterov's.
RESNET_PAPER = dataclasses.replace(
    RESNET, epochs=164, schedule="step", warmup=0.0, weight_decay=1e-3
)
RESNET110 = dataclasses.replace(RESNET_PAPER, warmup=0.00625, start=0.1)
RESNET18 = dataclasses.replace(RESNET, epochs=200, warmup=0.025)

# Hassani et al. (2021), appendix: 200 epochs at 5e-4, ten of them warm-up, mixup and CutMix in
# turn, a policy (theirs is AutoAugment)
CCT_200 = dataclasses.replace(
    CCT, epochs=200, learning_rate=5e-4, warmup=0.05,
    augmentation=Augmentation(
        operations=2, magnitude=9, crop=4, flip="random", mixup=0.8, cutmix=1.0
    ),
)  # fmt: skip
