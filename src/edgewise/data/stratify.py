"""Dividing images between training, validation and test so that every class is in each as it is in the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edgewise.data.randomness import Purpose, permutation
from edgewise.errors import EdgewiseError


def counts(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """How many of `total` images of one class each held-out split of `shares` gets; training gets the rest.

    Rounded shares, but at least one image each for as long as one remains for training: of two images one is held
    out for the last-named split, of three one for each of two.
    """
    held: dict[str, int] = {}
    left = total - 1
    for name, share in reversed(list(shares.items())):
        held[name] = min(max(round(total * share), 1), max(left, 0))
        left -= held[name]
    return held


def check_shares(shares: Mapping[str, float]) -> None:
    """Raises EdgewiseError unless every share lies in (0, 1) and something remains to train on."""
    for name, share in shares.items():
        if not 0 < share < 1:
            raise EdgewiseError(f"{name} needs a share of the images between 0 and 1, not {share}")
    if sum(shares.values()) >= 1:
        raise EdgewiseError(f"{' and '.join(shares)} take all images; give them less than 1 together")


def stratified(labels: Sequence[Sequence[int]], shares: Mapping[str, float], seed: int) -> list[str]:
    """For each image the name of its split: one of `shares` (name to share of the images) or "train".

    labels: the class indices of each image; none, one or several.

    Classes are served from the rarest to the most frequent, and each of a class's images goes where that class
    still lacks most (the first order of Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label
    data", 2011). With one label an image this is plain stratification: every class gets exactly its `counts`.
    Depends only on the arguments; the draw is made by `seed`.
    """
    check_shares(shares)
    members: dict[int, list[int]] = {}
    for image in permutation(seed, Purpose.SPLIT, 0, len(labels)).tolist():
        for label in labels[image] or (-1,):  # images without any label are stratified as a class of their own
            members.setdefault(label, []).append(image)
    wanted = {label: counts(len(images), shares) for label, images in members.items()}
    for label, images in members.items():
        wanted[label]["train"] = len(images) - sum(wanted[label].values())
    chosen: list[str | None] = [None] * len(labels)
    for label in sorted(members, key=lambda label: (len(members[label]), label)):
        for image in members[label]:
            if chosen[image] is None:
                lacking = wanted[label]
                name = max(lacking, key=lambda name: lacking[name])
                chosen[image] = name
                for each in labels[image] or (-1,):
                    wanted[each][name] -= 1
    splits = [name or "train" for name in chosen]
    for images in members.values():
        # Where images share several rare labels, a class can miss training; what is not trained cannot be tested.
        if all(splits[image] != "train" for image in images):
            splits[images[0]] = "train"
    return splits


def membership(labels: Sequence[Sequence[int]], classes: int) -> np.ndarray:
    """float32 (N, classes): 1 where the image has the label."""
    hot = np.zeros((len(labels), classes), np.float32)
    for image, present in enumerate(labels):
        hot[image, list(present)] = 1
    return hot
