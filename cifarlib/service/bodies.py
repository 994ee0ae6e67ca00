"""The bodies of requests: refused when they are too large or too slow, and never kept in a file."""

from __future__ import annotations

import asyncio
import json
import time

from fastapi import HTTPException, Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from cifarlib.service.limits import Limits

# A client hears of an error only after it has sent its body, so what is refused is still read for
# a while, and thrown away
_LINGER_BYTES, _LINGER_SECONDS = 64 * 2**20, 10.0


class BodyLimit:
    """Middleware that refuses a body larger than ``limits.body``, or longer on its way than
    ``limits.seconds``.

    A size that the request states beforehand is refused before a byte is read; one that it does
    not state, or states wrongly, as soon as the limit is passed.
    """

    def __init__(self, app, limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, seen, refused = time.monotonic(), 0, False

        async def counted():
            nonlocal seen, refused
            left = self.limits.seconds - (time.monotonic() - begun)
            try:
                message = await asyncio.wait_for(receive(), left)
            except asyncio.TimeoutError:
                text = f"the body was not there after {self.limits.seconds:g} seconds"
                raise HTTPException(408, text, {"Connection": "close"}) from None
            seen += len(message.get("body", b""))
            if seen > self.limits.body:
                refused = True
                raise HTTPException(413, self._sentence("more"), {"Connection": "close"})
            return message

        async def held(message):
            if refused and message["type"] == "http.response.body":
                message = message | {"more_body": True}
            await send(message)

        stated = dict(scope["headers"]).get(b"content-length", b"0")
        if stated.isdigit() and int(stated) > self.limits.body:
            refused = True
            await self._refuse(held, int(stated))
        else:
            await self.app(scope, counted, held)
        if refused:
            await _thrown_away(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _sentence(self, found: str) -> str:
        return f"the body may have {self.limits.body:,} bytes at most, this one has {found}"

    async def _refuse(self, send, stated: int) -> None:
        body = json.dumps({"detail": self._sentence(f"{stated:,}")}).encode()
        headers = {"Content-Type": "application/json", "Content-Length": len(body)}
        headers["Connection"] = "close"
        raw = [(key.lower().encode(), str(value).encode()) for key, value in headers.items()]
        await send({"type": "http.response.start", "status": 413, "headers": raw})
        await send({"type": "http.response.body", "body": body})


async def _thrown_away(receive) -> None:
    async def read() -> None:
        left = _LINGER_BYTES
        while left > 0:
            message = await receive()
            left -= len(message.get("body", b"")) or 1
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return

    try:
        await asyncio.wait_for(read(), _LINGER_SECONDS)
    except asyncio.TimeoutError:
        pass


class _InMemory(MultiPartParser):
    """Starlette's parser, which would put all beyond 1 MB into a temporary file."""

    spool_max_size = max_file_size = 2**40  # by either name; the body's own limit holds


async def uploaded(request: Request, field: str, limits: Limits) -> list[bytes]:
    """The contents of the files in ``field`` of a form, in their order.

    Raises:
        HTTPException: the request is no form (415), not a well-formed one (400), or has another
            field, no file, or too many (422).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise HTTPException(
            415, f"send a form, multipart/form-data, with a file in its field {field!r}; this "
            f"request's Content-Type is {kind or 'missing'!r}",
        )  # fmt: skip
    parser = _InMemory(request.headers, request.stream(), max_files=limits.images, max_fields=8)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if "Too many files" in error.message:
            raise HTTPException(422, f"at most {limits.images} files per request") from error
        raise HTTPException(400, f"the form cannot be read: {error.message}") from error
    except FormParserError as error:  # which an older Starlette lets through
        raise HTTPException(400, f"the form cannot be read: {error}") from error
    try:
        files = [value for value in form.getlist(field) if isinstance(value, UploadFile)]
        if not files:
            found = ", ".join(repr(str(key)[:40]) for key in form) or "nothing"
            raise HTTPException(
                422, f"there must be a file in the field {field!r}; the form has {found}"
            )
        return [await file.read() for file in files]
    finally:
        await form.close()
