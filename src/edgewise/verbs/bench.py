"""`bench`: models and artifacts timed side by side, in the runtime that ships."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edgewise.costs import count
from edgewise.deploy import export_onnx, random_tensors
from edgewise.devices import Budget, Latency, Machine, Verdict, describe_machine, groups, measure
from edgewise.errors import EdgewiseError
from edgewise.verbs.resolve import architecture_of, existing, is_artifact


@dataclass(frozen=True)
class Benched:
    """Latencies in groups that are the same within noise, fastest group first; costs by name; what the budget says.

    `multiply_adds` and `size_bytes` are by name, multiply-adds None for artifacts. `verdicts` are by name, empty
    without a budget, whose limit is `budget_ms`.
    """

    groups: tuple[tuple[Latency, ...], ...]
    multiply_adds: dict[str, int | None]
    size_bytes: dict[str, int]
    machine: Machine
    budget_ms: float | None
    verdicts: dict[str, Verdict]

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's types."""
        return {
            "machine": self.machine.to_json(),
            "budget_ms": self.budget_ms,
            "groups": [
                [
                    {
                        **latency.to_json(),
                        "multiply_adds": self.multiply_adds[latency.name],
                        "size_bytes": self.size_bytes[latency.name],
                        "budget": self.verdicts[latency.name].value if self.verdicts else None,
                    }
                    for latency in group
                ]
                for group in self.groups
            ],
        }


def bench(
    models: Sequence[str | Path],
    *,
    width: float | None = None,
    size: int | None = None,
    classes: int | None = None,
    runtime: str = "onnxruntime",
    threads: int = 1,
    seconds: float = 30.0,
    budget: str | Budget | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> Benched:
    """Times `models`, interleaved: artifacts as they are, others from their architectures, with random weights.

    `width`, `size` and `classes` change those. With a relative `budget` its reference is measured too. Rounds go
    on until every 95% interval is under 3% of its median, or `seconds` are up. Raises `EdgewiseError` when a model is
    unknown or a runtime fails.
    """
    if not models:
        raise EdgewiseError("there is nothing to measure; name models or artifacts")
    budget = Budget.parse(budget) if isinstance(budget, str) else budget
    names = list(dict.fromkeys(str(model) for model in models))
    if budget is not None and budget.reference is not None and budget.reference not in names:
        names.append(budget.reference)
    multiply_adds: dict[str, int | None] = {}
    with TemporaryDirectory() as folder:
        paths: dict[str, Path] = {}
        for index, name in enumerate(names):
            if is_artifact(name):
                paths[name], multiply_adds[name] = existing(name, "artifact"), None
                continue
            architecture = architecture_of(name, width=width, size=size, classes=classes)
            multiply_adds[name] = count(architecture).multiply_adds
            paths[name] = export_onnx(architecture, random_tensors(architecture), Path(folder) / f"{index}.onnx")
        sizes = {name: path.stat().st_size for name, path in paths.items()}
        latencies = measure(paths, runtime=runtime, threads=threads, max_seconds=seconds, progress=progress)
    by_name = {latency.name: latency for latency in latencies}
    reference = by_name.get(budget.reference) if budget is not None and budget.reference else None
    return Benched(
        groups=tuple(tuple(group) for group in groups(latencies)),
        multiply_adds=multiply_adds,
        size_bytes=sizes,
        machine=describe_machine(runtime),
        budget_ms=budget.limit_ms(reference) if budget is not None else None,
        verdicts={name: budget.verdict(one, reference) for name, one in by_name.items()} if budget is not None else {},
    )
