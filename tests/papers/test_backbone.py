"""Bodies of other networks: every classifier of the zoo at an output stride of 16, or a sentence why not."""

from __future__ import annotations

from dataclasses import fields

import pytest

from edgewise.errors import EdgewiseError
from edgewise.graph.ops import Convolution
from edgewise.papers import families, find
from edgewise.papers.backbone import body, entering, strides, with_output_stride

ONE_OF_EACH = [next(iter(one.variants)) for one in families()]


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_behind_a_row_that_keeps_its_map_every_kernel_is_dilated(name: str) -> None:
    base = body(find(name).with_input(256, smallest_map=1))
    if max(strides(base)) < 32:
        assert with_output_stride(base, 16) == base
        return
    first = entering(base, 32)
    try:
        made = with_output_stride(base, 16)
    except EdgewiseError as error:
        named = str(error).split(", ")[1].split(" ")[0]
        row = next(row for row in base.rows[first:] if type(row).__name__ == named)
        assert not {"stride", "dilation"} <= {field.name for field in fields(row)}  # type: ignore[arg-type]
        return
    assert max(strides(made)) == 16
    spatial = [
        node.op
        for node in made.graph.nodes
        if node.row > first and isinstance(node.op, Convolution) and max(node.op.kernel) > 1
    ]
    assert {op.dilation for op in spatial} <= {(2, 2)}


def test_a_classifier_in_the_middle_would_move_all_weights() -> None:
    with pytest.raises(EdgewiseError, match="has classifiers in its middle"):
        body(find("googlenet_bn_auxiliary"))
