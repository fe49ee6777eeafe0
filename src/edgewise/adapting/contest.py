"""The proposals of a step against each other: all are tuned a little, the better ones more."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgewise.adapting.tuning import Tuning
from edgewise.errors import EdgewiseError
from edgewise.tasks import Pool
from edgewise.training.recipe import Recipe

RUNGS = ((0.25, 4), (0.5, 2), (1.0, 1))
"""Shares of the steps after which the worse half leaves (Jamieson and Talwalkar, 2016), and on one in how many of the
images held out they are judged: judging everybody on all of them takes half as long as tuning them."""


@dataclass
class Standings:
    """How the proposals did, by model file: the last accuracy, all of them, the file of the tuned network, and who came
    to the end."""

    accuracies: dict[str, float] = field(default_factory=dict)
    all: dict[str, list[float]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    finalists: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Contest:
    """Short fine-tunes of up to `steps` steps of `recipe`, in the run's `folder`, with the images of `cache`."""

    folder: Path
    cache: str
    recipe: Recipe
    steps: int

    def run(self, pool: Pool, home: Path, files: Sequence[str]) -> Standings:
        """The standings of the model files `files`; what is tuned is written into `home`."""
        # Other images, in another order, in every step of the adaptation.
        recipe = replace(self.recipe, seed=self.recipe.seed + int(home.name))
        standings = Standings()
        alive = list(files)
        at = {file: file for file in files}
        done = 0
        for rung, (share, every) in enumerate(RUNGS, 1):
            last = max(1, round(share * self.steps))
            names = {file: f"step {int(home.name)}, proposal {Path(file).stem}, rung {rung}" for file in alive}
            tunings = {
                names[file]: Tuning(
                    at[file],
                    str((home / "tuned" / f"{Path(file).stem}-{rung}.safetensors").relative_to(self.folder)),
                    self.cache,
                    done,
                    last,
                    recipe,
                    every,
                )
                for file in alive
            }
            results = _run(pool, tunings)
            alive = [file for file in alive if names[file] in results]
            for file in alive:
                name = names[file]
                standings.accuracies[file] = results[name]
                standings.all.setdefault(file, []).append(results[name])
                at[file] = tunings[name].out
            standings.finalists = list(alive)
            done = last
            if rung < len(RUNGS):
                # Sorting is stable: of equals the first stays.
                alive = sorted(alive, key=lambda file: -standings.accuracies[file])[: (len(alive) + 1) // 2]
        standings.files = at
        return standings

    def judged(self, pool: Pool, file: str) -> float:
        """The accuracy of a model file as it is; its copy is written beside it. Raises `EdgewiseError` where no worker
        could find it."""
        out = str(Path(file).with_name("judged.safetensors"))
        name = f"the accuracy of {Path(file).parent.name}"
        found = _run(pool, {name: Tuning(file, out, self.cache, 0, 0, self.recipe)})
        if name not in found:
            raise EdgewiseError(f"{name} could not be found; see above for the reason")
        return found[name]

    def tuned(self, pool: Pool, files: Sequence[str], steps: int) -> dict[str, float]:
        """The accuracies of model files, each tuned for `steps` steps; copies of what came of it lie beside them."""
        names = {f"{Path(file).parent.name}/{Path(file).stem}": file for file in files}
        tunings = {
            name: Tuning(file, str(Path(file).with_suffix(".tuned.safetensors")), self.cache, 0, steps, self.recipe)
            for name, file in names.items()
        }
        return {names[name]: accuracy for name, accuracy in _run(pool, tunings).items()}

    def clear(self, home: Path) -> None:
        """Deletes what a finished step no longer needs."""
        for part in ("proposals", "tuned"):
            shutil.rmtree(home / part, ignore_errors=True)


def _run(pool: Pool, tunings: Mapping[str, Tuning]) -> dict[str, float]:
    """The accuracies of tunings, by name; what failed is left out."""
    return {
        name: result[0] for name, result in pool.run({name: one.as_task() for name, one in tunings.items()}).items()
    }
