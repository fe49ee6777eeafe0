"""A set of trained weights that somebody else has published."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgewise.data.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from edgewise.papers.form import Form

Triple = tuple[float, float, float]

HALF: Triple = (0.5, 0.5, 0.5)
"""Mean and deviation of networks that take pixels from -1 to 1: TensorFlow's."""


@dataclass(frozen=True)
class Pretrained:
    """Weights for the zoo's `model`, which their source calls `name`.

    `top1` and `top5` are the accuracies on ImageNet's validation images that the source reports, as shares of one;
    None where it reports none. `url` is a file's address, `hub` a repository of the Hugging Face hub with a
    `model.safetensors`; weights of which both are missing have to be had by hand. `form` is what the network differs
    in from the zoo's. The rest is the preprocessing they were evaluated with.
    """

    source: str
    name: str
    model: str
    size: int = 224
    crop: float = 0.875
    interpolation: str = "bilinear"
    mean: Triple = IMAGENET_MEAN
    std: Triple = IMAGENET_STD
    top1: float | None = None
    top5: float | None = None
    url: str = ""
    hub: str = ""
    form: Form = field(default_factory=Form)

    @property
    def preprocessing(self) -> Preprocessing:
        """The path from an image to the network's input."""
        return Preprocessing(self.size, self.size, self.mean, self.std, self.crop, self.interpolation)

    @property
    def hub_page(self) -> str:
        """The repository's address; empty for weights that are not on the hub."""
        return f"https://huggingface.co/{self.hub}" if self.hub else ""
