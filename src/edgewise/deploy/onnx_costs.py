"""Counting an ONNX file of anybody's from its shapes: no runtime, no torch, and the weights are not read."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import onnx
from onnx import helper

from edgewise.costs import Profile
from edgewise.costs.tally import tally
from edgewise.costs.tape import Part, Place, Tape
from edgewise.costs.work import Does, Work
from edgewise.deploy.onnx_file import OnnxFile, Typed, read
from edgewise.deploy.onnx_work import MADE, RULES, VIEWS, Node, data

_WITHIN = (Does.FUSE, Does.QUANTISE, Does.DEQUANTISE)


def count_onnx(path: str | Path, *, size: int | None = None) -> Profile:
    """Counts the file `path` for one image, with a line per node; what is fused stands in the line it is fused into.

    `size` stands for lengths that the file leaves open, pixels a side for most; an open batch is 1. Parameters are the
    elements of its constants that go into the arithmetic. Raises `EdgewiseError` when the file is no ONNX model, a file
    with its weights is missing, or a length stays open.
    """
    walk = _Walk(read(Path(path), size))
    for node in walk.file.nodes:
        walk.node(node)
    return walk.profile()


class _Walk:
    """Writes the tape of a file, node by node."""

    def __init__(self, file: OnnxFile) -> None:
        self.file = file
        self.tape = Tape(file.path.name)
        self._parts: dict[str, Part] = {}
        self._places: dict[str, Place] = {}
        self._lines: dict[int, str] = {}
        """The line that a buffer was made in."""
        for name in file.inputs:
            value = file.values[name]
            self._parts[name] = (self.tape.input(value.shape, value.itemsize), prod(value.shape))
        for name in file.constants:
            self._constant(name, file.values[name])

    def profile(self) -> Profile:
        self.tape.outputs += [self._parts[name][0] for name in self.file.outputs if name in self._parts]
        self.tape.unread.clear()  # scales, means and variances: what no rule takes for a parameter
        return tally(self.tape, self._places)

    def node(self, node: onnx.NodeProto) -> None:
        """Writes the step of `node`, if it takes one."""
        values, y = self.file.values, self.file.values.get(node.output[0])
        if node.op_type in MADE and y is not None:
            self._constant(node.output[0], y)
            return
        slots = data(node.op_type) or range(len(node.input))
        names = [node.input[slot] for slot in slots if slot < len(node.input) and node.input[slot]]
        if y is None or not all(name in self._parts for name in names):
            self._uncounted(node)
            return
        if node.op_type in VIEWS:
            for name in filter(values.get, node.output):
                self._parts[name] = (self._parts[names[0]][0], prod(values[name].shape))
            return
        buffers = self.tape.buffers
        constant = tuple(buffers[self._parts[name][0]].constant for name in names)
        attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        shapes = tuple(values[name].shape for name in names)
        rule = RULES.get(node.op_type) if node.domain in ("", "ai.onnx") else None
        work = rule(Node(node.op_type, attributes, shapes, y.shape, constant)) if rule else None
        if work is None:
            self._uncounted(node)
            work = Work("element-wise", prod(y.shape))
        written_out = work.kind in ("add", "multiply", "element-wise")  # as in x · 0.5: single numbers are its settings
        reads = [
            self._parts[name]
            for name, fixed in zip(names, constant, strict=True)
            if not (fixed and written_out and self._parts[name][1] == 1)
        ]
        writes = [self._made(name, work, reads) for name in node.output if name in values]
        self.tape.add(self._line(node, work, reads, writes, _said(node, attributes, shapes), y), work, reads, writes)

    def _line(
        self, node: onnx.NodeProto, work: Work, reads: list[Part], writes: list[Part], said: str, y: Typed
    ) -> str:
        """The line of the table that the step belongs to: its own, or that of what it is fused into."""
        line = self._lines.get(reads[0][0]) if work.does in _WITHIN and reads else None
        if line is not None:
            before = self._places[line].description
            said = f"{before}, {said}" if work.does is Does.FUSE else before
        elif all(self.tape.buffers[index].constant for index, _ in reads) and not work.multiply_adds:
            return ""  # a constant makes no line
        else:
            line = node.name if node.name and node.name not in self._places else node.output[0]
        self._places[line] = Place(said, y.shape)
        self._lines |= {index: line for index, _ in writes}
        return line

    def _made(self, name: str, work: Work, reads: list[Part]) -> Part:
        value = self.file.values[name]
        # What stands for a smaller type is read in that: weights in int8 stay int8.
        itemsize = self.tape.buffers[reads[0][0]].itemsize if work.does is Does.DEQUANTISE else value.itemsize
        self._parts[name] = (self.tape.buffer(prod(value.shape), itemsize), prod(value.shape))
        return self._parts[name]

    def _constant(self, name: str, value: Typed) -> None:
        elements = prod(value.shape)
        index = self.tape.buffer(elements, value.itemsize)
        self._parts[name] = (index, elements)
        if value.weighs:
            self.tape.share(index, name, elements)

    def _uncounted(self, node: onnx.NodeProto) -> None:
        self.tape.uncounted[f"{node.domain}.{node.op_type}" if node.domain else node.op_type] = None


def _said(node: onnx.NodeProto, attributes: dict[str, Any], shapes: tuple[tuple[int, ...], ...]) -> str:
    """`Conv 3×3, stride 2, groups 16`: the op with what matters of its attributes, where it is not 1."""
    said = node.op_type
    kernel = attributes.get("kernel_shape") or (shapes[1][2:] if "Conv" in said and len(shapes) > 1 else None)
    if kernel:
        said += " " + "×".join(map(str, kernel))
    for name, word in (("strides", "stride"), ("dilations", "dilation")):
        given = attributes.get(name, [1])
        if set(given) != {1}:
            said += f", {word} " + (str(given[0]) if len(set(given)) == 1 else "×".join(map(str, given)))
    groups = attributes.get("group", 1)
    return said + (f", groups {groups}" if groups != 1 else "")
