"""What a network costs, counted from its shapes. No torch."""

from edgewise.costs.count import Costs, count
from edgewise.costs.kinds import kind
from edgewise.costs.rules import RULES, OpCost

__all__ = ["RULES", "Costs", "OpCost", "count", "kind"]
