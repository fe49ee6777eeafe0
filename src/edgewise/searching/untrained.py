"""Scores of networks that were not trained, by some of the images that they would be trained on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from edgewise.data import Batches, Preprocessing, Split
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.searching.known_numbers import KnownNumbers
from edgewise.searching.naswot import naswot
from edgewise.training.threads import one_thread

IMAGES = 32
"""How many images: those that benchmarks/zero_cost.py was measured with."""


class UntrainedScores:
    """NASWOT of architectures with fresh weights of `seed`, by images from everywhere in `split`. Each is scored once:
    they are kept in the file `path`. `tell` hears how long one takes."""

    def __init__(
        self,
        split: Split,
        preprocessing: Preprocessing,
        *,
        seed: int,
        path: Path,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._split, self._preprocessing = split.spread(IMAGES), preprocessing
        self._seed, self._known, self._tell = seed, KnownNumbers(path, again="score"), tell
        self._images = cache(self._loaded)
        self._said = False

    def __call__(self, architecture: Architecture) -> float:
        """The score of one; more is better."""
        digest = architecture.digest
        if digest not in self._known:
            self._known.add({digest: self._score(architecture)})
        return self._known[digest]

    def _score(self, architecture: Architecture) -> float:
        _, height, width = architecture.input
        images = self._images(height, width)
        began = time.monotonic()
        with one_thread(), torch.random.fork_rng(devices=[]):  # the same sums however many threads there are
            score = naswot(Network(architecture, seed=self._seed), images)
        if not self._said:
            self._tell(f"looking at untrained networks, one in about {time.monotonic() - began:.2g} s")
            self._said = True
        return score

    def _loaded(self, height: int, width: int) -> Tensor:
        preprocessing = replace(self._preprocessing, height=height, width=width)
        images, _ = next(iter(Batches(self._split, preprocessing, batch_size=IMAGES, seed=0, shuffle=False, workers=0)))
        return images
