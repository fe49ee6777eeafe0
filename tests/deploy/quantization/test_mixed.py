"""As few parts as it takes, found with few trials."""

from __future__ import annotations

import math

import pytest

from edgewise.deploy.quantization.mixed import fewest_that


@pytest.mark.parametrize("most", [1, 5, 16, 33])
def test_the_fewest_are_found_in_few_trials(most: int) -> None:
    for answer in range(1, most + 3):
        asked: list[int] = []

        def holds(count: int, answer: int = answer, asked: list[int] = asked) -> bool:
            asked.append(count)
            return count >= answer

        assert fewest_that(holds, most) == (answer if answer <= most else None)
        assert len(asked) == len(set(asked))
        assert max(asked) <= most
        assert len(asked) <= 2 + 2 * math.log2(most)


def test_nothing_to_put_back() -> None:
    assert fewest_that(lambda count: True, 0) is None
