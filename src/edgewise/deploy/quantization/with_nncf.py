"""Quantisation by NNCF, which knows what OpenVINO computes in integers. It works in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from edgewise.deploy.quantization.scheme import QuantiserError


@dataclass(frozen=True)
class NncfScheme:
    """NNCF's post-training quantiser with its correction of biases, a `Scheme`.

    `activations` have a zero point of their own (asymmetric) or zero in the middle (symmetric). Squeeze-and-excitation
    and what it finds in h-swish stay in floating point, as its patterns for CPUs have it.
    """

    activations: Literal["asymmetric", "symmetric"]

    quantiser = "nncf"
    install_hint = 'pip install "edgewise[quantize]"'

    @property
    def name(self) -> str:
        return f"nncf {self.activations}"

    def installed(self) -> bool:
        return find_spec("nncf") is not None

    def write(self, artifact: Path, images: np.ndarray, out: Path, keep_float: Sequence[str]) -> None:
        # A process of its own: NNCF changes torch where it is imported, prints, and would report to its makers.
        pixels = out.with_suffix(".npy")
        np.save(pixels, images)
        job = {
            "artifact": str(artifact),
            "images": str(pixels),
            "out": str(out),
            "activations": self.activations,
            "keep_float": list(keep_float),
        }
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "edgewise.deploy.quantization.nncf_worker", json.dumps(job)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)},
            check=False,
        )
        if ran.returncode or not out.is_file():
            said = ran.stderr.strip().splitlines()
            raise QuantiserError(said[-1] if said else f"its process ended with {ran.returncode}")
