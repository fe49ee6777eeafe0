"""Random numbers addressed by what they are for, not by when they are drawn.

A generator that is advanced draw by draw gives each sample numbers that depend on every sample before it, and so on
workers, ranks and where a run was resumed. Here a number is a pure function of (seed, purpose, epoch, index): the
counter-based generator Philox 4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011),
evaluated for many counters at once.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ROUNDS = 10


class Purpose(IntEnum):
    """Keeps the numbers for one use apart from those for another with the same seed, epoch and index."""

    ORDER = 0
    AUGMENTATION = 1
    SPLIT = 2


def philox(counters: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Philox 4x32-10: uint64 (N, 4) holding 32-bit counter words to uint64 (N, 4) holding 32-bit random words."""
    a, b, c, d = (counters[:, word] for word in range(4))
    key_a, key_b = key
    for _ in range(_ROUNDS):
        first, second = _MULTIPLIERS[0] * a, _MULTIPLIERS[1] * c
        a, b, c, d = (
            (second >> _HALF) ^ b ^ np.uint64(key_a),
            second & _LOW,
            (first >> _HALF) ^ d ^ np.uint64(key_b),
            first & _LOW,
        )
        key_a, key_b = (key_a + _KEY_STEPS[0]) & 0xFFFFFFFF, (key_b + _KEY_STEPS[1]) & 0xFFFFFFFF
    return np.stack((a, b, c, d), axis=1)


def uniform(seed: int, purpose: Purpose, epoch: int, indices: np.ndarray, count: int) -> np.ndarray:
    """float64 (len(indices), count) in [0, 1): row i depends on (seed, purpose, epoch, indices[i]) alone."""
    blocks = [_words(seed, purpose, epoch, indices, block) for block in range(-(-count // 4))]
    return np.concatenate(blocks, axis=1)[:, :count] * 2.0**-32


def permutation(seed: int, purpose: Purpose, epoch: int, size: int) -> np.ndarray:
    """int64 (size,): the order in which `size` things are taken, the same with every version of numpy."""
    words = _words(seed, purpose, epoch, np.arange(size), 0)
    return np.argsort(words[:, 0] << _HALF | words[:, 1], kind="stable")


def _words(seed: int, purpose: Purpose, epoch: int, indices: np.ndarray, block: int) -> np.ndarray:
    counters = np.empty((len(indices), 4), np.uint64)
    counters[:, 0] = indices
    counters[:, 1] = epoch
    counters[:, 2] = block
    counters[:, 3] = purpose
    return philox(counters, (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF))
