"""Depthwise convolutions that stay in fp32 while the rest trains in bf16.

On CPUs torch hands bf16 convolutions to oneDNN, which has no fast kernels for two gradients of depthwise ones: that of
the input where there is a stride, and that of kernels larger than 3×3. The first alone takes longer than the rest of a
MobileNet's step. In fp32 they are several times as fast.
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
    """A context in which CPU autocast leaves depthwise convolutions with a stride, or of more than 3×3, in fp32; what
    they give has their input's type again. Outside autocast it changes nothing."""

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
            if _is_slow_in_bf16(x, weight, stride, groups):
                with torch.autocast("cpu", enabled=False):
                    y = func(x.float(), weight, bias, stride, padding, dilation, groups)
                return y.to(x.dtype)
        return func(*args, **(kwargs or {}))


def _is_slow_in_bf16(x: Tensor, weight: Tensor, stride: int | tuple[int, int], groups: int) -> bool:
    strides = stride if isinstance(stride, tuple) else (stride,)
    depthwise = 1 < groups == x.shape[1] == len(weight)
    return x.device.type == "cpu" and depthwise and (max(strides) > 1 or max(weight.shape[2:]) > 3)
