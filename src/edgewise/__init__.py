"""Edgewise: from images and a latency budget to the most accurate CNN that fits, deployed.

The verbs of the command line are functions here: `fit`, `train`, `evaluate`, `predict`, `export`, `bench`, `models`,
`show`, `share`; and `Model` is a trained network to be called, saved and shared. They and what they need are imported
when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from edgewise.errors import BudgetError, EdgewiseError
from edgewise.version import VERSION as __version__  # noqa: N811

if TYPE_CHECKING:
    from edgewise.papers import Architecture
    from edgewise.verbs.adapt import adapt
    from edgewise.verbs.bench import bench
    from edgewise.verbs.convert import convert
    from edgewise.verbs.evaluate import evaluate
    from edgewise.verbs.evaluate_scenes import evaluate_scenes
    from edgewise.verbs.explain import explain
    from edgewise.verbs.export import export
    from edgewise.verbs.figures import figures
    from edgewise.verbs.fit import fit
    from edgewise.verbs.models import models
    from edgewise.verbs.predict import predict
    from edgewise.verbs.predict_scenes import predict_scenes
    from edgewise.verbs.quantize import quantize
    from edgewise.verbs.search import search
    from edgewise.verbs.share import share
    from edgewise.verbs.show import show
    from edgewise.verbs.study import study
    from edgewise.verbs.train import train
    from edgewise.verbs.train_scenes import train_scenes
    from edgewise.weights import Model

__all__ = [
    "Architecture",
    "BudgetError",
    "EdgewiseError",
    "Model",
    "__version__",
    "adapt",
    "bench",
    "convert",
    "evaluate",
    "evaluate_scenes",
    "explain",
    "export",
    "figures",
    "fit",
    "models",
    "predict",
    "predict_scenes",
    "quantize",
    "search",
    "share",
    "show",
    "study",
    "train",
    "train_scenes",
]

_VERBS = frozenset(__all__) - {"Architecture", "BudgetError", "EdgewiseError", "Model", "__version__"}


def __getattr__(name: str) -> Any:
    if name in _VERBS:
        return getattr(import_module(f"edgewise.verbs.{name}"), name)
    if name == "Model":
        return import_module("edgewise.weights").Model
    if name == "Architecture":
        return import_module("edgewise.papers").Architecture
    raise AttributeError(f"module 'edgewise' has no attribute {name!r}")
