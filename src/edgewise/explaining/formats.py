"""How numbers are written in a report: thousands separated, three significant digits for times, one for per cent."""

from __future__ import annotations

import math

__all__ = ["count", "measured_bytes", "milliseconds", "per_cent", "significant"]

UNKNOWN = "–"


def significant(value: float | None, digits: int = 3) -> str:
    """`value` with `digits` significant digits and no exponent where it can be helped: 0.0123, 4.57, 1,230."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if not -6 <= magnitude < 15:
        return f"{value:.{digits - 1}e}"
    return f"{round(value, digits - 1 - magnitude):,.{max(digits - 1 - magnitude, 0)}f}"


def milliseconds(value: float | None) -> str:
    """Three significant digits and the unit, `0.452 ms`; a dash where it is not known."""
    written = significant(value)
    return written if written == UNKNOWN else f"{written} ms"


def per_cent(share: float | None, digits: int = 1) -> str:
    """A share of one as per cent, `97.5%`; a dash where it is not known."""
    return UNKNOWN if share is None or not math.isfinite(share) else f"{100 * share:.{digits}f}%"


def count(value: int | None) -> str:
    """A whole number with its thousands separated; a dash where it is not known."""
    return UNKNOWN if value is None else f"{value:,}"


def millions(value: int | None) -> str:
    """A count of operations or weights in millions, `37.01 M`; a dash where it is not known."""
    return UNKNOWN if value is None else f"{value / 1e6:.2f} M"


def measured_bytes(value: int | None) -> str:
    """A number of bytes in the unit that suits it: `912 bytes`, `1.25 MB` (powers of ten, as disks are sold)."""
    if value is None:
        return UNKNOWN
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(value) >= factor:
            return f"{significant(value / factor)} {unit}"
    return f"{value} bytes"


def capitalised(name: str) -> str:
    """With a capital, for the beginning of a sentence; names that have capitals stay as they are (`mAP`)."""
    return name[0].upper() + name[1:] if name.islower() else name
