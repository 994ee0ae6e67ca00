"""Ask a service by HTTP, as another program would: with nothing but the standard library."""

import io
import json
import urllib.error
import urllib.request

import numpy as np
from PIL import Image

BOUNDARY = "a-line-that-no-picture-contains"


def picture(array, kind="PNG", **settings):
    """An image file, as bytes."""
    file = io.BytesIO()
    Image.fromarray(np.asarray(array, np.uint8)).save(file, kind, **settings)
    return file.getvalue()


def form(*files, field="image"):
    """The body of a form with these files, and its headers."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="a"\r\n\r\n'
    parts = b"".join(head.encode() + content + b"\r\n" for content in files)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return parts + f"--{BOUNDARY}--\r\n".encode(), headers


def ask(address, body=None, headers=None):
    """The status and the JSON that come back."""
    request = urllib.request.Request(address, body, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def predict(address, *files, **settings):
    return ask(f"{address}/predict", *form(*files, **settings))
