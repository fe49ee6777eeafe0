"""Optimisers, and which parameters weight decay touches."""

# torch's own optimisers are made of its _foreach functions, which have no public name.
# pyright: reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from edgewise.training.recipe import Recipe


class TensorFlowRMSprop(Optimizer):
    """RMSprop with momentum as TensorFlow 1 defines it, which the MobileNet, MnasNet and Xception papers trained with.

    Per parameter, with gradient g (weight decay added to it): s ← decay·s + (1 − decay)·g², starting from s = 1;
    m ← momentum·m + rate·g / √(s + eps); parameter ← parameter − m. It differs from `torch.optim.RMSprop` in three
    ways that matter at the papers' settings: `eps` (1e-3) is inside the root, s starts at one instead of zero so the
    first steps are not huge, and the rate is inside the momentum, so that a change of rate acts gradually.
    Source: tf.compat.v1.train.RMSPropOptimizer.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        decay: float = 0.9,
        momentum: float = 0.9,
        eps: float = 1e-3,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "decay": decay, "momentum": momentum, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One update of all parameters that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            if not parameters:
                continue
            gradients = [parameter.grad for parameter in parameters]
            states = [self._state(parameter) for parameter in parameters]
            squares = [state["square"] for state in states]
            moments = [state["moment"] for state in states]
            if group["weight_decay"]:
                gradients = list(torch._foreach_add(gradients, parameters, alpha=group["weight_decay"]))
            torch._foreach_mul_(squares, group["decay"])
            torch._foreach_addcmul_(squares, gradients, gradients, 1 - group["decay"])
            roots = torch._foreach_add(squares, group["eps"])
            torch._foreach_sqrt_(roots)
            torch._foreach_mul_(moments, group["momentum"])
            torch._foreach_addcdiv_(moments, gradients, roots, group["lr"])
            torch._foreach_sub_(parameters, moments)
        return loss

    def _state(self, parameter: Tensor) -> dict[str, Tensor]:
        state = self.state[parameter]
        if not state:
            state["square"] = torch.ones_like(parameter, memory_format=torch.preserve_format)
            state["moment"] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        return state


def parameter_groups(network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """The trainable parameters in two groups: those that weight decay touches, and those it does not.

    Biases and everything of normalisation (all parameters of at most one axis) never decay; depthwise filters only
    when `recipe.decay_depthwise`.
    """
    decayed: dict[nn.Parameter, None] = {}
    kept: dict[nn.Parameter, None] = {}
    for module in network.modules():
        depthwise = isinstance(module, nn.Conv2d) and 1 < module.groups == module.in_channels
        for parameter in module.parameters(recurse=False):
            if parameter.requires_grad:
                decays = parameter.ndim > 1 and (recipe.decay_depthwise or not depthwise)
                (decayed if decays else kept)[parameter] = None
    groups = [
        {"params": list(decayed), "weight_decay": recipe.weight_decay},
        {"params": list(kept), "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def build_optimiser(network: nn.Module, recipe: Recipe) -> Optimizer:
    """The recipe's optimiser over the network's trainable parameters."""
    groups = parameter_groups(network, recipe)
    match recipe.optimiser:
        case "sgd":
            nesterov = recipe.nesterov and recipe.momentum > 0
            return torch.optim.SGD(
                groups, recipe.learning_rate, momentum=recipe.momentum, nesterov=nesterov, fused=True
            )
        case "adamw":
            return torch.optim.AdamW(groups, recipe.learning_rate, fused=True)
        case "rmsprop":
            return TensorFlowRMSprop(groups, recipe.learning_rate, momentum=recipe.momentum)
