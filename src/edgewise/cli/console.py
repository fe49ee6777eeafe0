"""What all verbs print with: tables, numbers in the field's units, errors as one line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, left: Sequence[int] = (0,)) -> Table:
    """A rich table whose columns are numbers, aligned right, but for those whose indices are in `left`."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        # Names fold rather than being cut: a table piped into a file must say everything.
        made.add_column(
            column, justify="left" if index in left else "right", overflow="fold", no_wrap=index not in left
        )
    for row in rows:
        made.add_row(*row)
    return made


def show(*items: object) -> None:
    """Prints to standard output; markup in the text is not interpreted."""
    from rich.console import Console

    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 160)
    for item in items:
        console.print(item)


def show_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def note(text: str) -> None:
    """A line on standard error, beside what the verb prints."""
    print(text, file=sys.stderr, flush=True)


def millions(number: int) -> str:
    return f"{number / 1e6:.2f}M"


def mebibytes(number: int) -> str:
    return f"{number / 2**20:.2f}"


def milliseconds(number: float) -> str:
    return f"{number:.3f}"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f}%"


def shape(dimensions: Sequence[int]) -> str:
    return "×".join(map(str, dimensions))
