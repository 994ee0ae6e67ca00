"""``python -m cifarlib.service``: let other programs ask a network of the zoo, or your own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        serve(options)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f"python -m cifarlib.service: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # Ctrl+C: uvicorn has ended in order and passes it on
        print("stopped", flush=True)
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cifarlib.service", description=__doc__)
    parser.add_argument(
        "--model", required=True,
        help="a network of the zoo, such as resnet20, or a file .keras that takes 0..255",
    )  # fmt: skip
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine alone")
    parser.add_argument("--port", type=int, default=8000, help="default 8000; 0 for any free one")
    parser.add_argument(
        "--temperature", type=float, help="divides the logits; found on validation images"
    )
    return parser.parse_args(arguments)


def serve(options: argparse.Namespace) -> None:
    """Listen first: that a port is taken is known before a network is loaded."""
    from cifarlib.service import create_app, listening
    from cifarlib.service.server import address_of, server_of

    with listening(options.host, options.port) as listener:
        model, name, card = loaded(options.model)
        app = create_app(model, name=name, card=card, temperature=options.temperature)
        address = address_of(options.host, listener)
        print(f"{name} answers at {address} (stop it with Ctrl+C)", flush=True)
        server_of(app).run(sockets=[listener])


def loaded(wanted: str):
    """The model, its name, and what its card says."""
    import keras

    from cifarlib import zoo

    path = Path(wanted).expanduser()
    if path.suffix == ".keras":
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}")
        return keras.models.load_model(path), path.stem, {}
    if wanted not in zoo.names():
        raise ValueError(
            f"the zoo has no network called {wanted!r} with weights; it has "
            f"{', '.join(zoo.names())}. A file of your own must end in .keras"
        )
    record = zoo.record(wanted)
    card = {
        "trained on": f"the first {record.images:,} training images of CIFAR-10",
        "test accuracy": record.accuracies[0],
        "multiply-accumulates": record.macs,
    }
    return zoo.load(wanted), wanted, card


if __name__ == "__main__":
    sys.exit(main())
