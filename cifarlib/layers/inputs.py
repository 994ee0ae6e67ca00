"""What most models begin with: raw images, channels last, then normalized."""

from __future__ import annotations

import keras

# Mean and standard deviation of each channel of the 50,000 training images, 0..255
CHANNEL_MEANS = (125.3069, 122.9504, 113.8654)
CHANNEL_DEVIATIONS = (62.9932, 62.0887, 66.7049)


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
    """What the models for 32 x 32 begin with: a Keras tensor ``(n, 32, 32, 3)``, values 0..255.

    Raises:
        ValueError: Keras is set to ``"channels_first"``.
    """
    require_channels_last()
    return keras.Input((32, 32, 3), name="images")


def normalization() -> keras.layers.Layer:
    """The layer that follows in all of them but ``simple_cnn``: to zero mean and unit deviation.

    These are meant over the 50,000 training images, for each channel. It computes in ``float32``
    under any dtype policy, as ``bfloat16`` has too few digits for it.

    Raises:
        ValueError: Keras is set to ``"channels_first"``.
    """
    require_channels_last()
    return keras.layers.Normalization(
        mean=list(CHANNEL_MEANS),
        variance=[deviation**2 for deviation in CHANNEL_DEVIATIONS],
        dtype="float32",
        name="normalization",
    )
