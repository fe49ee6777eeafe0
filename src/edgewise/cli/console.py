"""What all verbs print with: tables, numbers in the field's units, errors as one line."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from io import StringIO
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, get_args

from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from edgewise.blocks import Task
    from edgewise.data import BadImage

_UNBOUNDED = 100_000
_HEIGHT = 25
_NARROWEST = 16


def command_line() -> str:
    """The command as it was typed, for the record."""
    return shlex.join(["edgewise", *sys.argv[1:]])


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, left: Sequence[int] = (0,)) -> object:
    """A title over a table whose columns are numbers, aligned right, but for those whose indices are in `left`."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    cells = [[Text(cell) for cell in row] for row in rows]  # as Text: brackets in a file's name are no markup
    widths = [
        max([len(name), *(cell.cell_len for cell in column)]) for name, *column in zip(columns, *cells, strict=True)
    ]
    narrow = sys.stdout.isatty() and sum(widths) + 3 * len(widths) > get_terminal_size().columns
    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_header=any(columns), padding=(0, 0 if narrow else 1, 0, 1))
    for index, column in enumerate(columns):
        if index in left:
            made.add_column(column, overflow="fold", min_width=min(widths[index], _NARROWEST))
        else:
            name = column.replace(" ", "\n").replace("-", "-\n") if narrow else column
            made.add_column(name, justify="right", no_wrap=True)
    for row in cells:
        made.add_row(*row)
    # The title stands outside the table: inside, a long one would be folded to the width of a narrow table.
    return Group(Text(title, style="bold"), made)


def pixels(text: str | None) -> int | tuple[int, int] | None:
    """`--input`: pixels a side ("224"), or height and width ("360x480"). Raises `EdgewiseError` for anything else."""
    if text is None:
        return None
    sides = text.lower().replace("×", "x").split("x")
    if len(sides) > 2 or not all(side.strip().isdecimal() and int(side) > 0 for side in sides):
        raise EdgewiseError(f"--input is pixels a side, as 224, or height x width, as 360x480, not {text!r}")
    return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))


def task(text: str | None) -> Task | None:
    """`--task`. Raises `EdgewiseError` for what is none."""
    from edgewise.blocks import Task

    for known in get_args(Task):
        if text == known:
            return known
    if text is None:
        return None
    raise EdgewiseError(f"there is no task '{text}'; choose {', '.join(get_args(Task))}")


def show(*items: object) -> None:
    """Prints to standard output, folding text to the terminal's width but never cutting it. In a pipe or a file every
    row is one line, however long, without blanks at its end."""
    from rich.console import Console, ConsoleDimensions

    terminal = sys.stdout.isatty()
    file = None if terminal else StringIO()
    console = Console(file=file, markup=False, highlight=False, emoji=False, color_system="auto" if terminal else None)
    for item in items:
        # Width and height together: with one of them missing, rich takes both from the terminal or from nowhere.
        console.size = ConsoleDimensions(_UNBOUNDED, _HEIGHT)
        if terminal:
            least = console.measure(item).minimum  # type: ignore[arg-type]
            console.size = ConsoleDimensions(max(get_terminal_size().columns, least), _HEIGHT)
        console.print(item, soft_wrap=isinstance(item, str) and not terminal)
    for line in file.getvalue().splitlines() if file else ():
        print(line.rstrip())


def show_json(value: Any) -> None:
    """Prints JSON; every file name is kept, also one that is no text."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def note(text: str) -> None:
    """A line on standard error, beside what the verb prints."""
    print(text, file=sys.stderr, flush=True)


def note_skipped(skipped: Sequence[BadImage]) -> None:
    """Says how many files were left out, and names the first of them."""
    if skipped:
        some = "; ".join(map(str, skipped[:5])) + ("; …" if len(skipped) > 5 else "")
        note(f"{counted(len(skipped), 'file')} left out: {some}")


def rounds() -> Callable[[int, int, int], None] | None:
    """Shows how far measuring is, on a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        return None

    def report(done: int, settled: int, total: int) -> None:
        print(f"\rround {done}, {settled} of {total} settled", end="\x1b[K", file=sys.stderr, flush=True)
        if settled == total:
            print("\r", end="\x1b[K", file=sys.stderr, flush=True)

    return report


def counting(what: str) -> Callable[[int, int], None] | None:
    """Shows how many of how many are done, on a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        return None

    def report(done: int, total: int) -> None:
        text = f"{done} of {total} {what}" if done < total else ""
        print(f"\r{text}", end="\x1b[K", file=sys.stderr, flush=True)

    return report


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def amount(number: int) -> str:
    """A count in the field's units, so that small ones are not rounded away: `464`, `35.2K`, `3.50M`, `1,814.07M`."""
    if number < 1_000:
        return str(number)
    if number < 100_000:
        return f"{number / 1e3:.1f}K"
    return f"{number / 1e6:,.2f}M"


def mebibytes(number: int) -> str:
    return f"{number / 2**20:.2f}"


def milliseconds(number: float) -> str:
    return f"{number:.3f}"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f}%"


def metric(name: str, value: float) -> tuple[str, str]:
    """A metric's name in words (`val_top5` is `validation top5`) and its value: all but a loss are shares."""
    words = name.replace("_", " ").replace("map50", "mAP@0.5")
    if words.split()[-1] == "map":
        words = words.removesuffix("map") + "mAP"
    if words.startswith("val "):
        words = "validation" + words.removeprefix("val")
    return words, f"{value:.4f}" if name.endswith("loss") else percent(value)


def shape(dimensions: Sequence[int]) -> str:
    return "×".join(map(str, dimensions))
