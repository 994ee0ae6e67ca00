"""The application: which address answers what."""

from __future__ import annotations

import asyncio
import contextlib
import html
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse

from cifarlib import _checks as checks
from cifarlib.data import CLASS_NAMES
from cifarlib.service.bodies import BodyLimit, uploaded
from cifarlib.service.limits import Limits
from cifarlib.service.pictures import decoded
from cifarlib.service.predictor import Predictor

_LIMITS = Limits()
FIELD = "image"  # of the form
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<h1>{name}</h1><form action="predict" method="post" enctype="multipart/form-data">
<label>A photo: <input type="file" name="image" accept="image/*" required></label>
<button>What is it?</button></form>
<p>See also <a href="card">card</a> and <a href="health">health</a>.</p></html>"""
# What /predict takes, for /openapi.json: the form is read by hand, so FastAPI cannot know
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {
                        FIELD: {"type": "array", "items": {"type": "string", "format": "binary"}}
                    },
                }
            }
        },
    }
}


def create_app(
    model: keras.Model,
    *,
    name: str = "",
    class_names: Sequence[str] = CLASS_NAMES,
    preprocess: Callable | None = None,
    temperature: float | None = None,
    fit: str = "crop",
    card: Mapping | None = None,
    limits: Limits = _LIMITS,
) -> FastAPI:
    """A web application that answers with what ``model`` says.

    ======================  ================================================================
    ``POST /predict``       a form with one or more photos in its field ``image``: for each
                            its class and all probabilities; and the milliseconds it took
    ``GET /health``         whether it is there, and how many batches it has predicted
    ``GET /card``           what the network is, and its limits
    ``GET /``               a page on which a person can send a photo
    ======================  ================================================================

    All photos of a request are one batch. One thread opens and predicts them, request after
    request; meanwhile the others are received. Nothing is written to a file.

    An error is a status and a JSON object whose ``detail`` is a sentence: 400 and 415 for what is
    no form, 408 for a body that is too slow, 413 for a body or a picture that is too large, 415 for
    a file that is no picture, 422 for a form without a file in ``image``, with too many, or with
    an empty or damaged one, 503 when too many wait.

    Args:
        model: see :class:`Predictor`.
        name: how the service calls it; by default the model's own name.
        class_names: what its outputs stand for.
        preprocess: see :class:`Predictor`.
        temperature: see :class:`Predictor`; by default the probabilities are as the model gives
            them, and the answers say that they are not calibrated.
        fit: how a photo becomes square: ``"crop"`` or ``"pad"``.
        card: further entries of ``/card``.
        limits: what is accepted.

    Raises:
        ValueError: the model or a setting does not fit; see :class:`Predictor`.
    """
    checks.choice("fit", fit, ("crop", "pad"))
    checks.text("name", name)
    checks.instance("limits", limits, Limits)
    if card is not None and not isinstance(card, Mapping):
        raise ValueError(f"card must be a dictionary of further entries, got {card!r}")
    predictor = Predictor(
        model,
        class_names=class_names,
        preprocess=preprocess,
        temperature=1.0 if temperature is None else temperature,
        batch_size=limits.images,
    )
    name, calibrated, waiting = name or model.name, temperature is not None, 0

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI):
        with ThreadPoolExecutor(1, "predict") as app.state.worker:
            yield

    # Its pages of documentation would load scripts from an outside host
    app = FastAPI(title=name, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit, limits=limits)

    def answer(contents: list[bytes]) -> dict:
        """In the one worker thread."""
        start = time.perf_counter()
        images = [decoded(c, n, predictor.size, fit, limits) for n, c in enumerate(contents, 1)]
        shares = predictor(np.stack(images))
        return {
            "model": name,
            "calibrated": calibrated,
            "milliseconds": round(1000 * (time.perf_counter() - start), 1),
            "answers": [described(row, predictor.class_names) for row in shares],
        }

    @app.post("/predict", openapi_extra=_FORM)
    async def predict(request: Request) -> dict:
        nonlocal waiting
        if waiting >= limits.waiting:
            text = f"{waiting} requests are waiting already: try again in a second"
            raise HTTPException(503, text, {"Retry-After": "1"})
        waiting += 1
        try:
            contents = await uploaded(request, FIELD, limits)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(app.state.worker, answer, contents)
        finally:
            waiting -= 1

    @app.get("/health")
    async def health() -> dict:
        return {"status": "ok", "model": name, "batches": predictor.batches}

    @app.get("/card")
    async def about() -> dict:
        return {
            "model": name,
            "classes": list(predictor.class_names),
            "input": f"a color photo, made square and scaled to {predictor.size} pixels",
            "parameters": model.count_params(),
            "calibrated": calibrated,
            "limits": vars(limits),
            "beware": "Whatever a photo shows, the answer is one of these classes.",
        } | dict(card or {})

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        return _PAGE.format(name=html.escape(name))

    return app


def described(shares: np.ndarray, class_names: Sequence[str]) -> dict:
    """One image's answer: the likeliest class, and the probability of each."""
    best = int(shares.argmax())
    rounded = [round(float(share), 6) for share in shares]
    return {
        "class": class_names[best],
        "probability": rounded[best],
        "probabilities": dict(zip(class_names, rounded, strict=True)),
    }
