"""A worker for tests: it counts to what the task says, a hundredth of a second each, and gives the last two numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgewise.errors import EdgewiseError
from edgewise.tasks import Do
from edgewise.tasks.work import serve


def ready(folder: Path) -> Do:
    def do(task: Mapping[str, Any], beat: Callable[[], None]) -> tuple[float, float]:
        if task["to"] < 1:
            raise EdgewiseError("there is nothing to count")
        for _ in range(task["to"]):
            time.sleep(0.01)
            beat()
        if "out" in task:
            (folder / task["out"]).write_text("counted")
        return task["to"], task["to"] - 1

    return do


if __name__ == "__main__":
    serve((__doc__ or "").splitlines()[0], ready, ("maximize", "minimize"))
