"""What the pages that are written before the documentation is built have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.files import write_text


def write_if_new(path: Path, content: str) -> None:
    """Writes a page where it changes, so that a build only does what is new."""
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        write_text(path, content)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """A table whose first `left` columns read from the left."""
    lines = [head, [*[":--"] * left, *["--:"] * (len(head) - left)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
