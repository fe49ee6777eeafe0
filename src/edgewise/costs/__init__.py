"""What a network costs, counted from its shapes. No torch, but for `profile`, which is imported when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgewise.costs.count import Costs, count
from edgewise.costs.kinds import kind
from edgewise.costs.rules import RULES, OpCost
from edgewise.costs.table import Amounts, CostLine, cost_table
from edgewise.costs.tally import Profile

if TYPE_CHECKING:
    from edgewise.costs.module import profile

__all__ = ["RULES", "Amounts", "CostLine", "Costs", "OpCost", "Profile", "cost_table", "count", "kind", "profile"]


def __getattr__(name: str) -> Any:
    if name == "profile":
        from edgewise.costs.module import profile

        return profile
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
