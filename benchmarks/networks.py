"""Networks interpreted from rows against torchvision's hand-written modules, with the same weights.

Both run in this process on one thread, channels_last, in turns: one call of ours, one of theirs, many times a round.
Compared is the CPU time, which other processes disturb less than the wall clock. A round gives one ratio; of all rounds
the median is shown, with the 10th and 90th percentile as its spread. Before anything is timed, both must give the same
class scores.

    python benchmarks/networks.py            about 6 minutes
    python benchmarks/networks.py --quick    about 30 seconds, too few rounds to conclude anything

Expect ratios of 1 within their spread. Writes benchmarks/results/networks.json, or what --out names.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import torch
import torchvision
from torch import nn

from edgewise.devices import describe_machine
from edgewise.files import write_text
from edgewise.nn import Network
from edgewise.papers import find
from edgewise.version import VERSION

RESULTS = Path(__file__).parent / "results" / "networks.json"

PAIRS = {
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3_large": "mobilenet_v3_large",
    "shufflenet_v2_torchvision": "shufflenet_v2_x1_0",
    "resnet50_v1_5": "resnet50",
    "resnet18": "resnet18",
}
"""Our names, and torchvision's for the same network."""

TRAINED = ("mobilenet_v2", "resnet18")
"""Those that are trained, too."""

INFERENCE_SIZE, TRAINING_SIZE, TRAINING_BATCH = 224, 64, 32
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Effort:
    """How many rounds, and for how many seconds of CPU time each of the two runs in a round."""

    rounds: int
    seconds: float


def pair(name: str, theirs: str, size: int) -> tuple[Network, nn.Module]:
    """Our network and torchvision's with the same weights, channels_last, for images of `size` pixels.

    Exits with a sentence when their class scores differ.
    """
    torch.manual_seed(0)
    reference = torchvision.models.get_model(theirs, weights=None)
    network = Network(find(name).with_input(size, smallest_map=1))
    given = list(reference.state_dict().values())
    for mine, tensor in zip(network.state_dict().values(), given, strict=True):
        mine.copy_(tensor.reshape(mine.shape))  # a 1×1 convolution on a vector is a linear layer
    image = torch.randn(2, 3, size, size)
    with torch.inference_mode():
        ours, expected = network.eval()(image), reference.eval()(image)
    difference = float((ours - expected).abs().max() / expected.abs().max())
    if not difference <= TOLERANCE:
        raise SystemExit(
            f"{name} is not torchvision's {theirs}: class scores differ by {difference:.1e} of their range"
        )
    return network.to(memory_format=torch.channels_last), reference.to(memory_format=torch.channels_last)


def inference(network: nn.Module) -> Callable[[], object]:
    """One image through the network in eval mode."""
    image = torch.randn(1, 3, INFERENCE_SIZE, INFERENCE_SIZE).contiguous(memory_format=torch.channels_last)
    network.eval()

    def call() -> object:
        with torch.inference_mode():
            return network(image)

    return call


def training(network: nn.Module) -> Callable[[], object]:
    """One step of SGD with momentum on one batch."""
    images = torch.randn(TRAINING_BATCH, 3, TRAINING_SIZE, TRAINING_SIZE).contiguous(memory_format=torch.channels_last)
    targets = torch.arange(TRAINING_BATCH)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    network.train()

    def call() -> object:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(images), targets)
        loss.backward()
        return optimiser.step()

    return call


def _timed(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def in_turns(ours: Callable[[], object], theirs: Callable[[], object], effort: Effort) -> dict[str, Any]:
    """Milliseconds of CPU time a call, and the ratio ours to theirs with its spread over the rounds."""
    for call in (ours, theirs, ours, theirs):  # the first calls allocate and choose kernels
        call()
    calls = max(2, round(effort.seconds / max(_timed(theirs), 1e-6)))
    rounds: list[tuple[float, float]] = []
    for _ in range(effort.rounds):
        spent = [0.0, 0.0]
        for turn in range(calls):
            # Who comes first changes from turn to turn: the second finds the other's data in the caches.
            for which in (0, 1) if turn % 2 else (1, 0):
                spent[which] += _timed((ours, theirs)[which])
        rounds.append((spent[0] / calls, spent[1] / calls))
    ratios = [ours_s / theirs_s for ours_s, theirs_s in rounds]
    tenths = quantiles(ratios, n=10, method="inclusive")
    return {
        "ours_ms": round(1000 * median(ours_s for ours_s, _ in rounds), 3),
        "theirs_ms": round(1000 * median(theirs_s for _, theirs_s in rounds), 3),
        "ratio": round(median(ratios), 4),
        "ratio_p10": round(tenths[0], 4),
        "ratio_p90": round(tenths[-1], 4),
        "rounds": effort.rounds,
        "calls_a_round": calls,
    }


def measured(kind: str, name: str, effort: Effort) -> dict[str, Any]:
    """One pair, timed and printed."""
    theirs = PAIRS[name]
    network, reference = pair(name, theirs, INFERENCE_SIZE if kind == "inference" else TRAINING_SIZE)
    prepare = inference if kind == "inference" else training
    result = {"torchvision": theirs, **in_turns(prepare(network), prepare(reference), effort)}
    print(
        f"{kind:9}  {name:26} {result['ours_ms']:8.2f} ms  torchvision {result['theirs_ms']:8.2f} ms  "
        f"ratio {result['ratio']:.3f} ({result['ratio_p10']:.3f} to {result['ratio_p90']:.3f})",
        flush=True,
    )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few and short rounds")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    arguments = parser.parse_args()
    effort = Effort(rounds=4, seconds=0.2) if arguments.quick else Effort(rounds=31, seconds=0.7)
    torch.set_num_threads(1)
    machine = describe_machine().to_json()  # first, for the load it was measured under is not our own
    results = {
        "inference": {name: measured("inference", name, effort) for name in PAIRS},
        "training": {name: measured("training", name, effort) for name in TRAINED},
    }
    report = {
        "what": "CPU time of networks interpreted from rows over that of torchvision's modules, on one thread",
        "quick": arguments.quick,
        "inference": {"size": INFERENCE_SIZE, "batch": 1},
        "training": {"size": TRAINING_SIZE, "batch": TRAINING_BATCH},
        "edgewise": VERSION,
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "machine": machine,
        "results": results,
    }
    write_text(arguments.out, json.dumps(report, indent=1) + "\n")
    print(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
