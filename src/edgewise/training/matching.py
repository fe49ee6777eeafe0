"""Which anchors stand for which boxes (SSD, section 2.2, "matching strategy")."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.ops import box_iou

NEGATIVE, UNUSED = -1, -2
"""For an anchor that shows background, and one that is not to be learnt from."""

OVERLAP = 0.5


def matched(anchors: Tensor, boxes: Tensor, unscored: Tensor) -> Tensor:
    """int64 `(anchors,)`: the box that each anchor stands for, `NEGATIVE` or `UNUSED`.

    `anchors` `(A, 4)` and `boxes` `(N, 4)` are left, top, right, bottom; `unscored` bool `(N,)`. An anchor stands for
    the box it overlaps most, if by half or more; every box has the anchor that overlaps it most, whatever that is. An
    anchor whose box is unscored teaches nothing.
    """
    found = torch.full((len(anchors),), NEGATIVE, dtype=torch.int64, device=anchors.device)
    if not len(boxes):
        return found
    overlaps = box_iou(boxes, anchors)
    best, which = overlaps.max(0)
    good = best >= OVERLAP
    found[good] = which[good]
    # In the order of the boxes, so that of two that want one anchor the later has it, as in torchvision's.
    closest = overlaps.argmax(1)
    found[closest] = torch.arange(len(boxes), device=anchors.device)
    found[(found >= 0) & unscored[found.clamp(min=0)]] = UNUSED
    return found
