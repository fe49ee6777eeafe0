"""One run of a study: a variant trained from a seed, as a worker is asked for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.files import write_text
from edgewise.papers import Architecture

if TYPE_CHECKING:
    from edgewise.data import Dataset, Preprocessing
    from edgewise.training import Recipe


@dataclass(frozen=True)
class Run:
    """One variant trained from one seed: its accuracy on the test images, on the validation images after every epoch,
    and the seconds it took."""

    accuracy: float
    curve: tuple[float | None, ...]
    seconds: float

    @classmethod
    def read(cls, path: Path) -> Run:
        """What `write` wrote."""
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**kept, "curve": tuple(kept["curve"])})

    def write(self, path: Path) -> None:
        write_text(path, json.dumps(asdict(self), indent=1, allow_nan=False))


@dataclass(frozen=True)
class Training:
    """What is trained, from the recipe's seed."""

    architecture: Architecture
    recipe: Recipe
    preprocessing: Preprocessing

    @property
    def key(self) -> str:
        """The name of its files; the same for variants that are the same network."""
        return f"{self.architecture.digest[:16]}-{self.recipe.seed}"

    @property
    def out(self) -> str:
        """Where in the study's folder its `Run` is written."""
        return f"runs/{self.key}.json"

    def model(self, folder: Path) -> Path:
        """Where its model file is written."""
        return folder / "models" / f"{self.key}.safetensors"

    def to_json(self) -> dict[str, Any]:
        return {
            "architecture": self.architecture.to_dict(),
            "recipe": self.recipe.to_json(),
            "preprocessing": self.preprocessing.to_json(),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Training:
        from edgewise.data import Preprocessing
        from edgewise.training import Recipe

        return cls(
            Architecture.from_dict(content["architecture"]),
            Recipe.from_json(content["recipe"]),
            Preprocessing.from_json(content["preprocessing"]),
        )

    def done(self, dataset: Dataset, folder: Path, beat: Callable[[], None]) -> Run:
        """Trains, and writes the model file and the run; what is done is not done again, what was killed goes on.

        Calls `beat` whenever it has got on. Raises `EdgewiseError` where the training diverges.
        """
        if (folder / self.out).exists():
            return Run.read(folder / self.out)
        from edgewise.nn import Network
        from edgewise.training import evaluate, train
        from edgewise.training.judging import beat_by_layer
        from edgewise.weights import ModelCard, Provenance, save_model

        network = Network(self.architecture, seed=self.recipe.seed)
        beat_by_layer(network, beat)
        place = folder / "training" / self.key
        trained = train(network, dataset, self.recipe, place, preprocessing=self.preprocessing, progress=False)
        accuracy = evaluate(network, dataset.splits["test"], self.preprocessing).metrics()["accuracy"]
        card = ModelCard(
            architecture=self.architecture,
            preprocessing=self.preprocessing,
            classes=dataset.classes,
            multi_label=False,
            metrics={"test_accuracy": accuracy},
            provenance=Provenance(data=dataset.source, data_digest=dataset.digest, seed=self.recipe.seed),
        )
        save_model(self.model(folder), network, card)
        curve = tuple(record.metrics.get("accuracy") for record in trained.history)
        made = Run(accuracy, curve, round(trained.seconds, 1))
        made.write(folder / self.out)
        shutil.rmtree(place, ignore_errors=True)
        return made
