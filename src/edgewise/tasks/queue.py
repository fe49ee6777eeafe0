"""Tasks as trials of one Optuna study, which workers of any number of machines take from.

A trial's user attributes say what is to be done, who does it, and count how far it has got: a count that stands still
is how a worker that died or hangs is found, wherever it ran.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.tasks.storage import Direction, open_study

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, Trial

NAME = "tasks"
FILE = "tasks.db"
_OVER = "over"

Option = str | int | float | bool


@dataclass(frozen=True)
class Worker:
    """Who works on a trial."""

    host: str
    pid: int

    @classmethod
    def this(cls) -> Worker:
        return cls(socket.gethostname(), os.getpid())


@dataclass(frozen=True)
class Task:
    """What is asked of a worker: `what`, as JSON, for the function it was started with.

    `out` is the file in the run's folder that it writes, without which it is not done. `options` are parameters that
    whoever looks at the study with Optuna's tools should see: by name the value, and all there are.
    """

    what: Mapping[str, Any]
    out: str | None = None
    options: Mapping[str, tuple[Option, Sequence[Option]]] = field(default_factory=dict)


class Look:
    """The tasks of a queue at one moment, as trials."""

    def __init__(self, trials: Sequence[FrozenTrial]) -> None:
        self._trials = trials

    def results(self) -> dict[str, tuple[float, ...]]:
        """The results of all that is done, by name; of what was done twice the first."""
        found: dict[str, tuple[float, ...]] = {}
        for one in self._in("COMPLETE"):
            found.setdefault(str(one.user_attrs["name"]), tuple(map(float, one.values)))
        return found

    def failures(self) -> dict[str, str]:
        """What cannot be done, and why, by name."""
        return {
            str(one.user_attrs["name"]): str(one.user_attrs["error"])
            for one in self._in("FAIL")
            if "error" in one.user_attrs
        }

    def asked(self) -> set[str]:
        """The names of all that waits or is being worked on."""
        return {str(one.user_attrs["name"]) for one in self._in("WAITING", "RUNNING")}

    def waiting(self) -> bool:
        """Whether anything waits for a worker."""
        return bool(self._in("WAITING"))

    def running(self) -> list[FrozenTrial]:
        """What is being worked on."""
        return self._in("RUNNING")

    def _in(self, *states: str) -> list[FrozenTrial]:
        return [one for one in self._trials if one.state.name in states]


class Queue:
    """The study of one run, whose results have one number for every one of `directions`.

    `storage` is Optuna's URL; without it a file in the run's folder, which all must see. Raises `EdgewiseError` where
    it cannot be opened.
    """

    def __init__(
        self, folder: Path, storage: str | None = None, directions: Sequence[Direction] = ("maximize",)
    ) -> None:
        url = storage or f"sqlite:///{(folder / FILE).resolve()}"
        name = f"{NAME} {folder.resolve()}" if storage else NAME
        self.study = open_study(url, name, directions)

    def add(self, name: str, task: Task) -> None:
        """Asks for `task`, which is called `name`."""
        from optuna.distributions import CategoricalDistribution

        values = {key: value for key, (value, _) in task.options.items()}
        choices = {key: CategoricalDistribution(tuple(all_of_them)) for key, (_, all_of_them) in task.options.items()}
        self._add({"name": name, "task": dict(task.what)}, values, choices)

    def look(self) -> Look:
        """All tasks as they are now, read once."""
        return Look([one for one in self.study.get_trials(deepcopy=False) if "task" in one.user_attrs])

    def again(self, trial: FrozenTrial) -> None:
        """Gives up on a trial whose worker is gone, and asks for the same once more."""
        from optuna.trial import TrialState

        try:
            self.study.tell(trial.number, state=TrialState.FAIL)
        except ValueError:  # it was finished after all
            return
        kept = {key: trial.user_attrs[key] for key in ("name", "task")}
        self._add(kept, trial.params, trial.distributions)

    def take(self) -> Trial | None:
        """A trial to work on, if one waits."""
        from optuna.trial import TrialState

        if not self.look().waiting():
            return None
        trial = self.study.ask()
        if "task" not in trial.user_attrs:  # somebody else was faster: this one is empty
            with suppress(ValueError, RuntimeError):  # swept up meanwhile
                self.study.tell(trial, state=TrialState.PRUNED)
            return None
        worker = Worker.this()
        trial.set_user_attr("worker", [worker.host, worker.pid])
        return trial

    def sweep(self) -> None:
        """Ends trials that are empty, left behind by a worker that was killed just when somebody else was faster."""
        from optuna.trial import TrialState

        for one in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if "task" not in one.user_attrs:
                with suppress(ValueError, RuntimeError):
                    self.study.tell(one.number, state=TrialState.PRUNED)

    def done(self, trial: Trial, result: Sequence[float]) -> None:
        """Keeps the result. Where the trial was given up on meanwhile, or two workers took it in the same moment, the
        other's stands: it is the same."""
        with suppress(ValueError, RuntimeError):
            self.study.tell(trial, list(result))

    def failed(self, trial: Trial, error: str) -> None:
        """Keeps why it cannot be done, unless somebody was faster, as in `done`."""
        from optuna.trial import TrialState

        with suppress(ValueError, RuntimeError):
            trial.set_user_attr("error", error)
            self.study.tell(trial, state=TrialState.FAIL)

    @property
    def over(self) -> bool:
        """Whether there is nothing more to come."""
        return bool(self.study.user_attrs.get(_OVER))

    def set_over(self, over: bool) -> None:
        self.study.set_user_attr(_OVER, over)

    def _add(
        self, attributes: Mapping[str, Any], params: Mapping[str, Any], choices: Mapping[str, BaseDistribution]
    ) -> None:
        from optuna.trial import TrialState, create_trial

        waiting = create_trial(
            state=TrialState.WAITING, params=dict(params), distributions=dict(choices), user_attrs=dict(attributes)
        )
        self.study.add_trial(waiting)


def worker_of(trial: FrozenTrial) -> Worker | None:
    """Who works on it, once that is known."""
    found: Any = trial.user_attrs.get("worker")
    return None if found is None else Worker(str(found[0]), int(found[1]))


def beat_of(attributes: Mapping[str, Any]) -> int:
    """How far a trial has got."""
    return int(attributes.get("beat", 0))
