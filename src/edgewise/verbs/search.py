"""`search`: a network designed for the user's images, device and latency budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.data import Dataset, open_dataset
from edgewise.data.statistics import preprocessing_for, statistics
from edgewise.devices import Budget, installed_runtime
from edgewise.devices.prediction.predictor import FEWEST
from edgewise.devices.runtimes import check_precision
from edgewise.errors import EdgewiseError
from edgewise.files import file_digest
from edgewise.fitting.halving import default_recipe, with_epochs
from edgewise.fitting.search_finish import Finished, chosen
from edgewise.fitting.search_record import write_search
from edgewise.papers import find
from edgewise.profiling.filling import check_tracing
from edgewise.profiling.gauge import Gauge
from edgewise.profiling.gauge_for import gauge_for
from edgewise.run_folder import RunFolder
from edgewise.searching import Problem, Space
from edgewise.searching.archive import DIRECTIONS, Trial
from edgewise.searching.evaluators.lookup import Lookup
from edgewise.searching.latencies import FewNetworks, samples
from edgewise.searching.leading import lead_or_join
from edgewise.searching.objective import objective_named
from edgewise.searching.prefilter import Prefilter
from edgewise.searching.run import FrontNetwork, SearchRun
from edgewise.searching.searchers.named import DEFAULT, find_searcher
from edgewise.searching.settings import EvaluatorName, Settings, evaluator_named
from edgewise.searching.supernet.sandwich import supernet_recipe
from edgewise.tasks import Queue, Tell
from edgewise.training import Recipe
from edgewise.verbs.checks import at_least, cores, described
from edgewise.verbs.finishing import Finishing
from edgewise.verbs.resolve import existing

SPAN = (0.6, 1.5)
"""Of the budget: the latencies of interest."""

TRIALS = 100

EPOCHS: Mapping[EvaluatorName, int] = {"supernet": 15, "proxy": 5, "lookup": 1}
"""Of the training by which networks are judged, unless the user says (five are MnasNet's)."""

PRECISIONS: Mapping[str, str] = {"auto": "auto", "fp32": "32", "bf16": "bf16"}
"""What a recipe calls them."""

_FROM = 1.25
"""Of the budget: where NetAdapt begins, when it is to end at the budget."""


@dataclass(frozen=True, eq=False)
class Searched:
    """What came of it: all trials, the front with its latencies (ms), the finished models, and where all lies."""

    folder: Path
    space: Space
    budget_ms: float
    trials: tuple[Trial, ...]
    front: tuple[FrontNetwork, ...]
    models: tuple[Finished, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "budget_ms": self.budget_ms,
            "trials": len(self.trials),
            "front": [
                {
                    "trial": one.trial.number,
                    "ms": one.ms,
                    "accuracy": one.trial.accuracy,
                    "choices": self.space.named(one.trial.point),
                }
                for one in self.front
            ],
            "models": [one.to_json() for one in self.models],
        }


def search(
    space: str,
    data: str | Path,
    budget: str,
    *,
    out: str | Path = "runs/search",
    evaluator: str = "supernet",
    searcher: str = DEFAULT,
    objective: str = "soft",
    trials: int = TRIALS,
    minutes: float | None = None,
    span: tuple[float, float] = SPAN,
    finish: int = 1,
    adapt: bool = False,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    device: Path | None = None,
    measure: bool = False,
    size: int | None = None,
    width: float = 1.0,
    proxy_epochs: int | None = None,
    proxy_precision: str = "auto",
    prefilter: bool = False,
    epochs: int | None = None,
    results: Path | None = None,
    workers: int | None = None,
    storage: str | None = None,
    flip: bool | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    command: str = "edgewise.search(...)",
    progress: bool = True,
    tell: Tell | None = None,
) -> Searched:
    """Searches `space` for the networks that are most accurate on `data` around `budget`, and trains some of them.

    `space` is one that comes with the package (`searching.spaces.SPACES` by name: `mobilenet_v3_early`), a network of
    the zoo at several widths and input sizes, or a Python file with a `Space`; `width` is a factor for all
    its widths. `budget` is a latency (`5ms`, `0.6x mobilenet_v2`) in `runtime` and `precision` on `threads` threads,
    by a table that is filled here, or that of the profile `device`; the front is measured whole, with `measure` every
    sample.

    Networks are judged by `evaluator`, on images held out of the training split: `supernet` (shared weights, trained
    once), `proxy` (each trained from scratch), for `proxy_epochs` either way, in `proxy_precision`: `fp32`, `bf16`, or
    the one that is measured to be faster when the search begins (`auto`); `lookup` reads the table `results`.
    `searcher` proposes up to `trials` of them, for up to about `minutes`; `objective` weighs accuracy against
    latency where it looks at one number. With `prefilter` it takes, of networks that it draws at random, the best
    of a few as they look untrained (`searching.prefilter`). Latencies within `span`, in shares of the budget, are
    of interest: nothing slower is tried, and to be faster is worth nothing. `finish` networks are trained whole,
    for `epochs`: the best within the budget, within 0.7 and 1.4 times it, and then the next ones. With `adapt` the
    search is for a network of 1.25 times the budget, and NetAdapt in MobileNetV3's form narrows it to the budget
    (Howard et al., 2019, section 4).

    `workers` processes evaluate here, and the same call in other processes works for this one (on other machines that
    see the folder, with `storage`, an Optuna URL). The same call on the same folder goes on where it was; it may ask
    for more trials, time or models.

    Raises `EdgewiseError` for a space, data or options that cannot be used, and `BudgetError` where the smallest
    network of the space is too slow.
    """
    say: Tell = tell or (lambda text: None)
    at_least(1, {"threads": threads, "trials": trials, "proxy_epochs": proxy_epochs, "epochs": epochs, "input": size})
    at_least(1, {"workers": workers})
    at_least(0, {"finish": finish, "seed": seed})
    _check_span(span)
    judge = evaluator_named(evaluator)
    if (judge == "lookup") != (results is not None):
        raise EdgewiseError(
            "--evaluator lookup reads a table of results and no other does: give --results with it alone"
        )
    if measure and device is not None:
        raise EdgewiseError("only this machine can be measured; leave out --measure, or --device")
    check_precision(installed_runtime(runtime), precision)
    check_tracing(runtime)
    wanted = Budget.parse(budget)
    objective_named(objective, 1.0)
    make_searcher = find_searcher(searcher, prefilter=prefilter)
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root)
    found = statistics(dataset.splits["train"])
    pixels = size or found.size
    flips = dataset.source != "digits" if flip is None else flip
    full = default_recipe(dataset, pixels, seed=seed, flip=flips)
    settings = Settings(
        space=space,
        size=pixels,
        classes=len(dataset.classes),
        width=width,
        evaluator=judge,
        recipe=_short(full, judge, proxy_epochs, proxy_precision),
        preprocessing=preprocessing_for(pixels, found),
        table=None if results is None else str(existing(results, "table of results").resolve()),
    )
    searched = settings.found_space()
    if settings.table is not None:
        Lookup.read(Path(settings.table), searched)  # what is wrong with it is said before anything is measured
    asked = {
        "verb": "search",
        "space": space,
        "data": dataset.digest,
        "budget": budget,
        "evaluator": evaluator,
        "searcher": searcher,
        "objective": objective,
        "span": list(span),
        "runtime": runtime,
        "precision": precision,
        "threads": threads,
        "device": None if device is None else file_digest(existing(device, "device profile")),
        "measure": measure,
        "adapt": adapt,
        "input": pixels,
        "width": width,
        "proxy_epochs": settings.recipe.epochs,
        "proxy_precision": proxy_precision,
        "prefilter": prefilter,
        "results": None if results is None else file_digest(results),
        "flip": flips,
        "seed": seed,
    }
    shown = {**asked, "data": dataset.source, "device": None if device is None else str(device)}
    shown |= {"results": None if results is None else str(results), "trials": trials, "minutes": minutes}
    finishing = Finishing(
        data, epochs, runtime, precision, threads, device, workers, flips, seed, skip_bad, root, progress, say
    )
    with RunFolder(Path(out), asked) as folder:
        say(described(dataset) + f"; searching {searched.name}")

        def lead() -> Searched:
            if storage:  # what is wrong with it is said before anything is measured
                Queue(folder.path, storage, DIRECTIONS)
            networks = samples(searched)
            gauge = gauge_for(
                folder.path,
                networks[0],
                runtime,
                precision,
                threads,
                device=device,
                others=lambda: networks[1:],
                tell=say,
            )
            if gauge.here and len(networks) < FEWEST:
                gauge = FewNetworks(gauge, networks, folder.path / "networks.json")
            budget_ms = folder.stage(
                "budget", lambda: _milliseconds(wanted, gauge, settings), lambda ms: {"ms": ms}, lambda kept: kept["ms"]
            )
            target = _FROM * budget_ms if adapt else budget_ms
            least, most = (share * target for share in span)
            problem = Problem(searched, gauge.expected, objective_named(objective, target), most, least)
            look = _prefilter(folder.path, dataset, settings, searched, seed, say) if prefilter else None
            run = SearchRun(
                folder.path,
                settings,
                problem,
                make_searcher(problem, seed, look),
                gauge,
                seed,
                measure,
                workers or cores(),
                say,
                storage,
            )
            run.check_reach(target)
            run.prepare(dataset)
            made = run.trials(trials, minutes)
            front = run.front(made)
            models = finishing.trained(run, chosen(front, target, max(1, finish) if adapt else finish))
            if adapt:
                models.append(finishing.narrowed(run, models[0], budget_ms))
            write_search(
                folder.path,
                searched,
                made,
                front,
                models,
                budget_ms=budget_ms,
                measured=gauge.here,
                command=command,
                asked=shown,
            )
            return Searched(folder.path, searched, budget_ms, tuple(made), tuple(front), tuple(models))

        return lead_or_join(folder.path, lead, workers=workers or cores(), tell=say, storage=storage)


def _prefilter(folder: Path, dataset: Dataset, settings: Settings, searched: Space, seed: int, tell: Tell) -> Prefilter:
    from edgewise.searching.untrained import UntrainedScores

    path = folder / "untrained.json"
    scores = UntrainedScores(dataset.splits["train"], settings.preprocessing, seed=seed, path=path, tell=tell)
    return Prefilter(searched, scores, tell)


def _check_span(span: tuple[float, float]) -> None:
    least, most = span
    if not 0 <= least < 1 <= most:
        raise EdgewiseError(
            f"the span of interest goes from below the budget (0 to 1) to 1 or more, not from {least:g} to {most:g}"
        )


def _short(full: Recipe, judge: EvaluatorName, epochs: int | None, precision: str) -> Recipe:
    """The recipe by which networks are judged."""
    if precision not in PRECISIONS:
        raise EdgewiseError(f"--proxy-precision is one of {', '.join(PRECISIONS)}, not {precision!r}")
    short = with_epochs(full, epochs or EPOCHS[judge], PRECISIONS[precision])
    return supernet_recipe(short) if judge == "supernet" else short


def _milliseconds(budget: Budget, gauge: Gauge, settings: Settings) -> float:
    """The budget in ms; a relative one by the reference's latency on the same images."""
    if budget.milliseconds is not None:
        return budget.milliseconds
    assert budget.reference is not None
    assert budget.factor is not None
    reference = find(budget.reference).with_classes(settings.classes).with_input(settings.size)
    return budget.factor * gauge.measured([reference])[0]
