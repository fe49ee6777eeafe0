"""The callback that keeps a run: restores it, validates after epochs, writes checkpoints, reports, ends in time."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import distributed, nn

from edgewise.data import Batches
from edgewise.errors import EdgewiseError
from edgewise.training import checkpoints
from edgewise.training.checkpoints import EpochRecord, RunState
from edgewise.training.evaluation import score
from edgewise.training.feeding import Feed, is_validated
from edgewise.training.image_task import ImageTask
from edgewise.training.progress import Progress, Reporter, reporter
from edgewise.training.scoring import scoring_for

_REPORT_SECONDS = 0.25
_SPEED_WINDOW_SECONDS = 10.0
# Validation after a young checkpoint needs no other one before it.
_YOUNG_SECONDS = 10.0


class Keeper(pl.Callback):
    """See the module. Only the first process writes and reports; all take part in validation."""

    def __init__(
        self,
        path: Path,
        state: RunState,
        feed: Feed,
        *,
        last_step: int,
        validate_every: int,
        checkpoint_seconds: float,
        max_seconds: float | None,
        progress: bool | Callable[[Progress], None],
    ) -> None:
        self._path = path
        self._state = state
        self._feed = feed
        self._last_step = last_step
        self._validate_every = validate_every
        self._checkpoint_seconds = checkpoint_seconds
        self._max_seconds = max_seconds
        self._progress = progress
        self._reporter: Reporter | None = None
        self._validation: Batches | None = None
        self._recent: deque[tuple[float, int]] = deque()
        self._began = self._marked = self._saved = self._reported = 0.0
        self._saved_step = state.step

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        task = _task(pl_module)
        if self._state.step:
            checkpoints.load_run(self._path, task.network, _averaged(task), trainer.optimizers[0])
            if trainer.is_global_zero:
                task.loss_sum.fill_(self._state.loss_sum)
                task.loss_count = self._state.loss_count
        self._validation = self._feed.validation(rank=trainer.global_rank, processes=trainer.world_size)
        if trainer.is_global_zero:
            self._reporter = reporter(self._progress)
        self._began = self._marked = self._saved = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        task, state = _task(pl_module), self._state
        images = len(batch[0]) * trainer.world_size
        state.step = task.step
        state.images += images
        now = time.monotonic()
        state.train_seconds += now - self._marked
        self._recent.append((now - self._marked, images))
        self._mark(now)
        if state.step % task.steps_per_epoch == 0:
            self._finish_epoch(trainer, task)
        elif trainer.is_global_zero:
            if now - self._saved >= self._checkpoint_seconds:
                self._save(trainer, task)
            if now - self._reported >= _REPORT_SECONDS:
                self._report(task, float(task.loss_sum) / task.loss_count)
        if self._max_seconds is not None:
            over = time.monotonic() - self._began >= self._max_seconds
            trainer.should_stop = trainer.strategy.reduce_boolean_decision(over, all=False)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.is_global_zero and self._saved_step != self._state.step:
            self._save(trainer, _task(pl_module))
        trainer.strategy.barrier("the last checkpoint is written")
        self._close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._close()

    def _finish_epoch(self, trainer: pl.Trainer, task: ImageTask) -> None:
        state = self._state
        epoch = state.step // task.steps_per_epoch
        validates = self._validation is not None and is_validated(epoch, self._feed.recipe.epochs, self._validate_every)
        if validates and trainer.is_global_zero and time.monotonic() - self._saved > _YOUNG_SECONDS:
            self._save(trainer, task)
        totals = torch.stack([task.loss_sum, torch.full_like(task.loss_sum, task.loss_count)])
        loss_sum, count = torch.as_tensor(trainer.strategy.reduce(totals, reduce_op="sum")).tolist()
        loss = loss_sum / count
        if not math.isfinite(loss):
            raise _diverged(state.step)
        metrics = self._validate(trainer, task) if validates else {}
        state.history.append(EpochRecord(epoch, loss, metrics))
        state.validated = epoch
        task.loss_sum.zero_()
        task.loss_count = 0
        if trainer.is_global_zero:
            self._save(trainer, task)
            self._report(task, loss, validated=True)
        self._mark(time.monotonic())

    def _validate(self, trainer: pl.Trainer, task: ImageTask) -> dict[str, float]:
        assert self._validation is not None
        network = task.evaluated_network
        if trainer.world_size > 1:
            _share_buffers(network)
        scores = scoring_for(self._validation.split, network, task.classes, task.device)
        return score(network, self._validation, scores, device=task.device, precision=self._state.precision).metrics()

    def _save(self, trainer: pl.Trainer, task: ImageTask) -> None:
        state = self._state
        state.loss_sum, state.loss_count = float(task.loss_sum), task.loss_count
        if not math.isfinite(state.loss_sum):
            raise _diverged(state.step)
        checkpoints.save(self._path, state, task.network, _averaged(task), trainer.optimizers[0])
        self._saved, self._saved_step = time.monotonic(), state.step

    def _report(self, task: ImageTask, loss: float, *, validated: bool = False) -> None:
        if self._reporter is None:
            return
        state = self._state
        while len(self._recent) > 1 and sum(seconds for seconds, _ in self._recent) > _SPEED_WINDOW_SECONDS:
            self._recent.popleft()
        seconds = sum(seconds for seconds, _ in self._recent)
        images = sum(images for _, images in self._recent)
        speed = images / seconds if seconds else 0.0
        left = (self._last_step - state.step) * self._feed.batch_size / speed if speed else None
        metrics = next((record.metrics for record in reversed(state.history) if record.metrics), {})
        self._reporter(
            Progress(
                epoch=state.step // task.steps_per_epoch,
                epochs=self._feed.recipe.epochs,
                step=state.step,
                steps=self._last_step,
                images_per_second=speed,
                seconds_left=left,
                loss=loss,
                metrics=metrics,
                validated=validated,
            )
        )
        self._reported = time.monotonic()

    def _mark(self, now: float) -> None:
        self._state.seconds += now - self._marked
        self._marked = now

    def _close(self) -> None:
        if self._reporter is not None:
            self._reporter.close()
            self._reporter = None


def _task(module: pl.LightningModule) -> ImageTask:
    assert isinstance(module, ImageTask)
    return module


def _averaged(task: ImageTask) -> nn.Module | None:
    return task.average.network if task.average is not None else None


def _share_buffers(network: nn.Module) -> None:
    # Between two steps each process has statistics of its own batches; the first one's are those that are saved.
    for buffer in network.buffers():
        distributed.broadcast(buffer, 0)


def _diverged(step: int) -> EdgewiseError:
    return EdgewiseError(f"the training loss is no longer a finite number by step {step}; lower the learning rate")
