"""Values, the elementary ops, and the graph a network's rows make. No torch."""

from edgewise.graph.graph import Graph, Node
from edgewise.graph.value import Trace, Value

__all__ = ["Graph", "Node", "Trace", "Value"]
