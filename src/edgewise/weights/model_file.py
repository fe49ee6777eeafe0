"""The model file: one `.safetensors` with the tensors, and in its header the card. Loading never unpickles."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from edgewise.errors import EdgewiseError
from edgewise.files import replacing
from edgewise.nn import Network
from edgewise.weights.card import KEY, ModelCard, read_card

_COUNTER = "num_batches_tracked"  # batch norm's step counter says nothing about the network


def save_model(path: Path, network: nn.Module, card: ModelCard) -> None:
    """Writes the tensors of `network` and `card` to `path`, whole or not at all.

    Raises `EdgewiseError` when the file cannot be written.
    """
    tensors = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in network.state_dict().items()
        if not name.endswith(_COUNTER)
    }
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={KEY: card.to_json()})


def load_model(path: Path) -> tuple[Network, ModelCard]:
    """The network (in eval mode) and the card of the model file `path`.

    Raises `EdgewiseError` for what `read_card` refuses, and for tensors that are not those of the architecture.
    """
    card = read_card(path)
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise EdgewiseError(f"{path} cannot be read: {error}; copy or export it again") from None
    network = Network(card.architecture)
    expected = {name: value.shape for name, value in network.state_dict().items() if not name.endswith(_COUNTER)}
    found = {name: value.shape for name, value in tensors.items()}
    if expected != found:
        name = next(name for name in (*expected, *found) if expected.get(name) != found.get(name))
        was, is_now = expected.get(name), found.get(name)
        raise EdgewiseError(
            f"{path} holds the tensors of another architecture than its header says: {name} should be "
            f"{list(was) if was else 'absent'} and is {list(is_now) if is_now else 'absent'}"
        )
    network.load_state_dict(tensors, strict=False)
    return network.eval(), card
