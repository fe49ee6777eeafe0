"""A sample of the zoo to fill a latency table with: of every scalable network some, from small to large."""

from __future__ import annotations

import random
from math import log

from edgewise.costs import count as count_costs
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.papers.ladders import WIDTHS, ladders

LARGEST_BYTES = 32 * 2**20
"""How large the fp32 parameters of one network may be, in bytes: small devices have little memory."""

_Rung = tuple[float, Architecture]


def zoo_sample(
    size: int, classes: int, count: int, seed: int = 0, *, largest_bytes: int = LARGEST_BYTES
) -> list[Architecture]:
    """`count` networks of those that a fit considers for images of `size` pixels and `classes` classes.

    Every scalable network of the zoo takes part in turns, each with widths and input sizes spread evenly over the
    logarithm of its multiply-adds. Networks of more than `largest_bytes` of fp32 parameters are left out. The same
    arguments give the same networks. There are fewer than `count` where the zoo has no more. Raises `EdgewiseError`
    where no network fits such images.
    """
    if count < 1 or largest_bytes < 1:
        raise EdgewiseError(f"a sample has at least one network and a byte, not {count} and {largest_bytes}")
    generator = random.Random(seed)
    grids = _grids(size, classes, largest_bytes)
    if not grids:
        raise EdgewiseError(f"no network of the zoo fits images of {size}×{size} pixels; choose a larger size")
    bases = generator.sample(sorted(grids), len(grids))
    shares = dict.fromkeys(bases, 0)
    while sum(shares.values()) < count:
        wanting = [base for base in bases if shares[base] < len(grids[base])]
        if not wanting:
            break
        for base in wanting[: count - sum(shares.values())]:
            shares[base] += 1
    picked = {base: _spread(grids[base], share, generator) for base, share in shares.items()}
    return [one for base in sorted(picked) for one in picked[base]]


def _grids(size: int, classes: int, largest_bytes: int) -> dict[str, list[_Rung]]:
    """For every scalable network, by name, what it can be: the logarithm of its multiply-adds and the network."""
    grids: dict[str, list[_Rung]] = {}
    seen: set[str] = set()
    for ladder in ladders(size, classes):
        for width in WIDTHS:
            architecture = ladder(width)
            if architecture is None or architecture.digest in seen:
                continue
            costs = count_costs(architecture)
            if 4 * costs.parameters <= largest_bytes:
                seen.add(architecture.digest)
                grids.setdefault(ladder.base, []).append((log(costs.multiply_adds), architecture))
    return {base: sorted(grid, key=lambda rung: rung[0]) for base, grid in grids.items()}


def _spread(grid: list[_Rung], count: int, generator: random.Random) -> list[Architecture]:
    """`count` of the grid: one near a random point of each of as many equal parts of its range."""
    left = list(grid)
    low, high = grid[0][0], grid[-1][0]
    found: list[Architecture] = []
    for part in range(count):
        wanted = low + (high - low) * (part + generator.random()) / count
        nearest = min(left, key=lambda rung: abs(rung[0] - wanted))
        left.remove(nearest)
        found.append(nearest[1])
    return found
