"""Accuracies that are known: a table of results, such as NAS-Bench-Macro's."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise.searching.space import Point, Space

ACCURACY = "accuracy"


class Lookup:
    """Reads accuracies, from 0 to 1, of the points of `space` off `table`."""

    def __init__(self, table: Mapping[Point, float], space: Space) -> None:
        self._table, self._space = table, space

    @classmethod
    def read(cls, path: Path, space: Space) -> Lookup:
        """The CSV (or `.csv.gz`) at `path`, with a column for every choice of `space` and one called `accuracy`.

        Raises `EdgewiseError` where there is no such file, a column is missing, or a line is of no point or has no
        accuracy.
        """
        names = [choice.name for choice in space.choices]
        try:
            content = path.read_bytes()
            text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
            reader = csv.DictReader(StringIO(text))
            missing = [name for name in (*names, ACCURACY) if name not in (reader.fieldnames or ())]
            if missing:
                raise EdgewiseError(
                    f"{path} has no column {missing[0]!r}; it takes one for every choice and one for accuracy"
                )
            table: dict[Point, float] = {}
            for line in reader:
                try:
                    table[_point(line, space)] = _accuracy(line[ACCURACY])
                except ValueError as error:
                    raise EdgewiseError(f"{path}, line {reader.line_num}: {error}") from None
            return cls(table, space)
        except (OSError, EOFError, ValueError, csv.Error) as error:
            raise EdgewiseError(f"{path} cannot be read as a table of results ({error})") from None

    def accuracy(self, point: Point, number: int, beat: Callable[[], None]) -> float:
        beat()
        try:
            return self._table[point]
        except KeyError:
            named = ", ".join(f"{name}={option}" for name, option in self._space.named(point).items())
            raise EdgewiseError(f"the table of results has no line for {named}") from None


def _accuracy(written: str | None) -> float:
    try:
        accuracy = float(written or "")
    except ValueError:
        raise ValueError(f"{ACCURACY} is no number but {written!r}") from None
    if not 0 <= accuracy <= 1:
        raise ValueError(f"{ACCURACY} goes from 0 to 1 and is {written}; divide percentages by 100")
    return accuracy


def _point(line: Mapping[str, str], space: Space) -> Point:
    indices: list[int] = []
    for choice in space.choices:
        written = [str(option) for option in choice.options]
        if line[choice.name] not in written:
            raise ValueError(f"{choice.name} is none of {', '.join(written)} but {line[choice.name]!r}")
        indices.append(written.index(line[choice.name]))
    return tuple(indices)
