"""Every study is a question with variants that can be trained, and claims about two of them."""

from __future__ import annotations

import pytest

from edgewise.costs import count
from edgewise.papers import Architecture
from edgewise.studies import STUDIES, Claim, Study, interval, judged


@pytest.fixture(params=STUDIES.values(), ids=list(STUDIES))
def study(request: pytest.FixtureRequest) -> Study:
    return request.param


def small(study: Study) -> dict[str, Architecture]:
    """The variants as they are trained on small images."""
    return {
        name: one.architecture.scaled(study.width).with_classes(10).with_input(32)
        for name, one in study.variants().items()
    }


def test_variants_are_different_networks_that_can_be_kept(study: Study) -> None:
    variants = study.variants()
    assert len(variants) >= 2
    assert len({(one.architecture.digest, one.scale, one.form) for one in variants.values()}) == len(variants)
    for architecture in small(study).values():
        assert Architecture.from_json(architecture.to_json()) == architecture


def test_claims_are_of_its_variants(study: Study) -> None:
    assert study.claims
    for claim in study.claims:
        assert claim.better != claim.worse
        assert {claim.better, claim.worse} <= set(study.variants())


@pytest.mark.parametrize(
    ("name", "within"),
    [("shufflenet_groups", 0.1), ("thin_shallow", 0.12), ("fast_downsampling", 0.05), ("shuffle", 0.1)],
)
def test_where_the_paper_compares_at_equal_cost_the_costs_are_equal(name: str, within: float) -> None:
    found = [count(one).multiply_adds for one in small(STUDIES[name]).values()]
    assert max(found) / min(found) - 1 < within


CLAIM = Claim("a is better than b", "a", "b")


@pytest.mark.parametrize(
    ("a", "b", "margin", "seen"),
    [
        ([0.80, 0.81, 0.82], [0.70, 0.71, 0.72], 0.0, "seen"),
        ([0.70, 0.71, 0.72], [0.80, 0.81, 0.82], 0.0, "contradicted"),
        ([0.70, 0.81, 0.72], [0.72, 0.71, 0.74], 0.0, "not seen"),
        ([0.790, 0.791, 0.792], [0.80, 0.80, 0.80], 0.02, "seen"),
        ([0.70, 0.71, 0.72], [0.80, 0.80, 0.80], 0.02, "contradicted"),
        ([0.80], [0.70], 0.0, "one seed"),
    ],
)
def test_what_the_runs_say_of_a_claim(a: list[float], b: list[float], margin: float, seen: str) -> None:
    claim = Claim("", "a", "b", margin)
    outcome = judged(claim, {"a": dict(enumerate(a)), "b": dict(enumerate(b))})
    assert outcome.seen == seen
    assert outcome.difference == pytest.approx(sum(a) / len(a) - sum(b) / len(b))


def test_runs_of_the_same_seed_are_compared() -> None:
    """Seeds that differ much from each other do not blur a difference that all of them show."""
    a, b = {0: 0.50, 1: 0.70, 2: 0.90}, {0: 0.49, 1: 0.69, 2: 0.89}
    assert judged(CLAIM, {"a": a, "b": b}).seen == "seen"
    assert judged(CLAIM, {"a": a, "b": {**b, 3: 0.99}}).difference == pytest.approx(0.01)


def test_the_interval_is_students() -> None:
    # The 97.5% quantile of Student's t with 2 degrees of freedom is 4.3027.
    low, high = interval([1.0, 2.0, 3.0]) or (0.0, 0.0)
    assert (low, high) == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-4)
    assert interval([1.0]) is None
