"""What parent and worker say to each other over pipes: a JSON header and raw bytes, both with their length in front.

A frame is the four bytes `EDGW`, the header's length (4 bytes), the payload's length (8 bytes), both big-endian, then
the header (a JSON object in UTF-8) and the payload (the tensors' bytes, one after the other, C order). Nothing in it
can run code when it is read, and a reader notices at once when something else has written into the pipe.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

_MAGIC = b"EDGW"
_PREFIX = struct.Struct(">4sIQ")
_LONGEST_HEADER = 16 * 2**20
_LONGEST_PAYLOAD = 4 * 2**30


class ProtocolError(Exception):
    """The bytes in the pipe are not a frame, or end in the middle of one."""


def send(stream: IO[bytes], header: Mapping[str, Any], payload: bytes = b"") -> None:
    """Writes one frame and flushes it."""
    text = json.dumps(header, allow_nan=False).encode()
    stream.write(_PREFIX.pack(_MAGIC, len(text), len(payload)))
    stream.write(text)
    stream.write(payload)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Reads one frame; None when the stream has ended between two frames.

    Raises `ProtocolError` when the stream ends inside a frame or holds something else.
    """
    first = stream.read(_PREFIX.size)
    if not first:
        return None
    if len(first) < _PREFIX.size or not first.startswith(_MAGIC):
        raise ProtocolError(f"expected a frame, found {first[:16]!r}")
    _, header_length, payload_length = _PREFIX.unpack(first)
    if header_length > _LONGEST_HEADER or payload_length > _LONGEST_PAYLOAD:
        raise ProtocolError(f"a frame of {header_length} + {payload_length} bytes is longer than any we send")
    text = _exactly(stream, header_length)
    payload = _exactly(stream, payload_length)
    try:
        header = json.loads(text)
    except ValueError as error:
        raise ProtocolError("the header is not JSON") from error
    if not isinstance(header, dict):
        raise ProtocolError("the header is not a JSON object")
    return header, payload


def _exactly(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise ProtocolError(f"the stream ended after {len(content)} of {length} bytes")
    return content
