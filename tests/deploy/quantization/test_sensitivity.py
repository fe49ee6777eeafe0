"""The part whose rounding hurts is found, whatever hurts about it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgewise.deploy import export_onnx, random_tensors
from edgewise.deploy.quantization import SCHEMES, quantize_onnx
from edgewise.deploy.quantization.sensitivity import sensitivities
from edgewise.papers import find

NETWORK = find("mobilenet_v2").scaled(0.35).with_input(32).with_classes(4)
IMAGES = np.random.default_rng(0).standard_normal((12, 3, 32, 32)).astype(np.float32)


def _found(tmp_path: Path, spoilt: str | None = None):
    tensors = random_tensors(NETWORK)
    if spoilt is not None:
        # A channel that is always zero, and outlying weights on it: nothing changes but the steps of all other weights.
        tensors[f"{spoilt}.depthwise.norm.bias"][0] = -100
        tensors[f"{spoilt}.project.conv.weight"][:, 0] = 20
    plain, integer = tmp_path / "plain.onnx", tmp_path / "int8.onnx"
    export_onnx(NETWORK, tensors, plain)
    quantize_onnx(plain, IMAGES, integer, SCHEMES[0])
    done: list[tuple[int, int]] = []
    found = sensitivities(plain, integer, IMAGES, scheme="u8s8", report=lambda *now: done.append(now))
    assert done[-1] == (len(found.groups), len(found.groups))
    return found


def test_noise_adds_up_and_the_table_is_in_order(tmp_path: Path) -> None:
    found = _found(tmp_path)
    noises = [one.noise for one in found.groups]
    assert noises == sorted(noises, reverse=True)
    assert 0.3 < sum(noises) / found.noise < 8  # nearly independent; borders are in the parts on either side
    assert found.by_kind["expand"] == pytest.approx(
        sum(one.noise for one in found.groups if one.group.kind == "expand")
    )
    table = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert table["groups"][0]["name"] == found.groups[0].group.name
    assert table["groups"][0]["decibels"] == pytest.approx(-10 * np.log10(noises[0]))
    assert table["all"]["noise"] == found.noise


def test_a_spoilt_layer_is_the_worst(tmp_path: Path) -> None:
    rank = {one.group.name: place for place, one in enumerate(_found(tmp_path).groups)}
    assert rank["5.project"] > 0
    assert _found(tmp_path, "5").groups[0].group.name == "5.project"
