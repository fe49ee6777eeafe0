"""Tiny ONNX artifacts, built without torch, and latencies and blocks with only what a test cares about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgewise.devices import Latency, Worker
from edgewise.devices.blocks import Block


@pytest.fixture
def matmuls(tmp_path: Path) -> Callable[..., Path]:
    """Writes an artifact that multiplies its input `(batch, width)` with `depth` seeded matrices, one after another."""

    def write(
        name: str, *, width: int = 16, depth: int = 1, batch: int | str = 1, kind: int = TensorProto.FLOAT
    ) -> Path:
        generator = np.random.default_rng(7)
        dtype = helper.tensor_dtype_to_np_dtype(kind)
        weights = [
            numpy_helper.from_array((generator.standard_normal((width, width)) / width**0.5).astype(dtype), f"w{i}")
            for i in range(depth)
        ]
        values = ["x", *[f"v{i}" for i in range(depth - 1)], "y"]
        nodes = [helper.make_node("MatMul", [values[i], f"w{i}"], [values[i + 1]]) for i in range(depth)]
        inputs = [helper.make_tensor_value_info("x", kind, [batch, width])]
        outputs = [helper.make_tensor_value_info("y", kind, [batch, width])]
        return _save(helper.make_graph(nodes, "matmuls", inputs, outputs, weights), tmp_path / f"{name}.onnx")

    return write


@pytest.fixture
def sums(tmp_path: Path) -> Callable[..., Path]:
    """Writes an artifact that sums the images `(batch, 3, 4, 4)` of each of its inputs over all but the batch."""

    def write(name: str, *, batch: int = 1, inputs: int = 1, keep_batch: bool = True) -> Path:
        axes = numpy_helper.from_array(np.array([1, 2, 3] if keep_batch else [0, 1, 2]), "axes")
        names = [f"x{i}" for i in range(inputs)]
        nodes = [
            helper.make_node("Sum", names, ["sum"]),
            helper.make_node("ReduceSum", ["sum", "axes"], ["y"], keepdims=0),
        ]
        given = [helper.make_tensor_value_info(x, TensorProto.FLOAT, [batch, 3, 4, 4]) for x in names]
        result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch if keep_batch else 4])
        return _save(helper.make_graph(nodes, "sums", given, [result], [axes]), tmp_path / f"{name}.onnx")

    return write


def _save(graph: onnx.GraphProto, path: Path) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


@pytest.fixture
def worker() -> Iterator[Worker]:
    with Worker("onnxruntime", timeout=60) as started:
        yield started


@pytest.fixture(scope="session")
def latency() -> Callable[..., Latency]:
    """A latency with the given name and interval; its median lies in the middle unless given."""

    def make(name: str, low: float, high: float, median: float | None = None) -> Latency:
        middle = (low + high) / 2 if median is None else median
        return Latency(
            name=name,
            median_ms=middle,
            p10_ms=low,
            low_ms=low,
            high_ms=high,
            spread=0.01,
            rounds=12,
            iterations=120,
            cpu_median_ms=middle,
            disturbed=0,
            unquiet=0,
            settled=True,
            runtime="onnxruntime",
            threads=1,
        )

    return make


@pytest.fixture(scope="session")
def block() -> Callable[..., Block]:
    """A block of iterations of the given wall and CPU milliseconds."""

    def make(*wall: float, cpu: float | None = None, **seen: float | None) -> Block:
        cpus = wall if cpu is None else [cpu] * len(wall)
        waited, switches = seen.get("waited_ns"), seen.get("switches")
        return Block(
            wall_ns=tuple(round(ms * 1e6) for ms in wall),
            cpu_ns=tuple(round(ms * 1e6) for ms in cpus),
            waited_ns=None if waited is None else int(waited),
            switches=None if switches is None else int(switches),
            others=seen.get("others"),
        )

    return make
