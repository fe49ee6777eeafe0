"""The process a runtime runs in: `python -m edgewise.devices.worker RUNTIME`, spoken to by `edgewise.devices.process`.

A runtime that crashes takes only this process with it. Requests come on stdin, replies go to stdout, in the frames of
`edgewise.devices.protocol`; whatever libraries print goes to stderr. The process ends when stdin does, also in the
middle of an inference, so it never outlives its parent.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

import numpy as np

from edgewise.devices.protocol import ProtocolError, receive, send
from edgewise.devices.runtimes import (
    Runtime,
    Session,
    TensorSpec,
    TracingRuntime,
    UnusableArtifactError,
    find_runtime,
)
from edgewise.devices.streams import run_stream

_COARSE_SECONDS = 1e-4


class _Bench:
    """The loaded artifacts and what is done with them, by name."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._sessions: dict[str, Session] = {}
        self._examples: dict[str, list[np.ndarray]] = {}
        self._loaded: dict[str, tuple[Path, int, str]] = {}

    def answer(self, request: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        match request:
            case {
                "command": "load",
                "name": str(name),
                "path": str(path),
                "threads": int(threads),
                "precision": str(precision),
                "seed": int(seed),
                "example": str(example),
            }:
                session = self._runtime.load(Path(path), threads, precision)
                self._sessions[name] = session
                self._loaded[name] = (Path(path), threads, precision)
                self._examples[name] = _examples(session.inputs, seed, example)
                return {"inputs": [spec.to_json() for spec in session.inputs]}, b""
            case {"command": "time", "name": str(name), "iterations": int(iterations), "warmup": int(warmup)}:
                return timed(self._sessions[name], self._examples[name], iterations, warmup), b""
            case {"command": "stream", "name": str(name), "opens": int(opens), "closes": int(closes)}:
                session, inputs = self._sessions[name], self._examples[name]
                return run_stream(lambda: session.run(inputs), opens, closes, _busy_ns).to_json(), b""
            case {"command": "run", "name": str(name)}:
                return _run(self._sessions[name], payload)
            case {"command": "trace", "name": str(name), "iterations": int(iterations)}:
                if not isinstance(self._runtime, TracingRuntime):
                    raise UnusableArtifactError("it does not say what its kernels take; take another runtime")
                kernels = self._runtime.trace(*self._loaded[name], self._examples[name], iterations)
                return {"kernels": [[kernel.name, kernel.ns] for kernel in kernels]}, b""
            case {"command": "unload", "name": str(name)}:
                del self._sessions[name], self._examples[name], self._loaded[name]
                return {}, b""
        raise ValueError(f"unknown request {request}")


def _examples(specs: Sequence[TensorSpec], seed: int, file: str) -> list[np.ndarray]:
    """What the artifact is timed on. Raises `UnusableArtifactError` where the array in `file` is not what it takes."""
    generator = np.random.default_rng(seed)
    if not file:
        return [_example(spec, generator) for spec in specs]
    array = np.load(file)
    if len(specs) != 1 or (array.dtype.name, array.shape) != (specs[0].dtype, specs[0].shape):
        raise UnusableArtifactError(f"it does not take {array.dtype.name} {array.shape}, which it is to be timed on")
    return [array]


def _example(spec: TensorSpec, generator: np.random.Generator) -> np.ndarray:
    """A random input: standard normal, all pixel values for 8-bit inputs, zeros where numbers may be indices."""
    dtype = np.dtype(spec.dtype)
    if dtype.kind == "f":
        return generator.standard_normal(spec.shape, dtype=np.float32).astype(dtype)
    if dtype.itemsize == 1 and dtype.kind in "iu":
        return generator.integers(0, 256, spec.shape, dtype=np.uint8).view(dtype)
    return np.zeros(spec.shape, dtype)


def timed(session: Session, inputs: Sequence[np.ndarray], iterations: int, warmup: int) -> dict[str, Any]:
    """Runs a session `warmup` times untimed, then `iterations` times timed one by one; a `Block` as JSON's types."""
    wall = time.perf_counter_ns
    cpu = time.thread_time_ns
    walls: list[int] = []
    cpus: list[int] = []
    began, own, busy = wall(), time.process_time_ns(), _busy_ns()
    for _ in range(warmup):
        session.run(inputs)
    waited, switches = _waited_ns(), _switches()
    for _ in range(iterations):
        cpu_start = cpu()
        start = wall()
        session.run(inputs)
        end = wall()
        cpus.append(cpu() - cpu_start)
        walls.append(end - start)
    waited_after, switches_after = _waited_ns(), _switches()
    busy_after = _busy_ns()
    others = None
    if busy is not None and busy_after is not None:
        others = max(busy_after - busy - (time.process_time_ns() - own), 0) / (wall() - began)
    fine = time.get_clock_info("thread_time").resolution <= _COARSE_SECONDS
    return {
        "wall_ns": walls,
        "cpu_ns": cpus if fine else [],
        "waited_ns": None if waited is None or waited_after is None else waited_after - waited,
        "switches": None if switches is None or switches_after is None else switches_after - switches,
        "others": others,
    }


def _run(session: Session, payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Runs the payload, a whole number of the artifact's own batches, and answers with all its outputs, batch by batch:
    how many there are may differ, where an artifact finds things."""
    (spec,) = session.inputs
    batches = np.frombuffer(payload, spec.dtype).reshape(-1, *spec.shape)
    outputs = [[np.asarray(output) for output in session.run([batch])] for batch in batches]
    described = [[{"dtype": one.dtype.name, "shape": list(one.shape)} for one in batch] for batch in outputs]
    return {"batches": described}, b"".join(one.tobytes() for batch in outputs for one in batch)


def _waited_ns() -> int | None:
    """How long the threads of this process have been ready without a core (Linux: the second number of schedstat)."""
    try:
        return sum(int(path.read_text().split()[1]) for path in Path("/proc/self/task").glob("*/schedstat"))
    except (OSError, ValueError, IndexError):
        return None


def _busy_ns() -> int | None:
    """The CPU time all processes together have used so far (Linux: user, nice, system, irq and softirq of the sum)."""
    try:
        with Path("/proc/stat").open() as file:
            ticks = file.readline().split()[1:]
        return sum(int(ticks[field]) for field in (0, 1, 2, 5, 6)) * (10**9 // os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return None


def _switches() -> int | None:
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def _listen(stream: IO[bytes], requests: SimpleQueue[tuple[dict[str, Any], bytes]]) -> None:
    """Reads requests ahead, so that the end of stdin is noticed at once; the wait costs no CPU time."""
    try:
        while (frame := receive(stream)) is not None:
            requests.put(frame)
        code = 0
    except (ProtocolError, OSError) as error:
        print(f"the worker cannot read its requests: {error}", file=sys.stderr, flush=True)
        code = 2
    os._exit(code)


def main() -> None:
    """Serves requests until stdin ends."""
    runtime = find_runtime(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer; stdin ends when it gives up
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests: SimpleQueue[tuple[dict[str, Any], bytes]] = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    bench = _Bench(runtime)
    while True:
        request, payload = requests.get()
        try:
            reply, content = bench.answer(request, payload)
        except UnusableArtifactError as error:
            reply, content = {"error": str(error)}, b""
        except Exception as error:
            reply, content = {"error": f"{type(error).__name__}: {error}"}, b""
        send(replies, reply, content)


if __name__ == "__main__":
    main()
