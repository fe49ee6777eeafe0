from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.devices.protocol import ProtocolError, receive, send

_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_headers = st.dictionaries(st.text(), _scalars | st.lists(_scalars), max_size=5)


@given(st.lists(st.tuples(_headers, st.binary(max_size=200)), max_size=4))
def test_frames_come_out_as_they_went_in(frames):
    stream = io.BytesIO()
    for header, payload in frames:
        send(stream, header, payload)
    stream.seek(0)
    for header, payload in frames:
        assert receive(stream) == (header, payload)
    assert receive(stream) is None


@given(st.binary(max_size=100), st.data())
def test_a_frame_cut_short_is_noticed_wherever_it_is_cut(payload, data):
    stream = io.BytesIO()
    send(stream, {"name": "a"}, payload)
    whole = stream.getvalue()
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(ProtocolError):
        receive(io.BytesIO(whole[:cut]))


@given(st.binary(min_size=1, max_size=100).filter(lambda content: not content.startswith(b"EDGW")))
def test_anything_else_in_the_pipe_is_noticed(content):
    with pytest.raises(ProtocolError, match="expected a frame"):
        receive(io.BytesIO(content))


def test_absurd_lengths_are_refused_before_memory_is_asked_for():
    with pytest.raises(ProtocolError, match="longer than any we send"):
        receive(io.BytesIO(struct.pack(">4sIQ", b"EDGW", 2, 2**60) + b"{}"))


@pytest.mark.parametrize("text", [b"[1]", b"{", b"\xff\xff"])
def test_a_header_that_is_not_a_json_object_is_refused(text):
    with pytest.raises(ProtocolError, match="JSON"):
        receive(io.BytesIO(struct.pack(">4sIQ", b"EDGW", len(text), 0) + text))
