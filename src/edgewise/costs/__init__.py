"""What a network costs, counted from its shapes. No torch."""

from edgewise.costs.count import Costs, count
from edgewise.costs.kinds import kind
from edgewise.costs.rules import RULES, OpCost
from edgewise.costs.table import CostLine, cost_table

__all__ = ["RULES", "CostLine", "Costs", "OpCost", "cost_table", "count", "kind"]
