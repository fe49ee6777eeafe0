"""Every published set: its names and shapes are those of the other library's network, its facts are the library's."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import timm
import torch
import torchvision

from edgewise.papers import find
from edgewise.weights.foreign import Pretrained, pretrained
from edgewise.weights.foreign import timm as timms
from edgewise.weights.foreign import torchvision as torchvisions
from edgewise.weights.foreign.naming import NotTheirsError, Tensors
from edgewise.weights.shapes import tensor_shapes


def torchvisions_module(name: str) -> torch.nn.Module:
    if name in ("googlenet", "inception_v3"):
        return torchvision.models.get_model(name, weights=None, aux_logits=True, init_weights=False)
    return torchvision.models.get_model(name, weights=None)


def shapes_of(module: torch.nn.Module) -> Tensors:
    """Zeros in the shapes of a state dict, without memory."""
    zero = np.zeros((), np.float32)
    return {name: np.broadcast_to(zero, tuple(tensor.shape)) for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize("model", torchvisions.COUNTERPARTS)
def test_torchvisions_names(model: str) -> None:
    with torch.device("meta"):
        theirs = shapes_of(torchvisions_module(torchvisions.COUNTERPARTS[model]))
    architecture = torchvisions.form_of(find(model)).of(find(model))
    names = torchvisions.names(architecture)
    assert names is not None
    made = torchvisions.convert(architecture, names, theirs)
    assert {name: tensor.shape for name, tensor in made.items()} == tensor_shapes(architecture.graph)


@pytest.mark.parametrize("entry", timms.pretrained(), ids=lambda entry: entry.name)
def test_timms_names_and_preprocessing(entry: Pretrained) -> None:
    with torch.device("meta"):
        theirs = shapes_of(timm.create_model(entry.name.partition(".")[0]))
    architecture = entry.form.of(find(entry.model))
    names = timms.names(architecture)
    assert names is not None
    made = timms.convert(architecture, names, theirs)
    assert {name: tensor.shape for name, tensor in made.items()} == tensor_shapes(architecture.graph)
    facts = timm.get_pretrained_cfg(entry.name)
    assert facts is not None
    ours = entry.preprocessing
    assert (3, ours.height, ours.width) == facts.input_size
    assert (ours.mean, ours.std) == (facts.mean, facts.std)
    assert (ours.crop, ours.interpolation) == (facts.crop_pct, facts.interpolation)
    assert entry.hub == (facts.hf_hub_id or "")
    if not entry.hub:
        assert entry.url.rpartition("/")[2] == str(facts.url).rpartition("/")[2]


@pytest.mark.parametrize("name", ["resnet18.IMAGENET1K_V1", "mobilenet_v2.IMAGENET1K_V2", "googlenet.IMAGENET1K_V1"])
def test_preprocessing_gives_torchvisions_pixels(name: str) -> None:
    """Its transform, and for GoogLeNet what the network then does to its input, against ours on a photograph."""
    entry = next(entry for entry in torchvisions.pretrained() if entry.name == name)
    network, _, tag = name.partition(".")
    weights = torchvision.models.get_model_weights(network)[tag]
    picture = np.random.default_rng(0).integers(0, 256, (300, 411, 3), np.uint8)
    theirs = weights.transforms()(PIL.Image.fromarray(picture))
    if network == "googlenet":
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        theirs = (theirs * std[:, None, None] + mean[:, None, None] - 0.5) / 0.5
    ours = torch.from_numpy(entry.preprocessing.apply(picture))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-6)


def test_googlenet_and_inception_convert_pixels_inside_torchvisions_network() -> None:
    """Why their entries have mean and deviation of one half: torchvision's builders turn this on with weights."""
    for module in (torchvision.models.GoogLeNet, torchvision.models.Inception3):
        network = module(transform_input=True, aux_logits=False, init_weights=False)
        x = torch.rand(1, 3, 80, 80)
        mean = torch.tensor([0.485, 0.456, 0.406])[None, :, None, None]
        std = torch.tensor([0.229, 0.224, 0.225])[None, :, None, None]
        torch.testing.assert_close(network._transform_input((x - mean) / std), (x - 0.5) / 0.5)


def test_every_entry_has_an_address_and_a_network() -> None:
    entries = pretrained()
    assert len(entries) > 80
    assert len({(entry.source, entry.name, entry.model) for entry in entries}) == len(entries)
    for entry in entries:
        assert bool(entry.url) != bool(entry.hub)
        assert find(entry.model).name == entry.model
        assert entry.top1 is not None
        assert 0.3 < entry.top1 < (entry.top5 or 0.99) < 1


def test_tensors_that_nobody_reads_are_not_passed_over() -> None:
    architecture = find("resnet18")
    with torch.device("meta"):
        theirs = shapes_of(torchvision.models.resnet18())
    names = torchvisions.names(architecture)
    assert names is not None
    torchvisions.convert(architecture, names, theirs)
    with pytest.raises(NotTheirsError, match=r"it also holds layer5\.0\.conv1\.weight"):
        torchvisions.convert(architecture, names, {**theirs, "layer5.0.conv1.weight": np.zeros(3, np.float32)})
