"""Where a run runs: in this process, in several started here (one per device), or in those `torchrun` started."""

from __future__ import annotations

import copy
import dataclasses
import logging
import os
import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import distributed, nn
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException, start_processes

from edgewise.data import Batches
from edgewise.errors import EdgewiseError
from edgewise.training.checkpoints import RunState
from edgewise.training.depthwise import depthwise_in_fp32
from edgewise.training.feeding import Feed, Stream
from edgewise.training.memory import freed_memory_kept
from edgewise.training.progress import Progress


@dataclass(frozen=True)
class Job:
    """All that a process needs to take part in a run. `batches` are those of a lone process, if made already."""

    network: nn.Module
    feed: Feed
    batches: Batches | None
    path: Path
    state: RunState
    classes: int
    last_step: int
    accelerator: str
    channels_last: bool
    validate_every: int
    checkpoint_seconds: float
    max_seconds: float | None
    progress: bool | Callable[[Progress], None]


def outside_rank() -> int:
    """This process's rank among those that `torchrun` started; 0 where it did not."""
    return int(os.environ["RANK"]) if distributed.is_torchelastic_launched() else 0


def pick_device(accelerator: str) -> torch.device:
    """The device of "cpu", "cuda", "mps", or of "auto": the best there is.

    Raises:
        EdgewiseError: it is unknown or not there.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if accelerator == "auto":
        accelerator = next(name for name, there in available.items() if there)
    if not available.get(accelerator):
        there = ", ".join(name for name, here in available.items() if here)
        raise EdgewiseError(f"there is no accelerator {accelerator!r} here; choose auto, {there}")
    return torch.device(accelerator)


def run(job: Job, devices: int) -> None:
    """Takes the run from where it stands to the job's last step, or as far as its time allows."""
    if distributed.is_torchelastic_launched():
        local, world = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
        job.feed.check_shares(world)
        _fit(job, devices=local, nodes=world // local)
    elif devices == 1:
        _fit(job, devices=1, nodes=1)
    else:
        job.feed.check_shares(devices)
        _start(dataclasses.replace(job, batches=None), devices)


def _start(job: Job, devices: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    errors = torch.multiprocessing.get_context("spawn").SimpleQueue()
    try:
        start_processes(_child, (job, devices, port, errors), nprocs=devices, start_method="spawn")
    except (ProcessRaisedException, ProcessExitedException):
        if not errors.empty():
            raise EdgewiseError(errors.get()) from None
        raise


def _child(rank: int, job: Job, devices: int, port: int, errors: Any) -> None:
    # These are what makes Lightning take part in a group of processes rather than start one.
    os.environ |= {
        "LOCAL_RANK": str(rank),
        "NODE_RANK": "0",
        "WORLD_SIZE": str(devices),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    torch.set_num_threads(max(1, torch.get_num_threads() // devices))
    try:
        _fit(job, devices=devices, nodes=1)
    except EdgewiseError as error:
        errors.put(str(error))
        raise
    finally:
        # Left to the end of the process, the group's threads may find its other parts gone.
        if distributed.is_initialized():
            distributed.destroy_process_group()


def _fit(job: Job, *, devices: int, nodes: int) -> None:
    import lightning.pytorch as pl

    from edgewise.training.keeper import Keeper
    from edgewise.training.kinds import task_for

    feed, state = job.feed, job.state
    several = devices * nodes > 1
    # What arrives from another process shares its memory with it, and each process trains its own.
    network = copy.deepcopy(job.network) if several else job.network
    if job.channels_last:
        network.to(memory_format=torch.channels_last)
    network.train()
    kind = task_for(feed.task)
    task = kind(network, feed.recipe, classes=job.classes, steps_per_epoch=state.steps_per_epoch, first_step=state.step)
    keeper = Keeper(
        job.path,
        state,
        feed,
        last_step=job.last_step,
        validate_every=job.validate_every,
        checkpoint_seconds=job.checkpoint_seconds,
        max_seconds=job.max_seconds,
        progress=job.progress,
    )
    with _quiet(), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        trainer = pl.Trainer(
            accelerator=job.accelerator,
            devices=devices,
            num_nodes=nodes,
            strategy="ddp" if several else "auto",
            precision="bf16-mixed" if state.precision == "bf16" else "32-true",
            max_epochs=1,
            callbacks=[keeper],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
            default_root_dir=job.path.parent,
        )
        # One of Lightning's epochs is this call's share of the run: all its steps, over the borders of ours.
        batches = job.batches
        if several or batches is None:
            batches = feed.training(rank=trainer.global_rank, processes=trainer.world_size)
        try:
            with freed_memory_kept(), depthwise_in_fp32(trainer.strategy.root_device.type, state.precision):
                trainer.fit(task, Stream(batches, state.step, job.last_step))
        finally:
            task.restore_momenta()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps Lightning's banners away; errors and warnings about the run itself still show."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            # Lightning 2.6 makes leaves of torch's trees in a way that torch 2.9 and later call deprecated.
            warnings.filterwarnings("ignore", message=r"`isinstance\(treespec, LeafSpec\)`", category=FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
