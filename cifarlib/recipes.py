"""How each model is trained: plain numbers, each with its source."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Recipe:
    """Everything that :func:`cifarlib.training.train` needs to know besides the model and the data.

    Attributes:
        epochs: passes over the training images.
        batch_size: images per optimizer step; the last batch of an epoch may be smaller.
        optimizer: a name that ``keras.optimizers.get`` knows.
        learning_rate: the step size.
        validate_on_test: whether the curves follow the test set, as famous examples do. Nothing is
            chosen by them. Without it a full run looks at the test set once, at its end.
    """

    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float
    validate_on_test: bool = False

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(
                f"learning_rate must be positive and finite, got {self.learning_rate!r}"
            )

    def settings(self) -> dict:
        """The fields that are required or differ from their default, by name.

        A record's hash covers these, so that a field added later, with a default that changes
        nothing, leaves older records valid. For the same reason no default may ever change.
        """
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }


# Adam at Keras' default rate (Kingma and Ba, 2015, section 2: 0.001) for 10 epochs: what the usual
# first tutorials do, TensorFlow's own among them. They validate on the test set, so this one does.
SIMPLE_CNN = Recipe(
    epochs=10, batch_size=64, optimizer="adam", learning_rate=1e-3, validate_on_test=True
)

RECIPES = {"simple_cnn": SIMPLE_CNN}
