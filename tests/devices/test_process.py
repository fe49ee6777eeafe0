"""The worker process: what it answers, and that no crash, hang or death leaves anybody waiting."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from onnx import TensorProto

from edgewise.devices import TensorSpec, Worker, find_runtime, runtime_names
from edgewise.devices.runtimes import onnxruntime as onnxruntime_file
from edgewise.errors import EdgewiseError

posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")


@pytest.mark.parametrize("name", runtime_names())
def test_every_runtime_says_what_it_is(name):
    runtime = find_runtime(name)
    assert runtime.name == name
    assert runtime.install_hint
    version = runtime.version()
    assert version is None or version[0].isdigit()


def test_an_artifact_is_loaded_timed_and_unloaded(worker, matmuls):
    specs = worker.load("a", matmuls("a", width=24))
    assert specs == (TensorSpec("x", "float32", (1, 24)),) == worker.inputs("a")
    block = worker.time("a", iterations=7, warmup=2)
    assert len(block.wall_ns) == 7
    assert min(block.wall_ns) > 0
    assert len(block.cpu_ns) in (0, 7)
    worker.unload("a")
    with pytest.raises(EdgewiseError, match="failed timing"):
        worker.time("a", iterations=1)


def test_a_worker_goes_on_after_an_artifact_it_cannot_load(worker, matmuls, tmp_path):
    corrupt = tmp_path / "corrupt.onnx"
    corrupt.write_bytes(b"not a model at all")
    with pytest.raises(EdgewiseError, match=r"onnxruntime failed loading .*corrupt\.onnx: InvalidProtobuf"):
        worker.load("corrupt", corrupt)
    worker.load("good", matmuls("good"))
    assert worker.time("good", iterations=1).wall_ns


def test_an_input_without_a_fixed_shape_is_a_sentence(worker, matmuls):
    with pytest.raises(EdgewiseError, match=r"dynamic\.onnx: its input 'x' has no fixed shape \(n, 16\); export it"):
        worker.load("dynamic", matmuls("dynamic", batch="n"))


def test_a_missing_artifact_and_no_threads_are_sentences(worker, matmuls, tmp_path):
    with pytest.raises(EdgewiseError, match="there is no artifact"):
        worker.load("none", tmp_path / "none.onnx")
    with pytest.raises(EdgewiseError, match="0 threads"):
        worker.load("a", matmuls("a"), threads=0)


def test_double_precision_inputs_are_fed_as_such(worker, matmuls):
    (spec,) = worker.load("double", matmuls("double", kind=TensorProto.DOUBLE))
    assert spec.dtype == "float64"
    assert worker.time("double", iterations=1).wall_ns


def test_an_unknown_runtime_is_a_sentence():
    with pytest.raises(EdgewiseError, match="no runtime named 'abacus'; choose one of: onnxruntime"):
        Worker("abacus")


def test_a_runtime_that_is_not_installed_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(onnxruntime_file, "package_version", lambda package: None)
    with pytest.raises(EdgewiseError, match="onnxruntime is not installed; install it with: pip install"):
        Worker("onnxruntime")


@posix
def test_a_worker_killed_in_the_middle_of_timing_is_reported(matmuls):
    with Worker() as worker:
        worker.load("a", matmuls("a", width=256))
        threading.Timer(0.3, os.kill, (worker.pid, signal.SIGKILL)).start()
        with pytest.raises(
            EdgewiseError, match=r"onnxruntime stopped with SIGKILL while timing .*a\.onnx; the machine"
        ):
            worker.time("a", iterations=10_000_000)
        with pytest.raises(EdgewiseError, match="SIGKILL"):
            worker.time("a", iterations=1)


@pytest.mark.skipif(sys.platform != "linux", reason="writes to the worker's stderr through /proc")
def test_a_crash_quotes_what_the_worker_said_last(matmuls):
    with Worker() as worker:
        worker.load("a", matmuls("a"))
        with Path(f"/proc/{worker.pid}/fd/2").open("ab") as stderr:
            stderr.write(b"first\nkernel panic in layer 3\n\n")
        os.kill(worker.pid, signal.SIGSEGV)
        with pytest.raises(EdgewiseError, match=r"SIGSEGV.*broken \(it last said: kernel panic in layer 3\)"):
            worker.time("a", iterations=10_000_000)


@posix
def test_a_worker_that_hangs_is_stopped_and_reported(matmuls):
    with Worker(timeout=4) as worker:
        worker.load("a", matmuls("a"))
        os.kill(worker.pid, signal.SIGSTOP)
        start = time.monotonic()
        with pytest.raises(EdgewiseError, match=r"onnxruntime gave no answer within 4 s while timing .*a\.onnx"):
            worker.time("a", iterations=1)
        assert time.monotonic() - start < 10
        with pytest.raises(EdgewiseError, match="no answer"):
            worker.time("a", iterations=1)


@posix
def test_closing_a_stopped_worker_does_not_wait_for_ever(matmuls):
    worker = Worker()
    worker.load("a", matmuls("a"))
    os.kill(worker.pid, signal.SIGSTOP)
    start = time.monotonic()
    worker.close()
    worker.close()
    assert time.monotonic() - start < 10


@posix
def test_the_worker_dies_with_its_parent_in_the_middle_of_timing(matmuls, tmp_path):
    code = (
        "import sys; from pathlib import Path; from edgewise.devices import Worker\n"
        "worker = Worker(); worker.load('a', Path(sys.argv[1])); print(worker.pid, flush=True)\n"
        "worker.time('a', iterations=100_000_000)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(matmuls("a", width=256))],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.kill()
    deadline = time.monotonic() + 10
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Whether the process runs; one that has ended but was not yet waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_garbage_on_stdin_ends_the_worker_with_a_word():
    done = subprocess.run(
        [sys.executable, "-m", "edgewise.devices.worker", "onnxruntime"],
        input=b"hello, anybody there? " * 10,
        capture_output=True,
        timeout=30,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 2
    assert b"cannot read its requests" in done.stderr
    assert done.stdout == b""


def test_nothing_heavy_is_imported_with_the_package():
    code = (
        "import sys, edgewise.devices\n"
        "print([name for name in ('torch', 'onnxruntime', 'onnx', 'numpy') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert answer.stdout.strip() == "[]"
