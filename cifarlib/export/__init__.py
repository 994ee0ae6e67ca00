"""Files for machines without Keras: ONNX, LiteRT, a page; smaller ones, parity, a card."""

from cifarlib.export.card import model_card
from cifarlib.export.litert import to_litert
from cifarlib.export.onnx import to_onnx
from cifarlib.export.page import to_page
from cifarlib.export.parity import Parity, open_exported, parity, run_exported
from cifarlib.export.quantize import quantize_symmetric, quantized_weights, to_float16, to_int8
from cifarlib.export.traced import missing_packages

__all__ = [
    "Parity", "missing_packages", "model_card", "open_exported", "parity", "quantize_symmetric",
    "quantized_weights", "run_exported", "to_float16", "to_int8", "to_litert", "to_onnx", "to_page",
]  # fmt: skip
