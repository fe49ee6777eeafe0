"""What a search's workers must know, in a file of its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from edgewise.data import Preprocessing
from edgewise.data.decoded import read_decoded
from edgewise.errors import EdgewiseError
from edgewise.files import write_text
from edgewise.searching.evaluators import Evaluator, Lookup
from edgewise.searching.known_spaces import find_space
from edgewise.searching.space import Space
from edgewise.training.recipe import Recipe

EvaluatorName = Literal["supernet", "proxy", "lookup"]
EVALUATORS: tuple[EvaluatorName, ...] = ("supernet", "proxy", "lookup")


def evaluator_named(name: str) -> EvaluatorName:
    """Raises `EdgewiseError` for an unknown name."""
    for one in EVALUATORS:
        if one == name:
            return one
    raise EdgewiseError(f"there is no evaluator {name!r}; choose one of: {', '.join(EVALUATORS)}")


FILE = "evaluator.json"
CACHE = "cache"


@dataclass(frozen=True)
class Settings:
    """The space, and how its networks are evaluated. `table` is what `lookup` reads."""

    space: str
    size: int
    classes: int
    width: float
    evaluator: EvaluatorName
    recipe: Recipe
    preprocessing: Preprocessing
    table: str | None = None

    def found_space(self) -> Space:
        """The space. Raises `EdgewiseError` as `find_space` does."""
        return find_space(self.space, size=self.size, classes=self.classes, width=self.width)

    def write(self, folder: Path) -> None:
        content = {**asdict(self), "recipe": self.recipe.to_json(), "preprocessing": self.preprocessing.to_json()}
        write_text(folder / FILE, json.dumps(content, indent=1))

    @classmethod
    def read(cls, folder: Path) -> Settings:
        """What `write` wrote. Raises `EdgewiseError` where there is nothing, or something else."""
        path = folder / FILE
        try:
            content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            recipe, preprocessing = content["recipe"], content["preprocessing"]
            return cls(
                **{
                    **content,
                    "recipe": Recipe.from_json(recipe),
                    "preprocessing": Preprocessing.from_json(preprocessing),
                }
            )
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise EdgewiseError(f"{path} cannot be used ({error}); begin with `edgewise search`") from None

    def opened(self, folder: Path) -> Evaluator:
        """The evaluator, with what it needs of the search's `folder`."""
        space = self.found_space()
        if self.evaluator == "lookup":
            return Lookup.read(Path(self.table or ""), space)
        splits = read_decoded(folder / CACHE)
        if self.evaluator == "proxy":
            from edgewise.searching.evaluators.proxy import Proxy

            return Proxy(space, splits, self.preprocessing, self.recipe, folder / "training")
        from edgewise.searching.evaluators.shared import SharedWeights
        from edgewise.searching.supernet import checkpoint

        supernet, _ = checkpoint.load(folder / checkpoint.FILE, space)
        return SharedWeights(supernet, splits, self.preprocessing)
