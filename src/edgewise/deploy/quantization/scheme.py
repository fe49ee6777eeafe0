"""What a way to quantise after training is: a quantiser with its settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np


class Scheme(Protocol):
    """A way to quantise an `.onnx` artifact to int8: weights with one scale per output channel, `QuantizeLinear` and
    `DequantizeLinear` around what is quantised, as all runtimes read it."""

    @property
    def name(self) -> str:
        """What a user knows it by, for instance `u8s8 extremes`."""
        ...

    @property
    def quantiser(self) -> str:
        """The package that quantises."""
        ...

    @property
    def install_hint(self) -> str:
        """The command that installs the quantiser."""
        ...

    def installed(self) -> bool:
        """Whether the quantiser is there; nothing of it is imported for that."""
        ...

    def write(self, artifact: Path, images: np.ndarray, out: Path, keep_float: Sequence[str]) -> None:
        """Quantises `artifact` to the file `out`, the nodes `keep_float` excepted.

        `images` `(N, …)` are what the artifact takes, one at a time. Raises `QuantiserError` with the reason.
        """
        ...


class QuantiserError(Exception):
    """Inside `edgewise.deploy.quantization` only: a quantiser cannot quantise a file; the message is the reason."""
