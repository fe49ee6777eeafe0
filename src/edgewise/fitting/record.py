"""What the record of a run says of its data, its training, and a budget that was missed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from edgewise.data import Dataset
from edgewise.fitting.clocks import Clock
from edgewise.fitting.combinations import Combination
from edgewise.fitting.delivery import Delivery
from edgewise.training import TrainResult


def dataset_facts(dataset: Dataset) -> dict[str, Any]:
    """The data as JSON's types, with what was left out of it."""
    return {
        "source": dataset.source,
        "digest": dataset.digest,
        "classes": list(dataset.classes),
        "counts": {name: len(split) for name, split in dataset.splits.items()},
        "split_rule": dataset.split_rule,
        "skipped": [asdict(image) for image in dataset.skipped],
    }


def training_facts(trained: TrainResult) -> dict[str, Any]:
    """The training as JSON's types."""
    content = trained.to_json()
    content.pop("folder")
    return content


def missed(name: str, meant: Combination, delivery: Delivery, clock: Clock) -> str:
    """Why the artifact of the candidate `name`, which kept the budget in `meant`, is over it, in a sentence."""
    took = f"{delivery.latency.median_ms:.3f} ms of {delivery.budget_ms:.3f}"
    form = delivery.form
    if meant != (form.runtime, form.precision):
        return (
            f"{name} keeps the budget in {' '.join(meant)} but not its accuracy there; {delivery.artifact}, in "
            f"{form.runtime} {form.precision}, takes {took}; fine-tune it with `edgewise quantize --qat`, or rank "
            f"candidates with --precision {form.precision}"
        )
    if clock.device is not None:
        return f"the form of {name} that was delivered is predicted to take {took}; allow more time"
    return (
        f"{name} kept the budget when it was chosen but the artifact took {took}; the machine was busier then "
        f"or now, so run `edgewise bench` on {delivery.artifact} when it is quiet"
    )
