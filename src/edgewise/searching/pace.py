"""How long trials take: over all calls, and each of those that this call has waited for."""

from __future__ import annotations

import json
import time
from pathlib import Path

from edgewise.files import write_text

_AT_ONCE = 0.5
"""A batch that takes less, in seconds, was known."""


class Pace:
    """Keeps the seconds of all calls in the file `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = float(json.loads(path.read_text())["seconds"]) if path.exists() else 0.0
        self._began = self._last = time.monotonic()
        self._trials = self._waited_for = 0
        self._waited = 0.0

    @property
    def seconds(self) -> float:
        """What all calls took together."""
        return self._before + time.monotonic() - self._began

    def beat(self, trials: int) -> float | None:
        """To be called when `trials` are done; returns what one takes, in seconds, once that is known."""
        now = time.monotonic()
        if now - self._last > _AT_ONCE:
            self._waited += now - self._last
            self._waited_for += trials - self._trials
            write_text(self._path, json.dumps({"seconds": round(self.seconds, 1)}))
        self._last, self._trials = now, trials
        return self._waited / self._waited_for if self._waited_for else None
