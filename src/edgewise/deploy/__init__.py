"""From a network to what is deployed: passes over the graph, exporters, and the comparison with torch."""

from edgewise.deploy.artifact import ArtifactCard, read_artifact
from edgewise.deploy.build import build
from edgewise.deploy.executorch import export_executorch
from edgewise.deploy.exit_order import exit_ordered
from edgewise.deploy.export import export_onnx
from edgewise.deploy.fold import folded
from edgewise.deploy.forms import Forms, export_fastest
from edgewise.deploy.onnx_costs import count_onnx
from edgewise.deploy.parity import Parity, compare
from edgewise.deploy.tensors import random_tensors, tensors_of

__all__ = [
    "ArtifactCard",
    "Forms",
    "Parity",
    "build",
    "compare",
    "count_onnx",
    "exit_ordered",
    "export_executorch",
    "export_fastest",
    "export_onnx",
    "folded",
    "random_tensors",
    "read_artifact",
    "tensors_of",
]
