"""The quantum of synthetic staircases, with noise and without."""

import math
import random
from collections.abc import Callable

import pytest

from edgewise.profiling import EVERY_WIDTH, find_staircase
from edgewise.profiling.quantum import COARSE_WIDTHS, HASTY_WIDTHS, WIDTHS

NOISE = 0.02


def stairs(step: int, penalty: float = 1.0, base: float = 20.0) -> Callable[[int], float]:
    """Time follows the width rounded up to a multiple of `step`; off a multiple it takes `penalty` times as long."""
    return lambda width: (base + math.ceil(width / step) * step) * (penalty if width % step else 1.0)


def noisy(time: Callable[[int], float], widths: tuple[int, ...], seed: int, noise: float = NOISE) -> dict[int, float]:
    """Noise that only ever adds, now and then a lot of it, as other work on the machine does."""
    drawn = random.Random(seed)
    return {
        width: time(width) * (1 + abs(drawn.gauss(0, noise)) + (0.3 if drawn.random() < 0.02 else 0.0))
        for width in widths
    }


def swept(time: Callable[[int], float], widths: tuple[int, ...]) -> dict[int, float]:
    return {width: time(width) for width in widths}


@pytest.mark.parametrize("step", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize("penalty", [1.0, 1.3])
@pytest.mark.parametrize("widths", [WIDTHS, EVERY_WIDTH])
def test_without_noise_the_step_is_found(step: int, penalty: float, widths: tuple[int, ...]) -> None:
    found = find_staircase([swept(stairs(step, penalty), widths)])
    assert found.step == step
    if step >= 8:
        assert found.shares[step] == pytest.approx(1.0, abs=0.01) if penalty == 1 else found.shares[step] > 1
        assert found.penalty == pytest.approx(penalty)
    if 1 < step < 32:
        assert found.shares[2 * step] == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("step", [4, 8, 16, 32])
@pytest.mark.parametrize("widths", [COARSE_WIDTHS, HASTY_WIDTHS])
def test_few_widths_are_enough_for_steps_from_4(step: int, widths: tuple[int, ...]) -> None:
    assert find_staircase([swept(stairs(step), widths)]).step == step


@pytest.mark.parametrize("step", [8, 16, 32])
@pytest.mark.parametrize("seed", range(5))
def test_with_noise_the_step_is_found(step: int, seed: int) -> None:
    time = stairs(step, 1.1)
    assert find_staircase([noisy(time, WIDTHS, seed), noisy(time, COARSE_WIDTHS, seed + 100)]).step == step


def test_noise_on_a_line_is_hardly_ever_a_staircase() -> None:
    found = [
        find_staircase([noisy(float, WIDTHS, seed), noisy(float, COARSE_WIDTHS, seed + 1000)]).step
        for seed in range(100)
    ]
    assert sum(step > 1 for step in found) <= 8


def test_kernels_that_compute_part_of_a_step_do_not_hide_it() -> None:
    """Within a step time rises by half of it, and falls back at the multiple: the remainder is computed one by one."""
    time = stairs(16)

    def ramp(width: int) -> float:
        return time(width) - (8 - 0.5 * (width % 16) if width % 16 else 0) + (6 if width % 16 else 0)

    assert find_staircase([noisy(ramp, WIDTHS, 1, 0.01), noisy(ramp, COARSE_WIDTHS, 2, 0.01)]).step == 16


def test_a_slow_path_within_the_steps_does_not_hide_them() -> None:
    """Off multiples of 4 everything is half as slow again, on top of steps of 16."""
    found = find_staircase([{width: stairs(16)(width) * (1.5 if width % 4 else 1.0) for width in WIDTHS}])
    assert found.step == 16
    assert found.shares[4] > 5


def test_the_penalty_is_that_of_the_next_multiple() -> None:
    found = find_staircase([swept(lambda width: 100.0 * width * (1.4 if width % 16 else 1.0), EVERY_WIDTH)])
    assert found.step == 16
    assert found.penalty == pytest.approx(1.4 * 56 / 64, rel=0.05)


def test_a_few_widths_with_paths_of_their_own_do_not_hide_the_steps() -> None:
    """In one of two sweeps a multiple takes a slow path, and so does the width after it."""
    odd = {48: 1.35, 49: 1.3}
    sweeps = [
        {width: time * (odd.get(width, 1.0) if disturbed else 1.0) for width, time in one.items()}
        for seed, disturbed in ((1, True), (2, False))
        for one in [noisy(stairs(16, base=60.0), EVERY_WIDTH, seed, 0.005)]
    ]
    assert find_staircase(sweeps).step == 16


def test_a_flat_sweep_has_no_step() -> None:
    found = find_staircase([dict.fromkeys(WIDTHS, 5.0)])
    assert (found.step, found.penalty) == (1, None)


def test_too_few_widths_tell_nothing() -> None:
    assert find_staircase([{32: 1.0, 48: 2.0, 64: 2.0}]).shares == {}
