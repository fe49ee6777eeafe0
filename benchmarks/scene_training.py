"""Detectors and segmentation networks trained on real images from an ImageNet backbone, and heads compared.

    python benchmarks/scene_training.py BACKBONE --bccd FOLDER --camvid FOLDER            about three hours on two cores
    python benchmarks/scene_training.py BACKBONE --bccd FOLDER --camvid FOLDER --no-heads an hour of them

BACKBONE is a model file of MobileNetV2 with ImageNet weights (`edgewise convert mobilenet_v2 FILE`). With --bccd, blood
cells in Pascal VOC's layout, it becomes SSDLite's body at 320 × 320 pixels; with --camvid, street scenes as folders of
images and labels of which 11 is nobody's, LR-ASPP's with RF2 at 360 × 480. Then LR-ASPP, R-ASPP and ASPP, each with the
last block whole and halved (RF2, MobileNetV3's Table 7), are trained alike for fewer epochs, and timed side by side.

What is done is written at once and a second call goes on with the rest; a run that is interrupted goes on in --runs.
Writes benchmarks/results/scene_training.json, or what --out names.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

# Before torch loads OpenMP: what the command line does too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import edgewise
from edgewise.blocks import ASPP
from edgewise.papers import Architecture
from edgewise.papers.lr_aspp import features_of, lr_aspp, r_aspp
from edgewise.papers.ssdlite import ssdlite
from edgewise.weights import read_card
from kept_runs import KeptRuns, Report, say

RESULTS = Path(__file__).parent / "results" / "scene_training.json"

CELLS, STREETS = 3, 11
"""Classes."""

DETECTED, HEIGHT, WIDTH = 320, 360, 480
NOBODY = (11,)

EPOCHS = {"bccd": 40, "camvid": 30, "heads": 8}


def heads(base: Architecture) -> dict[str, Architecture]:
    """Every head on the body of `base`, whole and halved."""
    made: dict[str, Architecture] = {}
    size = {"height": HEIGHT, "width": WIDTH}
    for rf2 in (False, True):
        ending = ", RF2" if rf2 else ""
        features = features_of(base, rf2=rf2, **size)
        made[f"LR-ASPP{ending}"] = lr_aspp(base, STREETS, rf2=rf2, **size)
        made[f"R-ASPP{ending}"] = r_aspp(base, STREETS, rf2=rf2, **size)
        rows = (*features.rows, ASPP(classes=STREETS))
        made[f"ASPP{ending}"] = replace(features, name=f"aspp_{base.name}{'_rf2' if rf2 else ''}", rows=rows)
    return made


class Runs(KeptRuns):
    """Networks for scenes, trained from the backbone."""

    def fine_tuned(
        self, key: str, architecture: Architecture, data: Path, backbone: Path, epochs: int, seed: int
    ) -> Report:
        """The network trained, and its scores on the test images."""

        def make() -> Report:
            segment = architecture.task == "segment"
            made = edgewise.train_scenes(
                data,
                architecture,
                weights=backbone,
                task=architecture.task,
                size=architecture.input[1:],
                ignored=NOBODY if segment else (),
                epochs=epochs,
                seed=seed,
                out=self.folder / key,
                progress=False,
            )
            training = made.training
            return {
                "architecture": architecture.to_dict(),
                "epochs": training.epochs,
                "training_seconds": round(training.seconds, 1),
                "images_per_second": round(training.images_per_second, 2),
                "metrics": made.test.metrics(),
                "per_class": {
                    name: None if value != value else value
                    for name, value in zip(made.card.classes, made.test.per_class.tolist(), strict=True)
                },
            }

        return self.keep(key, make)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backbone", type=Path, help="a model file of MobileNetV2")
    parser.add_argument("--bccd", type=Path)
    parser.add_argument("--camvid", type=Path)
    parser.add_argument("--no-heads", action="store_true", help="leave the comparison of heads out")
    parser.add_argument("--time", action="store_true", help="train nothing, time what there is")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark-scenes"), help="where models lie meanwhile")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    base = read_card(asked.backbone).architecture
    runs = Runs("scene_training", asked.camvid or asked.bccd or Path(), asked.runs, asked.out, 0, {"asked": EPOCHS})
    if asked.bccd and not asked.time:
        cells = ssdlite(base, CELLS, size=DETECTED)
        runs.fine_tuned("bccd", cells, asked.bccd, asked.backbone, EPOCHS["bccd"], asked.seed)
    if asked.camvid and not asked.time:
        streets = lr_aspp(base, STREETS, height=HEIGHT, width=WIDTH, rf2=True)
        runs.fine_tuned("camvid", streets, asked.camvid, asked.backbone, EPOCHS["camvid"], asked.seed)
        for name, architecture in {} if asked.no_heads else heads(base).items():
            key = f"heads/{asked.seed}/{name}"
            runs.fine_tuned(key, architecture, asked.camvid, asked.backbone, EPOCHS["heads"], asked.seed)
    if any(key.startswith("heads/") for key in runs.networks):
        runs.timed("heads")
    say(f"written to {asked.out}")


if __name__ == "__main__":
    main()
