import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score
from small_task import PREPROCESSING, SmallNetwork, images

from edgewise.errors import EdgewiseError
from edgewise.training import evaluate
from edgewise.training.scores import MeanAveragePrecisionAtK, Scores

CPU = torch.device("cpu")


def test_one_label_against_counts_by_hand() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, targets = torch.randn(90, 7, generator=generator), torch.arange(90) % 6
    scores = Scores(7, multi_label=False, device=CPU, keep_probabilities=True)
    for part in (slice(0, 40), slice(40, 90)):
        scores.update(logits[part], targets[part])
    result = scores.compute()
    predicted = logits.argmax(1)
    assert result.accuracy == pytest.approx(float((predicted == targets).double().mean()))
    assert result.top5 == pytest.approx(float((logits.topk(5).indices == targets[:, None]).any(1).double().mean()))
    assert result.loss == pytest.approx(float(torch.nn.functional.cross_entropy(logits, targets)), rel=1e-5)
    assert result.confusion is not None
    expected = np.zeros((7, 7), int)
    np.add.at(expected, (targets.numpy(), predicted.numpy()), 1)
    assert (result.confusion == expected).all()
    assert np.isnan(result.per_class[6])
    assert result.per_class[2] == pytest.approx(expected[2, 2] / 15)
    assert result.probabilities is not None
    assert result.probabilities == pytest.approx(logits.softmax(1).numpy())
    assert set(result.metrics()) == {"loss", "accuracy", "top5"}


def test_several_labels_against_scikit_learn() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(60, 4, generator=generator)
    targets = (torch.rand(60, 4, generator=generator) < 0.4).float()
    targets[:, 3] = 0
    scores = Scores(4, multi_label=True, device=CPU)
    for part in (slice(0, 7), slice(7, 60)):
        scores.update(logits[part], targets[part])
    result = scores.compute()
    expected = [average_precision_score(targets[:, index], logits[:, index]) for index in range(3)]
    assert result.per_class[:3] == pytest.approx(expected, rel=1e-5)
    assert np.isnan(result.per_class[3])
    assert result.mean_average_precision == pytest.approx(np.mean(expected), rel=1e-5)
    assert result.confusion is None
    assert set(result.metrics()) == {"loss", "accuracy", "mean_average_precision", "map_at_k"}


def test_map_at_k_by_hand() -> None:
    metric = MeanAveragePrecisionAtK(k=3)
    scores = torch.tensor([[0.9, 0.8, 0.7, 0.6], [0.9, 0.8, 0.7, 0.6], [0.1, 0.2, 0.3, 0.4]])
    labels = torch.tensor([[1, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]])
    metric.update(scores, labels)
    # First image: hits at ranks 1 and 3 of 3 labels; second: its only label is below rank 3; third: no label.
    assert float(metric.compute()) == pytest.approx(((1 / 1 + 2 / 3) / 3 + 0) / 2)


def test_evaluate_keeps_the_splits_order_and_the_networks_mode() -> None:
    split = images("test", 23, seed=3)
    network = SmallNetwork().train()
    result = evaluate(network, split, PREPROCESSING, batch_size=5)
    assert network.training
    assert result.probabilities is not None
    x = torch.from_numpy(np.stack([PREPROCESSING.apply(split.load(index)) for index in range(23)]))
    with torch.inference_mode():
        expected = network.eval()(x).softmax(1).numpy()
    assert result.probabilities == pytest.approx(expected, abs=1e-5)
    assert result.accuracy == pytest.approx((expected.argmax(1) == split.labels).mean())


def test_too_few_outputs_is_a_sentence() -> None:
    with pytest.raises(EdgewiseError, match="3 classes but the network 2"):
        evaluate(SmallNetwork(classes=2), images("test", 12), PREPROCESSING)
