import dataclasses
from pathlib import Path

import pytest
import torch
from small_task import PREPROCESSING, SmallNetwork, splits

from edgewise.data import Split
from edgewise.errors import EdgewiseError
from edgewise.training import Progress, Recipe, TrainResult, evaluate, train
from edgewise.training.checkpoints import FILE_NAME, load_header

RECIPE = Recipe(epochs=6, batch_size=10, learning_rate=0.1, precision="32")


def run(folder: Path, recipe: Recipe = RECIPE, data: dict[str, Split] | None = None, **options: object) -> TrainResult:
    network = options.pop("network", None) or SmallNetwork()
    assert isinstance(network, torch.nn.Module)
    settings: dict[str, object] = {"accelerator": "cpu", "progress": False} | options
    return train(network, data or splits(), recipe, folder, preprocessing=PREPROCESSING, **settings)  # type: ignore[arg-type]


def test_it_learns_and_says_how_well(tmp_path: Path) -> None:
    network = SmallNetwork()
    result = run(tmp_path, network=network)
    assert result.finished
    assert (result.epochs, result.steps, result.precision) == (6, 60, "32")
    assert [record.epoch for record in result.history] == [1, 2, 3, 4, 5, 6]
    assert result.history[-1].train_loss < result.history[0].train_loss
    assert result.metrics["accuracy"] > 0.9
    assert result.images_per_second > 0
    # The weights left in the network are those that were scored, and the score is of every image once.
    again = evaluate(network, splits()["val"], PREPROCESSING, batch_size=7)
    assert again.metrics() == pytest.approx(result.metrics, rel=1e-6)
    assert again.confusion is not None
    assert again.confusion.sum() == 33
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME, "precision.json"}


def test_the_running_average_is_what_is_scored_and_left(tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPE, epochs=2, ema=0.9)
    network = SmallNetwork()
    result = run(tmp_path / "averaged", recipe, network=network)
    assert evaluate(network, splits()["val"], PREPROCESSING).loss == pytest.approx(result.metrics["loss"], rel=1e-6)
    plain = SmallNetwork()
    run(tmp_path / "plain", dataclasses.replace(recipe, ema=0.0), network=plain)
    assert not torch.equal(network.stem.weight, plain.stem.weight)


def test_several_labels(tmp_path: Path) -> None:
    data = splits(multi_label=True)
    recipe = dataclasses.replace(RECIPE, loss="sigmoid", epochs=10, label_smoothing=0.05)
    result = run(tmp_path, recipe, data)
    assert set(result.metrics) == {"loss", "accuracy", "mean_average_precision", "map_at_k"}
    assert result.metrics["mean_average_precision"] > 0.9


def test_a_longer_schedule_in_rungs_ends_as_if_unbroken(tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPE, epochs=3, optimiser="adamw", learning_rate=0.01, mixup=0.2, ema=0.95)
    whole, rungs = SmallNetwork(), SmallNetwork()
    expected = run(tmp_path / "whole", recipe, network=whole)
    first = run(tmp_path / "rungs", recipe, network=rungs, until_epoch=1)
    assert (first.epochs, first.finished) == (1, False)
    assert first.metrics == expected.history[0].metrics
    assert run(tmp_path / "rungs", recipe, network=rungs, until_epoch=1).steps == 10
    second = run(tmp_path / "rungs", recipe, network=SmallNetwork(seed=9), until_step=17)
    assert (second.epochs, second.steps) == (1, 17)
    last = run(tmp_path / "rungs", recipe, network=rungs)
    assert last.history == expected.history
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, rungs.state_dict()[name]), name


def test_a_finished_run_is_loaded(tmp_path: Path) -> None:
    trained, loaded = SmallNetwork(), SmallNetwork(seed=5)
    first = run(tmp_path, dataclasses.replace(RECIPE, epochs=1), network=trained)
    before = (tmp_path / FILE_NAME).stat().st_mtime_ns
    assert run(tmp_path, dataclasses.replace(RECIPE, epochs=1), network=loaded) == first
    assert torch.equal(trained.stem.weight, loaded.stem.weight)
    assert (tmp_path / FILE_NAME).stat().st_mtime_ns == before


def test_the_time_limit_ends_a_call_not_the_run(tmp_path: Path) -> None:
    result = run(tmp_path, max_seconds=0.0)
    assert 0 < result.steps < 60
    assert not result.finished
    assert run(tmp_path).finished


def test_validation_every_so_often_and_at_the_end(tmp_path: Path) -> None:
    result = run(tmp_path, dataclasses.replace(RECIPE, epochs=5), validate_every=2)
    assert [bool(record.metrics) for record in result.history] == [False, True, False, True, True]


def test_an_epochs_end_that_a_run_did_not_live_to_see_is_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgewise.training import keeper

    recipe = dataclasses.replace(RECIPE, epochs=2, ema=0.9)
    expected = run(tmp_path / "whole", recipe)
    monkeypatch.setattr(keeper, "_YOUNG_SECONDS", -1.0)
    with monkeypatch.context() as patch:
        patch.setattr(keeper, "score", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("the power went out")))
        for epoch in (1, 2):
            with pytest.raises(RuntimeError, match="power"):
                run(tmp_path / "broken", recipe)
            state = load_header(tmp_path / "broken" / FILE_NAME)
            assert state is not None
            assert [record.epoch for record in state.history] == list(range(1, epoch))
    assert run(tmp_path / "broken", recipe).history == expected.history


def test_batch_norm_soon_forgets_its_initial_statistics(tmp_path: Path) -> None:
    network = SmallNetwork()
    network.norm.momentum = 0.001
    network.get_buffer("norm.running_mean").fill_(100.0)
    run(tmp_path, network=network, until_step=40)
    # Left to a momentum of 0.001 the mean would still be at 96.
    assert network.get_buffer("norm.running_mean").abs().max() < 5
    assert network.norm.momentum == 0.001


def test_a_fit_that_fails_leaves_the_network_fit_to_go_on(tmp_path: Path) -> None:
    def fail(progress: Progress) -> None:
        raise RuntimeError("the power went out")

    network = SmallNetwork()
    with pytest.raises(RuntimeError, match="power"):
        run(tmp_path, network=network, progress=fail)
    assert run(tmp_path, network=network).finished


def test_reports_reach_a_function(tmp_path: Path) -> None:
    reports: list[Progress] = []
    run(tmp_path, progress=reports.append)
    assert [report.epoch for report in reports if report.validated] == [1, 2, 3, 4, 5, 6]
    assert reports[-1].step == reports[-1].steps == 60
    assert reports[-1].seconds_left == 0
    assert reports[-1].images_per_second > 0
    assert "accuracy" in reports[-1].metrics


def test_random_state_outside_is_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    run(tmp_path, dataclasses.replace(RECIPE, epochs=1, precision="auto"))
    assert torch.equal(torch.rand(3), expected)


def test_a_batch_larger_than_the_data_takes_all_of_it(tmp_path: Path) -> None:
    assert run(tmp_path, dataclasses.replace(RECIPE, batch_size=4096)).steps == 6


def test_another_recipe_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    run(tmp_path, until_step=1)
    with pytest.raises(EdgewiseError, match="another recipe, network or data"):
        run(tmp_path, dataclasses.replace(RECIPE, learning_rate=0.2))


def test_a_damaged_checkpoint_is_a_sentence(tmp_path: Path) -> None:
    run(tmp_path, until_step=1)
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(EdgewiseError, match="delete it to start anew"):
        run(tmp_path)


@pytest.mark.parametrize(
    ("recipe", "data", "network", "message"),
    [
        (dataclasses.replace(RECIPE, loss="sigmoid"), splits(), SmallNetwork(), 'use loss="softmax"'),
        (RECIPE, splits(multi_label=True), SmallNetwork(), 'use loss="sigmoid"'),
        (RECIPE, splits(), SmallNetwork(classes=2), "3 classes but the network 2"),
        (RECIPE, {"val": splits()["val"]}, SmallNetwork(), "no images to train on"),
        (dataclasses.replace(RECIPE, learning_rate=1e30), splits(), SmallNetwork(), "lower the learning rate"),
    ],
)
def test_what_does_not_fit_is_a_sentence(
    tmp_path: Path, recipe: Recipe, data: dict[str, Split], network: SmallNetwork, message: str
) -> None:
    with pytest.raises(EdgewiseError, match=message):
        run(tmp_path, recipe, data, network=network)


def test_an_accelerator_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="no accelerator 'tpu'"):
        run(tmp_path, accelerator="tpu")
