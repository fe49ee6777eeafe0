"""How accurate a point's network is, found out in different ways, one a file."""

from edgewise.search.evaluators.base import Evaluator
from edgewise.search.evaluators.lookup import Lookup

__all__ = ["Evaluator", "Lookup"]
