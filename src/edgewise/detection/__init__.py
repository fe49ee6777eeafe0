"""From a detector's raw outputs to boxes in the image: anchors, decoding, suppression. numpy alone."""

from edgewise.detection.anchors import anchor_boxes
from edgewise.detection.coding import decoded, encoded
from edgewise.detection.overlap import iou
from edgewise.detection.selection import Detections, Selection, selected
from edgewise.detection.suppression import kept_by_nms

__all__ = [
    "Detections",
    "Selection",
    "anchor_boxes",
    "decoded",
    "encoded",
    "iou",
    "kept_by_nms",
    "selected",
]
