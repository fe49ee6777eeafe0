"""Every network in every runtime and precision, against what torchvision and timm give their users.

For each network: our artifact, as `edgewise export` makes it, in every runtime and precision that is installed, in each
of its forms; torchvision's or timm's module run eagerly; and that module exported by `torch.onnx` and by nothing else,
in ONNX Runtime and OpenVINO, in every precision, quantised by the same tools. Networks that neither of them has stand
for themselves: our module eagerly, and exported by `torch.onnx`. All ways of one network have the same weights: random
ones, with the statistics of batch normalisation taken of noise. Inputs are 224 × 224 pixels (Xception: 299), batch 1,
one thread. All of one network are measured in turns, block after block, so that whatever the machine does happens to
all of them; ratios are formed round by round.

    python benchmarks/runtimes.py                                 about 50 minutes, of which most is compiling
    python benchmarks/runtimes.py mobilenet_v3_small --rounds 6   about 3 minutes

Networks that the results file has are not measured again (`--again` does). Needs onnxscript for torch.onnx, and what
runtimes are installed. Expect the best artifact of every mobile network to be 4 times as fast as torch, or more, and
ShuffleNet v2 without its shuffles 1.15 times as fast as the peers' in fp32. Writes benchmarks/results/runtimes.json.
"""

from __future__ import annotations

import os

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # before OpenMP is loaded: threads that spin disturb whom we compare with
os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import nn

from edgewise.costs import count
from edgewise.deploy import build, export_onnx
from edgewise.deploy.quantization import SCHEMES, quantize_onnx
from edgewise.deploy.rewrites import PLAIN, forms_of
from edgewise.devices import INTEGER_PRECISIONS, Variant, describe_machine, find_runtime, runtime_names
from edgewise.devices.blocks import Block
from edgewise.devices.latency import summarise
from edgewise.devices.runtimes import TensorSpec
from edgewise.devices.sessions import Sessions
from edgewise.devices.worker import timed
from edgewise.errors import EdgewiseError
from edgewise.files import write_text
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from edgewise.profiling import Setting, measure_peak
from edgewise.version import VERSION
from edgewise.weights.foreign import load_foreign

RESULTS = Path(__file__).parent / "results" / "runtimes.json"

PEERS = {
    "mobilenet_v1": ("timm", "mobilenetv1_100"),
    "mobilenet_v2": ("torchvision", "mobilenet_v2"),
    "mobilenet_v3_large": ("torchvision", "mobilenet_v3_large"),
    "mobilenet_v3_small": ("torchvision", "mobilenet_v3_small"),
    "shufflenet_v1_g3": None,
    "shufflenet_v2_torchvision": ("torchvision", "shufflenet_v2_x1_0"),
    "mnasnet_a1": ("timm", "semnasnet_100"),
    "mnasnet_b1": ("torchvision", "mnasnet1_0"),
    "fd_mobilenet": None,
    "resnet50_v1_5": ("torchvision", "resnet50"),
    "xception": ("timm", "legacy_xception"),
}
"""Our names, and who else has the same network under which."""

ROUNDS, BLOCK_NS = 20, 25e6
PLAIN_EXPORT = "torch.onnx"
SCHEMES_TRIED = ("u8s8 extremes", "nncf symmetric")


@dataclass(frozen=True)
class Contender:
    """One way to run a network: whose, how it was made, and how a block of it is timed."""

    who: str
    how: str
    variant: Variant
    iterations: Callable[[], int]
    block: Callable[[int], Block]


class Eager:
    """A module run by torch as it is, in this process."""

    def __init__(self, module: nn.Module, shape: tuple[int, ...]) -> None:
        self.module = module.eval()
        self.inputs = (TensorSpec("image", "float32", (1, *shape)),)

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        with torch.inference_mode():
            return [self.module(torch.from_numpy(inputs[0])).numpy()]


def peer(name: str, architecture: Architecture) -> tuple[str, nn.Module]:
    """Whose module stands for the peers', and the module."""
    known = PEERS[name]
    if known is None:
        return "edgewise", Network(architecture, seed=0)
    library, theirs = known
    if library == "torchvision":
        import torchvision

        return library, torchvision.models.get_model(theirs, weights=None)
    import timm

    return library, timm.create_model(theirs, pretrained=False)


def settled(module: nn.Module, shape: tuple[int, ...]) -> None:
    """Gives batch normalisation the statistics of noise. With those it begins with values fade through the depth, and
    a quantiser then leaves out clips and zero points that every trained network needs: other graphs, other times."""
    torch.manual_seed(0)
    for one in module.modules():
        if isinstance(one, nn.BatchNorm2d):
            one.momentum = None
            one.reset_running_stats()
    module.train()
    with torch.no_grad():
        for _ in range(2):
            module(torch.randn(8, *shape))
    module.eval()


def same_weights(
    architecture: Architecture, module: nn.Module, folder: Path
) -> tuple[Architecture, dict[str, np.ndarray]]:
    """Our architecture in the form of the peer's module, with its tensors."""
    if isinstance(module, Network):
        return architecture, arrays(module)
    path = folder / "peer.pth"
    torch.save(module.state_dict(), path)
    foreign = load_foreign(architecture, path)
    return foreign.architecture, arrays(foreign.network())


def arrays(network: Network) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}


def contenders(name: str, architecture: Architecture, folder: Path, sessions: Sessions) -> Iterator[Contender]:
    """Everything that is measured of one network."""
    images = np.random.default_rng(0).standard_normal((4, *architecture.input), dtype=np.float32)
    whose, module = peer(name, architecture)
    settled(module, architecture.input)
    architecture, tensors = same_weights(architecture, module, folder)

    def of(who: str, how: str, path: Path, runtime: str, precision: str) -> Contender:
        variant = Variant(f"{who} {how}", path, runtime, precision)
        return Contender(
            who,
            how,
            variant,
            lambda: sessions.iterations(variant, BLOCK_NS),
            lambda iterations: sessions.time(variant, iterations),
        )

    for form in forms_of(architecture.graph):
        place = folder / form.replace(" ", "_")
        for runtime in runtime_names():
            one = find_runtime(runtime)
            if one.version() is None or (one.suffix == ".safetensors" and form != PLAIN):
                continue
            for precision in one.precisions:
                if one.suffix == ".onnx" and precision in INTEGER_PRECISIONS:
                    continue
                with told(f"{name} in {runtime} {precision}"):
                    path = build(
                        architecture,
                        tensors,
                        place,
                        "net",
                        runtime=runtime,
                        precision=precision,
                        images=images,
                        form=form,
                    )
                    yield of("edgewise", form, path, runtime, precision)
        plain = export_onnx(architecture, tensors, place / "float.onnx", form=form)
        yield from quantised("edgewise", form, plain, images, place, of)
    eager = Eager(module, architecture.input)
    yield Contender(
        whose,
        "eager",
        Variant(f"{whose} eager", Path(), "torch_eager"),
        lambda: max(3, round(BLOCK_NS / Block.from_json(timed(eager, [images[:1]], 3, 2)).median_ms(1) / 1e6)),
        lambda iterations: Block.from_json(timed(eager, [images[:1]], iterations, max(1, iterations // 10))),
    )
    with told(f"{whose}'s {name} by {PLAIN_EXPORT}"):
        theirs = plain_export(module, images[:1], folder / "peer.onnx")
        for runtime in ("onnxruntime", "openvino"):
            if find_runtime(runtime).version() is not None:
                for precision in find_runtime(runtime).precisions:
                    if precision not in INTEGER_PRECISIONS:
                        yield of(whose, PLAIN_EXPORT, theirs, runtime, precision)
        yield from quantised(whose, PLAIN_EXPORT, theirs, images, folder / "peer", of)


def quantised(
    who: str, how: str, plain: Path, images: np.ndarray, folder: Path, of: Callable[..., Contender]
) -> Iterator[Contender]:
    """The int8 forms of an ONNX file in the runtimes that take it."""
    for scheme in SCHEMES:
        if scheme.name not in SCHEMES_TRIED or not scheme.installed():
            continue
        with told(f"{who}'s {plain.name}, {scheme.name}"):
            path = folder / f"{scheme.name.replace(' ', '_')}.onnx"
            folder.mkdir(parents=True, exist_ok=True)
            quantize_onnx(plain, images, path, scheme)
            for runtime in ("onnxruntime", "openvino"):
                if find_runtime(runtime).version() is not None:
                    for precision in find_runtime(runtime).precisions:
                        if precision in INTEGER_PRECISIONS:
                            yield of(who, f"{how}, {scheme.name}", path, runtime, precision)


def plain_export(module: nn.Module, image: np.ndarray, path: Path) -> Path:
    """What `torch.onnx.export` makes of a module, with its defaults but for one file."""
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), (torch.from_numpy(image),), path, dynamo=True, external_data=False, verbose=False
        )
    return path


@contextmanager
def told(what: str) -> Iterator[None]:
    """What fails is said and left out."""
    try:
        yield
    except (EdgewiseError, ImportError, RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        print(f"  left out: {what}: {' '.join(str(error).split())[:160]}", flush=True)


def measured(name: str, rounds: int) -> dict[str, Any]:
    """One network, all ways, in turns."""
    architecture = find(name)
    with TemporaryDirectory() as place, Sessions([], timeout=600) as sessions:
        print(f"{name}: building", flush=True)
        ready: list[tuple[Contender, int]] = []
        for one in contenders(name, architecture, Path(place), sessions):
            with told(f"{one.variant.name} in {one.variant.runtime} {one.variant.precision}"):
                ready.append((one, one.iterations()))
        print(f"{name}: {len(ready)} ways, {rounds} rounds", flush=True)
        blocks: list[list[Block]] = [[] for _ in ready]
        for number in range(rounds):
            for index in random.Random(number).sample(range(len(ready)), len(ready)):
                one, iterations = ready[index]
                made = one.block(iterations)
                if made.is_disturbed(1):
                    made = min(made, one.block(iterations), key=lambda block: block.disturbance(1) or 0.0)
                blocks[index].append(made)
    ways = []
    for (one, _), own in zip(ready, blocks, strict=True):
        latency = summarise(one.variant, own, width=0.03, disturbed=0)
        ways.append(
            {
                "who": one.who,
                "how": one.how,
                "runtime": one.variant.runtime,
                "precision": one.variant.precision,
                "latency": latency.to_json(),
                "rounds_ms": [round(block.median_ms(1), 5) for block in own],
                "cpu_rounds_ms": [round(block.cpu_median_ms or 0.0, 5) for block in own],
            }
        )
        print(f"  {latency.median_ms:9.3f} ms  {one.who} {one.how}, {one.variant.runtime} {one.variant.precision}")
    return {
        "input": list(architecture.input),
        "multiply_adds": count(architecture).multiply_adds,
        "load": list(os.getloadavg()),
        "ways": ways,
    }


def peaks() -> dict[str, float]:
    """The most multiply-adds per second of each precision, in whatever runtime."""
    found: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        for runtime in ("onnxruntime", "openvino"):
            if find_runtime(runtime).version() is None:
                continue
            for precision in find_runtime(runtime).precisions:
                if precision != "int8+bf16":
                    with suppress(EdgewiseError):
                        peak = measure_peak(Setting(runtime, precision, Path(folder)), 5.0)
                        found[precision] = max(found.get(precision, 0.0), peak.multiply_adds_per_second)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="*", choices=[*PEERS, []], help="by default all")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--again", action="store_true", help="measure what the results have, too")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(asked.out.read_text()) if asked.out.exists() and not asked.again else {"networks": {}}
    report = {
        "benchmark": "runtimes",
        "edgewise": VERSION,
        "machine": describe_machine().to_json(),
        "quick": asked.rounds < ROUNDS,
        "versions": {name: find_runtime(name).version() for name in runtime_names()},
        "peaks": kept.get("peaks") or peaks(),
        "networks": kept["networks"],
    }
    for name in asked.networks or PEERS:
        if name not in report["networks"]:
            report["networks"][name] = measured(name, asked.rounds)
            write_text(asked.out, json.dumps(report, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
