"""A small search that ends in seconds, for a device that is not here; run as a script, to be killed or joined."""

from __future__ import annotations

import sys
from pathlib import Path

import tiny_space

from edgewise.verbs.search import Searched, search


def run(
    images: Path,
    profile: Path,
    out: Path,
    *,
    evaluator: str = "proxy",
    searcher: str = "surrogate",
    trials: int = 20,
    finish: int = 0,
    workers: int = 2,
    proxy_epochs: int = 2,
    budget: str = "0.02ms",
    adapt: bool = False,
    results: Path | None = None,
) -> Searched:
    return search(
        tiny_space.__file__,
        images,
        budget,
        out=out,
        evaluator=evaluator,
        searcher=searcher,
        trials=trials,
        finish=finish,
        adapt=adapt,
        results=results,
        device=profile,
        size=24,
        proxy_epochs=proxy_epochs,
        proxy_precision="fp32",  # which is faster is measured, and two runs may find it different
        epochs=1,
        workers=workers,
        flip=False,
        progress=False,
        tell=lambda text: print(text, file=sys.stderr, flush=True),
    )


if __name__ == "__main__":
    run(*map(Path, sys.argv[1:4]), workers=int(sys.argv[4]))
