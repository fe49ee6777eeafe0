"""A fit small enough to be killed and run again: few widths, short measurements, a precision that is not measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from edgewise.fitting import candidates, halving
from edgewise.training import PrecisionChoice
from edgewise.verbs import fit as module
from edgewise.verbs.fit import FitResult, fit

WIDTHS = (0.25,)


def quicken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every fit a matter of seconds, and its choices those of every machine."""
    torch.set_num_threads(1)
    monkeypatch.setattr(candidates, "WIDTHS", WIDTHS)
    monkeypatch.setattr(module, "MEASURING_SECONDS", 1.0)
    monkeypatch.setattr(module, "DELIVERY_SECONDS", 0.5)
    monkeypatch.setattr(halving, "choose_precision", lambda *_, **__: PrecisionChoice("32", "said so", 100.0, 1.0))


def run(images: Path, out: Path) -> FitResult:
    """Two candidates, three epochs each at most."""
    options = {"runtime": "onnxruntime", "precision": "fp32", "epochs": 3, "candidates": 2, "progress": False}
    return fit(images, "10s", out=out, tell=told, **options)  # type: ignore[arg-type]


def told(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patches:
        quicken(patches)
        run(Path(sys.argv[1]), Path(sys.argv[2]))
