"""How accurate a point's network is, found out in different ways, one a file."""

from edgewise.searching.evaluators.base import Evaluator
from edgewise.searching.evaluators.lookup import Lookup

__all__ = ["Evaluator", "Lookup"]
