"""What every model begins with, and the one setting of Keras that it relies on."""

from __future__ import annotations

import keras


def require_channels_last() -> None:
    """Refuse Keras' other order of axes, in which networks come out that compute nonsense.

    Raises:
        ValueError: Keras is set to ``"channels_first"``; the message says what to do.
    """
    if keras.config.image_data_format() != "channels_last":
        raise ValueError(
            "cifarlib keeps images as (n, 32, 32, 3), channels last, but Keras is set to "
            "'channels_first': call keras.config.set_image_data_format('channels_last') before "
            "building anything, or take image_data_format out of the file keras.json"
        )


def raw_images() -> keras.KerasTensor:
    """What each model begins with: a Keras tensor ``(n, 32, 32, 3)``, for values 0..255.

    Raises:
        ValueError: Keras is set to ``"channels_first"``.
    """
    require_channels_last()
    return keras.Input((32, 32, 3))
