import json
from pathlib import Path

import pytest
import torch
from small_task import PREPROCESSING, SmallNetwork, splits

from edgewise.training import Recipe, choose_precision, train
from edgewise.training import precision as precision_module

CPU = torch.device("cpu")
RECIPE = Recipe(epochs=1, batch_size=8)


def test_measuring_leaves_the_network_as_it_was() -> None:
    network = SmallNetwork().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    choice = choose_precision(network, RECIPE, height=8, width=8, device=CPU, rounds=2)
    assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in before.items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert choice.images_per_second_32
    assert choice.images_per_second_bf16
    assert choice.precision == ("bf16" if choice.images_per_second_bf16 > 1.05 * choice.images_per_second_32 else "32")


@pytest.mark.parametrize(("bf16_seconds", "chosen"), [(0.5, "bf16"), (0.99, "32"), (2.0, "32")])
def test_bf16_must_be_clearly_faster(monkeypatch: pytest.MonkeyPatch, bf16_seconds: float, chosen: str) -> None:
    times = {"32": 1.0, "bf16": bf16_seconds}
    monkeypatch.setattr(precision_module._Trial, "step", lambda self, precision: times[precision])
    choice = choose_precision(SmallNetwork(), RECIPE, height=8, width=8, device=CPU)
    assert choice.precision == chosen


def test_a_run_keeps_its_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def go_on(until: int) -> str:
        options = {"preprocessing": PREPROCESSING, "accelerator": "cpu", "progress": False, "until_step": until}
        return train(SmallNetwork(), splits(), RECIPE, tmp_path, **options).precision  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(precision_module._Trial, "step", lambda self, precision: {"32": 1.0, "bf16": 0.1}[precision])
        assert go_on(1) == "bf16"
    assert json.loads((tmp_path / "precision.json").read_text())["precision"] == "bf16"
    monkeypatch.setattr(precision_module._Trial, "step", lambda self, precision: pytest.fail("measured again"))
    assert go_on(2) == "bf16"
    (tmp_path / "checkpoint.safetensors").unlink()
    assert go_on(1) == "bf16"
