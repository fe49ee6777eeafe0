"""Any torch module counted: our networks against their graphs in every column, everything else by hand or by torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.flop_counter import FlopCounterMode

from edgewise import EdgewiseError
from edgewise.costs import Amounts, Profile, count, profile
from edgewise.nn import Network
from edgewise.papers import find, names
from variants import structures


def amounts(name: str, size: int | None = None, bytes_per_element: int = 4) -> tuple[dict[str, Amounts], Amounts, int]:
    """By kind, in total, and the peak, from the graph; kinds that cost nothing are left out."""
    architecture = find(name) if size is None else find(name).with_input(size)
    costs = count(architecture, bytes_per_element=bytes_per_element)
    kinds = {kind: Amounts.of(cost, bytes_per_element) for kind, cost in costs.by_kind().items() if any(cost)}
    return kinds, Amounts.of(costs.total, bytes_per_element), costs.peak_activation_bytes


def plain_names() -> list[str]:
    """Auxiliary classifiers have parameters that a deployed network has not."""
    return [name for name in names() if "auxiliary" not in name]


def on_meta(name: str) -> Profile:
    architecture = find(name)
    with torch.device("meta"):
        return profile(Network(architecture), torch.empty(1, *architecture.input))


@pytest.mark.parametrize("name", structures(plain_names()))
def test_a_network_costs_what_its_graph_does(name: str) -> None:
    found = on_meta(name)
    assert (found.kinds, found.total, found.peak_activation_bytes) == amounts(name)
    assert found.uncounted == ()
    assert sum(line.multiply_adds for line in found.lines) == found.multiply_adds
    assert sum(line.parameters for line in found.lines) == found.parameters
    assert sum(line.bytes_read + line.bytes_written for line in found.lines) == found.bytes_read + found.bytes_written


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2_0.5", "resnet18"])
def test_running_on_the_cpu_channels_last_gives_the_same(name: str) -> None:
    network = Network(find(name).with_input(64)).to(memory_format=torch.channels_last)
    image = torch.randn(1, 3, 64, 64).contiguous(memory_format=torch.channels_last)
    found = profile(network, image)
    assert (found.kinds, found.total, found.peak_activation_bytes) == amounts(name, 64)


def test_bytes_are_those_of_the_types() -> None:
    with torch.device("meta"):
        found = profile(Network(find("mobilenet_v2")).half(), torch.empty(1, 3, 224, 224, dtype=torch.half))
    assert (found.kinds, found.total, found.peak_activation_bytes) == amounts("mobilenet_v2", bytes_per_element=2)


def test_counts_are_for_the_input_as_it_is() -> None:
    with torch.device("meta"):
        network = Network(find("mobilenet_v2"))
        one, four = (profile(network, torch.empty(n, 3, 224, 224)) for n in (1, 4))
    assert four.multiply_adds == 4 * one.multiply_adds
    assert four.parameters == one.parameters
    assert four.bytes_written == 4 * one.bytes_written
    assert four.inputs == ((4, 3, 224, 224),)


def test_auxiliary_classifiers_are_parameters_that_nothing_uses() -> None:
    found = on_meta("googlenet_auxiliary")
    kinds, total, _ = amounts("googlenet_auxiliary")
    unused = found.kinds.pop("unused")
    assert found.kinds == kinds
    assert unused == Amounts(parameters=found.parameters - total.parameters)
    assert unused.parameters > 0
    assert sum(line.parameters for line in found.lines) == found.parameters


class Functional(nn.Module):
    """Everything by functions: no module would be seen doing any of it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 4, 3, 3))
        self.scale = nn.Parameter(torch.randn(10, 16))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(F.conv2d(x, self.weight, padding=1))
        y = torch.cat([y, F.hardswish(y)], 1)
        y = F.adaptive_avg_pool2d(y, 1) + F.adaptive_max_pool2d(y, 1)
        return F.linear(torch.flatten(y, 1), self.scale)


def test_functions_are_counted_like_modules() -> None:
    found = profile(Functional(), torch.randn(1, 4, 6, 5))
    assert found.kinds == {
        "conv 3×3": Amounts(30 * 8 * 36, 288, 0, 4 * (120 + 288), 4 * 240),
        "activation": Amounts(elements=2 * 240),
        "concat": Amounts(bytes_read=4 * 480, bytes_written=4 * 480),
        "pool": Amounts(elements=2 * 480, bytes_read=4 * 960, bytes_written=4 * 32),
        "add": Amounts(elements=16, bytes_read=4 * 32, bytes_written=4 * 16),
        "linear": Amounts(160, 160, 0, 4 * (16 + 160), 4 * 10),
    }
    (line,) = found.lines
    assert (line.row, line.output) == ("Functional", (1, 10))
    assert line.description == "conv 3×3, activation, concat, pool, add, linear"


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, call: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.call = call

    def forward(self, x: Tensor) -> Tensor:
        return self.call(x)


@pytest.mark.parametrize(
    ("call", "kind", "expected"),
    [
        (lambda x: F.adaptive_avg_pool2d(x, (3, 5)), "pool", Amounts(0, 0, 120, 480, 4 * 60)),
        # Sides of 6 and 5 in 4 and 2 windows: 2 + 2 + 2 + 2 rows, 3 + 3 columns.
        (lambda x: F.adaptive_avg_pool2d(x, (4, 2)), "pool", Amounts(0, 0, 4 * 8 * 6, 480, 4 * 32)),
        (lambda x: F.max_pool2d(x, 3, 2), "pool", Amounts(0, 0, 4 * 2 * 2 * 9, 480, 4 * 16)),
        (lambda x: x.mean((2, 3)), "pool", Amounts(0, 0, 120, 480, 16)),
        (lambda x: x.sum(1), "reduce", Amounts(0, 0, 120, 480, 4 * 30)),
        (lambda x: F.local_response_norm(x, 5), "response norm", Amounts(0, 0, 600, 480, 480)),
        (lambda x: x * torch.sigmoid(x), "activation", Amounts(elements=120)),
        (lambda x: x * F.hardsigmoid(x), "activation", Amounts(elements=120)),
        (lambda x: F.silu(x, inplace=True), "activation", Amounts(elements=120)),
        (lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), "resize", Amounts(0, 0, 0, 480, 4 * 480)),
        (lambda x: F.interpolate(x, size=(12, 10), mode="bilinear"), "resize", Amounts(0, 0, 4 * 480, 480, 4 * 480)),
        (lambda x: F.pad(x, (1, 1, 1, 1)), "pad", Amounts(0, 0, 0, 480, 4 * 224)),
        (lambda x: x.permute(0, 2, 3, 1).contiguous(), "shuffle", Amounts(0, 0, 0, 480, 480)),
        (lambda x: x[:, [3, 1, 0, 2]], "shuffle", Amounts(0, 0, 0, 480, 480)),
        (lambda x: F.softmax(x, 1), "softmax", Amounts(0, 0, 120, 480, 480)),
        (lambda x: F.layer_norm(x, (6, 5)), "layer norm", Amounts(0, 0, 120, 480, 480)),
        (lambda x: F.instance_norm(x), "instance norm", Amounts(0, 0, 120, 480, 480)),
        (lambda x: F.group_norm(x, 2), "group norm", Amounts(0, 0, 120, 480, 480)),
        (lambda x: x.pow(2), "element-wise", Amounts(0, 0, 120, 480, 480)),
        (lambda x: x / 2, "multiply", Amounts(0, 0, 120, 480, 480)),
    ],
)
def test_one_op_by_hand(call: Callable[[Tensor], Tensor], kind: str, expected: Amounts) -> None:
    """On 4 channels of 6×5 cells, 480 bytes."""
    found = profile(Call(call), torch.randn(1, 4, 6, 5))
    assert found.kinds == {kind: expected}
    assert found.uncounted == ()


def test_views_and_what_only_weights_need_are_free() -> None:
    def call(x: Tensor) -> Tensor:
        table = torch.arange(6.0).reshape(6, 1).expand(6, 5).sin()
        return (x.transpose(2, 3).transpose(2, 3).unsqueeze(0)[0].flatten(2).view(1, 4, 6, 5).chunk(2, 1)[0]) + table

    found = profile(Call(call), torch.randn(1, 4, 6, 5))
    assert found.kinds == {"add": Amounts(0, 0, 60, 4 * (60 + 30), 4 * 60)}


def test_padding_belongs_to_the_window_that_reads_it() -> None:
    convolution = nn.Conv2d(4, 4, 3, bias=False)
    padded = profile(nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), convolution), torch.randn(1, 4, 6, 5))
    assert padded.kinds["conv 3×3"] == Amounts(5 * 4 * 4 * 36, 144, 0, 4 * (120 + 144), 4 * 80)
    assert padded.kinds["pad"] == Amounts()
    assert padded.peak_activation_bytes == 4 * (120 + 80)


@pytest.mark.parametrize(
    ("module", "shape", "kind"),
    [
        (nn.Conv1d(6, 4, 3), (2, 6, 9), "conv 3"),
        (nn.Conv3d(3, 4, (1, 3, 3)), (1, 3, 4, 5, 6), "conv 1×3×3"),
        (nn.Conv3d(4, 4, 3, groups=4), (1, 4, 4, 5, 6), "depthwise 3×3×3"),
        (nn.ConvTranspose2d(6, 4, 2, stride=2), (1, 6, 5, 5), "transposed conv 2×2"),
        (nn.ConvTranspose2d(6, 6, 4, stride=2, groups=6), (1, 6, 5, 5), "transposed depthwise 4×4"),
        (nn.ConvTranspose2d(6, 4, 3, stride=2, groups=2), (1, 6, 5, 5), "transposed grouped 3×3"),
        (nn.Linear(8, 3), (2, 5, 8), "linear"),
        (nn.Linear(8, 3, bias=False), (8,), "linear"),
        (Call(lambda x: x @ x.transpose(1, 2)), (2, 5, 8), "matmul"),
        (Call(lambda x: torch.einsum("nij,nkj->nik", x, x)), (2, 5, 8), "matmul"),
    ],
)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_multiply_adds_of_other_products(module: nn.Module, shape: tuple[int, ...], kind: str, device: str) -> None:
    module, given = deepcopy(module).to(device), torch.randn(shape, device=device)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        result = module(given)
    found = profile(module, given)
    assert found.uncounted == ()
    assert found.kinds[kind].multiply_adds == found.multiply_adds == counter.get_total_flops() // 2 > 0
    assert found.bytes_written == 4 * result.numel()
    assert found.kinds[kind].parameters == sum(parameter.numel() for parameter in module.parameters())
    with_weights = found.parameters + given.numel() if found.parameters else 2 * given.numel()
    assert found.bytes_read == 4 * with_weights


@pytest.mark.parametrize(
    "name", ["resnext50_32x4d", "densenet121", "efficientnet_v2_s", "vit_b_16", "swin_t", "convnext_tiny", "maxvit_t"]
)
def test_networks_of_others(name: str) -> None:
    with torch.device("meta"):
        module, image = torchvision.models.get_model(name).eval(), torch.empty(1, 3, 224, 224)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(image)
    found = profile(module, image)
    assert found.multiply_adds == counter.get_total_flops() // 2
    assert found.parameters == sum(parameter.numel() for parameter in module.parameters())
    assert found.uncounted == ()
    assert {line.row for line in found.lines} <= {name for name, _ in module.named_modules()} | {type(module).__name__}


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_attention_and_its_fast_path(device: str) -> None:
    """For inference torch would run one op for the whole layer, of which it could not tell the multiply-adds."""
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, device=device)
    tokens, width, hidden = 10, 32, 64
    found = profile(layer, torch.randn(2, tokens, width, device=device))
    projections, feed_forward = 2 * tokens * 4 * width * width, 2 * 2 * tokens * width * hidden
    assert found.multiply_adds == projections + feed_forward + 2 * (2 * tokens * tokens * width)
    assert found.uncounted == ()
    assert torch.backends.mha.get_fastpath_enabled()


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize(("kind", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)])
def test_recurrent_layers(kind: type[nn.LSTM], gates: int, device: str) -> None:
    layer = kind(16, 8, num_layers=2, bidirectional=True, device=device)
    found = profile(layer, torch.randn(5, 3, 16, device=device))
    each = gates * 8 * (16 + 8) * 2  # two directions; the second layer reads both, again 16 values
    assert found.multiply_adds == 5 * 3 * 2 * each
    assert found.uncounted == ()


class Deformed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.offsets = nn.Conv2d(4, 18, 3)
        self.deform = torchvision.ops.DeformConv2d(4, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.deform(x, self.offsets(x))


def test_what_nobody_can_count_is_named() -> None:
    found = profile(Deformed(), torch.randn(1, 4, 8, 8))
    assert found.uncounted == ("torchvision.deform_conv2d",)
    assert found.multiply_adds == 36 * 18 * 36
    assert found.parameters == 18 * 36 + 18 + 4 * 36 + 4
    assert profile(nn.Bilinear(3, 4, 5), (torch.randn(2, 3), torch.randn(2, 4))).uncounted == ("aten._trilinear",)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.second = nn.Linear(8, 8)
        self.second.weight = self.first.weight
        self.again = self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.again(self.second(self.first(x)))


def test_shared_parameters_count_once() -> None:
    found = profile(Tied(), torch.randn(1, 8))
    assert found.parameters == 64 + 8 + 8
    assert found.multiply_adds == 3 * 64
    assert [(line.row, line.parameters) for line in found.lines] == [("first", 72), ("second", 8)]


def test_weights_made_of_weights_count_where_they_are_used() -> None:
    module = torch.nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 6, 3))
    found = profile(module, torch.randn(1, 4, 5, 5))
    assert found.kinds["conv 3×3"].parameters == found.parameters == 6 * 36 + 6 + 6
    assert found.total == found.kinds["conv 3×3"]


def test_lines_are_modules_in_the_order_they_run() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.BatchNorm2d(4)
            self.first = nn.Conv2d(4, 4, 3, padding=1, bias=False)
            self.never = nn.Linear(2, 3)
            self.drop = nn.Dropout()

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(self.drop(self.last(self.first(x))) + x)

    found = profile(nn.Sequential(Block()), torch.randn(1, 4, 5, 5))
    assert [(line.row, line.output, line.parameters) for line in found.lines] == [
        ("0.first", (1, 4, 5, 5), 144),
        ("0.last", (1, 4, 5, 5), 8),
        ("0.drop", (1, 4, 5, 5), 0),
        ("0", (1, 4, 5, 5), 0),
        ("0.never", (), 9),
    ]
    assert found.lines[0].description.startswith("Conv2d(4, 4, kernel_size=(3, 3)")
    assert found.lines[3].description == "add, activation"
    assert found.lines[4].description == "unused"


@pytest.mark.parametrize("failing", [False, True])
def test_the_module_is_left_as_it_was(failing: bool) -> None:
    """Modes part by part, statistics, hooks, gradients, torch's own switches; also when it fails on the way."""
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(144, 2))
    module[1].eval()
    seen: list[bool] = []
    module[2].register_forward_hook(lambda part, given, result: seen.append(part.training))
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    hooks = [len(part._forward_hooks) for part in module.modules()]
    if failing:
        with pytest.raises(EdgewiseError):
            profile(module, torch.randn(1, 3, 9, 9))
    else:
        profile(module, torch.randn(1, 3, 8, 8))
    assert [part.training for part in module.modules()] == [True, True, False, True, True, True]
    assert seen == [False]
    assert [len(part._forward_hooks) for part in module.modules()] == hooks
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())
    assert not torch.nn.modules.module._global_forward_hooks
    assert not torch.nn.modules.module._global_forward_pre_hooks
    assert torch.is_grad_enabled()
    assert module(torch.randn(1, 3, 8, 8)).requires_grad


def test_modules_that_switch_to_inference_themselves() -> None:
    class Switches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
            self.head = nn.Linear(4, 5)

        def forward(self, x: Tensor) -> Tensor:
            with torch.inference_mode():
                return self.head(self.body(x).mean((2, 3)))

    module, image = Switches(), torch.randn(1, 3, 8, 8)
    plain = profile(nn.Sequential(module.body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), module.head), image)
    assert profile(module, image).kinds == plain.kinds


@pytest.mark.parametrize(
    ("module", "given", "said"),
    [
        (nn.Conv2d(3, 4, 3), torch.zeros(1, 4, 8, 8), "Conv2d cannot run on an input of shape 1×4×8×8: "),
        (nn.Linear(3, 4), (torch.zeros(1, 3), torch.zeros(2)), "Linear cannot run on an input of shape 1×3 and 2: "),
        (nn.LazyConv2d(4, 3), torch.zeros(1, 3, 8, 8), "run it once before"),
        (nn.Linear(3, 4), [1, 2], "a tensor or a tuple of tensors"),
        (find("resnet18"), torch.zeros(1, 3, 8, 8), "not Architecture; count architectures with count"),
    ],
)
def test_errors_are_sentences(module: nn.Module, given: Tensor, said: str) -> None:
    with pytest.raises(EdgewiseError) as caught:
        profile(module, given)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_torch_is_imported_when_profile_is_used_and_not_before() -> None:
    script = (
        "import sys, edgewise.costs\n"
        "assert 'torch' not in sys.modules\n"
        "assert callable(edgewise.costs.profile) and 'torch' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
