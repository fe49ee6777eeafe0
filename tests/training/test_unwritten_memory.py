"""Gradients in bf16 do not depend on what memory held before: glibc fills it, with one thing and with another."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

CODE = """
import torch
from edgewise.nn import Network
from edgewise.papers import find
from edgewise.papers.lr_aspp import lr_aspp
from edgewise.training.depthwise import depthwise_in_fp32

architecture = lr_aspp(find("mobilenet_v2"), 11, height=360, width=480, rf2=True)
network = Network(architecture, seed=0).train().to(memory_format=torch.channels_last)
images = torch.randn(4, 3, 360, 480, generator=torch.Generator().manual_seed(0))
with depthwise_in_fp32("cpu", "bf16"), torch.autocast("cpu", torch.bfloat16):
    scores = network(images.contiguous(memory_format=torch.channels_last))
scores.float().square().mean().backward()
for name, parameter in network.named_parameters():
    print(name, float(parameter.grad.abs().sum()))
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc fills memory when asked to")
def test_gradients_are_the_same_whatever_memory_held() -> None:
    """oneDNN's gradient of dilated depthwise filters is not, which is why those are computed in fp32."""
    found = []
    for byte in ("1", "254"):
        env = os.environ | {"MALLOC_PERTURB_": byte, "PYTHONPATH": os.pathsep.join(sys.path)}
        ended = subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=True)
        found.append({line.split()[0]: float(line.split()[1]) for line in ended.stdout.splitlines()})
    one, other = found
    assert len(one) > 100
    assert one == pytest.approx(other, rel=1e-3)
