"""`explain`: where the time of networks goes on this machine, as one HTML file."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.devices import DeviceProfile, describe_machine, installed_runtime
from edgewise.devices.prediction import Setting
from edgewise.devices.profile import Bandwidth
from edgewise.devices.runtimes import check_precision
from edgewise.errors import EdgewiseError
from edgewise.explaining.gates import GateView
from edgewise.explaining.layers import Ceilings, Store, layers_of
from edgewise.explaining.network_report import Learnt, TimedNetwork, network_report
from edgewise.explaining.slow import slow_rows
from edgewise.files import write_text
from edgewise.papers import Architecture
from edgewise.profiling import Setting as ProbeSetting
from edgewise.profiling import measure_bandwidth, measure_overhead, measure_peak
from edgewise.profiling.filling import check_tracing
from edgewise.profiling.layers import time_layers
from edgewise.verbs.checks import at_least
from edgewise.verbs.resolve import architecture_of, is_model_file, located

SECONDS = 6.0
"""About how long networks are timed."""

_BYTES = {"fp32": 4, "bf16": 2, "int8": 1, "int8+bf16": 1}

_PEAK_SECONDS, _BANDWIDTH_SECONDS, _OVERHEAD_SECONDS = 1.5, 0.5, 0.5
_QUANTUM = 8
"""The step of channels where no profile has measured it: that of the layouts of today's runtimes for CPUs."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Explained:
    """The page that was written, what it says of every network, and what the device can do."""

    path: Path
    networks: tuple[TimedNetwork, ...]
    ceilings: Ceilings
    seconds: float

    @property
    def slow(self) -> tuple[dict[int, tuple[str, ...]], ...]:
        """Of every network the rows that are cheap but slow, and why."""
        return tuple(slow_rows(one.layers, self.ceilings) for one in self.networks)


def explain(
    models: Sequence[str | Path | Architecture],
    *,
    out: str | Path = "explain.html",
    width: float | None = None,
    size: int | None = None,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    profile: str | Path | None = None,
    seconds: float = SECONDS,
    data: str | Path | None = None,
    root: Path | None = None,
    command: str = "edgewise.explain(...)",
    tell: Tell | None = None,
) -> Explained:
    """Times the layers of every model on this machine, and writes a page of where its time goes and why to `out`.

    `models` are names of the zoo, model files or architectures; weights do not matter to latency and random ones are
    timed. Of a model file the filters of its first layer are shown, and with `data` what its squeeze-and-excitation
    gates say of the classes, on the test images. `width` and `size` are for what is no model file. What the device can
    do at most is measured in some seconds, or read from the file `profile` of `edgewise device profile`. The layers are
    timed for about `seconds`.

    Raises `EdgewiseError` for a model that is unknown, a runtime that does not tell the time of its kernels, or a
    profile that is of another device or has not what is needed.
    """
    began = time.monotonic()
    say: Tell = tell or (lambda text: None)
    at_least(1, {"threads": threads, "input": size})
    if not 0 <= seconds < math.inf:
        raise EdgewiseError(f"{seconds:g} seconds are no time to measure in; give more than 0")
    if not models:
        raise EdgewiseError("there is nothing to explain; name a model of `edgewise models`, or a model file")
    check_precision(installed_runtime(runtime), precision)
    check_tracing(runtime)
    architectures = [_architecture(model, width, size) for model in models]
    learnt = [_learnt(model, data, root) for model in models]
    if data is not None and not any(one.gates for one in learnt):
        raise EdgewiseError(
            f"{data} is to ask gates about, and nothing that was named is a model file with squeeze-and-excitation; "
            "leave --data out"
        )
    setting = Setting(runtime, installed_runtime(runtime).version(), precision, threads)
    machine = describe_machine(runtime).in_words() | {"precision": precision, "threads": str(threads)}
    if profile is None:
        say("measuring what this machine can do")
        ceilings = _measured(setting)
    else:
        ceilings = _profiled(Path(profile), setting)
    say(f"timing {', '.join(one.name for one in architectures)}")
    timed = time_layers(architectures, setting, seconds)
    networks = tuple(
        TimedNetwork(
            one.architecture,
            one.ms,
            layers_of(one.architecture, one.units, one.us, one.kernels, _BYTES.get(precision, 4)),
            known,
            one.strain,
        )
        for known, one in zip(learnt, timed, strict=True)
    )
    write_text(Path(out), network_report(networks, ceilings, machine, command))
    return Explained(Path(out), networks, ceilings, time.monotonic() - began)


def _architecture(model: str | Path | Architecture, width: float | None, size: int | None) -> Architecture:
    settled = not isinstance(model, Architecture) and is_model_file(model)
    return architecture_of(model, width=None if settled else width, size=None if settled else size)


def _learnt(model: str | Path | Architecture, data: str | Path | None, root: Path | None) -> Learnt:
    """What is to be shown of a model file's weights; nothing of what is not trained."""
    if isinstance(model, Architecture) or not is_model_file(model):
        return Learnt()
    from edgewise.weights import load_model

    network, card = load_model(located(model))
    first = next(tensor for tensor in network.state_dict().values() if tensor.ndim == 4)
    filters = first.numpy() if first.shape[1] == 3 else None
    if data is None or card.architecture.task != "classify":
        return Learnt(filters)
    from edgewise.data import open_dataset
    from edgewise.training.gating import gate_means
    from edgewise.verbs.scenes import same_classes

    dataset = open_dataset(data, root=root)
    if dataset.multi_label:
        raise EdgewiseError(f"{dataset.source} has several labels an image; gates are shown for one class each")
    same_classes(dataset, card.classes, str(model))
    means = gate_means(network, dataset.splits["test"], card.preprocessing, card.classes)
    views = tuple(GateView(int(name.partition(".")[0]), values) for name, values in means.items())
    return Learnt(filters, views, card.classes)


def _measured(setting: Setting) -> Ceilings:
    with TemporaryDirectory() as folder:
        probes = ProbeSetting(setting.runtime, setting.precision, Path(folder), setting.threads)
        peak = measure_peak(probes, _PEAK_SECONDS)
        overhead = measure_overhead(probes, _OVERHEAD_SECONDS)
    bandwidth = measure_bandwidth(_BANDWIDTH_SECONDS)
    return Ceilings(peak.multiply_adds_per_second, _stores(bandwidth), max(overhead.per_op_us, 0.0), _QUANTUM)


def _profiled(path: Path, setting: Setting) -> Ceilings:
    profile = DeviceProfile.read(path)
    if not profile.same_device(DeviceProfile.of(describe_machine())):
        raise EdgewiseError(f"{path} is the profile of another device, and times are taken on this one; leave it out")
    peak = profile.peak(setting.precision, setting.threads)
    overheads = [one for one in profile.overheads if one.key == (setting.runtime, setting.precision)]
    if peak is None or profile.bandwidth is None or not overheads:
        raise EdgewiseError(
            f"{path} has no peak, bandwidth or overhead of {setting}; measure them with: edgewise device profile {path}"
        )
    quantum = profile.quantum(setting.runtime, setting.precision) or _QUANTUM
    return Ceilings(peak, _stores(profile.bandwidth), max(overheads[0].per_op_us, 0.0), quantum)


def _stores(bandwidth: Bandwidth) -> tuple[Store, ...]:
    """A cache is no slower than what is behind it, whatever a busy machine's measurement says."""
    found: list[Store] = []
    for level in reversed(bandwidth.levels):
        behind = found[-1].bytes_per_second if found else 0.0
        found.append(Store(level.name, level.size_bytes, max(level.read_bytes_per_second, behind)))
    return tuple(reversed(found))
