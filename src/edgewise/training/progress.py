"""Telling how a run goes: one line on a terminal, a few plain lines elsewhere, or a function of the caller's."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        epoch: finished epochs; `epochs` of them are the whole recipe.
        step: optimiser steps taken; this call ends after `steps`.
        images_per_second: of training steps, over the last seconds.
        seconds_left: of this call, at that speed, without validation; None before it is known.
        loss: mean training loss of the unfinished epoch, or of the one just finished.
        metrics: of the last validation, empty before the first.
        validated: whether this report tells of a validation that just ended.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    images_per_second: float
    seconds_left: float | None
    loss: float
    metrics: dict[str, float]
    validated: bool = False


class Reporter(Protocol):
    """Takes reports of a run; `close` ends the display."""

    def __call__(self, progress: Progress) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class FunctionReporter:
    """Hands every report to a function."""

    function: Callable[[Progress], None]

    def __call__(self, progress: Progress) -> None:
        self.function(progress)

    def close(self) -> None:
        """Nothing to end."""


class LineReporter:
    """A plain line on standard error after each validation, and in between every `interval` seconds."""

    def __init__(self, interval: float = 30.0) -> None:
        self._interval = interval
        self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.validated or progress.step >= progress.steps or now - self._last >= self._interval:
            self._last = now
            print(describe(progress), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing to end."""


class TerminalReporter:
    """One line on the terminal that is written over, and gone at the end."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
        self._live.start()

    def __call__(self, progress: Progress) -> None:
        from rich.text import Text

        self._live.update(Text(describe(progress), no_wrap=True, overflow="ellipsis"), refresh=True)

    def close(self) -> None:
        """Removes the line."""
        self._live.stop()


def reporter(progress: bool | Callable[[Progress], None]) -> Reporter | None:
    """The reporter for what a caller asked for; None for silence."""
    if callable(progress):
        return FunctionReporter(progress)
    if not progress:
        return None
    return TerminalReporter() if sys.stderr.isatty() else LineReporter()


def describe(progress: Progress) -> str:
    """A report in one line."""
    done = 100 * progress.step // max(1, progress.steps)
    parts = [f"epoch {progress.epoch}/{progress.epochs}", f"{done:3d}%", f"{progress.images_per_second:.0f} images/s"]
    if progress.seconds_left is not None:
        parts.append(f"{clock(progress.seconds_left)} left")
    parts.append(f"loss {progress.loss:.3f}")
    parts += [f"val {name} {value:.4f}" for name, value in progress.metrics.items()]
    return "  ".join(parts)


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
