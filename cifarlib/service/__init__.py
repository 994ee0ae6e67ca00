"""A network as a service: other programs send it photos by HTTP, and get its answers.

``python -m cifarlib.service --model resnet20`` starts one on this machine. ``create_app`` makes the
same of any Keras model, and ``BackgroundServer`` runs it inside a notebook. It needs the extra
``[service]``: FastAPI, uvicorn and python-multipart.
"""

try:
    import fastapi  # noqa: F401
    import python_multipart  # noqa: F401
    import uvicorn  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"the service needs {error.name}, which is not installed: install FastAPI, uvicorn and "
        "python-multipart, which are the extra [service] of cifarlib",
        name=error.name,
    ) from error

from cifarlib.service.app import create_app
from cifarlib.service.limits import Limits
from cifarlib.service.predictor import Predictor
from cifarlib.service.server import BackgroundServer, listening

__all__ = ["BackgroundServer", "Limits", "Predictor", "create_app", "listening"]
