"""What a run's processes are fed: each its share of every batch, from the step at which the run goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from edgewise.blocks import Task
from edgewise.data import Batches, Preprocessing, Split
from edgewise.errors import EdgewiseError
from edgewise.training.recipe import Recipe
from edgewise.training.scoring import task_of


@dataclass(frozen=True)
class Feed:
    """A run's data. `splits` has "train" and may have "val"; the recipe's batch is shared out over the processes."""

    splits: Mapping[str, Split]
    preprocessing: Preprocessing
    recipe: Recipe
    workers: int

    @property
    def batch_size(self) -> int:
        """Images per step over all processes: the recipe's, or all there are if that is fewer."""
        return min(self.recipe.batch_size, len(self.splits["train"]))

    @property
    def task(self) -> Task:
        """What the data is for."""
        return task_of(self.splits["train"])

    @property
    def multi_label(self) -> bool:
        """Whether an image may have several labels, of which any number is right."""
        return self.task == "classify" and self.splits["train"].labels.ndim == 2

    def check_shares(self, processes: int) -> None:
        """Raises EdgewiseError where so many processes cannot share the work."""
        if self.batch_size % processes:
            raise EdgewiseError(
                f"a batch of {self.batch_size} images cannot be shared equally by {processes} devices; "
                "choose a batch size that is a multiple"
            )
        if 0 < len(self.splits.get("val", ())) < processes:
            raise EdgewiseError(f"there are fewer validation images than the {processes} devices; use fewer devices")

    def training(self, *, rank: int, processes: int) -> Batches:
        """This process's share of the training images, in full steps only."""
        return Batches(
            self.splits["train"],
            self.preprocessing,
            batch_size=self.batch_size // processes,
            seed=self.recipe.seed,
            augmentation=self.recipe.augmentation,
            shuffle=True,
            workers=self.workers,
            rank=rank,
            world_size=processes,
            drop_last=True,
        )

    def validation(self, *, rank: int, processes: int) -> Batches | None:
        """This process's batches of the validation images: each image is in one process's share, once."""
        split = self.splits.get("val")
        if split is None or not len(split):
            return None
        share = split.take(range(rank, len(split), processes)) if processes > 1 else split
        size = max(1, self.batch_size // processes)
        return Batches(
            share, self.preprocessing, batch_size=size, seed=self.recipe.seed, shuffle=False, workers=self.workers
        )


def is_validated(epoch: int, epochs: int, every: int) -> bool:
    """Whether validation follows the end of `epoch` (from 1): every so many, and always after the last."""
    return epoch % every == 0 or epoch == epochs


class Stream:
    """The batches of consecutive steps, over the borders of epochs; begins anywhere, also within an epoch."""

    def __init__(self, batches: Batches, first_step: int, last_step: int) -> None:
        self._batches = batches
        self._first_step = first_step
        self._last_step = last_step

    def __len__(self) -> int:
        return self._last_step - self._first_step

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        step = self._first_step
        while step < self._last_step:
            epoch, position = divmod(step, len(self._batches))
            self._batches.load_state_dict(self._batches.state_dict() | {"epoch": epoch, "batch": position})
            for batch in self._batches:
                yield batch
                step += 1
                if step == self._last_step:
                    return
