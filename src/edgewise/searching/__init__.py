"""Architecture search: spaces as data, objectives, and searchers that propose networks and learn from how they did."""

from edgewise.searching.front import front, hypervolume
from edgewise.searching.objective import Objective
from edgewise.searching.problem import Problem, Result
from edgewise.searching.space import Choice, Option, Point, Space

__all__ = ["Choice", "Objective", "Option", "Point", "Problem", "Result", "Space", "front", "hypervolume"]
