"""`evaluate`: the scores of a model file or an artifact on data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgewise.data import BadImage, open_dataset
from edgewise.data.dataset import SPLITS
from edgewise.errors import EdgewiseError
from edgewise.training import Evaluation
from edgewise.verbs.checks import at_least, decoding_workers
from edgewise.verbs.resolve import existing, is_artifact, is_model_file


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The scores of `model` on the `images` of one split, with the names of its classes, and what files of the data
    were left out."""

    model: str
    data: str
    split: str
    images: int
    classes: tuple[str, ...]
    scores: Evaluation
    skipped: tuple[BadImage, ...]


def evaluate(
    model: str | Path,
    data: str | Path,
    *,
    split: str = "test",
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    runtime: str = "onnxruntime",
    threads: int = 1,
    workers: int | None = None,
) -> Evaluated:
    """Scores `model`, a model file (in torch) or an artifact (in `runtime`), on the images of `data`'s `split`.

    `seed` divides data that does not come with splits; use the one of training. Raises `EdgewiseError` when the data's
    classes are not the model's, or either cannot be read.
    """
    at_least(0, {"seed": seed, "workers": workers})
    at_least(1, {"threads": threads})
    if split not in SPLITS:
        raise EdgewiseError(f"there is no split '{split}'; choose {', '.join(SPLITS)}")
    path = existing(model, "model")
    if is_artifact(path):
        from edgewise.deploy import read_artifact

        names = read_artifact(path).classes
    elif is_model_file(path):
        from edgewise.weights import read_card

        names = read_card(path).classes
    else:
        raise EdgewiseError(f"{path} is neither a model file (.safetensors) nor an artifact (.onnx); give one")
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root)
    images = dataset.splits[split]
    if tuple(dataset.classes) != tuple(names):
        odd = sorted(set(dataset.classes) ^ set(names))
        raise EdgewiseError(
            f"the classes of {dataset.source} are not those of {path}: {', '.join(map(str, odd[:5])) or 'order'}; "
            "evaluate on data with the classes the model was trained for"
        )
    if is_artifact(path):
        from edgewise.deploy.scoring import evaluate_artifact

        scores = evaluate_artifact(path, images, runtime=runtime, threads=threads, workers=decoding_workers(workers))
    else:
        from edgewise.training import evaluate as evaluate_network
        from edgewise.weights import load_model

        network, card = load_model(path)
        scores = evaluate_network(network, images, card.preprocessing, workers=decoding_workers(workers))
    return Evaluated(str(path), dataset.source, split, len(images), tuple(names), scores, dataset.skipped)
