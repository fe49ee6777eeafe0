import torch
from small_task import SmallNetwork

from edgewise.training.averaging import WeightAverage


def test_weights_and_statistics_are_averaged_and_counts_copied() -> None:
    network = SmallNetwork()
    average = WeightAverage(network, decay=0.5)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1.0)
        network.get_buffer("norm.running_mean").add_(2.0)
        network.get_buffer("norm.num_batches_tracked").add_(3)
    average.update(step=100)
    after = average.network.state_dict()
    torch.testing.assert_close(after["stem.weight"], before["stem.weight"] + 0.5)
    torch.testing.assert_close(after["norm.running_mean"], before["norm.running_mean"] + 1.0)
    assert after["norm.num_batches_tracked"] == 3


def test_the_first_steps_forget_quickly() -> None:
    network = SmallNetwork()
    average = WeightAverage(network, decay=0.9999)
    start = network.classes.bias.detach().clone()
    with torch.no_grad():
        network.classes.bias.add_(1.0)
    average.update(step=0)
    torch.testing.assert_close(average.network.get_parameter("classes.bias").data, start + 0.9)
    assert not any(parameter.requires_grad for parameter in average.network.parameters())
