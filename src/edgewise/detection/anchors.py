"""The anchors of a detector as boxes: where its outputs are relative to."""

from __future__ import annotations

import numpy as np

from edgewise.blocks import SSD, AnchorMap
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture


def anchor_boxes(architecture: Architecture) -> np.ndarray:
    """float32 `(anchors, 4)`: centre x, centre y, width and height as shares of the image, in the order of the outputs:
    map by map, cell by cell in the order of reading. Raises `EdgewiseError` where the network is no detector."""
    head = architecture.rows[-1] if architecture.rows else None
    if not isinstance(head, SSD):
        raise EdgewiseError(f"{architecture.name} does not end in a detector's head; it has no anchors")
    graph = architecture.graph
    place = len(architecture.rows) - 1
    image = architecture.input[1:]
    maps = [graph.nodes[graph.index(f"{place}.boxes{number}")].shape[1:] for number in range(len(head.anchors))]
    return np.concatenate([_of_map(one, cells, image) for one, cells in zip(head.anchors, maps, strict=True)])


def _of_map(one: AnchorMap, cells: tuple[int, ...], image: tuple[int, ...]) -> np.ndarray:
    # In single precision from here on, as the frameworks that weights come from compute them.
    (height, width) = (side / one.step for side in image) if one.step else cells
    ys = ((np.arange(cells[0], dtype=np.float32) + 0.5) / height).astype(np.float32)
    xs = ((np.arange(cells[1], dtype=np.float32) + 0.5) / width).astype(np.float32)
    sizes = np.array([(anchor.width, anchor.height) for anchor in one.anchors], np.float32)
    boxes = np.empty((cells[0], cells[1], len(sizes), 4), np.float32)
    boxes[..., 0] = xs[None, :, None]
    boxes[..., 1] = ys[:, None, None]
    boxes[..., 2:] = sizes
    return boxes.reshape(-1, 4)
