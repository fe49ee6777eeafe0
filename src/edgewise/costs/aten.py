"""What torch's ops do, by their names: a table of functions of shapes. No torch; what stands here are its words.

An op that is neither here, nor element-wise or a reduction by torch's own account, nor has a formula for its
multiply-adds, is unknown, and whoever counts says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from edgewise.costs.work import Does, Work, activation, batch_norm, pool

Rule = Callable[[Sequence[Any], Any], Work]
"""A rule takes the op's positional arguments and its main result, tensors among them."""


def _words(text: str) -> list[str]:
    return text.split()


_ACTIVATIONS = _words(
    """
    relu relu6 hardtanh hardswish silu sigmoid hardsigmoid elu tanh gelu leaky_relu softplus mish celu clamp
    clamp_min clamp_max _prelu_kernel prelu threshold log_sigmoid_forward hardshrink softshrink
    """
)

_BATCH_NORMS = _words(
    """
    native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training cudnn_batch_norm
    _batch_norm_with_update _batch_norm_no_update miopen_batch_norm
    """
)

_REDUCTIONS = _words(
    """
    mean sum amax amin aminmax max min var std var_mean std_mean prod any all argmax argmin norm
    linalg_vector_norm logsumexp nansum count_nonzero median
    """
)

_ELEMENT_WISE = _words(
    """
    cumsum cumprod logcumsumexp where masked_fill glu addcmul addcdiv lerp pow floor_divide grid_sampler_2d
    grid_sampler_3d bernoulli normal uniform tril triu _weight_norm_interface
    """
)

_SELECTIONS = _words(
    """
    topk sort argsort nonzero masked_select unique_dim _unique2 searchsorted bucketize bincount kthvalue
    """
)

_GATHERS = _words(
    """
    index index_select gather take roll flip repeat repeat_interleave channel_shuffle native_channel_shuffle
    pixel_shuffle pixel_unshuffle rot90 im2col unfold_copy reflection_pad1d reflection_pad2d reflection_pad3d
    replication_pad1d replication_pad2d replication_pad3d
    """
)

_WRITES = _words(
    """
    index_put _index_put_impl scatter index_copy index_fill slice_scatter select_scatter masked_scatter col2im
    """
)

_ACCUMULATIONS = _words("index_add scatter_add scatter_reduce index_reduce")

_NORMS = {
    "native_layer_norm": "layer norm",
    "_fused_rms_norm": "layer norm",
    "native_group_norm": "group norm",
    "_softmax": "softmax",
    "_log_softmax": "softmax",
    "_safe_softmax": "softmax",
}

_TAPS = {"linear1d": 2, "bilinear2d": 4, "trilinear3d": 8, "bicubic2d": 16}
"""Values that an interpolated one is made of; the nearest neighbour is only copied."""

FRESH = frozenset(
    _words(
        """
    empty_like zeros_like ones_like full_like rand_like randn_like randint_like new_empty new_zeros new_ones
    new_full new_empty_strided lift_fresh lift
    """
    )
)
"""Ops whose result has nothing of their input but its shape."""

OVERWRITES = frozenset(_words("copy fill zero normal uniform bernoulli random"))
"""Ops that write to their first argument without reading it."""


def _computes(kind: str) -> Rule:
    return lambda args, y: Work(kind, y.numel())


def _moves(kind: str) -> Rule:
    return lambda args, y: Work(kind)


def _batch_norm(args: Sequence[Any], y: Any) -> Work:
    # With the statistics of the input itself nothing can be folded.
    by_input = any(argument is True for argument in args)
    return Work("instance norm", y.numel()) if by_input else batch_norm(y.numel())


def _reduction(args: Sequence[Any], y: Any) -> Work:
    """Over height and width it is a pooling, as in the papers."""
    x, *rest = args
    given = rest[0] if rest and isinstance(rest[0], list | tuple) else []
    over_the_map = x.dim() > 2 and {axis % x.dim() for axis in given} == set(range(2, x.dim()))
    return Work("pool" if over_the_map else "reduce", x.numel())


def _pool(dimensions: int) -> Rule:
    def rule(args: Sequence[Any], y: Any) -> Work:
        kernel = list(args[1])
        return pool(y.numel(), kernel if len(kernel) == dimensions else kernel * dimensions)

    return rule


def _adaptive_pool(args: Sequence[Any], y: Any) -> Work:
    """Windows of nearly equal size that may overlap: along every side their sizes are added up."""
    x, sizes = args[0], args[1]
    axes = len(sizes)
    windows = [
        sum(-(-(index + 1) * side // cells) - index * side // cells for index in range(cells))
        for side, cells in zip(x.shape[-axes:], y.shape[-axes:], strict=True)
    ]
    return Work("pool", prod(x.shape[:-axes]) * prod(windows))


def _pad(args: Sequence[Any], y: Any) -> Work:
    grows = all(amount >= 0 for amount in args[1])
    return Work("pad", does=Does.PAD) if grows else Work("pad", does=Does.GATHER)


def _clone(args: Sequence[Any], y: Any) -> Work:
    """A copy in another order is a shuffle: ShuffleNet's is a transposed view that is made contiguous."""
    return Work("copy" if args[0].stride() == y.stride() else "shuffle")


def _resize(taps: int) -> Rule:
    return lambda args, y: Work("resize", taps * y.numel())


ELEMENT_WISE = _computes("element-wise")

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_ACTIVATIONS, lambda args, y: activation(y.numel())),
    **dict.fromkeys(_BATCH_NORMS, _batch_norm),
    **dict.fromkeys(_REDUCTIONS, _reduction),
    **dict.fromkeys(_ELEMENT_WISE, ELEMENT_WISE),
    **dict.fromkeys(_SELECTIONS, lambda args, y: Work("select", args[0].numel())),
    **dict.fromkeys(_GATHERS, lambda args, y: Work("shuffle", does=Does.GATHER)),
    **dict.fromkeys(_WRITES, _moves("copy")),
    **dict.fromkeys(_ACCUMULATIONS, _computes("add")),
    **dict.fromkeys(("add", "sub", "rsub"), _computes("add")),
    **dict.fromkeys(("mul", "div"), _computes("multiply")),
    **dict.fromkeys(("cat", "stack"), _moves("concat")),
    **dict.fromkeys(("copy", "_to_copy"), _moves("copy")),
    **{name: _computes(kind) for name, kind in _NORMS.items()},
    **{f"max_pool{n}d_with_indices": _pool(n) for n in (2, 3)},
    **{f"avg_pool{n}d": _pool(n) for n in (1, 2, 3)},
    **dict.fromkeys(("_adaptive_avg_pool2d", "_adaptive_avg_pool3d"), _adaptive_pool),
    **dict.fromkeys(("adaptive_max_pool2d", "adaptive_max_pool3d"), _adaptive_pool),
    **{f"upsample_nearest{n}d": _resize(0) for n in (1, 2, 3)},
    **{f"_upsample_nearest_exact{n}d": _resize(0) for n in (1, 2, 3)},
    **{f"upsample_{name}": _resize(taps) for name, taps in _TAPS.items()},
    **{f"_upsample_{name}_aa": _resize(taps) for name, taps in _TAPS.items()},
    "torchvision::nms": lambda args, y: Work("select", args[0].numel()),
    "torchvision::roi_align": _resize(4),
    "clone": _clone,
    "constant_pad_nd": _pad,
    "embedding": lambda args, y: Work("embedding", does=Does.GATHER),
}


def plain(name: str) -> str:
    """`add` for `aten::add_`: ops that work in place cost what the others do."""
    name = name.removeprefix("aten::")
    return name if name.startswith("__") else re.sub(r"(?<=[^_])_$", "", name)


def attention(query: Any, key: Any) -> Work:
    """One element for every score that is computed."""
    return Work("attention", prod(query.shape[:-1]) * key.shape[-2])


def _recurrent(args: Sequence[Any], weights: Sequence[Any]) -> int:
    """Every matrix among the weights is multiplied with every step of every sequence."""
    return prod(args[0].shape[:-1]) * sum(one.numel() for one in weights if one.dim() == 2)


MULTIPLY_ADDS: Mapping[str, Callable[[Sequence[Any]], int]] = {
    "mv": lambda args: args[0].numel(),
    "addmv": lambda args: args[1].numel(),
    "dot": lambda args: args[0].numel(),
    "vdot": lambda args: args[0].numel(),
    "mkldnn_rnn_layer": lambda args: _recurrent(args, args[1:3]),
    "_cudnn_rnn": lambda args: _recurrent(args, args[1]),
    "miopen_rnn": lambda args: _recurrent(args, args[1]),
}
"""Formulas for ops of which torch's own counter has none."""
