"""What every runtime must do, in every precision it has; one that is missing is skipped, saying how to install it."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from edgewise.blocks import Classifier, ConvBNAct
from edgewise.deploy import build, random_tensors
from edgewise.devices import Variant, Worker, find_runtime, measure_variants, run, runtime_names
from edgewise.devices.runtimes import openvino as openvino_file
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture, find

HEAD = Classifier(classes=3)

NETWORKS = {
    "mobilenet_v3": find("mobilenet_v3_small").scaled(0.5).with_input(64).with_classes(7),
    "shufflenet_v1": find("shufflenet_v1_g3").scaled(0.5).with_input(64).with_classes(7),
    "shufflenet_v2": find("shufflenet_v2_0.5").with_input(64).with_classes(7),
}

# Enough work for two threads, and few layers, because exporting takes some runtimes a second for every few.
BROAD = Architecture(
    "broad",
    (*(ConvBNAct(out_channels=width, stride=stride) for width, stride in ((32, 2), (64, 1), (64, 1), (64, 1))), HEAD),
    input=(3, 96, 96),
)

# Runs in well under a millisecond.
SMALL = Architecture("small", (ConvBNAct(out_channels=8, stride=2), HEAD), input=(3, 32, 32))

# The shares of the largest output that may be lost: rounding in fp32, in bf16 with its 8 bits about 50 layers deep, and
# in int8 with random weights, which are nobody's.
TOLERANCES = {"fp32": 1e-4, "bf16": 0.1, "int8": 0.5, "int8+bf16": 0.5}

# Compiling a network takes tens of seconds.
SLOW = {name: [pytest.mark.slow] for name in ("torch_channels_last", "torch_compiled")}

EXPORTED = {"executorch": [pytest.mark.slow]}

NAMES = [pytest.param(name, marks=SLOW.get(name, [])) for name in runtime_names()]

COMBINATIONS = [
    pytest.param(name, precision, marks=SLOW.get(name, []))
    for name in runtime_names()
    for precision in find_runtime(name).precisions
]

# Exporting whole networks to ExecuTorch takes tens of seconds; tests/deploy/test_executorch.py has short ones.
WHOLE = [
    pytest.param(*one.values, marks=[pytest.mark.slow] if one.values[0] == "executorch" else one.marks)
    for one in COMBINATIONS
]

posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")


def _installed(name: str) -> str:
    runtime = find_runtime(name)
    if runtime.version() is None:
        pytest.skip(f"{name} is not installed: {runtime.install_hint}")
    return name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For artifacts that several tests load."""
    return tmp_path_factory.mktemp("artifacts")


def _loaded(worker: Worker, path: Path, precision: str, threads: int = 1) -> None:
    try:
        worker.load("a", path, threads=threads, precision=precision)
    except EdgewiseError as error:
        if "bf16" not in precision or "this CPU has no" not in str(error):
            raise
        pytest.skip(str(error))


def _built(
    architecture: Architecture, folder: Path, runtime: str, precision: str = "fp32"
) -> tuple[Path, np.ndarray, np.ndarray]:
    """The artifact of a network with random weights, images, and what torch makes of them."""
    tensors = random_tensors(architecture)
    network = Network(architecture)
    network.load_state_dict({name: torch.from_numpy(np.array(one)) for name, one in tensors.items()}, strict=False)
    images = np.random.default_rng(1).standard_normal((3, *architecture.input), dtype=np.float32)
    with torch.inference_mode():
        expected = network.eval()(torch.from_numpy(images))
    name = architecture.digest[:16]
    path = build(architecture, tensors, folder, name, runtime=runtime, precision=precision, images=images)
    return path, images, expected.numpy()


def _small(folder: Path, runtime: str) -> Path:
    return build(SMALL, random_tensors(SMALL), folder, "a", runtime=runtime)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(("name", "precision"), WHOLE)
def test_outputs_are_those_of_torch(name: str, precision: str, network: str, tmp_path: Path) -> None:
    path, images, expected = _built(NETWORKS[network], tmp_path, _installed(name), precision)
    with Worker(_installed(name)) as worker:
        _loaded(worker, path, precision)
    actual = run(path, images, runtime=name, precision=precision)
    assert actual.dtype == np.float32
    error = float(np.abs(actual - expected).max() / np.abs(expected).max())
    assert error < TOLERANCES[precision]
    assert (error > 1e-4) == (precision != "fp32")  # else it was fp32 that was run


# Exporting for ExecuTorch takes half a minute; its outputs are compared in tests/deploy too.
SOON = [pytest.param(name, marks=[*SLOW.get(name, []), *EXPORTED.get(name, [])]) for name in runtime_names()]


@pytest.mark.parametrize("name", SOON)
def test_outputs_stay_what_they_were_when_the_next_images_come(name: str, folder: Path) -> None:
    path, images, _ = _built(SMALL, folder, _installed(name))
    together = run(path, images, runtime=name)
    alone = np.concatenate([run(path, images[index : index + 1], runtime=name) for index in range(len(images))])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)
    assert len(np.unique(together, axis=0)) == len(images)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads CPU times from /proc")
@pytest.mark.parametrize(("name", "precision"), COMBINATIONS)
def test_one_thread_is_one_thread_and_waits_without_spinning(name: str, precision: str, folder: Path) -> None:
    path, _, _ = _built(BROAD, folder, _installed(name), precision)
    with Worker(name) as worker:
        _loaded(worker, path, precision)
        worker.time("a", iterations=3)
        before, began = _cpu_seconds(worker.pid), time.perf_counter()
        worker.time("a", iterations=60)
        used, passed = _cpu_seconds(worker.pid) - before, time.perf_counter() - began
        assert used < 1.15 * passed + 0.03
        assert _idle_share(worker) < 0.2


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads CPU times from /proc")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
@pytest.mark.parametrize("name", NAMES)
def test_two_threads_share_the_work_and_wait_without_spinning(name: str, folder: Path) -> None:
    path, _, _ = _built(BROAD, folder, _installed(name))
    with Worker(name) as worker:
        _loaded(worker, path, "fp32", threads=2)
        # By work, not by time, and more than once: where cores are taken, one thread may do all that there is to do.
        assert any(_working_threads(worker) == 2 for _ in range(5))
        assert _idle_share(worker) < 0.2


def _working_threads(worker: Worker) -> int:
    """How many threads do a good part of the work of some inferences."""
    before = _thread_seconds(worker.pid)
    worker.time("a", iterations=60)
    after = _thread_seconds(worker.pid)
    busy = sorted(seconds - before.get(thread, 0.0) for thread, seconds in after.items())
    return sum(seconds > 0.1 * busy[-1] for seconds in busy)


def _idle_share(worker: Worker) -> float:
    """How much CPU time the worker uses per second of having nothing to do."""
    before = _cpu_seconds(worker.pid)
    time.sleep(0.5)
    return (_cpu_seconds(worker.pid) - before) / 0.5


def _cpu_seconds(pid: int) -> float:
    return sum(_thread_seconds(pid).values())


def _thread_seconds(pid: int) -> dict[str, float]:
    """The CPU time each thread of a process has used, user and system."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        found[task.name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads parents from /proc")
@pytest.mark.parametrize("name", NAMES)
def test_a_runtime_starts_no_processes_of_its_own(name: str, folder: Path) -> None:
    with Worker(_installed(name)) as worker:
        worker.load("a", _small(folder, name))
        started = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it has ended meanwhile
                if int(stat.read_text().rpartition(")")[2].split()[1]) == worker.pid:
                    started.append(stat.parent.name)
        assert started == []


# Not of the others: a model file's architecture has a size, and ExecuTorch's files give the largest shape they take.
@pytest.mark.parametrize("name", [name for name in runtime_names() if find_runtime(name).suffix == ".onnx"])
def test_an_input_without_a_fixed_shape_is_refused(name: str, matmuls: Callable[..., Path]) -> None:
    with (
        Worker(_installed(name)) as worker,
        pytest.raises(EdgewiseError, match=r"dynamic\.onnx: its input 'x' has no fixed shape \(.+, 16\); export it"),
    ):
        worker.load("dynamic", matmuls("dynamic", batch="n"))


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_artifact_is_a_sentence_and_the_worker_goes_on(name: str, folder: Path, tmp_path: Path) -> None:
    corrupt = tmp_path / f"corrupt{find_runtime(name).suffix}"
    corrupt.write_bytes(b"not a model at all")
    with Worker(_installed(name)) as worker:
        with pytest.raises(EdgewiseError, match=rf"{name} failed loading .*corrupt\.\w+: "):
            worker.load("corrupt", corrupt)
        worker.load("good", _small(folder, name))
        assert worker.time("good", iterations=1).wall_ns


@posix
@pytest.mark.parametrize("name", NAMES)
def test_a_crash_and_a_hang_are_sentences(name: str, folder: Path) -> None:
    with Worker(_installed(name)) as worker:
        worker.load("a", _small(folder, name))
        threading.Timer(0.3, os.kill, (worker.pid, signal.SIGSEGV)).start()
        with pytest.raises(EdgewiseError, match=rf"{name} stopped with SIGSEGV while timing .*a\.\w+"):
            worker.time("a", iterations=10_000_000)
    patience = 30 if name in SLOW else 4  # ten times as long while loading
    with Worker(name, timeout=patience) as worker:
        worker.load("a", _small(folder, name))
        os.kill(worker.pid, signal.SIGSTOP)
        with pytest.raises(EdgewiseError, match=rf"{name} gave no answer within {patience} s while timing .*a\.\w+"):
            worker.time("a", iterations=1)


@pytest.mark.parametrize("name", NAMES)
def test_a_runtime_that_dies_is_not_the_end_of_the_others(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Worker.time

    def deadly(self: Worker, key: str, *, iterations: int, warmup: int = 1) -> object:
        if self.runtime == name:
            os.kill(self.pid, signal.SIGKILL)
        return asked(self, key, iterations=iterations, warmup=warmup)

    monkeypatch.setattr(Worker, "time", deadly)
    other = "torch_eager" if name == "onnxruntime" else "onnxruntime"
    told: list[str] = []
    latencies = measure_variants(
        [Variant("a", _small(folder, one), one) for one in (_installed(name), other)],
        max_seconds=0.3,
        failed=lambda variant, error: told.append(str(error)),
    )
    assert [latency.runtime for latency in latencies] == [other]
    assert len(told) == 1
    assert name in told[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_precision_it_lacks_is_a_sentence_with_those_it_has(name: str, matmuls: Callable[..., Path]) -> None:
    known = re.escape(", ".join(find_runtime(name).precisions))
    with (
        Worker(_installed(name)) as worker,
        pytest.raises(EdgewiseError, match=f"{name} does not compute in 'fp7'; choose one of: {known}$"),
    ):
        worker.load("a", matmuls("a"), precision="fp7")


def test_openvino_says_how_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_file, "package_version", lambda package: None)
    with pytest.raises(EdgewiseError, match=r'openvino is not installed; install it with: pip install "edgewise\[open'):
        Worker("openvino")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads CPU times from /proc")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_executorch_goes_on_when_others_are_loaded_for_another_number_of_threads(folder: Path) -> None:
    """A process has one set of threads, and what was loaded for it may not be used with another."""
    path, images, _ = _built(BROAD, folder, _installed("executorch"))
    expected = run(path, images[:1], runtime="executorch")
    with Worker("executorch") as worker:
        for name, threads in (("one", 1), ("two", 2), ("another", 1)):
            worker.load(name, path, threads=threads)
        for name in ("one", "two", "one", "another", "two"):
            ((actual, *_),) = worker.run(name, images[:1].tobytes())
            np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
            before = _thread_seconds(worker.pid)
            worker.time(name, iterations=30)
            spent = [seconds - before.get(thread, 0.0) for thread, seconds in _thread_seconds(worker.pid).items()]
            assert sum(seconds > 0.2 * max(spent) for seconds in spent) == (2 if name == "two" else 1)
