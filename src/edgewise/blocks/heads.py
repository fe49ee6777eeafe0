"""The ends of classifiers, and the fully connected layers before them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

from edgewise.blocks.conv import conv_act, conv_bn_act
from edgewise.blocks.row import Row, Scaling
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value

Task = Literal["classify", "detect", "segment"]
"""What a network says of an image: one class, boxes with classes, or the class of every pixel."""


def _vector(x: Value) -> Value:
    """The mean over the map; a vector stays as it is."""
    return f.flatten(f.global_pool(x)) if len(x.shape) == 3 else x


@dataclass(frozen=True, slots=True, kw_only=True)
class Head(Row):
    """A row that gives class scores. The layers that give them are called `classes…` or `…_classes`."""

    task: ClassVar[Task] = "classify"

    classes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier(Head):
    """Mean over the map, an optional `hidden` layer with bias and without batch norm (MobileNetV3's efficient last
    stage, Figure 5), dropout, and the class scores `(classes,)`."""

    hidden: int = 0
    activation: ActivationKind = "hard_swish"
    dropout: float = 0.0
    bias: bool = True

    def apply(self, x: Value) -> Value:
        y = _vector(x)
        if self.hidden:
            y = f.activate(f.linear(y, self.hidden, name="hidden"), self.activation)
        return f.linear(f.dropout(y, self.dropout), self.classes, bias=self.bias, name="classes")

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, hidden=scaling.head(self.hidden)) if self.hidden else self


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvClassifier(Head):
    """A 1×1 convolution to one map per class, and the mean over each (SqueezeNet, Table 1: conv10 and avgpool10)."""

    activation: ActivationKind | None = "relu"
    dropout: float = 0.5

    def apply(self, x: Value) -> Value:
        y = f.conv(f.dropout(x, self.dropout), self.classes, bias=True, name="classes")
        return _vector(f.activate(y, self.activation))


@dataclass(frozen=True, slots=True, kw_only=True)
class FullyConnected(Row):
    """A linear layer over the flattened map or vector, ReLU, dropout (AlexNet, section 3.5: fc6 and fc7).

    It fixes the input size: another one has other weights.
    """

    out_features: int
    dropout: float = 0.5

    def apply(self, x: Value) -> Value:
        y = f.linear(f.flatten(x) if len(x.shape) == 3 else x, self.out_features, name="linear")
        return f.dropout(f.activate(y, "relu"), self.dropout)

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, out_features=scaling.head(self.out_features))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuxiliaryClassifier(Head):
    """A second classifier in mid-network that helps to train it; the main path passes by.

    It emits its class scores as `output`, for training only: their loss counts `weight` (GoogLeNet, section 5: a 5×5
    average at stride 3, a 1×1 convolution, a hidden layer, 70% dropout). With `wide` it is Inception V3's: the hidden
    layer is a convolution over `wide` × `wide` cells, and the mean over what is left follows.
    """

    output: str
    reduced: int = 128
    hidden: int = 1024
    wide: int = 0
    batch_norm: bool = True
    dropout: float = 0.7
    weight: float = 0.3

    def apply(self, x: Value) -> Value:
        step = conv_bn_act if self.batch_norm else conv_act
        y = f.pool(x, "average", kernel=5, stride=3, padding="valid")
        y = step(y, self.reduced, activation="relu", name="reduce")
        if self.wide:
            y = step(y, self.hidden, kernel=self.wide, padding="valid", activation="relu", name="hidden")
            y = _vector(y)
        else:
            y = f.activate(f.linear(f.flatten(y), self.hidden, name="hidden"), "relu")
        f.linear(f.dropout(y, self.dropout), self.classes, name="classes").emit(self.output, training_only=True)
        return x

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, reduced=scaling.width(self.reduced), hidden=scaling.width(self.hidden))
