"""Filling a latency table: networks timed whole and traced, all in turns, round after round."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.costs.units import units
from edgewise.deploy import build, random_tensors
from edgewise.devices import Variant, describe_machine, find_runtime, installed_runtime, runtime_names
from edgewise.devices.blocks import Block
from edgewise.devices.intervals import quantile
from edgewise.devices.prediction import LatencyTable, Setting, UnitTime, attributed
from edgewise.devices.prediction.table import TYPICAL, table_of, with_table
from edgewise.devices.profile import DeviceProfile
from edgewise.devices.runtimes import KernelTimes, TracingRuntime
from edgewise.devices.sessions import Sessions
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture

ROUNDS = 24
"""How often every network is timed whole."""

TRACES = 10
"""In how many of these rounds its rows are timed too."""

_BLOCK_NS = 12e6
_TRACED = 12
_AGAIN = 2
_SAVE_SECONDS = 3.0

Progress = Callable[[int, int], None]
"""Called with the measurements done and all there are to do."""


def fill(
    path: Path,
    networks: Sequence[Architecture],
    *,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    rounds: int = ROUNDS,
    traces: int = TRACES,
    progress: Progress | None = None,
) -> LatencyTable:
    """Measures `networks` with random weights in one setting, into the device profile `path`; returns its table.

    In each of `rounds` every network, in a random order, is timed in a short block, and in the first `traces` of them
    traced: what a busy machine does to one round it does not do to all, and the low quantile that stands for them
    (`prediction.table.TYPICAL`) is of the quiet ones. What is done is written every few seconds; the same call goes on
    where it was stopped, and networks the table has are not measured again. Raises `EdgewiseError` where the profile is
    of another machine, or the runtime cannot be traced, is not installed or fails.
    """
    check_tracing(runtime)
    profile = DeviceProfile.opened(path, describe_machine())
    setting = Setting(runtime, installed_runtime(runtime).version(), precision, threads)
    table = table_of(profile, setting)
    unique = {one.digest: one for one in networks}
    wanted = {digest: one for digest, one in unique.items() if _rounds_of(table, digest) < rounds}
    done = sum(min(_rounds_of(table, digest), rounds) for digest in unique)
    if not wanted:
        return table
    with TemporaryDirectory() as name:
        folder = Path(name)
        variants = {digest: variant_of(one, folder, setting) for digest, one in wanted.items()}
        with Sessions(variants.values()) as sessions:
            saved = time.monotonic()
            for number in range(rounds):
                due = [digest for digest in wanted if _rounds_of(table, digest) <= number]
                for digest in random.Random(number).sample(due, len(due)):
                    table = _one_round(table, wanted[digest], variants[digest], sessions, traces)
                    done += 1
                    if progress is not None:
                        progress(done, rounds * len(unique))
                    if time.monotonic() - saved > _SAVE_SECONDS:
                        with_table(profile, table).write(path)
                        saved = time.monotonic()
    with_table(profile, table).write(path)
    return table


def check_tracing(runtime: str) -> None:
    """Raises `EdgewiseError` where the runtime is unknown or does not say what its kernels take, naming those that
    do."""
    if not isinstance(find_runtime(runtime), TracingRuntime):
        able = ", ".join(name for name in runtime_names() if isinstance(find_runtime(name), TracingRuntime))
        raise EdgewiseError(
            f"{runtime} does not say what its kernels take, which a latency table is made of; choose one of: {able}"
        )


def _one_round(
    table: LatencyTable, architecture: Architecture, variant: Variant, sessions: Sessions, traces: int
) -> LatencyTable:
    """The table with one more round of a network, and a trace where it has fewer than `traces`."""
    known = table.networks.get(architecture.digest)
    if (0 if known is None else known.traced) < traces:
        table = table.with_trace(architecture, times_of_rows(architecture, sessions.trace(variant, _TRACED)))
    return table.with_round(architecture, quiet_ms(sessions, variant))


def _rounds_of(table: LatencyTable, digest: str) -> int:
    known = table.networks.get(digest)
    return 0 if known is None else len(known.rounds_ms)


def variant_of(architecture: Architecture, folder: Path, setting: Setting) -> Variant:
    """`architecture` with random weights as a table's networks are: its artifact, made in `folder`, called after its
    digest."""
    runtime, precision, name = setting.runtime, setting.precision, architecture.digest[:16]
    path = build(architecture, random_tensors(architecture), folder, name, runtime=runtime, precision=precision)
    return Variant(name, path, runtime, precision, setting.threads)


def quiet_ms(sessions: Sessions, variant: Variant) -> float:
    """What one inference takes in ms in one block; a disturbed block is done again, and the least disturbed taken."""
    iterations = sessions.iterations(variant, _BLOCK_NS)
    blocks = [sessions.time(variant, iterations)]
    while blocks[-1].is_disturbed(variant.threads) and len(blocks) <= _AGAIN:
        blocks.append(sessions.time(variant, iterations))
    return round_ms(min(blocks, key=lambda block: block.disturbance(variant.threads) or 0.0), variant.threads)


def fastest_ms(sessions: Sessions, variant: Variant) -> float:
    """What the fastest inference of one block takes, in ms."""
    return min(_times_ns(sessions.time(variant, sessions.iterations(variant, _BLOCK_NS)), variant.threads)) / 1e6


def round_ms(block: Block, threads: int) -> float:
    """What one inference takes by a block, in ms."""
    return quantile(_times_ns(block, threads), TYPICAL) / 1e6


def _times_ns(block: Block, threads: int) -> tuple[int, ...]:
    # The thread's CPU time leaves out what others do on its core; with several threads there is only the clock.
    return block.cpu_ns if threads == 1 and block.cpu_ns else block.wall_ns


def times_of_rows(architecture: Architecture, kernels: Sequence[KernelTimes]) -> list[list[UnitTime]]:
    """For each row of `architecture` the times of its units, from those of the kernels of whole inferences."""
    graph = architecture.graph
    parts = units(graph)
    times = attributed(graph, parts, kernels)
    return [
        [time for unit, time in zip(parts, times, strict=True) if unit.row == index]
        for index in range(len(architecture.rows))
    ]
