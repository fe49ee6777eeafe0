"""What finds boxes or masks in images: a model file, in torch, or an artifact in its runtime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from edgewise.blocks import Task
from edgewise.data import Preprocessing
from edgewise.deploy import read_artifact
from edgewise.deploy.scene_scoring import SceneArtifact
from edgewise.detection import Detections, anchor_boxes, selected
from edgewise.errors import EdgewiseError
from edgewise.verbs.resolve import existing, is_artifact, is_model_file, runtime_for


class SceneModel(Protocol):
    """For images `(N, 3, H, W)`, normalised as `preprocessing` says, the boxes or the class scores of the pixels."""

    @property
    def task(self) -> Task: ...

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def preprocessing(self) -> Preprocessing: ...

    def boxes(self, images: np.ndarray) -> Iterator[Detections]:
        """What is found in each image."""
        ...

    def scores(self, images: np.ndarray) -> Iterator[np.ndarray]:
        """Of each image `(K, H, W)`."""
        ...


def scene_model(model: str | Path, runtime: str | None, threads: int) -> SceneModel:
    """The model file or artifact `model`, which gives boxes or masks. Raises `EdgewiseError` where it is neither, or a
    runtime is named for a model file."""
    path = existing(model, "model")
    if is_artifact(path):
        return _Artifact(path, runtime_for(path, runtime), threads)
    if not is_model_file(path):
        raise EdgewiseError(f"{path} is neither a model file (.safetensors) nor an artifact (.onnx, .pte); give one")
    if runtime is not None:
        raise EdgewiseError(f"{path} is a model file, which runs in torch; leave --runtime out")
    return _ModelFile(path)


class _Artifact:
    def __init__(self, path: Path, runtime: str, threads: int) -> None:
        card = read_artifact(path)
        self.task: Task = card.task
        self.classes, self.preprocessing = card.classes, card.preprocessing
        self._artifact = SceneArtifact(path, card, runtime, threads=threads)

    def boxes(self, images: np.ndarray) -> Iterator[Detections]:
        return self._artifact.boxes(images)

    def scores(self, images: np.ndarray) -> Iterator[np.ndarray]:
        return self._artifact.scores(images)


class _ModelFile:
    def __init__(self, path: Path) -> None:
        from edgewise.weights import load_model

        self._network, card = load_model(path)
        self.task: Task = card.architecture.task
        self.classes, self.preprocessing = card.classes, card.preprocessing
        self._anchors = anchor_boxes(card.architecture) if self.task == "detect" else None

    def boxes(self, images: np.ndarray) -> Iterator[Detections]:
        assert self._anchors is not None
        for outputs in self._outputs(images):
            yield selected(outputs["output"], outputs["boxes"], self._anchors)

    def scores(self, images: np.ndarray) -> Iterator[np.ndarray]:
        for outputs in self._outputs(images):
            yield outputs["output"]

    def _outputs(self, images: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
        import torch

        for image in images:
            with torch.inference_mode():
                outputs = self._network.forward_outputs(torch.from_numpy(image)[None])
            yield {name: value[0].numpy() for name, value in outputs.items()}
