"""Edgewise: from images and a latency budget to the most accurate CNN that fits, deployed."""

from edgewise.errors import BudgetError, EdgewiseError
from edgewise.version import VERSION as __version__

__all__ = ["BudgetError", "EdgewiseError", "__version__"]
