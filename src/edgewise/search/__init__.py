"""Architecture search: spaces as data, objectives, and searchers that propose networks and learn from how they did."""

from edgewise.search.front import front, hypervolume
from edgewise.search.objective import Objective
from edgewise.search.problem import Problem, Result
from edgewise.search.space import Choice, Option, Point, Space

__all__ = ["Choice", "Objective", "Option", "Point", "Problem", "Result", "Space", "front", "hypervolume"]
