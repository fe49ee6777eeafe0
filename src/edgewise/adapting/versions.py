"""Random narrower versions of a network, to learn what narrowing gives."""

from __future__ import annotations

import numpy as np

from edgewise.adapting.choose import chosen
from edgewise.adapting.spaces import Spaces
from edgewise.adapting.surgery import narrowed
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture

NETWORKS = 40
"""How many are timed before the first step."""


def random_versions(seed: Architecture, quantum: int, count: int = NETWORKS) -> list[Architecture]:
    """`count` narrower versions: of each a random share of the spaces, narrowed to multiples of `quantum`."""
    spaces = Spaces(seed)
    random = np.random.default_rng(0)
    found: dict[str, Architecture] = {}
    for _ in range(20 * count):
        if len(found) == count:
            break
        least = random.uniform(0.2, 0.9)
        widths: dict[str, int] = {}
        for space in spaces.leading:
            if space.width > quantum and random.random() < 0.6:
                width = int(space.width * random.uniform(least, 1.0)) // quantum * quantum
                widths[space.name] = max(quantum, width)
        try:
            kept = chosen(spaces, widths, random.random(len(spaces.labels.fixed)))
            made = narrowed(seed, spaces.labels, kept)
        except EdgewiseError:  # groups that would be unequal
            continue
        found.setdefault(made.digest, made)
    return list(found.values())
