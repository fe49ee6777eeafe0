"""The model file: one `.safetensors` with the tensors, and in its header the card. Loading never unpickles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from edgewise.errors import EdgewiseError
from edgewise.files import replacing
from edgewise.nn import Network
from edgewise.papers.header import KEY
from edgewise.weights.card import ModelCard, read_card
from edgewise.weights.shapes import COUNTER, mismatch


def save_model(path: str | Path, network: nn.Module, card: ModelCard) -> None:
    """Writes the tensors of `network` and `card` to `path`, whole or not at all.

    Raises `EdgewiseError` when the card is of another architecture than the network, or the file cannot be written.
    """
    save_tensors(Path(path), network.state_dict(), card)


def save_tensors(path: Path, state: Mapping[str, Tensor], card: ModelCard) -> None:
    """What `save_model` does, from tensors by parameter name. Raises `EdgewiseError` as it does."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items() if not name.endswith(COUNTER)}
    if difference := _difference(tensors, card):
        raise EdgewiseError(
            f"the network to be written to {path} is not the {card.architecture.name} of its card: {difference}"
        )
    with replacing(path) as temporary:
        try:
            save_file(tensors, temporary, metadata={KEY: card.to_json()})
        except SafetensorError as error:
            raise EdgewiseError(f"cannot write {path}: {error}; make room on the disk") from None


def load_model(path: str | Path) -> tuple[Network, ModelCard]:
    """The network (in eval mode) and the card of the model file `path`.

    Raises `EdgewiseError` for what `read_card` refuses, and for tensors that are not those of the architecture.
    """
    path = Path(path)
    card = read_card(path)
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise EdgewiseError(f"{path} cannot be read: {error}; copy or export it again") from None
    # Before the network is made: a damaged header may ask for one that does not fit in memory.
    try:
        difference = _difference(tensors, card)
    except EdgewiseError as error:
        raise EdgewiseError(f"{path}: {error}") from None
    if difference:
        raise EdgewiseError(
            f"{path} holds the tensors of another architecture than its header says: {difference}; export it again"
        )
    try:
        network = Network(card.architecture)
    except ValueError as error:  # torch refuses a setting that is no number of the graph's, such as dropout's rate
        raise EdgewiseError(f"{path} has a damaged header ({error}); export it again") from None
    network.load_state_dict(tensors, strict=False)  # batch norm's counters are not in the file
    return network.eval(), card


def _difference(tensors: Mapping[str, Tensor], card: ModelCard) -> str | None:
    """What is wrong with the tensors for the card's architecture. Raises `EdgewiseError` when its rows do not fit."""
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            return f"{name} should be floating point and is {str(tensor.dtype).removeprefix('torch.')}"
    return mismatch(card.architecture.graph, {name: tuple(tensor.shape) for name, tensor in tensors.items()})
