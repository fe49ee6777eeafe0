"""Files of all sources: their networks' values come out of ours, and what is wrong with a file is said."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
from hub_server import Hub, Repository
from safetensors.torch import save_file

from edgewise.errors import EdgewiseError
from edgewise.papers import find
from edgewise.papers.form import Form
from edgewise.weights.foreign import Foreign, google, load_foreign, pretrained
from edgewise.weights.foreign.naming import modules
from random_weights import randomise


def agrees(foreign: Foreign, reference: torch.nn.Module, size: int) -> None:
    """The values on images of `size` pixels, which need not be those that the weights were trained on."""
    architecture = foreign.architecture.with_input(size, smallest_map=1)
    network = replace(foreign, architecture=architecture).network()
    x = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ours, theirs = network(x), reference.eval()(x)
    assert theirs.std() > 0.1
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * float(theirs.abs().max()))


@pytest.mark.parametrize(
    ("model", "theirs", "size"),
    [
        ("resnet18", "resnet18", 64),
        ("resnext50_32x4d", "resnext50_32x4d", 64),
        ("squeezenet1_1", "squeezenet1_1", 64),
        ("mobilenet_v2", "mobilenet_v2", 64),
        ("mobilenet_v3_small", "mobilenet_v3_small", 64),
        ("shufflenet_v2_0.5_torchvision", "shufflenet_v2_x0_5", 64),
        ("mnasnet_b1_0.5", "mnasnet0_5", 64),
        ("googlenet_bn", "googlenet", 96),
        ("inception_v3", "inception_v3", 96),
    ],
)
def test_torchvisions_state_dicts(model: str, theirs: str, size: int, tmp_path: Path) -> None:
    options = {"aux_logits": True, "init_weights": False} if theirs in ("googlenet", "inception_v3") else {}
    reference = torchvision.models.get_model(theirs, **options)
    randomise(reference, (3, size, size))
    path = tmp_path / "weights.pth"
    torch.save(reference.state_dict(), path)
    foreign = load_foreign(find(model), path)
    assert foreign.source == "torchvision"
    assert foreign.entry is None  # it does not have the file's name, so that nobody reported its accuracy
    agrees(foreign, reference, size)


@pytest.mark.parametrize(
    ("model", "theirs", "size", "like"),
    [
        ("mobilenet_v1", "mobilenetv1_100", 64, None),
        ("mobilenet_v2_0.5", "mobilenetv2_050", 64, None),
        ("mnasnet_a1", "semnasnet_100", 64, None),
        ("mnasnet_small", "mnasnet_small", 64, None),
        ("mobilenet_v3_small", "tf_mobilenetv3_small_100", 64, None),
        ("mobilenet_v3_small", "mobilenetv3_small_100", 64, "mobilenetv3_small_100.lamb_in1k"),
        ("mobilenet_v3_large_minimalistic", "tf_mobilenetv3_large_minimal_100", 75, None),
        ("se_resnet50", "legacy_seresnet50", 64, None),
        ("se_resnext50_32x4d", "legacy_seresnext50_32x4d", 64, None),
        ("xception", "legacy_xception", 71, None),
    ],
)
def test_timms_files(model: str, theirs: str, size: int, like: str | None, tmp_path: Path) -> None:
    reference = timm.create_model(theirs, pretrained=False)
    randomise(reference, (3, size, size))
    path = tmp_path / "model.safetensors"
    save_file(reference.state_dict(), path)
    foreign = load_foreign(find(model), path, like=like)
    assert foreign.source == "timm"
    agrees(foreign, reference, size)


def test_a_file_called_after_a_published_set_is_that_set(tmp_path: Path) -> None:
    reference = timm.create_model("mobilenetv3_small_100", pretrained=False)
    randomise(reference, (3, 64, 64))
    path = tmp_path / "mobilenetv3_small_100.lamb_in1k.safetensors"
    save_file(reference.state_dict(), path)
    foreign = load_foreign(find("mobilenet_v3_small"), path)
    assert foreign.entry is not None
    assert foreign.entry.name == "mobilenetv3_small_100.lamb_in1k"
    assert foreign.preprocessing.interpolation == "bicubic"
    agrees(foreign, reference, 64)


def test_wrapped_and_parallel_state_dicts_of_other_classes(tmp_path: Path) -> None:
    reference = torchvision.models.mobilenet_v3_small(num_classes=7)
    randomise(reference, (3, 64, 64))
    path = tmp_path / "checkpoint.tar"
    state = {f"module.{name}": tensor for name, tensor in reference.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state}, path)
    foreign = load_foreign(find("mobilenet_v3_small"), path)
    assert foreign.architecture.classes == 7
    agrees(foreign, reference, 64)


def keras_arrays(model: str) -> dict[str, np.ndarray]:
    """Random arrays under Keras's names and in its order of axes."""
    random = np.random.default_rng(0)
    architecture = google.form_of(find(model)).of(find(model))
    names = google.names(architecture)
    assert names is not None
    arrays: dict[str, np.ndarray] = {}
    for ours, theirs in zip(modules(architecture), names, strict=True):
        for module, layer in zip(ours, theirs, strict=True):
            for part, shape in module.parameters.items():
                if layer.endswith("_bn"):
                    word = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean"}.get(part)
                    arrays[f"{layer}/{word or 'moving_variance'}"] = random.uniform(0.5, 1.5, shape)
                elif part == "bias":
                    arrays[f"{layer}/bias"] = random.normal(size=shape)
                else:
                    kernel = random.normal(size=shape) * (2 / np.prod(shape[1:])) ** 0.5
                    kernel = kernel.reshape(*shape, *(1,) * (4 - len(shape)))
                    depthwise = "_dw_" in layer
                    order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
                    arrays[f"{layer}/{'depthwise_' * depthwise}kernel"] = kernel.transpose(order)
    return arrays


def test_kerass_arrays(tmp_path: Path) -> None:
    """TensorFlow is not here to run them: the first layers are computed by hand, with SAME padding."""
    arrays = keras_arrays("mobilenet_v1_0.25")
    path = tmp_path / "weights.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    foreign = load_foreign(find("mobilenet_v1_0.25"), path)
    assert foreign.source == "keras"
    assert foreign.preprocessing.mean == (0.5, 0.5, 0.5)
    assert foreign.architecture.norm.eps == 1e-3
    network = foreign.network()
    x = torch.randn(1, 3, 224, 224)
    first = network.forward_features(x, ["0", "1.depthwise"])

    def layer(x: torch.Tensor, kernel: str, norm: str, stride: int, groups: int) -> torch.Tensor:
        weight = torch.from_numpy(arrays[kernel]).float()
        weight = weight.permute(2, 3, 0, 1) if groups > 1 else weight.permute(3, 2, 0, 1)
        padded = torch.nn.functional.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))
        y = torch.nn.functional.conv2d(padded, weight, stride=stride, groups=groups)
        gamma, beta, mean, variance = (
            torch.from_numpy(arrays[f"{norm}/{part}"]).float()[None, :, None, None]
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return ((y - mean) / (variance + 1e-3).sqrt() * gamma + beta).clamp(0, 6)

    stem = layer(x, "conv1/kernel", "conv1_bn", 2, 1)
    torch.testing.assert_close(first["0"], stem, rtol=1e-4, atol=1e-4)
    depthwise = layer(stem, "conv_dw_1/depthwise_kernel", "conv_dw_1_bn", 1, 8)
    torch.testing.assert_close(first["1.depthwise"], depthwise, rtol=1e-4, atol=1e-4)


def test_kerass_hdf5(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    arrays = keras_arrays("mobilenet_v1_0.25")
    flat, nested = tmp_path / "weights.npz", tmp_path / "mobilenet_2_5_224_tf.h5"
    np.savez(flat, **arrays)  # type: ignore[arg-type]
    with h5py.File(nested, "w") as file:
        for name, array in arrays.items():
            layer, part = name.split("/")
            file.create_dataset(f"{layer}/{layer}/{part}:0", data=array)
    one, other = load_foreign(find("mobilenet_v1_0.25"), flat), load_foreign(find("mobilenet_v1_0.25"), nested)
    assert one.tensors.keys() == other.tensors.keys()
    assert all(np.array_equal(one.tensors[name], other.tensors[name]) for name in one.tensors)
    assert one.entry is None
    assert other.entry is not None


def test_a_folded_norm_is_the_identity_plus_the_bias(tmp_path: Path) -> None:
    """slim's MobileNet v2 with batch norm in its kernels, and a background class."""
    random = np.random.default_rng(0)
    architecture = google.form_of(find("mobilenet_v2")).of(find("mobilenet_v2"))
    names = google.names(architecture)
    assert names is not None
    arrays: dict[str, np.ndarray] = {}
    for ours, theirs in zip(modules(architecture), names, strict=True):
        for module, layer in zip(ours, theirs, strict=True):
            for part, shape in module.parameters.items():
                if layer.endswith("Conv2d_1c_1x1"):
                    arrays[f"9|conv|{layer}|{'kernel' if part == 'weight' else 'bias'}"] = random.normal(
                        size=(1, 1, 1280, 1001) if part == "weight" else (1001,)
                    )
                elif part == "weight" and len(shape) == 4:
                    kernel = random.normal(size=shape)
                    kernel = kernel[:, 0].transpose(1, 2, 0) if shape[1] == 1 else kernel.transpose(2, 3, 1, 0)
                    arrays[f"0|conv|{layer}|kernel"] = kernel
                    arrays[f"0|conv|{layer}|bias"] = random.normal(size=shape[:1])
    path = tmp_path / "folded.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    foreign = load_foreign(find("mobilenet_v2"), path)
    assert foreign.architecture.classes == 1000
    last = arrays["9|conv|MobilenetV2/Logits/Conv2d_1c_1x1|bias"]
    assert np.array_equal(foreign.tensors["19.classes.bias"], last[1:].astype(np.float32))
    x = torch.randn(1, 3, 224, 224)
    kernel = torch.from_numpy(arrays["0|conv|MobilenetV2/Conv|kernel"]).float().permute(3, 2, 0, 1)
    bias = torch.from_numpy(arrays["0|conv|MobilenetV2/Conv|bias"]).float()
    padded = torch.nn.functional.pad(x, (0, 1, 0, 1))
    stem = torch.nn.functional.conv2d(padded, kernel, bias, stride=2).clamp(0, 6)
    torch.testing.assert_close(foreign.network().forward_features(x, ["0"])["0"], stem, rtol=1e-4, atol=1e-4)


def test_forms() -> None:
    original = find("mobilenet_v1_0.25")
    released = Form(eps=0.5, padding="tf_same", relu="relu6").of(original)
    assert released.norm.eps == 0.5
    assert {getattr(row, "activation", "relu6") for row in released.rows[:-1]} == {"relu6"}
    assert released.name == original.name
    assert Form().of(original) == original


def test_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    network = find("mobilenet_v3_small")

    def said(name: str, content: bytes | None = None) -> str:
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(EdgewiseError) as raised:
            load_foreign(network, path)
        assert "\n" not in str(raised.value)
        return str(raised.value)

    assert "give a file that exists" in said("missing.pth")
    assert "is no file of weights; give one that ends in .safetensors" in said("weights.xyz", b"x")
    assert "is damaged" in said("cut.pth", b"PK\x03\x04 not a whole archive")
    assert "is damaged" in said("cut.npz", b"PK\x03\x04")
    assert "is damaged" in said("cut.safetensors", b"\x01")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pth")
    assert "more than tensors, which edgewise does not unpickle" in said("module.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    assert "holds no state dict but a list" in said("list.pth")
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / "resnet18.pth")
    message = said("resnet18.pth")
    assert "holds no weights of mobilenet_v3_small" in message
    assert "check that file and model belong together" in message


def test_a_relative_with_the_same_tensors_is_not_taken_for_the_network(tmp_path: Path) -> None:
    """torchvision's ResNet-50 has its stride in the 3×3: in the paper's network its weights would compute nonsense."""
    torch.save(torchvision.models.resnet50().state_dict(), tmp_path / "weights.pth")
    with pytest.raises(EdgewiseError, match="they are those of resnet50_v1_5, so name that network"):
        load_foreign(find("resnet50"), tmp_path / "weights.pth")
    torch.save(torchvision.models.mobilenet_v3_large().state_dict(), tmp_path / "weights.pth")
    with pytest.raises(EdgewiseError, match="they are those of mobilenet_v3_large, so name that network"):
        load_foreign(find("mobilenet_v3_large_relu"), tmp_path / "weights.pth")


def test_the_nearest_names_and_the_right_network_are_told(tmp_path: Path) -> None:
    state = torchvision.models.resnet50().state_dict()
    torch.save(state, tmp_path / "whole.pth")
    with pytest.raises(EdgewiseError, match="they are those of resnet50_v1_5, so name that network"):
        load_foreign(find("resnet18"), tmp_path / "whole.pth")
    del state["layer3.2.bn1.weight"]
    torch.save(state, tmp_path / "part.pth")
    with pytest.raises(EdgewiseError, match=r"by torchvision's names it holds no layer3\.2\.bn1\.weight; check"):
        load_foreign(find("resnet50_v1_5"), tmp_path / "part.pth")


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    state = torchvision.models.squeezenet1_1().state_dict()
    state["features.3.squeeze.bias"][2] = float("nan")
    torch.save(state, tmp_path / "nan.pth")
    with pytest.raises(EdgewiseError, match=r"2\.squeeze\.conv\.bias holds values that are not finite"):
        load_foreign(find("squeezenet1_1"), tmp_path / "nan.pth")


def test_offline_the_error_says_where_to_get_the_file_and_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", _no_network)
    with pytest.raises(EdgewiseError) as raised:
        load_foreign(find("mobilenet_v2"), "torchvision")
    url = "https://download.pytorch.org/models/mobilenet_v2-7ebf99e0.pth"
    assert f"get {url} elsewhere and put it at {tmp_path / 'checkpoints' / 'mobilenet_v2-7ebf99e0.pth'}" in str(
        raised.value
    )
    assert not list((tmp_path / "checkpoints").glob("*"))


def _no_network(*_: object, **__: object) -> None:
    raise OSError("the network is unreachable")


def test_a_cached_file_is_checked_against_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    reference = torchvision.models.mobilenet_v2()
    randomise(reference, (3, 64, 64))
    cached = tmp_path / "checkpoints" / "mobilenet_v2-7ebf99e0.pth"
    cached.parent.mkdir()
    torch.save(reference.state_dict(), cached)
    with pytest.raises(EdgewiseError, match=r"7ebf99e0\.pth is damaged: its SHA-256 does not begin with 7ebf99e0"):
        load_foreign(find("mobilenet_v2"), "torchvision")
    digest = hashlib.sha256(cached.read_bytes()).hexdigest()
    monkeypatch.setattr("edgewise.weights.foreign.fetching._sha256", lambda path: "7ebf99e0" + digest)
    foreign = load_foreign(find("mobilenet_v2"), "torchvision")
    assert foreign.entry is not None
    assert foreign.entry.top1 == pytest.approx(0.72154)
    agrees(foreign, reference, 64)


def test_timms_weights_come_from_the_hub(hub: Hub, tmp_path: Path) -> None:
    reference = timm.create_model("mobilenetv3_small_100", pretrained=False)
    randomise(reference, (3, 64, 64))
    save_file(reference.state_dict(), tmp_path / "made.safetensors")
    repository = Repository()
    repository.commit({"model.safetensors": (tmp_path / "made.safetensors").read_bytes()}, "weights")
    hub.repositories["timm/mobilenetv3_small_100.lamb_in1k"] = repository
    foreign = load_foreign(find("mobilenet_v3_small"), "mobilenetv3_small_100.lamb_in1k")
    agrees(foreign, reference, 64)
    with pytest.raises(EdgewiseError, match=r"tf_mobilenetv3_small_100.in1k are not in the cache .*; get http"):
        load_foreign(find("mobilenet_v3_small"), "timm")  # its best, which is not there


@pytest.mark.parametrize(
    ("model", "weights", "sentence"),
    [
        ("shufflenet_v1_g3", "timm", "timm publishes no weights for shufflenet_v1_g3; nobody that edgewise knows"),
        ("mobilenet_v1", "torchvision", "publishes no weights for mobilenet_v1; there are some from keras, timm"),
        ("resnet18", "torchvison", "there are no weights 'torchvison' for resnet18; did you mean torchvision?"),
        ("resnet18", "resnet18.a9_in1k", "did you mean resnet18.a1_in1k?"),
    ],
)
def test_weights_that_there_are_not(model: str, weights: str, sentence: str) -> None:
    with pytest.raises(EdgewiseError, match=sentence.replace("?", r"\?")):
        load_foreign(find(model), weights)


def test_pretrained_of_one_model() -> None:
    found = pretrained("mobilenet_v3_large")
    assert {entry.source for entry in found} == {"torchvision", "timm"}
    assert {entry.model for entry in found} == {"mobilenet_v3_large"}
