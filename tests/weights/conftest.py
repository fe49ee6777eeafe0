"""A small network with its card, and the file they make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from header import Saved
from hub_server import Hub, serving

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual
from edgewise.data import Preprocessing
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.weights import ModelCard, Provenance, save_model


def trained(architecture: Architecture) -> Network:
    """A network that has seen a batch, so that batch norm's statistics and counters are not those of the start."""
    network = Network(architecture, seed=0)
    generator = torch.Generator().manual_seed(1)
    network.train()(torch.randn(4, *architecture.input, generator=generator))
    return network


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    rows = (
        ConvBNAct(out_channels=8, stride=2, activation="hard_swish"),
        InvertedResidual(expanded=16, out_channels=8, squeeze=8, activation="relu"),
        Classifier(classes=3, hidden=16, dropout=0.2),
    )
    architecture = Architecture("small", rows, input=(3, 8, 12))
    card = ModelCard(
        architecture=architecture,
        preprocessing=Preprocessing(8, 12, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 0.875, "bicubic"),
        classes=("Füchse", "собака", "鳥 🐦"),
        metrics={"test_accuracy": 0.975, "test_loss": 0.1},
        provenance=Provenance(data="photos", data_digest="ab" * 32, seed=7, command="edgewise train photos"),
    )
    network = trained(architecture)
    path = tmp_path / "model.safetensors"
    save_model(path, network, card)
    return Saved(path, network, card)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub, for a user who is not logged in and whose cache is empty."""
    from huggingface_hub import constants

    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with serving() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        yield hub
