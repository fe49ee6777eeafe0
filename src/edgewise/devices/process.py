"""The parent's side of a runtime's own process: start it, ask it, and say clearly when it crashes or hangs."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from edgewise.devices.blocks import Block
from edgewise.devices.protocol import ProtocolError, receive, send
from edgewise.devices.runtimes import KernelTimes, TensorSpec, check_precision, find_runtime, installed_runtime
from edgewise.devices.streams import Stream
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    import numpy as np

_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
"""What libraries must find when they are loaded: OpenMP's threads sleep while they wait, and torch compiles in the
worker, not in processes beside it."""

_LOADING = 10
"""How many times the patience for everything else loading has: a runtime may compile then."""


class Worker:
    """A runtime in a process of its own, for one thread of the caller; use it as a context manager.

    Every method raises `EdgewiseError`, naming the artifact, the runtime and what happened, when the runtime refuses
    the artifact, crashes, or does not answer within `timeout` seconds (ten times as long while loading, when some
    compile; it is then killed). After a crash or a hang every further request raises too.
    """

    def __init__(self, runtime: str = "onnxruntime", *, timeout: float = 60.0) -> None:
        self.runtime = installed_runtime(runtime).name
        self._timeout = self._patience = timeout
        self._paths: dict[str, Path] = {}
        self._specs: dict[str, tuple[TensorSpec, ...]] = {}
        self._timed_out = False
        self._garbled = ""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        # -P and our own sys.path: the worker imports what we import, and nothing that happens to lie where we stand.
        search_path = [str(Path(entry).resolve()) for entry in sys.path]
        environment = os.environ | _ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(search_path)}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "edgewise.devices.worker", runtime],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=environment,
            )
        except BaseException:
            self._stderr.close()
            raise

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the worker still runs, so that it can be asked again."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ends the worker: its stdin ends, and it with it; one that lingers is killed. May be called again."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):  # a request was left unwritten when the worker died
            self._process.stdin.close()
        self._ended()
        self._process.stdout.close()
        self._stderr.close()

    def load(
        self,
        name: str,
        path: Path,
        *,
        threads: int = 1,
        precision: str = "fp32",
        seed: int = 0,
        example: Path | None = None,
    ) -> tuple[TensorSpec, ...]:
        """Loads an artifact under `name`, to be computed in `precision` (one of the runtime's) on `threads` threads,
        with random normal inputs drawn from `seed`, or the array in the file `example`; returns its inputs."""
        if threads < 1:
            raise EdgewiseError(f"{threads} threads cannot run anything; ask for 1 or more")
        if not path.is_file():
            raise EdgewiseError(f"there is no artifact {path}; export the model first")
        check_precision(find_runtime(self.runtime), precision)
        self._paths[name] = path
        request = {
            "command": "load",
            "name": name,
            "path": str(path),
            "threads": threads,
            "precision": precision,
            "seed": seed,
            "example": "" if example is None else str(example),
        }
        reply, _ = self._ask("loading", request)
        self._specs[name] = tuple(TensorSpec.from_json(spec) for spec in reply["inputs"])
        return self._specs[name]

    def inputs(self, name: str) -> tuple[TensorSpec, ...]:
        """The inputs of a loaded artifact."""
        return self._specs[name]

    def time(self, name: str, *, iterations: int, warmup: int = 1) -> Block:
        """Runs a loaded artifact `warmup` times untimed, then `iterations` times timed one by one."""
        request = {"command": "time", "name": name, "iterations": iterations, "warmup": warmup}
        reply, _ = self._ask("timing", request)
        return Block.from_json(reply)

    def run(self, name: str, batches: bytes) -> list[list[np.ndarray]]:
        """Runs a loaded artifact of one input on the bytes of a whole number of its own batches; returns for each of
        them all the artifact's outputs, in its order."""
        import numpy as np  # here, so that importing this package does not wait for numpy

        reply, content = self._ask("running", {"command": "run", "name": name}, batches)
        memory = bytearray(content)  # arrays of bytes could not be written to
        found: list[list[np.ndarray]] = []
        place = 0
        for batch in reply["batches"]:
            outputs: list[np.ndarray] = []
            for output in batch:
                dtype, shape = np.dtype(output["dtype"]), tuple(output["shape"])
                outputs.append(np.frombuffer(memory, dtype, math.prod(shape), place).reshape(shape))
                place += outputs[-1].nbytes
            found.append(outputs)
        return found

    def stream(self, name: str, opens_ns: int, closes_ns: int) -> Stream:
        """Runs a loaded artifact without a pause until a window of time closes (see `run_stream`)."""
        reply, _ = self._ask("timing", {"command": "stream", "name": name, "opens": opens_ns, "closes": closes_ns})
        return Stream(**reply)

    def trace(self, name: str, *, iterations: int) -> list[KernelTimes]:
        """The kernels of a loaded artifact in the order they run, timed inside `iterations` whole inferences."""
        reply, _ = self._ask("tracing", {"command": "trace", "name": name, "iterations": iterations})
        return [KernelTimes(kernel, tuple(ns)) for kernel, ns in reply["kernels"]]

    def unload(self, name: str) -> None:
        """Forgets a loaded artifact and frees its memory."""
        self._ask("unloading", {"command": "unload", "name": name})
        del self._specs[name]

    def _ask(self, doing: str, request: dict[str, Any], payload: bytes = b"") -> tuple[dict[str, Any], bytes]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # The timer kills, which ends whatever read or write we are blocked in; no second reader is needed.
        self._patience = self._timeout * (_LOADING if request["command"] == "load" else 1)
        timer = threading.Timer(self._patience, self._expire)
        timer.daemon = True
        timer.start()
        frame = None
        try:
            send(self._process.stdin, request, payload)
            frame = receive(self._process.stdout)
        except ProtocolError as error:
            self._garbled = str(error)
        except (OSError, ValueError):  # the pipe broke, or an earlier failure closed it
            frame = None
        except BaseException:
            self._process.kill()  # interrupted between question and answer: the pipe can no longer be trusted
            raise
        finally:
            timer.cancel()
        path = self._paths.get(request["name"], Path(request["name"]))
        if frame is None:
            raise EdgewiseError(self._obituary(doing, path))
        reply, content = frame
        if "error" in reply:
            reason = " ".join(str(reply["error"]).split())[:400]
            raise EdgewiseError(f"{self.runtime} failed {doing} {path}: {reason}")
        return reply, content

    def _expire(self) -> None:
        self._timed_out = True
        self._process.kill()

    def _ended(self) -> int:
        """The exit code of a worker whose pipe is closed; one that lingers all the same is killed."""
        try:
            return self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _obituary(self, doing: str, path: Path) -> str:
        """What became of the worker, as the sentence a user reads."""
        code = self._ended()
        if self._timed_out:
            return (
                f"{self.runtime} gave no answer within {self._patience:g} s while {doing} {path} and was stopped; "
                f"see whether the artifact runs at all, and whether the machine is overloaded{self._last_words()}"
            )
        if self._garbled:
            return f"{self.runtime} answered with something unreadable while {doing} {path}: {self._garbled}"
        how = f"stopped with {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
        advice = "the machine may be out of memory" if code == -9 else "the artifact or the runtime is broken"
        return f"{self.runtime} {how} while {doing} {path}; {advice}{self._last_words()}"

    def _last_words(self) -> str:
        self._stderr.seek(0)
        lines = [line.strip() for line in self._stderr.read().decode(errors="replace").splitlines() if line.strip()]
        return f" (it last said: {lines[-1][:300]})" if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
