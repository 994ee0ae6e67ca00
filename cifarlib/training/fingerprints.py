"""A hash of what is trained and how: whether a result still belongs to the code."""

from __future__ import annotations

import hashlib
import json
from typing import Protocol

import keras

from cifarlib import _checks as checks

# What a configuration holds besides the computation, or stores differently in some Keras version
_NOT_ESSENTIAL = {
    "name", "dtype", "seed", "module", "registered_name", "quantization_config", "build_config",
    "batch_input_shape", "sparse", "ragged", "optional", "inbound_nodes", "compile_config",
}  # fmt: skip


# Settings that came after Keras 3.8, at the value that changes nothing
_NEW_DEFAULTS = [("renorm", False), ("renorm_momentum", 0.99), ("use_gate", False)]

# The whitening of speednet once stood in its weights alone, under the initializer of every layer
_ONCE = {"cifarlib>Whitening": {"class_name": "GlorotUniform", "config": {}}}


class Described(Protocol):
    """What says its settings as plain numbers: a recipe, or a training of the zoo."""

    def settings(self) -> dict:
        """The settings that are not at their default, by name."""


def fingerprint(model: keras.Model, how: Described) -> str:
    """SHA-256 of layers, their settings, weight shapes and connections, and of how it is trained.

    The numbers of operations between layers count, too, such as the 255 of ``x / 255``; slices do
    not. Names of layers and what Keras versions store differently (dtype policies, module paths) do
    not count.

    Raises:
        ValueError: ``model`` is no model, or ``how`` has no settings.

    >>> from cifarlib.models import simple_cnn
    >>> from cifarlib.recipes import SIMPLE_CNN
    >>> fingerprint(simple_cnn(), SIMPLE_CNN) == fingerprint(simple_cnn(), SIMPLE_CNN)
    True
    >>> fingerprint(simple_cnn(), SIMPLE_CNN) == fingerprint(simple_cnn(dropout=0.4), SIMPLE_CNN)
    False
    """
    checks.model(model)
    if isinstance(how, type) or not callable(getattr(how, "settings", None)):
        raise ValueError(f"how must be a recipe or a training of the zoo, got {how!r}")
    text = json.dumps([_structure(model), how.settings()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _structure(model: keras.Model) -> list:
    """Each layer of a model: its kind, settings, weight shapes, and where its inputs come from."""
    entries = model.get_config()["layers"]
    layers = {layer.name: layer for layer in model.layers}
    places = {entry["config"]["name"]: place for place, entry in enumerate(entries)}
    structure = []
    for entry in entries:
        layer = layers.get(entry["config"]["name"])  # None for an input or a bare operation
        inner = isinstance(layer, keras.Model)
        settings = _structure(layer) if inner else _plain(entry["config"])
        weights = [list(weight.shape) for weight in layer.weights] if layer else []
        sources = _sources(entry.get("inbound_nodes"), places)
        # Slices do not count: the records of networks with a class token were made without them
        bare = layer is None and entry["class_name"] != "GetItem"
        numbers = _numbers(entry.get("inbound_nodes")) if bare else []
        structure.append([entry["class_name"], settings, weights, sources, *numbers])
    return structure


def _plain(value):
    """A configuration without what does not matter, and without what was left at None."""
    if isinstance(value, dict):
        if value.get("registered_name") in _ONCE:
            return _ONCE[value["registered_name"]]
        kept = {k: _plain(v) for k, v in value.items() if k not in _NOT_ESSENTIAL}
        return {k: v for k, v in kept.items() if v is not None and (k, v) not in _NEW_DEFAULTS}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _sources(value, places: dict[str, int]) -> list:
    """The places of the layers whose outputs are named in a layer's inbound nodes, in order."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            name, *index = value["config"]["keras_history"]
            return [[places[name], *index]]
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [source for item in value for source in _sources(item, places)]
    return []


def _numbers(value) -> list:
    """The plain numbers in a bare operation's inbound nodes, in order: the 255 of ``x / 255``."""
    if isinstance(value, dict):
        value = [] if value.get("class_name") == "__keras_tensor__" else list(value.values())
    if isinstance(value, list | tuple):
        return [number for item in value for number in _numbers(item)]
    return [value] if isinstance(value, int | float) else []
