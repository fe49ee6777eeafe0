"""Depthwise convolutions that stay in fp32 while the rest trains in bf16.

On CPUs torch hands bf16 convolutions to oneDNN, which has no fast kernels for two gradients of depthwise ones: that of
the input where there is a stride, and that of kernels larger than 3×3. The first alone takes longer than the rest of a
MobileNet's step. In fp32 they are several times as fast.

And where they are dilated, the gradient of the filters is wrong: oneDNN 3 (torch 2.15) adds memory that nobody has
written to what it gives for the last channels. Mostly that is zero; twice in a thousand steps of LR-ASPP it was not a
number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


def depthwise_in_fp32(device: str, precision: str) -> AbstractContextManager[object]:
    """The context of training on a device ("cpu", "cuda", "mps") in a precision ("32", "bf16"): `DepthwiseInFp32`
    where it is of use, nothing elsewhere, since it slows every call of torch a little."""
    return DepthwiseInFp32() if device == "cpu" and precision == "bf16" else nullcontext()


class DepthwiseInFp32(TorchFunctionMode):
    """A context in which CPU autocast leaves depthwise convolutions with a stride, a dilation, or of more than 3×3, in
    fp32; what they give has their input's type again. Outside autocast it changes nothing."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        # Modules of convolutions give all seven arguments in order.
        if func is torch.conv2d and len(args) == 7 and torch.is_autocast_enabled("cpu"):
            x, weight, bias, stride, padding, dilation, groups = args
            if _is_better_in_fp32(x, weight, stride, dilation, groups):
                with torch.autocast("cpu", enabled=False):
                    y = func(x.float(), weight, bias, stride, padding, dilation, groups)
                return y.to(x.dtype)
        return func(*args, **(kwargs or {}))


_Sides = int | tuple[int, int]


def _is_better_in_fp32(x: Tensor, weight: Tensor, stride: _Sides, dilation: _Sides, groups: int) -> bool:
    depthwise = 1 < groups == x.shape[1] == len(weight)
    steps = max(_most(stride), _most(dilation))
    return x.device.type == "cpu" and depthwise and (steps > 1 or max(weight.shape[2:]) > 3)


def _most(sides: _Sides) -> int:
    return max(sides) if isinstance(sides, tuple) else sides
