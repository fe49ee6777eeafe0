"""Images of several things: boxes around them, or the class of every pixel."""

from edgewise.data.scenes.annotations import BoxAnnotations, Boxes, MaskAnnotations, MaskFile
from edgewise.data.scenes.open import has_boxes, open_boxes, open_masks, task_of

__all__ = ["BoxAnnotations", "Boxes", "MaskAnnotations", "MaskFile", "has_boxes", "open_boxes", "open_masks", "task_of"]
