"""The papers' ablations that fit in twenty minutes each on two cores, trained on CIFAR-10.

    python benchmarks/studies.py CIFAR10_FOLDER            about 70 minutes on two cores, each study 4 to 16
    python benchmarks/studies.py CIFAR10_FOLDER --only squeeze

CIFAR10_FOLDER is CIFAR-10 as an image folder, `train/<class>/*` and `test/<class>/*`. Every study is `edgewise study`
on the same part of the training images, for as many epochs, from the same seeds; what is done is written at once, and a
second call goes on with the rest; a study that is interrupted goes on in --runs. What the papers saw after hundreds of
epochs on ImageNet need not be seen after five at 32 pixels, and whatever is seen is said. Writes
benchmarks/results/studies.json, or what --out names.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# Before torch loads OpenMP: what the command line does too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import edgewise
from kept_runs import KeptRuns, Report, say

RESULTS = Path(__file__).parent / "results" / "studies.json"

STUDIES = (
    "fast_downsampling",
    "thin_shallow",
    "mobilenet_convolutions",
    "shuffle",
    "xception_residual",
    "squeeze",
    "bottlenecks",
)
"""Those of few variants, or of cheap ones."""

IMAGES, EPOCHS, SEEDS = 10_000, 5, 3


def studied(runs: KeptRuns, name: str) -> Report:
    """A study: what `study.json` says of it."""

    def make() -> Report:
        made = edgewise.study(
            name,
            runs.data,
            out=runs.folder / name,
            seeds=SEEDS,
            epochs=EPOCHS,
            images=IMAGES,
            tell=lambda text: say(f"  {text}"),
        )
        return made.to_json()

    return runs.keep(name, make)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="CIFAR-10 as an image folder")
    parser.add_argument("--only", choices=STUDIES, help="one of them")
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark-studies"), help="where models lie meanwhile")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    runs = KeptRuns("studies", asked.data, asked.runs, asked.out, EPOCHS, {"images": IMAGES, "seeds": SEEDS})
    for name in STUDIES if asked.only is None else (asked.only,):
        studied(runs, name)
    say(f"written to {asked.out}")


if __name__ == "__main__":
    main()
