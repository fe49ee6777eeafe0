"""Networks made narrower: channel surgery that is right for every family, and NetAdapt on top of it."""

from edgewise.adapt.choose import chosen
from edgewise.adapt.labels import Labels, channel_labels
from edgewise.adapt.scores import magnitude, norm_scale, taylor
from edgewise.adapt.spaces import Space, Spaces
from edgewise.adapt.surgery import cut, remove

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
