"""`evaluate`: the scores of a model file or an artifact on data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgewise.data import ALL, SPLITS, BadImage, open_dataset
from edgewise.errors import EdgewiseError
from edgewise.training import Evaluation
from edgewise.verbs.checks import at_least, decoding_workers
from edgewise.verbs.naming import relabelled
from edgewise.verbs.resolve import existing, is_artifact, is_model_file, runtime_for


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The scores of `model` on the `images` of one split, with what files of the data were left out.

    `classes` are the model's, `images_per_class` how many images of each there were: the data may lack some, as
    `notes` then say in a sentence.
    """

    model: str
    data: str
    split: str
    images: int
    classes: tuple[str, ...]
    images_per_class: tuple[int, ...]
    scores: Evaluation
    skipped: tuple[BadImage, ...]
    notes: tuple[str, ...] = ()

    def per_class(self) -> dict[str, tuple[int, float]]:
        """For each class that occurs its number of images and its recall (for several labels: average precision)."""
        every = zip(self.classes, self.images_per_class, self.scores.per_class.tolist(), strict=True)
        return {name: (images, value) for name, images, value in every if images}


def evaluate(
    model: str | Path,
    data: str | Path,
    *,
    split: str = "test",
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    runtime: str | None = None,
    threads: int = 1,
    workers: int | None = None,
) -> Evaluated:
    """Scores `model`, a model file (in torch) or an artifact (in `runtime`, by default the one its ending tells), on
    the images of `data`'s `split`.

    `seed` divides data that does not come with splits; use the one of training. The split "all" takes every image,
    divided or not. Classes are matched by name, ImageNet's by WordNet id too, and the data may have only some of the
    model's; the scores are over all of the model's. Raises `EdgewiseError` when the data has classes that the model
    does not tell apart, or either cannot be read; `evaluate_scenes` is for models of boxes and masks.
    """
    at_least(0, {"seed": seed, "workers": workers})
    at_least(1, {"threads": threads})
    if split not in (*SPLITS, ALL):
        raise EdgewiseError(f"there is no split '{split}'; choose {', '.join(SPLITS)} or {ALL}")
    path = existing(model, "model")
    if is_artifact(path):
        from edgewise.deploy import read_artifact

        names, several = (card := read_artifact(path)).classes, card.multi_label
        task = card.task
    elif is_model_file(path):
        from edgewise.weights import read_card

        names, several = (card := read_card(path)).classes, card.multi_label
        task = card.architecture.task
    else:
        raise EdgewiseError(f"{path} is neither a model file (.safetensors) nor an artifact (.onnx, .pte); give one")
    if task != "classify":
        raise EdgewiseError(f"{path} gives boxes or masks, not classes; use edgewise.evaluate_scenes")
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root, only=split)
    if dataset.multi_label != several:
        says, gives = ("several labels", "one label") if dataset.multi_label else ("one label", "several labels")
        raise EdgewiseError(f"{dataset.source} has {says} an image and {path} gives {gives}; use data of its kind")
    images = relabelled(dataset.splits[split], dataset.classes, names, source=dataset.source, model=str(path))
    # A probability for each image and class is a fifth of a gigabyte for ImageNet, and nothing here asks for it.
    if is_artifact(path):
        from edgewise.deploy.scoring import evaluate_artifact

        scores = evaluate_artifact(
            path,
            images,
            runtime=runtime_for(path, runtime),
            threads=threads,
            workers=decoding_workers(workers),
            keep_probabilities=False,
        )
    else:
        from edgewise.training import evaluate as evaluate_network
        from edgewise.weights import load_model

        network, card = load_model(path)
        scores = evaluate_network(
            network, images, card.preprocessing, workers=decoding_workers(workers), keep_probabilities=False
        )
    # Files found to be damaged on the way are in no score, so they are not counted either.
    counts = images.labels.sum(0) if scores.confusion is None else scores.confusion.sum(1)
    note = f"{dataset.source} has images of {len(dataset.classes)} of the model's {len(names)} classes; "
    return Evaluated(
        model=str(path),
        data=dataset.source,
        split=split,
        images=len(images) if scores.confusion is None else int(scores.confusion.sum()),
        classes=tuple(names),
        images_per_class=tuple(np.asarray(counts, np.int64).tolist()),
        scores=scores,
        skipped=dataset.skipped,
        notes=(note + "it is scored among all of them",) if len(dataset.classes) < len(names) else (),
    )
