"""How long it takes to count a network with edgewise and with the counters of others, and where they disagree.

All count torchvision's MobileNetV3-Large for an image of 224×224 pixels, in turns in this process on one thread:
edgewise from the rows (makes the graph and counts it) and from the torch module (`profile`, on the CPU and on the meta
device), torch's own FlopCounterMode, and of fvcore, torchinfo, ptflops, thop and calflops those that are installed:

    pip install fvcore torchinfo ptflops thop calflops transformers

Compared is the CPU time. A round gives one ratio to edgewise's two ways; of all rounds the median is shown, with the
10th and 90th percentile as its spread.

What they report is brought to one unit, the multiply-add. Why it differs is found by taking batch norms, biases,
activations, pooling and dropout out of the network, one kind at a time, and counting again: what the figure loses is
what the counter counts beside convolutions and linear layers.

    python benchmarks/counters.py            about 2 minutes
    python benchmarks/counters.py --quick    about 20 seconds, too few rounds to conclude anything

Expect about a millisecond from the rows, and the same multiply-adds from all whose extra counts are taken off. Writes
benchmarks/results/counters.json, or what --out names.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from edgewise.costs import count, profile
from edgewise.devices import describe_machine
from edgewise.files import write_text
from edgewise.papers import Architecture, find
from edgewise.version import VERSION

RESULTS = Path(__file__).parent / "results" / "counters.json"
TIMED = "mobilenet_v3_large"
MODELS = {"mobilenet_v3_large": "mobilenet_v3_large", "resnet50": "resnet50_v1_5"}
"""Whose counts are compared: torchvision's name, and ours for the same network."""
SIZE = 224

ROWS, MODULE = "edgewise, from the rows", "edgewise, from the module"


@dataclass(frozen=True)
class Counts:
    """What a counter reports, in multiply-adds; None where it reports no parameters."""

    multiply_adds: int
    parameters: int | None


Counter = Callable[[nn.Module, Tensor], Counts]


def with_edgewise(module: nn.Module, image: Tensor) -> Counts:
    found = profile(module, image)
    return Counts(found.multiply_adds, found.parameters)


def with_torch(module: nn.Module, image: Tensor) -> Counts:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(image)
    return Counts(counter.get_total_flops() // 2, None)


def with_fvcore(module: nn.Module, image: Tensor) -> Counts:
    fvcore = importlib.import_module("fvcore.nn")
    found = fvcore.FlopCountAnalysis(module, image).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return Counts(found.total(), fvcore.parameter_count(module)[""])


def with_torchinfo(module: nn.Module, image: Tensor) -> Counts:
    found = importlib.import_module("torchinfo").summary(module, input_data=image, verbose=0)
    return Counts(found.total_mult_adds, found.total_params)


def with_ptflops(backend: str) -> Counter:
    def counted(module: nn.Module, image: Tensor) -> Counts:
        found = importlib.import_module("ptflops").get_model_complexity_info(
            module, tuple(image.shape[1:]), as_strings=False, print_per_layer_stat=False, backend=backend
        )
        return Counts(*found)

    return counted


def with_thop(module: nn.Module, image: Tensor) -> Counts:
    found = importlib.import_module("thop").profile(module, inputs=(image,), verbose=False)
    return Counts(*map(int, found))


def with_calflops(module: nn.Module, image: Tensor) -> Counts:
    _, multiply_adds, parameters = importlib.import_module("calflops").calculate_flops(
        module, input_shape=tuple(image.shape), print_results=False, output_as_string=False
    )
    return Counts(multiply_adds, parameters)


# By what they are called here: the package, and how to count with it. fvcore calls multiply-adds flops; torch counts
# two flops for each; calflops reports both.
OTHERS: Mapping[str, tuple[str, Counter]] = {
    "torch, FlopCounterMode": ("torch", with_torch),
    "fvcore": ("fvcore", with_fvcore),
    "torchinfo": ("torchinfo", with_torchinfo),
    "ptflops, default": ("ptflops", with_ptflops("pytorch")),
    "ptflops, aten": ("ptflops", with_ptflops("aten")),
    "thop": ("thop", with_thop),
    "calflops": ("calflops", with_calflops),
}


def installed() -> dict[str, Counter]:
    """Those that can be imported; says in a line what to install for the others."""
    found: dict[str, Counter] = {}
    missing: dict[str, None] = {}
    for name, (package, counter) in OTHERS.items():
        try:
            importlib.import_module(package)
            found[name] = counter
        except ImportError as error:
            missing |= dict.fromkeys((package, error.name or package))
    if missing:
        print(f"counting without some; to have them all: pip install {' '.join(missing)}", flush=True)
    return found


def made(name: str) -> nn.Module:
    """Torchvision's network, in eval mode; seeds and weights say nothing about counts."""
    return torchvision.models.get_model(name, weights=None).eval()


class Corner(nn.Module):
    """Cells of a map, as many as a pooling would leave: a pooling without arithmetic."""

    def __init__(self, pooling: nn.Module) -> None:
        super().__init__()
        stride = getattr(pooling, "stride", None)
        self.stride = stride if isinstance(stride, int) else None

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, :1, :1] if self.stride is None else x[:, :, :: self.stride, :: self.stride]


def _replaced(module: nn.Module, kinds: tuple[type[nn.Module], ...], other: Callable[[nn.Module], nn.Module]) -> None:
    for part in list(module.modules()):
        for name, child in part.named_children():
            if isinstance(child, kinds):
                setattr(part, name, other(child))


def without_bias(module: nn.Module) -> None:
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            part.register_parameter("bias", None)


ACTIVATIONS = (nn.ReLU, nn.Hardswish, nn.Hardsigmoid)
POOLINGS = (nn.AdaptiveAvgPool2d, nn.MaxPool2d)

TAKEN_OUT: Mapping[str, Callable[[nn.Module], None]] = {
    "batch norm": lambda module: _replaced(module, (nn.BatchNorm2d,), lambda _: nn.Identity()),
    "biases": without_bias,
    "activations": lambda module: _replaced(module, ACTIVATIONS, lambda _: nn.Identity()),
    "pooling": lambda module: _replaced(module, POOLINGS, Corner),
    "dropout": lambda module: _replaced(module, (nn.Dropout,), lambda _: nn.Identity()),
}


def compared(name: str, counters: Mapping[str, Counter]) -> dict[str, Any]:
    """What each counter reports for the network `name`, and what it counts beside convolutions and linear layers."""
    image = torch.randn(1, 3, SIZE, SIZE)
    bare = made(name)
    for take_out in TAKEN_OUT.values():
        take_out(bare)
    ours = count(find(MODELS[name]))
    results: dict[str, Any] = {ROWS: {"multiply_adds": ours.multiply_adds, "parameters": ours.parameters, "extra": {}}}
    for title, counter in counters.items():
        found = counter(made(name), image)
        extra: dict[str, int] = {}
        for kind, take_out in TAKEN_OUT.items():
            module = made(name)
            take_out(module)
            extra[kind] = found.multiply_adds - counter(module, image).multiply_adds
        # Sums and products of maps cannot be taken out: what a counter sees beside the products that are left.
        extra["additions and products of maps"] = counter(bare, image).multiply_adds - ours.multiply_adds
        results[title] = {
            "multiply_adds": found.multiply_adds,
            "parameters": found.parameters,
            "extra": {kind: number for kind, number in extra.items() if number},
            "explained": found.multiply_adds == ours.multiply_adds + sum(extra.values()),
        }
        said = ", ".join(f"{kind} {number:,}" for kind, number in results[title]["extra"].items()) or "nothing else"
        print(f"{name:20} {title:28} {found.multiply_adds:15,}  beside products: {said}", flush=True)
    return results


def jobs(counters: Mapping[str, Counter]) -> dict[str, Callable[[], object]]:
    """What is timed. Everybody has a module and an image of their own; making these is not timed."""
    base = find(MODELS[TIMED])

    def from_rows() -> object:
        costs = count(Architecture(base.name, base.rows, input=base.input))  # a new one, so that nothing is cached
        return costs.multiply_adds, costs.parameters, costs.bytes_read, costs.bytes_written, costs.peak_activation_bytes

    timed: dict[str, Callable[[], object]] = {ROWS: from_rows}
    for title, counter in counters.items():
        timed[title] = _job(counter, made(TIMED), torch.randn(1, 3, SIZE, SIZE))
    for title in (MODULE, "torch, FlopCounterMode"):
        with torch.device("meta"):
            timed[f"{title}, meta device"] = _job(counters[title], made(TIMED), torch.empty(1, 3, SIZE, SIZE))
    return timed


def _job(counter: Counter, module: nn.Module, image: Tensor) -> Callable[[], object]:
    return lambda: counter(module, image)


def in_turns(timed: Mapping[str, Callable[[], object]], rounds: int, calls: int) -> dict[str, dict[str, Any]]:
    """Milliseconds of CPU time a call, and the ratios to our two ways with their spread over the rounds."""
    order = list(timed)
    shuffled = random.Random(0)
    spent: dict[str, list[float]] = {title: [] for title in order}
    for number in range(rounds + 1):
        shuffled.shuffle(order)  # who comes after whom matters to caches
        for title in order:
            start = time.process_time()
            for _ in range(calls):
                timed[title]()
            if number:  # the first round imports and warms up
                spent[title].append((time.process_time() - start) / calls)
    return {
        title: {
            "ms": round(1000 * median(times), 3),
            "times_rows": _spread(times, spent[ROWS]),
            "times_module": _spread(times, spent[MODULE]),
        }
        for title, times in spent.items()
    }


def _spread(times: list[float], base: list[float]) -> dict[str, float]:
    ratios = [one / other for one, other in zip(times, base, strict=True)]
    tenths = quantiles(ratios, n=10, method="inclusive")
    return {"median": round(median(ratios), 3), "p10": round(tenths[0], 3), "p90": round(tenths[-1], 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few and short rounds")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    arguments = parser.parse_args()
    rounds, calls = (4, 1) if arguments.quick else (31, 3)
    torch.set_num_threads(1)
    machine = describe_machine().to_json()  # first, for the load it was measured under is not our own
    warnings.simplefilter("ignore")  # those of the others, about their own ways
    others = installed()
    counters = {MODULE: with_edgewise, **others}
    counts = {name: compared(name, counters) for name in MODELS}
    times = in_turns(jobs(counters), rounds, calls)
    for title, found in times.items():
        ratio = found["times_module"]
        print(
            f"{title:40} {found['ms']:8.2f} ms  {ratio['median']:6.2f} times edgewise's profile "
            f"({ratio['p10']:.2f} to {ratio['p90']:.2f})"
        )
    report = {
        "what": "CPU time to count a network on one thread, and what is counted",
        "quick": arguments.quick,
        "rounds": rounds,
        "calls": calls,
        "size": SIZE,
        "timed": TIMED,
        "edgewise": VERSION,
        "torchvision": torchvision.__version__,
        "versions": {package: version(package) for package in dict.fromkeys(OTHERS[title][0] for title in others)},
        "machine": machine,
        "results": {"times": times, "counts": counts},
    }
    write_text(arguments.out, json.dumps(report, indent=1) + "\n")
    print(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
