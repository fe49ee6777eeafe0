"""The model file. Reading a card needs no torch; saving and loading networks does."""

from typing import TYPE_CHECKING

from edgewise.weights.card import ModelCard, Provenance, read_card
from edgewise.weights.shapes import tensor_shapes

if TYPE_CHECKING:
    from edgewise.weights.model_file import load_model, save_model

__all__ = ["ModelCard", "Provenance", "load_model", "read_card", "save_model", "tensor_shapes"]


def __getattr__(name: str) -> object:
    if name in ("load_model", "save_model"):
        from edgewise.weights import model_file

        return getattr(model_file, name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
