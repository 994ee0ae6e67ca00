"""What happens inside a model while it runs: which layer gives what, and what if it gave more.

Layers of a model that is a layer of another model have no place in the outer model's graph, so a
``keras.Model`` from the outer input to an inner output cannot be made. Here the layers are listened
to instead, for the time of a call: that works for Sequential, nested and subclassed models alike.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import keras


class Heard(NamedTuple):
    """One call of a layer or operation: which it was, and what it gave."""

    operation: keras.Operation
    output: object


def operations(model: keras.Model) -> Iterator[keras.Operation]:
    """Every layer and operation of a model, those of the models inside it included."""
    for operation in getattr(model, "operations", None) or getattr(model, "layers", ()):
        yield operation
        if isinstance(operation, keras.Model):
            yield from operations(operation)


@contextlib.contextmanager
def replaced_call(operation: keras.Operation, wrapped: Callable) -> Iterator[None]:
    """For a while, ``wrapped(call)`` in place of a layer's or operation's own ``call``."""
    before = vars(operation).get("call")
    # Past Keras' __setattr__, which looks for variables in everything that a layer is given
    object.__setattr__(operation, "call", wrapped(operation.call))
    try:
        yield
    finally:
        if before is None:
            object.__delattr__(operation, "call")
        else:
            object.__setattr__(operation, "call", before)


def listen(model: keras.Model, inputs) -> list[Heard]:
    """Run a model once, and write down every call of a layer or operation in it.

    Args:
        model: any Keras model that can be called on ``inputs``.
        inputs: what it takes.

    Returns:
        The calls in the order in which they ended. A model inside the model counts as a call of
        its own, after those of its layers.

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="logits")])
    >>> [(call.operation.name, call.output.shape[1]) for call in listen(model, [[1.0, 2.0]])]
    [('logits', 3)]
    """
    heard = []

    def noting(operation: keras.Operation) -> Callable:
        def wrapped(call: Callable) -> Callable:
            def call_and_note(*args, **kwargs):
                output = call(*args, **kwargs)
                heard.append(Heard(operation, output))
                return output

            return call_and_note

        return wrapped

    with contextlib.ExitStack() as stack:
        for operation in {id(one): one for one in operations(model)}.values():
            stack.enter_context(replaced_call(operation, noting(operation)))
        model(keras.ops.convert_to_tensor(inputs), training=False)
    return heard
