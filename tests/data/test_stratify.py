from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.data.stratify import counts, stratified
from edgewise.errors import EdgewiseError

SHARES = {"val": 0.1, "test": 0.2}
shares = st.tuples(st.floats(0.01, 0.45), st.floats(0.01, 0.45)).map(lambda each: dict(zip(SHARES, each, strict=True)))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=200), shares, st.integers(0, 2**63))
def test_every_class_is_divided_by_its_counts(labels, shares, seed):
    splits = stratified([(label,) for label in labels], shares, seed)
    assert len(splits) == len(labels)
    got = Counter(zip(labels, splits, strict=True))
    for label, total in Counter(labels).items():
        wanted = counts(total, shares)
        for name, share in shares.items():
            assert got[label, name] == wanted[name]
            if total >= 10:
                assert abs(got[label, name] - share * total) <= 1
        assert got[label, "train"] >= 1
        assert total < 2 or got[label, "test"] >= 1
        assert total < 3 or got[label, "val"] >= 1


@given(st.lists(st.sets(st.integers(0, 5), max_size=4), min_size=4, max_size=80), shares, st.integers(0, 99))
def test_with_several_labels_every_class_is_trained(labels, shares, seed):
    present = [tuple(sorted(each)) for each in labels]
    splits = stratified(present, shares, seed)
    trained = {label for each, name in zip(present, splits, strict=True) if name == "train" for label in each}
    assert trained == {label for each in present for label in each}
    assert set(splits) <= {"train", "val", "test"}


def test_the_seed_decides():
    labels = [(index % 3,) for index in range(60)]
    assert stratified(labels, SHARES, 1) == stratified(labels, SHARES, 1)
    assert stratified(labels, SHARES, 1) != stratified(labels, SHARES, 2)


def test_several_labels_are_each_divided_about_right():
    labels = [tuple(label for label in range(4) if index % (label + 2) == 0) for index in range(600)]
    splits = stratified(labels, SHARES, 0)
    for label in range(4):
        mine = [name for each, name in zip(labels, splits, strict=True) if label in each]
        assert abs(mine.count("test") / len(mine) - 0.2) < 0.05
        assert abs(mine.count("val") / len(mine) - 0.1) < 0.05


@pytest.mark.parametrize("bad", [{"val": 0.0}, {"val": 1.0}, {"val": 0.5, "test": 0.5}, {"test": -0.1}])
def test_impossible_shares(bad):
    with pytest.raises(EdgewiseError):
        stratified([(0,)] * 10, bad, 0)
