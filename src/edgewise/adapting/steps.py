"""The steps of an adaptation, and the folder they are kept in."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.files import write_text
from edgewise.papers import Architecture


@dataclass(frozen=True)
class Step:
    """An accepted step. Step 0 is the network that it began with.

    `ms` was measured when it was accepted (or is expected, where the device is not here), `expected_ms` is what the
    table said before, `least_ms` what the step had to cut at least. `accuracy` is on the holdout after the short
    fine-tune. `proposals` are all that were tuned, with `expected_ms` and measured `ms` each, and the accuracies of the
    rungs they took part in.
    """

    number: int
    name: str
    ms: float
    expected_ms: float
    least_ms: float
    accuracy: float
    multiply_adds: int
    parameters: int
    proposals: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Step:
        return cls(**{**content, "proposals": tuple(content["proposals"])})


@dataclass(frozen=True)
class Alike:
    """The first network with all its spaces narrowed by one share, tuned for as many steps as the adaptation took in
    all; fields as those of `Step`."""

    name: str
    ms: float
    accuracy: float
    multiply_adds: int
    parameters: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Steps:
    """The steps that a run's folder holds: `steps/03/model.safetensors` is the network of step 3, and
    `steps/03/step.json` says where it comes from; a step without that is not finished."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def home(self, number: int) -> Path:
        return self._folder / "steps" / f"{number:02}"

    def model_file(self, number: int) -> Path:
        return self.home(number) / "model.safetensors"

    def keep(self, step: Step) -> Step:
        write_text(self.home(step.number) / "step.json", json.dumps(step.to_json(), indent=1))
        return step

    def kept(self, number: int) -> Step | None:
        """The step, if it is finished. Raises `EdgewiseError` where its file is damaged."""
        path = self.home(number) / "step.json"
        if not path.exists():
            return None
        try:
            return Step.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, LookupError, TypeError) as error:
            raise EdgewiseError(f"{path} cannot be used ({error}); delete the run's folder to begin again") from None

    def seed(self) -> Step:
        """Step 0, which every run begins with."""
        found = self.kept(0)
        assert found is not None
        return found


def made_step(
    number: int,
    name: str,
    architecture: Architecture,
    ms: float,
    expected_ms: float,
    least_ms: float,
    accuracy: float,
    proposals: tuple[dict[str, Any], ...] = (),
) -> Step:
    """A step with the costs of its architecture."""
    costs = count(architecture)
    return Step(number, name, ms, expected_ms, least_ms, accuracy, costs.multiply_adds, costs.parameters, proposals)
