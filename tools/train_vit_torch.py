"""Train a plain Vision Transformer of the zoo with PyTorch, on one core of a CPU.

The network, initializers, recipe and batches are those of ``python -m cifarlib.zoo train``, but
PyTorch computes the steps: there, layer normalization, GELU and softmax are fused. On one core of a
Xeon with AMX, a step of 128 images in bfloat16 took 0.29 s, with Keras on TensorFlow about 0.77 s.

    KERAS_BACKEND=torch python tools/train_vit_torch.py train NAME CHECKPOINT
    python tools/train_vit_torch.py record NAME CHECKPOINT FOLDER

PyTorch is the extra ``torch`` of the package: ``python -m pip install -e '.[torch]'``.
The first command can be stopped and given again: it goes on after its last whole epoch. The second,
with Keras on TensorFlow, tests the weights as they are shipped and writes the zoo's three files.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import time
from pathlib import Path

import keras
import numpy as np

from cifarlib import load_cifar10
from cifarlib._files import alone, check_writable, write_atomically
from cifarlib.evaluation import accuracy, logits
from cifarlib.layers import CHANNEL_DEVIATIONS, CHANNEL_MEANS
from cifarlib.machine import hardware, versions
from cifarlib.training import Batches, Schedule, fingerprint
from cifarlib.zoo.registry import TRAININGS, training
from cifarlib.zoo.runs import add_result
from cifarlib.zoo.seeds import Result


def twin(weights, images, heads: int = 4):
    """What ``cifarlib.models.vit()`` computes, from its weights in Keras' order and layout.

    Args:
        weights: tensors in the order of ``model.weights``. A kernel may come as a matrix.
        images: normalized, ``(n, 32, 32, 3)``, of the weights' type.
        heads: of attention.

    Returns:
        Logits ``(n, 10)``.
    """
    import torch
    from torch.nn import functional

    rest = iter(weights)
    count, side, dim = len(images), len(weights[0]), len(weights[1])

    def dense(x):
        kernel, bias = next(rest), next(rest)  # those of attention have the heads as an axis
        return functional.linear(x, kernel.reshape(x.shape[-1], -1).T, bias.reshape(-1))

    def norm(x):
        return functional.layer_norm(x, (dim,), next(rest), next(rest), 1e-6)

    def split(x):
        return x.reshape(count, -1, heads, dim // heads).transpose(1, 2)  # (n, 4, 65, 32)

    x = images.unfold(1, side, side).unfold(2, side, side)  # (n, 8, 8, 3, 4, 4)
    x = dense(x.permute(0, 1, 2, 4, 5, 3).reshape(count, -1, side * side * 3))
    x = torch.cat([next(rest).expand(count, 1, dim), x], dim=1) + next(rest)
    for _ in range((len(weights) - 8) // 16):
        y = norm(x)
        query, key, value = split(dense(y)), split(dense(y)), split(dense(y))
        scores = (query * (dim // heads) ** -0.5) @ key.transpose(2, 3)  # (n, 4, 65, 65)
        y = scores.softmax(dim=-1) @ value
        x = x + dense(y.transpose(1, 2).reshape(count, -1, dim))
        x = x + dense(functional.gelu(dense(norm(x))))
    return dense(norm(x[:, 0]))


def normalized(images: np.ndarray):
    """Raw images as the network's first layer gives them on: a ``float32`` tensor."""
    import torch

    mean, deviation = torch.tensor(CHANNEL_MEANS), torch.tensor(CHANNEL_DEVIATIONS)
    return (torch.from_numpy(images).float() - mean) / deviation


def optimizers(weights: list, paths: list[str], recipe) -> list:
    """What the recipe asks for; the hidden layers' kernels become matrices for Muon, in place."""
    import torch

    def kernel(number: int) -> bool:
        return "kernel" in paths[number].rsplit("/", 1)[-1]

    hidden = []
    if recipe.optimizer == "muon":
        hidden = [n for n in range(2, len(weights) - 2) if kernel(n)]
        for n in hidden:
            shape = weights[n].shape
            inputs = math.prod(shape[:-1]) if "attention_output" in paths[n] else shape[0]
            weights[n] = weights[n].detach().reshape(inputs, -1).requires_grad_()
    rest = [n for n in range(len(weights)) if n not in hidden]
    groups = [
        {"params": [weights[n] for n in rest if kernel(n)], "weight_decay": recipe.weight_decay},
        {"params": [weights[n] for n in rest if not kernel(n)], "weight_decay": 0.0},
    ]
    found = [torch.optim.AdamW(groups, eps=1e-7, fused=True)]  # Keras' epsilon
    if hidden:
        found.append(
            torch.optim.Muon(
                [weights[n] for n in hidden],
                weight_decay=recipe.weight_decay,
                adjust_lr_fn="match_rms_adamw",
            )
        )
    return found


def train(name: str, checkpoint: Path) -> None:
    """Make the epochs that are left, each kept in ``checkpoint``; then write what came out.

    Raises:
        AssertionError: the twin is not Keras' network.
        ValueError: the checkpoint is of another training.
        FloatingPointError: the loss became NaN or infinite.
    """
    import torch

    torch.set_num_threads(1)
    how, seed = training(name), 0
    recipe = how.recipe
    keras.utils.set_random_seed(seed)
    model = how.model()
    weights = [torch.tensor(w, requires_grad=True) for w in model.get_weights()]
    data = load_cifar10(full=True)
    _check_twin(model, weights, data.x_train[:100])
    parts = optimizers(weights, [w.path for w in model.weights], recipe)
    batches = Batches(*data.train, recipe.batch_size, seed, recipe.augmentation)
    steps = recipe.epochs * len(batches)
    rate = Schedule(
        recipe.schedule, recipe.learning_rate, steps=steps,
        warmup=recipe.warmup, start=recipe.start, final=recipe.final,
    )  # fmt: skip
    rates = keras.ops.convert_to_numpy(rate(np.arange(steps, dtype=np.float32)))
    what = f"{fingerprint(model, how)} {keras.ops.shape(data.x_train)}"
    state = {"what": what, "epochs": 0, "seconds": 0.0, "cpu_seconds": 0.0, "stretches": []}
    state["curves"] = {"accuracy": [], "loss": []}
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        if state["what"] != what:
            raise ValueError(f"{checkpoint} is of another training: delete it, or name another")
        with torch.no_grad():
            for weight, saved in zip(weights, state["weights"], strict=True):
                weight.copy_(saved)
        for part, saved in zip(parts, state["optimizers"], strict=True):
            part.load_state_dict(saved)
    stretch = {"epochs": [state["epochs"] + 1, state["epochs"]], "hardware": hardware()}
    stretch |= {"versions": versions(), "precision": "mixed_bfloat16"}
    stretch |= {"seconds": 0.0, "cpu_seconds": 0.0}

    @functools.partial(torch.compile, dynamic=False)
    def forward(images, targets):
        outputs = twin([w.bfloat16() for w in weights], images.bfloat16()).float()
        loss = torch.nn.functional.cross_entropy(
            outputs, targets, label_smoothing=recipe.label_smoothing
        )
        return loss, (outputs.argmax(dim=1) == targets).sum()

    for epoch in range(state["epochs"], recipe.epochs):
        began, cpu_began = time.perf_counter(), time.process_time()
        batches.start_epoch(epoch)
        total, right = 0.0, 0
        for number in range(len(batches)):
            images, labels = batches[number]
            targets = torch.from_numpy(labels.astype(np.int64))
            loss, correct = forward(normalized(images), targets)
            for part in parts:
                part.zero_grad()
            loss.backward()
            for part in parts:
                for group in part.param_groups:
                    group["lr"] = float(rates[epoch * len(batches) + number])
                part.step()
            total, right = total + loss.item() * len(labels), right + int(correct)
            if not math.isfinite(total):
                raise FloatingPointError(f"the loss became {loss.item()} in epoch {epoch + 1}")
        for place in (state, stretch):
            place["seconds"] += time.perf_counter() - began
            place["cpu_seconds"] += time.process_time() - cpu_began
        state["epochs"] = stretch["epochs"][1] = epoch + 1
        for curve, value in (("accuracy", right), ("loss", total)):
            state["curves"][curve].append(value / len(batches.x))
        if not any(stretch is known for known in state["stretches"]):
            state["stretches"].append(stretch)
        state |= {"weights": weights, "optimizers": [part.state_dict() for part in parts]}
        write_atomically(checkpoint, functools.partial(torch.save, state))
        shown = ", ".join(f"{curve} {values[-1]:.4f}" for curve, values in state["curves"].items())
        times = f"{state['seconds']:.0f} s, {state['cpu_seconds']:.0f} s of CPU"
        print(f"epoch {epoch + 1} of {recipe.epochs}: {shown}, {times}", flush=True)
    arrays = {
        f"{number:03}": weight.detach().reshape(tuple(variable.shape)).numpy()
        for number, (weight, variable) in enumerate(zip(weights, model.weights, strict=True))
    }
    told = {key: state[key] for key in ("seconds", "cpu_seconds", "curves", "stretches")}
    arrays["run"] = np.array(json.dumps({"seed": seed} | told))
    write_atomically(result_of(checkpoint), lambda file: np.savez(file, **arrays))


def result_of(checkpoint: Path) -> Path:
    """Where a finished training's weights and curves are: a file that needs no PyTorch."""
    return checkpoint.with_suffix(".npz")


def _check_twin(model: keras.Model, weights: list, images: np.ndarray) -> None:
    """Refuse to train anything but Keras' network."""
    import torch

    with torch.no_grad():
        found = twin(weights, normalized(images)).numpy()
    wanted = keras.ops.convert_to_numpy(model(images.astype(np.float32)))
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def record(name: str, checkpoint: Path, folder: Path) -> None:
    """Test a finished training, by Keras and with the weights as shipped; write the zoo's files."""
    with np.load(result_of(checkpoint), allow_pickle=False) as saved:
        run = json.loads(str(saved["run"]))
        weights = [saved[key].astype(np.float16) for key in saved.files if key != "run"]
    data, model = load_cifar10(full=True), training(name).model()
    model.set_weights([weight.astype(np.float32) for weight in weights])
    outputs = logits(model, data.x_test)
    result = accuracy(outputs, data.y_test)
    stretches = run["stretches"]
    entry = {
        "seed": run["seed"],
        "hardware": ", then ".join(dict.fromkeys(part["hardware"] for part in stretches)),
        "versions": stretches[-1]["versions"],
        "precision": stretches[-1]["precision"],
        "command": f"KERAS_BACKEND=torch python tools/train_vit_torch.py train {name} CHECKPOINT",
        "accuracy": result.value,
        "seconds": round(run["seconds"], 1),
        "cpu_seconds": round(run["cpu_seconds"], 1),
        "curves": {key: [round(v, 5) for v in values] for key, values in run["curves"].items()},
    }
    if len(stretches) > 1:
        entry["stretches"] = stretches
    add_result(name, folder, len(data.x_train), Result(entry, weights, outputs))
    print(f"{name}, seed {run['seed']}: {result}, {run['seconds']:.0f} s; written to {folder}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    steps = parser.add_subparsers(dest="step", required=True)
    for step in ("train", "record"):
        command = steps.add_parser(step)
        command.add_argument("name", choices=[name for name in TRAININGS if name.startswith("vit")])
        command.add_argument("checkpoint", type=Path)
    command.add_argument("folder", type=Path, help="for record.json, weights and logits")
    options = parser.parse_args(arguments)
    if options.step == "record":
        check_writable(options.folder / "record.json")
        record(options.name, options.checkpoint, options.folder)
        return
    if keras.backend.backend() != "torch":  # TensorFlow and PyTorch in one process can crash
        parser.error("train needs the environment variable KERAS_BACKEND=torch")
    check_writable(options.checkpoint)
    with alone(options.checkpoint, seconds=0):
        train(options.name, options.checkpoint)


if __name__ == "__main__":
    main()
