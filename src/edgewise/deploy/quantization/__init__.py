"""int8 artifacts: ways to quantise after training, how sensitive a network's parts are, and fine-tuning for it."""

from edgewise.deploy.quantization.groups import Group, groups_of
from edgewise.deploy.quantization.quantize import SCHEMES, quantize_onnx
from edgewise.deploy.quantization.scheme import Scheme
from edgewise.deploy.quantization.with_nncf import NncfScheme
from edgewise.deploy.quantization.with_onnxruntime import OnnxRuntimeScheme

__all__ = ["SCHEMES", "Group", "NncfScheme", "OnnxRuntimeScheme", "Scheme", "groups_of", "quantize_onnx"]
