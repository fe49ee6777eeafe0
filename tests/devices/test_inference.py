from __future__ import annotations

import numpy as np
import pytest

from edgewise.devices import inference, run
from edgewise.errors import EdgewiseError


def _images(count: int) -> np.ndarray:
    return np.random.default_rng(count).standard_normal((count, 3, 4, 4), dtype=np.float32)


@pytest.mark.parametrize(("batch", "count"), [(1, 1), (1, 5), (4, 4), (4, 7), (4, 1)])
def test_every_image_gets_its_own_output(sums, batch, count):
    images = _images(count)
    outputs = run(sums("sums", batch=batch), images)
    assert outputs.shape == (count,)
    np.testing.assert_allclose(outputs, images.sum(axis=(1, 2, 3)), atol=1e-4)


def test_images_sent_in_several_chunks_keep_their_order(sums, monkeypatch):
    monkeypatch.setattr(inference, "_CHUNK_BYTES", 3 * 3 * 4 * 4 * 4)
    images = _images(11)
    np.testing.assert_allclose(run(sums("sums", batch=2), images), images.sum(axis=(1, 2, 3)), atol=1e-4)


def test_outputs_are_those_of_the_matrices(matmuls):
    path = matmuls("two", width=8, depth=2)
    images = np.random.default_rng(0).standard_normal((3, 8), dtype=np.float32)
    generator = np.random.default_rng(7)
    expected = images
    for _ in range(2):
        expected = expected @ (generator.standard_normal((8, 8)) / 8**0.5)
    np.testing.assert_allclose(run(path, images), expected, rtol=1e-4, atol=1e-5)


def test_images_in_another_memory_order_are_read_right(sums):
    images = np.asfortranarray(_images(3))
    np.testing.assert_allclose(run(sums("sums"), images), images.sum(axis=(1, 2, 3)), atol=1e-4)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 3, 5, 4), np.float32), r"takes float32 images of shape 3×4×4, .* float32 images of shape 3×5×4"),
        (np.zeros((2, 3, 4, 4), np.float64), "but was given float64 images"),
        (np.zeros((0, 3, 4, 4), np.float32), "there are no images"),
    ],
)
def test_images_that_do_not_fit_are_a_sentence(sums, images, message):
    with pytest.raises(EdgewiseError, match=message):
        run(sums("sums"), images)


def test_an_artifact_of_two_inputs_or_without_a_batch_axis_is_a_sentence(sums):
    with pytest.raises(EdgewiseError, match="has 2 inputs"):
        run(sums("two", inputs=2), _images(1))
    with pytest.raises(EdgewiseError, match="batch as the first axis"):
        run(sums("flat", keep_batch=False), _images(1))
