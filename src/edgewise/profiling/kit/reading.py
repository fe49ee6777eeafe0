"""Reading what a kit gave back: everything is checked before anything is believed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from edgewise.costs import count
from edgewise.devices.blocks import Block
from edgewise.devices.machine import Machine
from edgewise.devices.runtimes import KernelTimes
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.profiling.kit.manifest import FORMAT as KIT
from edgewise.profiling.kit.manifest import Item, Manifest, digest_of

FORMAT = "edgewise kit result"
FORMAT_VERSION = 1

_MOST_THREADS = 1024
_LONGEST_NS = 1e13

_T = TypeVar("_T")


@dataclass(frozen=True)
class Measured:
    """What was measured of one item: blocks and traces by round, and why it failed if it did."""

    item: Item
    architecture: Architecture
    blocks: dict[int, Block]
    traces: dict[int, tuple[KernelTimes, ...]]
    failed: str | None


@dataclass(frozen=True)
class Result:
    """What a kit gave back. `run` tells this run of the kit from others, `complete` whether nothing is left to do."""

    kit: str
    run: str
    threads: int
    machine: Machine
    complete: bool
    measured: tuple[Measured, ...]

    @property
    def failures(self) -> dict[str, str]:
        """By file, why items failed."""
        return {one.item.file: one.failed for one in self.measured if one.failed is not None}


@dataclass(frozen=True)
class _Block:
    round: int
    wall_ns: tuple[int, ...]
    cpu_ns: tuple[int, ...]
    waited_ns: int | None
    switches: int | None
    others: float | None


@dataclass(frozen=True)
class _Trace:
    round: int
    kernels: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class _Item:
    blocks: tuple[_Block, ...]
    traces: tuple[_Trace, ...]
    failed: str | None


@dataclass(frozen=True)
class _Body:
    kit: str
    run: str
    threads: int
    machine: Machine
    complete: bool
    manifest: Manifest
    items: dict[str, _Item]


def read_result(path: Path) -> Result:
    """Reads what a kit's `run.py` wrote.

    Raises `EdgewiseError` in one sentence where there is no such file, it is something else, damaged, of a newer
    edgewise, or holds what no measuring gives.
    """
    content = _content(path)
    if content.get("format") != FORMAT:
        raise EdgewiseError(f"{path} is not what a kit gives back; give the result.json that its run.py wrote")
    version = content.get("version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise EdgewiseError(
            f"{path} is a kit's result of version {version} and this edgewise reads up to {FORMAT_VERSION}; "
            "upgrade edgewise"
        )
    if version != FORMAT_VERSION:
        raise _damaged(path, "it does not say of which version it is")
    told = content.pop("sha256", None)
    if digest_of(content) != told:
        raise _damaged(path, "its checksum does not hold")
    manifest = content.get("manifest")
    if not isinstance(manifest, dict) or manifest.get("format") != KIT:
        raise _damaged(path, "it does not say what the kit was")
    digest = manifest.pop("digest", None)
    if not digest_of(manifest) == digest == content.get("kit"):
        raise _damaged(path, "it is of another kit than it says")
    del content["format"], content["version"]
    body = _validated(_Body, content, path)
    if not 1 <= body.threads <= _MOST_THREADS:
        raise _damaged(path, f"it was measured on {body.threads} threads")
    items = {item.file: item for item in body.manifest.items}
    if strange := body.items.keys() ^ items.keys():
        raise _damaged(path, f"its items are not those of its kit: {sorted(strange)[0]}")
    measured = tuple(_measured(items[file], item, path) for file, item in body.items.items())
    return Result(body.kit, body.run, body.threads, body.machine, body.complete, measured)


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except FileNotFoundError:
        raise EdgewiseError(f"there is no result {path}; give the result.json that a kit's run.py wrote") from None
    except OSError as error:
        raise EdgewiseError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"it is no JSON: {error}") from None
    return content if isinstance(content, dict) else {}


def _measured(item: Item, given: _Item, path: Path) -> Measured:
    try:
        architecture = Architecture.from_dict(item.architecture)
        counted = count(architecture).multiply_adds
    except EdgewiseError as error:
        raise EdgewiseError(f"{path}: {item.file}: {error}") from None
    if counted != item.multiply_adds:
        raise EdgewiseError(
            f"{path}: {item.file} has {item.multiply_adds} multiply-adds by its kit and {counted} by this edgewise; "
            "make the kit again with this edgewise"
        )
    for block in given.blocks:
        others = block.others is None or (math.isfinite(block.others) and block.others >= 0)
        counts = all(number is None or number >= 0 for number in (block.waited_ns, block.switches))
        times = all(0 < ns < _LONGEST_NS for ns in block.wall_ns) and all(0 <= ns < _LONGEST_NS for ns in block.cpu_ns)
        whole = block.wall_ns and len(block.cpu_ns) in (0, len(block.wall_ns)) and block.round >= 0
        if not (others and counts and times and whole):
            raise _damaged(path, f"the times of {item.file} are no times")
    for trace in given.traces:
        if not trace.kernels or not all(us and all(0 <= one < 1e9 for one in us) for _, us in trace.kernels):
            raise _damaged(path, f"the times of the kernels of {item.file} are no times")
    blocks = {
        one.round: Block(one.wall_ns, one.cpu_ns, one.waited_ns, one.switches, one.others) for one in given.blocks
    }
    traces = {
        one.round: tuple(KernelTimes(name, tuple(1000 * each for each in us)) for name, us in one.kernels)
        for one in given.traces
    }
    if len(blocks) < len(given.blocks) or len(traces) < len(given.traces):
        raise _damaged(path, f"it has a round of {item.file} twice")
    return Measured(item, architecture, blocks, traces, given.failed)


def _validated(kind: type[_T], content: dict[str, Any], path: Path) -> _T:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _damaged(path, f"{place}: {first['msg'].lower()}") from None


def _damaged(path: Path, problem: str) -> EdgewiseError:
    return EdgewiseError(f"{path} cannot be used ({problem}); copy it from the device again, or run the kit again")


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
