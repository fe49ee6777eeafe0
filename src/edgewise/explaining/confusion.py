"""Which classes are taken for which: the whole matrix for a few classes, the most confused pairs for many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgewise.explaining.formats import count, per_cent
from edgewise.explaining.html import Markup, tag
from edgewise.explaining.tables import Column, scrolling, table

__all__ = ["confusion"]

_LARGEST_MATRIX = 20
_PAIRS = 30
_WORST = 15
_SHADES = 6  # page.css has a background for each


def confusion(matrix: np.ndarray, classes: Sequence[str]) -> Markup:
    """A picture of `matrix`, an (K, K) array of counts with true classes as rows and predicted ones as columns.

    Up to 20 classes: the matrix with its numbers, shaded by the share of the true class. Beyond that: the most
    confused pairs and the classes recognised worst.

    Raises ValueError when the matrix is not (K, K) for K names, or holds something other than counts.
    """
    if matrix.ndim != 2 or matrix.shape != (len(classes), len(classes)) or not classes:
        raise ValueError(f"a confusion matrix of shape {matrix.shape} for {len(classes)} classes")
    if not np.issubdtype(matrix.dtype, np.integer) or (matrix < 0).any():
        raise ValueError(f"a confusion matrix holds counts, not {matrix.dtype} values down to {matrix.min()}")
    matrix = matrix.astype(np.int64)
    if len(classes) <= _LARGEST_MATRIX:
        return _grid(matrix, classes)
    return tag("div", None, _pairs(matrix, classes), _worst(matrix, classes))


def _grid(matrix: np.ndarray, classes: Sequence[str]) -> Markup:
    totals = matrix.sum(axis=1)
    header = [tag("th", {"scope": "col"}, tag("span", None, name)) for name in classes]
    rows = []
    for true, name in enumerate(classes):
        cells = [
            _cell(int(matrix[true, index]), int(totals[true]), true == index, name, classes[index])
            for index in range(len(classes))
        ]
        recall = tag("td", {"class": "number"}, per_cent(_share(int(matrix[true, true]), int(totals[true]))))
        rows.append(tag("tr", None, tag("th", {"scope": "row"}, name), *cells, recall))
    caption = "Rows are the true classes, columns the predicted ones; right answers are framed"
    corner = tag("td", {"class": "corner"}, "true \\ predicted")
    content = tag(
        "table",
        {"class": "confusion"},
        tag("caption", None, caption),
        tag(
            "thead",
            None,
            tag("tr", None, corner, *header, tag("th", {"scope": "col"}, tag("span", None, "recognised"))),
        ),
        tag("tbody", None, *rows),
    )
    return scrolling(content, "Confusion matrix")


def _cell(number: int, total: int, right: bool, true: str, predicted: str) -> Markup:
    share = _share(number, total) or 0.0
    # The root makes one mistake in a hundred visible beside ninety-nine right answers.
    shade = 0 if number == 0 else 1 + min(int(share**0.5 * (_SHADES - 1)), _SHADES - 2)
    kinds = f"shade{shade}{' right' if right else ''}"
    said = f"true {true}, predicted {predicted}: {number} of {total}"
    return tag("td", {"class": kinds, "title": said}, count(number))


def _pairs(matrix: np.ndarray, classes: Sequence[str]) -> Markup:
    mistakes = matrix.copy()
    np.fill_diagonal(mistakes, 0)
    totals = matrix.sum(axis=1)
    order = np.argsort(-mistakes, axis=None, kind="stable")[:_PAIRS]
    rows = []
    for place in order.tolist():
        true, predicted = divmod(place, len(classes))
        number = int(mistakes[true, predicted])
        if number:
            share = per_cent(_share(number, int(totals[true])))
            rows.append((classes[true], classes[predicted], count(number), share))
    columns = [Column("true class"), Column("taken for"), Column("images", True), Column("of the true class", True)]
    wrong, images = int(mistakes.sum()), int(matrix.sum())
    caption = f"The most confused pairs of {len(classes)} classes ({count(wrong)} mistakes in {count(images)} images)"
    return table(columns, rows, caption=caption)


def _worst(matrix: np.ndarray, classes: Sequence[str]) -> Markup:
    totals, right = matrix.sum(axis=1), matrix.diagonal()
    seen = [index for index in range(len(classes)) if totals[index]]
    seen.sort(key=lambda index: (right[index] / totals[index], -totals[index]))
    rows = [
        (classes[index], count(int(totals[index])), per_cent(_share(int(right[index]), int(totals[index]))))
        for index in seen[:_WORST]
    ]
    columns = [Column("class"), Column("images", True), Column("recognised", True)]
    return table(columns, rows, caption="The classes recognised worst")


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
