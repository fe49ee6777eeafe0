"""The artifact's accuracy is that of the network it was made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from through_onnx import network_of

from edgewise.data import Preprocessing, Split
from edgewise.data.images import StoredImages
from edgewise.deploy import random_tensors, read_artifact
from edgewise.deploy.scoring import artifact_logits, evaluate_artifact
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.training import evaluate

Export = Callable[..., Path]


def a_split(labels: np.ndarray, size: tuple[int, int] = (8, 12)) -> Split:
    """Noise of different brightness, so that images get different scores."""
    random = np.random.default_rng(3)
    count = len(labels)
    pixels = (random.integers(0, 256, (count, *size, 3)) * random.random((count, 1, 1, 3))).astype(np.uint8)
    return Split("test", StoredImages(pixels, [f"image {index}" for index in range(count)]), labels)


def single(count: int = 50, classes: int = 3) -> Split:
    return a_split(np.random.default_rng(4).integers(0, classes, count))


def multiple(count: int = 50, classes: int = 3) -> Split:
    return a_split((np.random.default_rng(4).random((count, classes)) < 0.4).astype(np.float32))


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("multi_label", [False, True])
def test_as_the_network(
    inside: bool, multi_label: bool, export: Export, small: Architecture, preprocessing: Preprocessing
) -> None:
    split = multiple() if multi_label else single()
    ours = evaluate_artifact(export(inside=inside, multi_label=multi_label), split)
    theirs = evaluate(network_of(small, random_tensors(small)), split, preprocessing)
    assert ours.metrics() == pytest.approx(theirs.metrics(), rel=1e-4)
    np.testing.assert_allclose(ours.per_class, theirs.per_class, rtol=1e-4)
    assert ours.probabilities is not None
    assert theirs.probabilities is not None
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-4)
    if multi_label:
        assert ours.mean_average_precision is not None
    else:
        assert 0 < ours.accuracy < 1
        np.testing.assert_array_equal(ours.confusion, theirs.confusion)


def test_images_of_another_size_are_prepared(export: Export, small: Architecture, preprocessing: Preprocessing) -> None:
    split = a_split(np.arange(12) % 3, size=(20, 17))
    ours = evaluate_artifact(export(inside=True), split)
    theirs = evaluate(network_of(small, random_tensors(small)), split, preprocessing)
    assert ours.probabilities is not None
    assert theirs.probabilities is not None
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-4)


def test_more_than_the_runtime_is_given_at_once(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    """The images go to the runtime in several parts; none is lost or counted twice."""
    from edgewise.deploy import scoring

    split = single(600)
    path = export()
    whole = evaluate_artifact(path, split)
    monkeypatch.setattr(scoring, "_CHUNK_BYTES", 1)
    parts = evaluate_artifact(path, split)
    assert whole.probabilities is not None
    assert parts.probabilities is not None
    assert np.array_equal(parts.probabilities, whole.probabilities)
    assert np.array_equal(parts.confusion, whole.confusion)  # type: ignore[arg-type]


def test_scores_of_pixels(export: Export, pixels: np.ndarray) -> None:
    """With and without normalisation inside, for images of the artifact's size."""
    outside, inside = export("outside.onnx"), export("inside.onnx", inside=True)
    scores = artifact_logits(outside, read_artifact(outside), pixels)
    assert scores.shape == (10, 3)
    np.testing.assert_allclose(artifact_logits(inside, read_artifact(inside), pixels), scores, atol=1e-4, rtol=1e-4)


def test_a_split_with_fewer_classes_than_the_artifact(export: Export) -> None:
    scores = evaluate_artifact(export(), single(classes=2))
    assert scores.confusion is not None
    assert scores.confusion.shape == (3, 3)


@pytest.mark.parametrize(
    ("split", "multi_label", "sentence"),
    [
        (single(classes=4), False, "the test split has 4 classes and .* tells 3 apart"),
        (multiple(classes=4), True, "the test split has 4 classes and .* tells 3 apart"),
        (multiple(classes=2), True, "the test split has 2 classes and .* tells 3 apart"),
        (multiple(), False, "the test split has several labels an image and .* gives one label"),
        (single(), True, "the test split has one label an image and .* gives several labels"),
        (single(0), False, "the test split has no images"),
    ],
    ids=["more classes", "more labels", "fewer labels", "several for one", "one for several", "none"],
)
def test_a_split_that_does_not_fit(split: Split, multi_label: bool, sentence: str, export: Export) -> None:
    with pytest.raises(EdgewiseError, match=sentence):
        evaluate_artifact(export(multi_label=multi_label), split)
