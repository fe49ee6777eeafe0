"""What a trained network has learnt: mirrored filters, and gates that tell classes apart."""

from __future__ import annotations

import numpy as np
import pytest
from reading import Page

from edgewise.explaining.filters import filters, mirrored
from edgewise.explaining.gates import GateView, gates

RANDOM = np.random.default_rng(0)
ONE = RANDOM.normal(size=(3, 3, 3))
OTHER = RANDOM.normal(size=(3, 3, 3))


@pytest.mark.parametrize(
    ("turned", "how"),
    [(ONE[:, :, ::-1], "left to right"), (ONE[:, ::-1], "top to bottom"), (-ONE, "negative"), (-3 * ONE, "negative")],
)
def test_a_mirror_image_is_found_whatever_its_size(turned: np.ndarray, how: str) -> None:
    (found,) = mirrored(np.stack([ONE, OTHER, turned]))
    assert (found.first, found.second, found.how) == (0, 2, how)
    assert found.cosine == pytest.approx(1)


def test_a_filter_mirrors_one_other_at_most_and_never_itself() -> None:
    symmetric = np.broadcast_to(np.arange(3.0)[None, :, None], (3, 3, 3))
    assert mirrored(np.stack([symmetric, OTHER])) == []
    assert len(mirrored(np.stack([ONE, -ONE, 2 * ONE, -2 * ONE]))) == 2


def test_pairs_stand_in_front() -> None:
    page = Page(filters(np.stack([OTHER, ONE, np.zeros((3, 3, 3)), -ONE])))
    assert [one["alt"] for one in page.all("img")] == ["filter 1", "filter 3", "filter 0", "filter 2"]
    assert "2 of the 4 filters" in " ".join(page.words)


def test_gates_that_tell_classes_apart() -> None:
    alike = GateView(1, np.tile(RANDOM.random(8), (3, 1)))
    apart = GateView(7, RANDOM.random((3, 8)))
    assert alike.apart == pytest.approx(0, abs=1e-12)
    assert apart.apart > 0.1
    page = gates([alike, apart], ["cat", "dog", "eel"])
    Page(page)
    assert "Row 1: " in page
    assert "Row 7: " in page
    assert all(name in page for name in ("cat", "dog", "eel"))
