"""Workers: what they did is kept, what fails is told, and one that dies or hangs is told of and its work done again."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import quick_adapt

from edgewise.adapting import pool as pool_module
from edgewise.adapting.pool import Pool
from edgewise.adapting.queue import Queue, worker_of
from edgewise.adapting.tuning import Tuning, read_cache, tune, write_cache
from edgewise.data import open_dataset
from edgewise.errors import EdgewiseError
from edgewise.training import Recipe
from edgewise.weights import load_model, read_card

RECIPE = Recipe(epochs=1, batch_size=16, learning_rate=0.01, schedule="steps", step_epochs=1.0, precision="32")


@pytest.fixture
def run(tmp_path: Path, coloured_folder: Callable[..., Path]) -> Path:
    """A run's folder with a model and decoded images."""
    quick_adapt.prepared(tmp_path)
    images = coloured_folder(tmp_path / "images", quick_adapt.CLASSES, 40)
    splits = open_dataset(images).splits
    card = read_card(tmp_path / "model.safetensors")
    write_cache(tmp_path / "cache", {"train": splits["train"], "holdout": splits["val"]}, card.preprocessing)
    return tmp_path


def tuning(name: str, steps: int) -> Tuning:
    return Tuning("model.safetensors", f"out/{name}.safetensors", "cache", 0, steps, RECIPE)


def test_a_tuning_trains_judges_and_repeats(run: Path) -> None:
    beats: list[float] = []
    splits = read_cache(run / "cache")
    asked = tuning("one", 6)
    first = tune(asked, run, splits, lambda: beats.append(time.monotonic()))
    layers = sum(1 for layer in load_model(run / asked.model)[0].modules() if not list(layer.children()))
    assert len(beats) > 6 * 1.5 * layers  # forwards and backwards, in every step
    assert read_card(run / asked.out).metrics == {"holdout_accuracy": first}
    again = tuning("two", 6)
    assert tune(again, run, splits, lambda: None) == first
    one, two = (load_model(run / made.out)[0].state_dict() for made in (asked, again))
    assert all(np.array_equal(tensor.numpy(), two[name].numpy()) for name, tensor in one.items())
    assert any(
        not np.array_equal(tensor.numpy(), one[name].numpy())
        for name, tensor in load_model(run / "model.safetensors")[0].state_dict().items()
    )


def test_a_training_that_diverges_is_told(run: Path) -> None:
    wild = replace(tuning("wild", 40), recipe=replace(RECIPE, learning_rate=1e30))
    with pytest.raises(EdgewiseError, match=r"the training of model.safetensors diverged at step \d+"):
        tune(wild, run, read_cache(run / "cache"), lambda: None)


def test_what_is_done_stays_done_and_what_fails_is_left_out(run: Path) -> None:
    told: list[str] = []
    wild = replace(tuning("wild", 40), recipe=replace(RECIPE, learning_rate=1e30))
    with Pool(run, 1, told.append) as pool:
        done = pool.run({"good": tuning("good", 4), "wild": wild})
    assert set(done) == {"good"}
    assert any(line.startswith("wild is left out: the training of model.safetensors diverged") for line in told)
    written = (run / "out" / "good.safetensors").stat().st_mtime_ns
    with Pool(run, 1, told.append) as pool:
        assert pool.run({"good": tuning("good", 4)}) == done
    assert (run / "out" / "good.safetensors").stat().st_mtime_ns == written


@pytest.fixture
def harm(run: Path) -> Iterator[Callable[[int], threading.Thread]]:
    """Sends a signal to the first worker that works, once."""
    threads: list[threading.Thread] = []

    def of(number: int) -> threading.Thread:
        def act() -> None:
            queue = Queue(run)
            for _ in range(600):
                for trial in queue.running():
                    worker = worker_of(trial)
                    if worker is not None:
                        os.kill(worker.pid, number)
                        return
                time.sleep(0.1)

        threads.append(threading.Thread(target=act))
        threads[-1].start()
        return threads[-1]

    yield of
    for thread in threads:
        thread.join()


def test_a_worker_that_dies_is_told_and_its_work_done_again(run: Path, harm: Callable[[int], threading.Thread]) -> None:
    told: list[str] = []
    with Pool(run, 1, told.append) as pool:
        harm(signal.SIGKILL)
        assert set(pool.run({"long": tuning("long", 150)})) == {"long"}
    assert any("ended (signal 9); long is done again" in line for line in told), told


def test_a_worker_that_hangs_is_told_and_its_work_done_again(
    run: Path, harm: Callable[[int], threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "PATIENCE_SECONDS", 6.0)
    told: list[str] = []
    with Pool(run, 1, told.append) as pool:
        harm(signal.SIGSTOP)
        assert set(pool.run({"long": tuning("long", 150)})) == {"long"}
    assert any(line.startswith("long: its worker (") and "has not got on for 6 s" in line for line in told), told


def test_workers_that_cannot_start_are_told(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with (
        pytest.raises(EdgewiseError, match=r"workers keep ending \(exit status 1\)"),
        Pool(run, 1, lambda text: None) as pool,
    ):
        pool.run({"never": tuning("never", 1)})


def test_the_patience_is_what_was_promised() -> None:
    """Dead or hanging, a worker is reported within 30 s."""
    assert pool_module.PATIENCE_SECONDS + 2 < 30
