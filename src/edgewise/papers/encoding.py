"""Frozen dataclasses to JSON and back, checked at the border by pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from edgewise.blocks.row import Row
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from pydantic import TypeAdapter  # a tenth of a second; only reading a file needs it

T = TypeVar("T")


def encode(value: object) -> object:
    """Dataclasses become objects without the fields that are at their defaults; rows carry their type as `row`."""
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    body: dict[str, object] = {"row": type(value).__name__} if isinstance(value, Row) else {}
    for item in fields(value):
        current = getattr(value, item.name)
        default = item.default if item.default_factory is MISSING else item.default_factory()
        if current != default:
            body[item.name] = encode(current)
    return body


def decode(cls: type[T], data: Mapping[str, Any], rows: Mapping[str, type]) -> T:
    """Builds `cls` from what `encode` wrote. Raises `EdgewiseError` in one sentence for anything that does not fit."""
    body = dict(data)
    if isinstance(body.get("rows"), list):
        body["rows"] = tuple(
            decode_row(item, rows, f"row {index} of the architecture") for index, item in enumerate(body["rows"])
        )
    return _validated(cls, body, "the architecture")


def decode_row(data: object, rows: Mapping[str, type], where: str) -> Row:
    """Builds the row that `encode` wrote; `where` begins the sentence of the `EdgewiseError` when it does not fit."""
    if not isinstance(data, dict) or not isinstance(data.get("row"), str):
        raise EdgewiseError(f"{where} does not say what row it is")
    name = data["row"]
    if name not in rows:
        raise EdgewiseError(
            f"{where} is a {name}, which this edgewise does not know; "
            "upgrade edgewise, or pass the row's class when it is your own"
        )
    return _validated(rows[name], {key: item for key, item in data.items() if key != "row"}, f"{where}, {name}")


def _validated(cls: type[T], body: Mapping[str, Any], where: str) -> T:
    from pydantic import ValidationError

    known = {item.name for item in fields(cast("Any", cls))}
    for key in body:
        if key not in known:
            raise EdgewiseError(f"{where} has a field '{key}' that this edgewise does not know; upgrade edgewise")
    try:
        return _validator(cls).validate_python(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "a field"
        raise EdgewiseError(f"{where}: {place} is wrong: {first['msg'].lower()}") from None


@cache
def _validator(cls: type) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(cls)
