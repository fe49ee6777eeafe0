"""MnasNet's own searcher: an RNN that writes networks down choice by choice, trained with PPO (Tan et al., 2018,
section 4.2; the controller is NASNet's, Zoph et al., 2018, appendix A)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from edgewise.searching.problem import Problem, Result
from edgewise.searching.space import Point


@dataclass(frozen=True)
class PPO:
    """How the controller learns. Of the defaults the papers give all but `clip`, `rounds` and the optimiser, Adam.

    `normalised` divides a batch's advantages by their deviation; with `fresh` what it drew before is drawn again, as
    long as that gives something new.
    """

    batch: int = 20
    hidden: int = 100
    learning_rate: float = 3.5e-4
    entropy: float = 1e-5
    decay: float = 0.95
    clip: float = 0.2
    rounds: int = 4
    normalised: bool = False
    fresh: bool = False


TUNED = PPO(batch=15, learning_rate=3.5e-3, entropy=0.05, decay=0.5, normalised=True, fresh=True)
"""For hundreds of samples rather than the papers' thousands: learns faster, measures itself against its last batches,
for rewards rise quickly, and proposes nothing twice."""

_DRAWS = 20
"""How often a batch is drawn until all of it is new."""


class _Controller(nn.Module):
    """An LSTM that is fed its last decision; a softmax for every choice."""

    def __init__(self, options: Sequence[int], hidden: int) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(hidden, hidden)
        self.begin = nn.Parameter(torch.zeros(hidden))
        self.embeddings = nn.ModuleList(nn.Embedding(count, hidden) for count in options)
        self.heads = nn.ModuleList(nn.Linear(hidden, count) for count in options)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.1, 0.1)

    def forward(self, count: int, given: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """`count` points drawn, or the points `given` `(N, choices)`: points, the logarithm of their probability `(N,)`
        and the entropy of the decisions `(N,)`."""
        read = self.begin.expand(count, -1)
        state: tuple[Tensor, Tensor] | None = None
        points: list[Tensor] = []
        log_probability, entropy = torch.zeros(count), torch.zeros(count)
        for place, (embedding, head) in enumerate(zip(self.embeddings, self.heads, strict=True)):
            output, memory = self.cell(read, state)
            state = output, memory
            logs = functional.log_softmax(head(output), dim=1)
            chosen = torch.multinomial(logs.exp(), 1)[:, 0] if given is None else given[:, place]
            log_probability = log_probability + logs.gather(1, chosen[:, None])[:, 0]
            entropy = entropy - (logs.exp() * logs).sum(1)
            points.append(chosen)
            read = embedding(chosen)
        return torch.stack(points, 1), log_probability, entropy


class ControllerSearch:
    """Proposes what the controller draws; unless that is to be fresh, also what it drew before: that is how it shows
    that it is sure."""

    def __init__(self, problem: Problem, *, seed: int = 0, ppo: PPO | None = None) -> None:
        self.ppo = ppo or PPO()
        self.batch = self.ppo.batch
        self._problem, self._seed, self._batches = problem, seed, 0
        self._baseline: float | None = None
        self._known: set[str] = set()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            options = [len(choice.options) for choice in problem.space.choices]
            self._controller = _Controller(options, self.ppo.hidden)
        self._optimiser = torch.optim.Adam(self._controller.parameters(), lr=self.ppo.learning_rate)

    def ask(self) -> list[Point]:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(self._seed * 1_000_003 + self._batches)
            points = self._drawn()
            if not self.ppo.fresh:
                return points
            found: list[Point] = []
            known = set(self._known)
            for _ in range(_DRAWS):
                found += self._problem.distinct(points, known)
                if len(found) >= self.batch:
                    return found[: self.batch]
                points = self._drawn()
            return found + points[: self.batch - len(found)]

    def _drawn(self) -> list[Point]:
        points, _, _ = self._controller(self.batch)
        return [tuple(point) for point in points.tolist()]

    def tell(self, results: Sequence[Result]) -> None:
        self._batches += 1
        self._known |= {key for one in results if (key := self._problem.key(one.point))}
        ppo = self.ppo
        rewards = torch.tensor([self._problem.reward(one) for one in results])
        mean = float(rewards.mean())
        self._baseline = mean if self._baseline is None else ppo.decay * self._baseline + (1 - ppo.decay) * mean
        advantages = rewards - self._baseline
        if ppo.normalised:
            advantages = advantages / (advantages.std() + 1e-8)
        points = torch.tensor([one.point for one in results])
        with torch.no_grad():
            _, before, _ = self._controller(len(points), points)
        for _ in range(ppo.rounds):
            _, now, entropy = self._controller(len(points), points)
            ratio = (now - before).exp()
            clipped = ratio.clamp(1 - ppo.clip, 1 + ppo.clip)
            gain = torch.minimum(ratio * advantages, clipped * advantages).mean() + ppo.entropy * entropy.mean()
            self._optimiser.zero_grad()
            (-gain).backward()
            self._optimiser.step()
