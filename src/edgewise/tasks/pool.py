"""Workers on this machine, and the watch over all of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from edgewise.errors import EdgewiseError
from edgewise.tasks.processes import end, start
from edgewise.tasks.queue import Look, Queue, Task, Worker, beat_of, worker_of
from edgewise.tasks.storage import Direction

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

Tell = Callable[[str], None]
Done = Callable[[str, int], None]

PATIENCE_SECONDS = 25.0
"""After so long without progress a worker is taken to be dead or hanging."""

_LOOK_SECONDS = (0.1, 1.0)
_LOOK_SHARE = 0.05
"""Looks are as far apart as that share of the time since something was done: workers need the cores, and looking at the
queue ten times a second takes a tenth of one."""

_MOST_DEATHS = 3


class Pool:
    """Does the tasks of one run with `workers` processes here, and whoever else has joined its queue.

    A context manager; workers, which run `module`, are started with the first task, and end with the block, or after
    what they are doing when this process does. A worker that dies or hangs is told of, and what it did is done again.
    """

    def __init__(
        self,
        folder: Path,
        workers: int,
        tell: Tell,
        *,
        module: str,
        storage: str | None = None,
        directions: Sequence[Direction] = ("maximize",),
    ) -> None:
        self._folder, self._wanted, self._tell, self._module, self._storage = folder, workers, tell, module, storage
        self._queue = Queue(folder, storage, directions)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._beats: dict[int, tuple[int, float]] = {}
        self._deaths: dict[str, int] = {}
        self._ended = 0

    def __enter__(self) -> Pool:
        self._queue.set_over(False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._queue.set_over(True)  # workers elsewhere end too; after an error the run may go on
            self._queue.sweep()
        end(self._processes)

    def missing(self, tasks: Mapping[str, Task]) -> list[str]:
        """The names of those of `tasks` that are not done."""
        done = self._done(tasks, self._queue.look())
        return [name for name in tasks if name not in done]

    def run(self, tasks: Mapping[str, Task], done_one: Done | None = None) -> dict[str, tuple[float, ...]]:
        """The results of `tasks`, by name; those done before are not done again. What failed is told and left out.

        `done_one` is called with the name of every task that is done now, and how many are left. Raises `EdgewiseError`
        where workers die over and over.
        """
        look = self._queue.look()
        done, asked = self._done(tasks, look), look.asked()
        for name, task in tasks.items():
            if name not in asked and name not in done:
                self._queue.add(name, task)
        if done and len(done) < len(tasks):
            self._tell(f"{len(done)} of {len(tasks)} are done already")
        told, seen = set[str](), set(done)
        self._ended, since = 0, time.monotonic()
        while True:
            look = self._queue.look()
            done, failures = self._done(tasks, look), look.failures()
            for name in [name for name in tasks if name in done and name not in seen]:
                seen.add(name)
                since = time.monotonic()
                if done_one is not None:
                    done_one(name, len(tasks) - len(seen))
            for name in sorted((failures.keys() & tasks.keys()) - told):
                self._tell(f"{name} is left out: {failures[name]}")
                told.add(name)
            if all(name in done or name in failures for name in tasks):
                return {name: done[name] for name in tasks if name in done}
            self._watch(look)
            least, most = _LOOK_SECONDS
            time.sleep(min(most, max(least, _LOOK_SHARE * (time.monotonic() - since))))

    def _done(self, tasks: Mapping[str, Task], look: Look) -> dict[str, tuple[float, ...]]:
        """The results of those of `tasks` that are done and whose files are there."""
        return {
            name: result
            for name, result in look.results().items()
            if name in tasks and ((out := tasks[name].out) is None or (self._folder / out).exists())
        }

    def _watch(self, look: Look) -> None:
        """Starts workers that are missing, and asks again for what those that are gone were doing."""
        for process in [one for one in self._processes if one.poll() is not None]:
            self._processes.remove(process)
            self._ended += 1
            if self._ended > _MOST_DEATHS * self._wanted:
                raise EdgewiseError(
                    f"workers keep ending ({_ending(process.returncode)}); see above for what they say, and that "
                    f"`{sys.executable} -m {self._module}` runs here"
                )
            worker, how = Worker(Worker.this().host, process.pid), f"ended ({_ending(process.returncode)})"
            if not self._lost(worker, how):
                self._tell(f"a worker{_called(worker)} {how} with nothing to do, and another takes its place")
        while len(self._processes) < self._wanted:
            self._processes.append(start(self._module, self._folder, self._storage))
        now = time.monotonic()
        for trial in look.running():
            beat, since = self._beats.get(trial.number, (-1, now))
            if beat_of(trial.user_attrs) != beat:
                self._beats[trial.number] = (beat_of(trial.user_attrs), now)
            elif now - since > PATIENCE_SECONDS:
                worker = worker_of(trial)
                if worker is not None and worker.host == Worker.this().host:
                    with suppress(ProcessLookupError):
                        os.kill(worker.pid, signal.SIGKILL)
                how = f"has not got on for {PATIENCE_SECONDS:.0f} s"
                self._again(
                    trial, how, f"{trial.user_attrs['name']}: its worker{_called(worker)} {how}; it is done again"
                )

    def _lost(self, worker: Worker, how: str) -> bool:
        """Asks again for what the worker was doing; whether it was doing anything."""
        lost = [trial for trial in self._queue.look().running() if worker_of(trial) == worker]
        for trial in lost:
            self._again(trial, how, f"a worker{_called(worker)} {how}; {trial.user_attrs['name']} is done again")
        return bool(lost)

    def _again(self, trial: FrozenTrial, how: str, told: str) -> None:
        """Asks for a trial once more. Raises `EdgewiseError` where that never ends."""
        name = str(trial.user_attrs["name"])
        self._deaths[name] = self._deaths.get(name, 0) + 1
        if self._deaths[name] > _MOST_DEATHS:
            raise EdgewiseError(
                f"{name} was given up after {self._deaths[name]} workers: the last one {how}. Give the machine more "
                "memory, use fewer workers, or a smaller input where a step takes that long"
            )
        self._tell(told)
        self._queue.again(trial)


def _called(worker: Worker | None) -> str:
    return "" if worker is None else f" ({worker.host}, process {worker.pid})"


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"
