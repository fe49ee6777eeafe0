"""Which channels go, once it is decided how many: those with the lowest scores that may go together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgewise.adapting.spaces import Space, Spaces
from edgewise.errors import EdgewiseError


def chosen(spaces: Spaces, widths: Mapping[str, int], scores: np.ndarray) -> np.ndarray:
    """Which labels are kept when the spaces named in `widths` are narrowed to that width, with those that follow them.

    `scores` are by label, the lowest go first, and of equals the first. Where grouped convolutions demand it channels
    of other spaces go too: as few as possible, with the lowest scores. Raises `EdgewiseError` for a width that is none,
    and where no such choice leaves all groups equal.
    """
    kept = np.ones(len(scores), dtype=bool)
    wanted = {**spaces.followers(widths), **widths}
    done: set[str] = set()
    for name, width in wanted.items():
        space = spaces[name]
        if not 1 <= width <= space.width:
            raise EdgewiseError(f"{name} has {space.width} channels; it can be left with 1 to that many, not {width}")
        if name in done:
            continue
        tied = spaces.tied(name)
        done |= {one.name for one in tied}
        if spaces.partitions(tied):
            kept[_balanced(spaces, tied, wanted, scores)] = False
        else:
            kept[_lowest(space, width, scores)] = False
    return kept


def _lowest(space: Space, width: int, scores: np.ndarray) -> np.ndarray:
    """The labels with the lowest scores beyond the `width` best."""
    order = np.argsort(scores[space.labels], kind="stable")
    return space.labels[order[: space.width - width]]


def _balanced(spaces: Spaces, tied: tuple[Space, ...], wanted: Mapping[str, int], scores: np.ndarray) -> np.ndarray:
    """The labels of `tied` whose going costs least, every group of a grouped convolution losing as many as the others.

    A linear programme over one truth value per label; which spaces narrow by how much is given for those in `wanted`.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    labels = np.concatenate([space.labels for space in tied])
    column = {int(label): place for place, label in enumerate(labels)}
    rows: list[np.ndarray] = []
    low: list[float] = []
    high: list[float] = []

    def demand(row: np.ndarray, least: float, most: float) -> None:
        rows.append(row)
        low.append(least)
        high.append(most)

    def of(group: np.ndarray) -> np.ndarray:
        """How often each label stands in a group."""
        row = np.zeros(len(labels))
        for label in group.tolist():
            if label in column:  # others are fixed
                row[column[label]] += 1
        return row

    for parted in spaces.partitions(tied):
        first, *others = map(of, parted)
        demand(first, 0, parted.shape[1] - 1)
        for other in others:
            demand(first - other, 0, 0)
    for space in tied:
        if space.name in wanted:
            gone = space.width - wanted[space.name]
            demand(of(space.labels), gone, gone)
        else:
            demand(of(space.labels), 0, space.width - 1)
    # Whatever the scores, one channel less in another space is worth more than a better choice within one.
    worth = scores[labels] / max(float(scores[labels].max()), 1e-30)
    cost = 1 + worth + np.arange(len(labels)) * 1e-9
    solved = milp(
        cost,
        integrality=np.ones(len(labels)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(csr_array(np.array(rows)), low, high),  # pyright: ignore[reportArgumentType]
    )
    if solved.x is None:
        asked = ", ".join(f"{name} {width}" for name, width in wanted.items() if any(name == one.name for one in tied))
        raise EdgewiseError(f"no choice of channels leaves the groups of grouped convolutions equal with {asked}")
    return labels[np.round(solved.x).astype(bool)]
