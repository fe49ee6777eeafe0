"""A network with its tensors to one ExecuTorch file: lowered to XNNPACK, in floating point or quantised to int8."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edgewise.deploy.artifact import ArtifactCard, exportable, metadata_of, write_with_card
from edgewise.deploy.fold import Tensors, folded
from edgewise.deploy.rewrites import PLAIN, rewritten
from edgewise.devices import installed_runtime
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture


def export_executorch(
    architecture: Architecture,
    tensors: Tensors,
    path: Path,
    *,
    card: ArtifactCard | None = None,
    images: np.ndarray | None = None,
    form: str = PLAIN,
) -> Path:
    """Writes `architecture` with `tensors` to `path` for batches of one image, and its card beside it
    (`NAME.pte.json`); returns `path`.

    Given `images` `(N, C, H, W)`, normalised float32, the artifact is quantised to int8 after training by torchao's
    PT2E: weights with a scale per output channel, activations in the ranges that they have on the images. What XNNPACK
    has not in int8 (h-swish, average pools) stays in float.

    The input is float32 `(1, C, H, W)`, normalised; where the card says `normalise_inside` it is uint8 pixels. The
    first output is float32 `(1, classes)`; those that rows emit follow, except those that only help to train.
    `form` as in `export_onnx`. Takes seconds: ExecuTorch's passes trace the network some thirty times.

    Raises `EdgewiseError` when executorch is not installed or cannot lower the network, tensors are missing, too many
    or of the wrong shape, the card does not fit the architecture, or there are no images of its shape.
    """
    installed_runtime("executorch")
    graph, constants = folded(architecture.graph, exportable(architecture, tensors, card))
    graph, constants = rewritten(graph, constants, form)
    if images is not None and (len(images) == 0 or images.shape[1:] != architecture.input):
        raise EdgewiseError(
            f"{architecture.name} is quantised on one image or more of shape {architecture.input}; the array of images "
            f"has the shape {images.shape}"
        )
    try:
        with _quiet():
            # Here, because they import torch, which whoever exports to ONNX need not wait for.
            from edgewise.deploy.pt2e import quantised
            from edgewise.deploy.xnnpack import Normalised, lowered, module_for_xnnpack

            module = module_for_xnnpack(graph, constants)
            if images is not None:
                module = quantised(module, images)
            inside = card is not None and card.normalise_inside
            if card is not None and inside:
                module = Normalised(module, card.preprocessing)
            content = lowered(module, (1, *architecture.input), pixels=inside)
    except Exception as error:  # the tools raise of many kinds
        reason = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
        raise EdgewiseError(f"executorch cannot export {architecture.name}: {reason}") from error
    write_with_card(path, content, metadata_of(architecture, card))
    return path


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the tools' warnings and log lines, which are for their makers, and the handler that one of them puts on
    the root logger."""
    disabled, handlers = logging.root.manager.disable, logging.root.handlers[:]
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        logging.root.handlers[:] = handlers
