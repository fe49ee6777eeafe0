"""Whose classes are whose: the data's labels as indices of the model's classes, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgewise.data import Split
from edgewise.errors import EdgewiseError
from edgewise.weights import imagenet


def relabelled(split: Split, named: Sequence[str], classes: Sequence[str], *, source: str, model: str) -> Split:
    """`split`, whose labels are indices into `named`, with labels that are indices into the model's `classes`.

    Classes are the same when they are called the same; a model with ImageNet's 1,000 classes also knows them by their
    WordNet ids. The data may lack classes of the model. Raises `EdgewiseError`, naming `source` and `model`, for labels
    that the model has no class for.
    """
    places = {name: index for index, name in enumerate(classes)}
    if set(classes) == set(imagenet.CLASSES):
        places |= {key: places[name] for key, name in imagenet.names_by_id().items()}
    several = split.labels.ndim == 2
    occurring = np.flatnonzero(split.labels.any(0)) if several else np.unique(split.labels)
    odd = [named[index] for index in occurring.tolist() if named[index] not in places]
    if odd:
        more = f" and {len(odd) - 5} more" if len(odd) > 5 else ""
        raise EdgewiseError(
            f"the classes of {source} are not those of {model}: {', '.join(odd[:5])}{more}; "
            "evaluate on data with classes the model was trained for"
        )
    to = np.array([places.get(name, -1) for name in named], np.int64)
    if not several:
        return replace(split, labels=to[split.labels])
    labels = np.zeros((len(split), len(classes)), split.labels.dtype)
    labels[:, to[occurring]] = split.labels[:, occurring]
    return replace(split, labels=labels)
