"""A Gaussian process over points of a space: what accuracy is to be expected of networks that were not trained."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

_DECAY, _NOISE = 0.3, 0.01
_ITERATIONS = 40


@dataclass(frozen=True, eq=False)
class Data:
    """What is known of points: their options `(n, choices)`, the logarithm of their costs `(n,)`."""

    options: np.ndarray
    log_costs: np.ndarray

    def joined(self, other: Data) -> Data:
        return Data(np.concatenate([self.options, other.options]), np.concatenate([self.log_costs, other.log_costs]))


@dataclass(frozen=True, eq=False)
class _Grams:
    """What the kernel is made of, between two sets of points: where options differ `(n, m, choices)`, and products of
    their costs, centred and scaled, `(n, m)`."""

    differ: Tensor
    costs: Tensor

    def kernel(self, theta: Tensor) -> Tensor:
        """A trend with the cost, additive effects of single options, and what combinations do beyond both: it decays
        with every option that differs, by a rate of its own for every choice."""
        choices = self.differ.shape[-1]
        rates, scales = theta[:choices].exp(), theta[choices : choices + 3].exp()
        together = torch.exp(-(self.differ * rates).sum(-1))
        return scales[0] * together + scales[1] * (1 - self.differ).mean(-1) + scales[2] * self.costs


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """Fitted to `data` and `values`; see `fitted`. `theta` are the logarithms of its parameters."""

    data: Data
    values: np.ndarray
    theta: np.ndarray
    scaling: tuple[float, float, float, float]

    def given(self, data: Data, values: np.ndarray) -> GaussianProcess:
        """The same process once more is known, its parameters as they were."""
        return replace(self, data=self.data.joined(data), values=np.concatenate([self.values, values]))

    def predicted(self, data: Data) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation `(n,)` of the values at other points."""
        mean, spread, centre, scale = self.scaling
        theta = torch.tensor(self.theta)
        root, weights = _solved(
            _grams(self.data, self.data, centre, scale), theta, torch.tensor((self.values - mean) / spread)
        )
        between = _grams(data, self.data, centre, scale).kernel(theta)
        choices = data.options.shape[1]
        scales = theta[choices : choices + 3].exp()
        costs = torch.tensor((data.log_costs - centre) / scale)
        alone = scales[0] + scales[1] + scales[2] * costs**2
        explained = torch.linalg.solve_triangular(root, between.T, upper=False).square().sum(0)
        deviation = (alone - explained).clamp_min(1e-9).sqrt()
        return (between @ weights).numpy() * spread + mean, deviation.numpy() * spread


def fitted(data: Data, values: np.ndarray) -> GaussianProcess:
    """The process whose parameters make `values` `(n,)` most likely, held near moderate ones by weak priors."""
    mean, spread = float(values.mean()), float(values.std()) or 1.0
    centre, scale = float(data.log_costs.mean()), float(data.log_costs.std()) or 1.0
    choices = data.options.shape[1]
    grams = _grams(data, data, centre, scale)
    target = torch.tensor((values - mean) / spread)
    prior = torch.tensor([math.log(_DECAY)] * choices + [0.0, 0.0, 0.0, math.log(_NOISE)], dtype=torch.float64)

    def loss(start: np.ndarray) -> tuple[float, np.ndarray]:
        theta = torch.tensor(start, requires_grad=True)
        root, weights = _solved(grams, theta, target)
        value = 0.5 * (target @ weights) + root.diagonal().log().sum() + 0.5 * (theta - prior).square().sum()
        (gradient,) = torch.autograd.grad(value, theta)
        return float(value.detach()), gradient.numpy()

    found = minimize(loss, prior.numpy(), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS})
    return GaussianProcess(data, values, np.asarray(found.x), (mean, spread, centre, scale))


def _grams(one: Data, other: Data, centre: float, scale: float) -> _Grams:
    differ = torch.tensor((one.options[:, None] != other.options[None]).astype(np.float64))
    first, second = (torch.tensor((each.log_costs - centre) / scale) for each in (one, other))
    return _Grams(differ, first[:, None] * second[None])


def _solved(grams: _Grams, theta: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The Cholesky factor of the covariance with noise, and the weights of the mean."""
    noise = (theta[-1].exp() + 1e-6) * torch.eye(len(target), dtype=torch.float64)
    root = torch.linalg.cholesky(grams.kernel(theta) + noise)
    return root, torch.cholesky_solve(target[:, None], root)[:, 0]
