"""How fast this machine learns: ``python -m cifarlib.bench`` prints one table.

Four contenders, each in a process of its own, one after another and then all but the last again:

* ``classic``: the simple CNN as the walkthrough trains it, 10 epochs, the test set after each;
* ``quick``: the best that this book knows in the same time, with a narrower network in float32;
* ``sprint``: the shortest training that beats the classic's accuracy;
* ``speednet``: the recipe for 94 %, once; the zoo has it with more seeds.

The clock runs from data in memory to a known accuracy: building, tracing, training and the test
count; Python's imports and reading the images do not.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace

from cifarlib._checks import choice, text
from cifarlib.recipes import QUICK, SIMPLE_CNN, SPEEDNET, SPRINT, Recipe


@dataclass(frozen=True)
class Contender:
    """A model by name, its settings, how it is trained, and how its accuracy becomes known.

    Attributes:
        model: a name that :func:`cifarlib.models.build` knows.
        recipe: how it is trained.
        settings: of the model.
        validate_on_test: whether the test set is looked at after each epoch, and not just once.
        views: whether the test is made with several views of each image.
    """

    model: str
    recipe: Recipe
    settings: dict = field(default_factory=dict)
    validate_on_test: bool = False
    views: bool = False


CONTENDERS: dict[str, Contender] = {
    "classic": Contender("simple_cnn", SIMPLE_CNN, validate_on_test=True),
    "quick": Contender(
        "speednet", QUICK, {"widths": (48, 96, 128), "bn_momentum": 0.8}, views=True
    ),
    "sprint": Contender(
        "speednet",
        SPRINT,
        {
            "widths": (48, 96, 128), "convolutions": (1, 2, 1), "bn_momentum": 0.9,
            "patch_size": 4, "stride": 2, "components": 16,
        },
    ),
    "speednet": Contender("speednet", SPEEDNET, views=True),
}  # fmt: skip

# What fits into the classic's time where there is no bfloat16
IN_FLOAT32 = {
    "quick": replace(CONTENDERS["quick"], settings={"widths": (32, 64, 128), "bn_momentum": 0.8}),
}

ONCE = ("speednet",)


def contender(name: str, precision: str) -> Contender:
    """A contender, as it is in a precision.

    Raises:
        ValueError: there is no such contender, or ``precision`` is no text.
    """
    choice("name", name, list(CONTENDERS))
    text("precision", precision)
    return (CONTENDERS | IN_FLOAT32 if precision == "float32" else CONTENDERS)[name]


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    if options.child:
        print(json.dumps(measure(*options.child, options.seed, options.quick)), flush=True)
        return 0
    from cifarlib.machine import hardware

    print(f"{hardware()}\n{HEAD}", flush=True)
    results: dict[tuple[str, str], list[dict]] = {}
    for repeat in range(options.repeats):
        for precision in options.precisions:
            for name in options.contenders:
                if (name == "classic" and precision != "float32") or (repeat and name in ONCE):
                    continue
                result = run(name, precision, repeat, options.quick)
                results.setdefault((name, precision), []).append(result)
                print(line(name, precision, f"seed {repeat}", result), flush=True)
    medians = {
        contender: {key: statistics.median(r[key] for r in repeats) for key in repeats[0]}
        for contender, repeats in results.items()
    }
    classic = medians.get(("classic", "float32"), {}).get("seconds", math.nan)
    print(f"\nmedians\n{HEAD} {'classic / it':>12}")
    for (name, precision), median in medians.items():
        label = f"of {len(results[name, precision])}"
        print(f"{line(name, precision, label, median)} {classic / median['seconds']:12.2f}")
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    import keras

    from cifarlib.machine import fastest_precision

    parser = argparse.ArgumentParser(
        prog="python -m cifarlib.bench", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--repeats", type=int, default=3, help="rounds over all (default 3)")
    parser.add_argument(
        "--contenders", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS)
    )
    both = list(dict.fromkeys([fastest_precision(), "float32"]))
    parser.add_argument(
        "--precisions", nargs="+", default=both, help=f"dtype policies (default {' '.join(both)})"
    )
    parser.add_argument("--quick", action="store_true", help="one epoch of 1,000 images: a test")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.repeats < 1:
        parser.error("--repeats must be at least 1")
    for name in options.precisions:  # or it would fail after the contenders before it, minutes on
        try:
            keras.dtype_policies.get("float32" if name == "fastest" else name)
        except ValueError:
            parser.error(
                f"--precisions: Keras has no dtype policy {name!r}; try {' or '.join(both)}"
            )
    return options


def run(name: str, precision: str, seed: int, quick: bool) -> dict:
    """Measure one contender in a fresh process.

    Raises:
        RuntimeError: the process failed; the message has the end of what it said.
    """
    command = [sys.executable, "-m", "cifarlib.bench", "--child", name, precision]
    command += ["--seed", str(seed)] + (["--quick"] if quick else [])
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{name} failed:\n{result.stderr[-2000:]}")
    return json.loads(result.stdout.splitlines()[-1])


def measure(name: str, precision_name: str, seed: int, quick: bool) -> dict:
    """Train and test one contender; seconds and accuracies, 0..1."""
    import keras

    from cifarlib.data import load_cifar10
    from cifarlib.evaluation import accuracy, logits
    from cifarlib.machine import precision
    from cifarlib.models import build
    from cifarlib.training import train

    given = contender(name, precision_name)
    recipe, settings = given.recipe, given.settings
    data = load_cifar10(full=not quick)
    (x, y), test = data.train, data.test
    if quick:
        x, y, test = x[:1000], y[:1000], (data.x_test[:1000], data.y_test[:1000])
        recipe = replace(recipe, epochs=1)
    if given.model == "speednet":  # or it would read the images of the package while the clock runs
        settings = settings | {"images": x[:1000]}
    start = time.perf_counter()
    keras.utils.set_random_seed(seed)
    with precision(precision_name):
        model = build(given.model, **settings)
    followed = test if given.validate_on_test else None
    training = train(model, (x, y), recipe, validation_data=followed, seed=seed, verbose=False)
    if followed:
        found = training.curves["val_accuracy"][-1]
    else:
        outputs = logits(model, test[0], test_time_augmentation=given.views)
        found = accuracy(outputs, test[1]).value
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "training": training.seconds, "accuracy": found}


HEAD = f"{'contender':10} {'precision':15} {'':7} {'seconds':>8} {'training':>9} {'accuracy':>9}"


def line(name: str, precision: str, label: str, result: dict) -> str:
    """A line of the table."""
    return (
        f"{name:10} {precision:15} {label:7} {result['seconds']:8.1f} {result['training']:9.1f} "
        f"{result['accuracy']:9.2%}"
    )


if __name__ == "__main__":
    sys.exit(main())
