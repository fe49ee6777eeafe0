"""The model file, and sharing it. Reading a card needs no torch; networks do."""

from typing import TYPE_CHECKING

from edgewise.weights.card import ModelCard, Provenance, read_card
from edgewise.weights.shapes import tensor_shapes

if TYPE_CHECKING:
    from edgewise.weights.model import Model
    from edgewise.weights.model_file import load_model, save_model

__all__ = ["Model", "ModelCard", "Provenance", "load_model", "read_card", "save_model", "tensor_shapes"]


def __getattr__(name: str) -> object:
    if name == "Model":
        from edgewise.weights.model import Model

        return Model
    if name in ("load_model", "save_model"):
        from edgewise.weights import model_file

        return getattr(model_file, name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
