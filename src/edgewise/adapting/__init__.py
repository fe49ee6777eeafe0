"""Networks made narrower: channel surgery that is right for every family, and NetAdapt on top of it."""

from edgewise.adapting.choose import chosen
from edgewise.adapting.labels import Labels, channel_labels
from edgewise.adapting.scores import magnitude, norm_scale, taylor
from edgewise.adapting.spaces import Space, Spaces
from edgewise.adapting.surgery import cut, remove

__all__ = [
    "Labels",
    "Space",
    "Spaces",
    "channel_labels",
    "chosen",
    "cut",
    "magnitude",
    "norm_scale",
    "remove",
    "taylor",
]
