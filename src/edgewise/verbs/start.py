"""Where training begins: at fresh weights, at those of a model file, or at those that others have published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from edgewise.blocks import Head
from edgewise.data.preprocessing import Preprocessing
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.verbs.resolve import architecture_of, is_model_file, located


@dataclass(frozen=True, eq=False)
class Start:
    """The architecture to train, and the weights it starts from, if any: those of `file`, which told `classes` apart
    and took images prepared by `preprocessing`."""

    architecture: Architecture
    file: Path | None = None
    tensors: Mapping[str, Tensor] | None = None
    classes: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None

    def prepared(self, fresh: Preprocessing) -> Preprocessing:
        """`fresh`, with the pixels as the weights want them."""
        old = self.preprocessing
        if old is None:
            return fresh
        return replace(fresh, mean=old.mean, std=old.std, interpolation=old.interpolation)

    def network(self, architecture: Architecture, classes: tuple[str, ...], seed: int) -> Network:
        """The network of `architecture` with these weights; the last layers only for the very same classes.

        Raises `EdgewiseError` when a weight has another shape there.
        """
        network = Network(architecture, seed=seed)
        if self.tensors is None:
            return network
        last = tuple(f"{index}.classes." for index, row in enumerate(architecture.rows) if isinstance(row, Head))
        fresh = () if self.classes == classes else last
        weights = {name: value for name, value in self.tensors.items() if not name.startswith(fresh)}
        state = network.state_dict()
        different = [name for name, value in weights.items() if name not in state or state[name].shape != value.shape]
        if different:
            raise EdgewiseError(
                f"the weights of {self.file} do not fit {architecture.name}: {different[0]} has another shape at this "
                "width or input size; to start from them, leave out --width, and for a network that ends in fully "
                f"connected layers give --input {self.architecture.input[1]}"
            )
        network.load_state_dict(weights, strict=False)
        return network


def start_of(
    model: str | Path | Architecture, *, width: float | None = None, weights: str | Path | None = None
) -> Start:
    """What `model` and `weights` name together; `weights` are others', or a model file that another network is to start
    from. Raises `EdgewiseError` as `load_foreign` and `load_model` do, and for weights into a model file, which has its
    own."""
    given = not isinstance(model, Architecture) and is_model_file(model)
    if weights is not None:
        if given:
            raise EdgewiseError(f"{model} has weights of its own; name a network of the zoo for {weights}")
        if is_model_file(weights):
            return replace(start_of(weights), architecture=architecture_of(model, width=width))
        from edgewise.verbs.convert import card_of
        from edgewise.weights.foreign import load_foreign

        foreign = load_foreign(architecture_of(model, width=width), weights)
        trained, card, file = foreign.network(), card_of(foreign), foreign.file
    elif given:
        from edgewise.weights import load_model

        file = located(model)  # type: ignore[arg-type]
        trained, card = load_model(file)
    else:
        return Start(architecture_of(model, width=width))
    architecture = card.architecture if weights is not None else architecture_of(model, width=width)
    return Start(architecture, file, trained.state_dict(), card.classes, card.preprocessing)
