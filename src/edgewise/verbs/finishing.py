"""What a search does with the networks it has chosen: it trains them whole, and narrows one to the budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.fitting.search_finish import Chosen, Finished
from edgewise.searching.run import SearchRun
from edgewise.tasks import Tell
from edgewise.verbs.adapt import Adapted, adapt
from edgewise.verbs.train import train

ADAPTED = "adapted"


@dataclass(frozen=True)
class Finishing:
    """The user's data and options for `edgewise train` and `edgewise adapt`."""

    data: str | Path
    epochs: int | None
    runtime: str
    precision: str
    threads: int
    device: Path | None
    workers: int | None
    flip: bool
    seed: int
    skip_bad: bool
    root: Path | None
    progress: bool
    tell: Tell

    def trained(self, run: SearchRun, networks: Sequence[Chosen]) -> list[Finished]:
        """The chosen networks, trained in folders of their own, and measured side by side."""
        space = run.problem.space
        architectures = [space.architecture(one.network.trial.point) for one in networks]
        files: list[str] = []
        metrics: list[dict[str, float]] = []
        for one, architecture in zip(networks, architectures, strict=True):
            number = one.network.trial.number
            self.tell(f"training the network for {one.name}, trial {number}")
            place = Path("models") / f"trial-{number}"  # more trials may find another network for the same share
            made = train(
                self.data,
                replace(architecture, name=f"{architecture.name}_{number}"),
                out=run.folder / place,
                size=architecture.input[1],
                epochs=self.epochs,
                flip=self.flip,
                seed=self.seed,
                skip_bad=self.skip_bad,
                root=self.root,
                progress=self.progress,
            )
            files.append(str(place / made.model_file.name))
            metrics.append(dict(made.card.metrics))
        latencies = run.gauge.measured(architectures) if architectures else []
        return [
            Finished(one.name, one.network.trial.number, file, ms, scores)
            for one, file, ms, scores in zip(networks, files, latencies, metrics, strict=True)
        ]

    def narrowed(self, run: SearchRun, model: Finished, budget_ms: float) -> Finished:
        """The trained model narrowed to the budget by NetAdapt in MobileNetV3's form, and trained once more.

        Raises `BudgetError` where it cannot be narrowed so far.
        """
        made = adapt(
            run.folder / model.file,
            self.data,
            f"{budget_ms:.9g}ms",
            out=run.folder / ADAPTED / f"trial-{model.trial}",
            form="mobilenet_v3",
            runtime=self.runtime,
            precision=self.precision,
            threads=self.threads,
            device=self.device,
            workers=self.workers,
            flip=self.flip,
            seed=self.seed,
            skip_bad=self.skip_bad,
            root=self.root,
            progress=self.progress,
            tell=self.tell,
        )
        assert isinstance(made, Adapted)
        file = str(made.model_file.relative_to(run.folder))
        return Finished(ADAPTED, model.trial, file, made.ms, dict(made.metrics))
