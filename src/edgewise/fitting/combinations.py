"""The runtimes and precisions that a fit may deploy in, and which of them suits a kind of network best."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.devices import find_runtime, installed_runtime, runtime_names
from edgewise.errors import EdgewiseError

AUTO = "auto"

PRECISIONS = (AUTO, "fp32", "bf16", "int8")

ARTIFACT = ".onnx"
"""Candidates are timed by the hundred, and only these artifacts are made in milliseconds."""

Combination = tuple[str, str]
"""A runtime and a precision."""


def combinations(runtimes: Sequence[str], precision: str = AUTO) -> list[Combination]:
    """The combinations that are allowed, floating point first.

    `auto` among the runtimes stands for all that are installed and take `.onnx` artifacts; as a precision it stands for
    all of a runtime's, `int8` for those of quantised artifacts. Raises `EdgewiseError` for a runtime that is unknown,
    missing or takes other artifacts, and where none of them computes in the precision.
    """
    if precision not in PRECISIONS:
        raise EdgewiseError(f"there is no precision {precision!r}; choose one of: {', '.join(PRECISIONS)}")
    if not runtimes:
        raise EdgewiseError("there is no runtime to deploy in; name one, or auto")
    able = [name for name in runtime_names() if find_runtime(name).suffix == ARTIFACT]
    if AUTO in runtimes:
        named = [name for name in able if find_runtime(name).version() is not None]
    else:
        named = [installed_runtime(name).name for name in dict.fromkeys(runtimes)]
    for name in named:
        if name not in able:
            raise EdgewiseError(
                f"candidates cannot be ranked in {name}, whose artifacts take long to make; choose from "
                f"{', '.join(able)}, and export the model file for it with: edgewise export --runtime {name}"
            )
    found = [(name, one) for name in named for one in find_runtime(name).precisions if allows(precision, one)]
    if not found:
        raise EdgewiseError(
            f"nothing computes in {precision} among {', '.join(named)}; choose another runtime or precision"
        )
    return sorted(found, key=lambda pair: pair[1].startswith("int8"))


def allows(precision: str, one: str) -> bool:
    """Whether what was asked for as `precision` lets a runtime compute in the precision `one`."""
    return precision in (AUTO, one) or (precision == "int8" and one.startswith("int8"))
