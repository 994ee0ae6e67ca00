"""airbench94 in PyTorch: the network, its start, augmentation, optimizer and training.

PyTorch is several gigabytes with what it brings along, so the requirements leave it out, and
without it these tests are skipped. With ``REQUIRE_TORCH=1``, as in the nightly workflow, they fail
instead. What the benchmark does with any contender is tested in the files beside this one.
"""

import importlib.util
import os

import numpy as np
import pytest

from cifarlib import Cifar10, load_cifar10
from cifarlib.layers import CHANNEL_DEVIATIONS, CHANNEL_MEANS

if importlib.util.find_spec("torch") is None:
    if os.environ.get("REQUIRE_TORCH") == "1":
        raise RuntimeError("REQUIRE_TORCH=1, but PyTorch is not installed (the extra torch)")
    pytest.skip("PyTorch is not installed (the extra torch)", allow_module_level=True)

import torch

from cifarlib.bench import torch_network as network_of
from cifarlib.bench import torch_training as training

# Few convolutions with few images: one thread is quicker, and leaves the other tests theirs
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def images():
    return load_cifar10().x_train[:500]


@pytest.fixture
def network(images):
    torch.manual_seed(0)
    return network_of.build(images)


def of_images(images):
    return network_of.normalized(torch.from_numpy(images).permute(0, 3, 1, 2))


def test_size_is_the_published_one(network):
    """1.97 M, by layer: whitening 24 x (12 + 1), six convolutions, their biases, the last layer."""
    convolutions = 9 * (24 * 64 + 64 * 64 + 64 * 256 + 3 * 256 * 256)
    norms = 2 * (64 + 256 + 256)
    learned = sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert learned == 24 + convolutions + norms + 2560
    total = sum(p.numel() for p in network.parameters())
    assert total == learned + 288 + norms and round(total / 1e6, 2) == 1.97


def test_shapes_of_the_groups(network, images):
    x = of_images(images[:2])
    assert x.is_contiguous(memory_format=torch.channels_last)
    shapes = []
    for layer in network.eval():
        x = layer(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes[0] == (24, 31, 31)
    assert [shapes[place] for place in (8, 15, 22)] == [(64, 15, 15), (256, 7, 7), (256, 3, 3)]
    assert shapes[-1] == (10,)


def test_the_first_layer_whitens(network, images):
    """12 uncorrelated values of size 1, the weakest a little less, and their negatives."""
    with torch.no_grad():
        x = network[0](of_images(images)).permute(0, 2, 3, 1).reshape(-1, 24).double().numpy()
    moments = x[:, :12].T @ x[:, :12] / len(x)
    off = moments - np.diag(np.diag(moments))
    assert np.abs(off).max() < 1e-3
    np.testing.assert_allclose(np.diag(moments)[:6], 1, atol=0.1)
    assert (np.diag(moments) <= 1.001).all() and (np.diag(moments) > 0.1).all()
    np.testing.assert_allclose(x[:, 12:], -x[:, :12], atol=1e-4)


def test_convolutions_pass_their_channels_through_at_the_start(network):
    convolutions = [m for m in network if isinstance(m, torch.nn.Conv2d)][1:]
    assert len(convolutions) == 6
    for layer in convolutions:
        x = torch.randn(1, layer.in_channels, 5, 5)
        with torch.no_grad():
            y = layer(x)
            rest = layer.weight[layer.in_channels :]
        torch.testing.assert_close(y[:, : layer.in_channels], x)
        bound = (9 * layer.in_channels) ** -0.5
        assert not len(rest) or 0.9 * bound < rest.abs().max() <= bound


def test_augmentation_is_that_of_numpy(images):
    chosen, places = torch.tensor([3, 0, 7]), torch.tensor([[0, 2, 4], [4, 2, 1]])
    mirror = torch.tensor([True, True, False, False, True, True, True, False])
    borders = training.padded(images[:8])
    found = training.augmented(borders, chosen, places, mirror).permute(0, 2, 3, 1).numpy()
    around = np.pad(images[:8], ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    wanted = [
        around[3, 0:32, 4:36],
        around[0, 2:34, 2:34][:, ::-1],
        around[7, 4:36, 1:33],
    ]
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(found[1], images[0][:, ::-1])  # the middle is the image itself


def test_values_are_normalized_as_for_keras(images):
    found = of_images(images[:4]).permute(0, 2, 3, 1).numpy()
    wanted = (images[:4] - np.array(CHANNEL_MEANS)) / np.array(CHANNEL_DEVIATIONS)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_rate_is_a_triangle():
    found = [training.rate(step, 100, training.Settings()) for step in (0, 23, 100)]
    np.testing.assert_allclose(found, [0.2, 1, 0.07])
    assert training.rate(10, 100, training.Settings()) == pytest.approx(0.2 + 0.8 * 10 / 23)


def test_biases_of_norms_learn_64_times_as_fast_and_decay_alike(network):
    rest, biases = training.optimizer(network, training.Settings()).param_groups
    assert (rest["lr"], biases["lr"]) == (1.5, 96)
    assert rest["lr"] * rest["weight_decay"] == pytest.approx(1.996e-3)
    assert biases["lr"] * biases["weight_decay"] == pytest.approx(1.996e-3)
    norms = [m for m in network if isinstance(m, torch.nn.BatchNorm2d)]
    assert {id(p) for p in biases["params"]} == {id(m.bias) for m in norms}
    ids = {id(p) for p in rest["params"]}
    assert id(network[0].bias) in ids and id(network[0].weight) not in ids
    assert not any(id(m.weight) in ids for m in norms)


def test_a_mix_goes_part_of_the_way_and_takes_the_statistics_along(network):
    slow = [value.clone() for value in training.averaged(network)]
    before = [value.clone() for value in slow]
    with torch.no_grad():
        for value in training.averaged(network):
            value.add_(1)
    training.mix(network, slow, 0.75)
    assert len(slow) == 2 + 6 + 6 * 4 + 1  # whitening, convolutions, norms, the last layer
    for old, kept, new in zip(before, slow, training.averaged(network), strict=True):
        torch.testing.assert_close(kept, old + 0.25)
        torch.testing.assert_close(new, kept)


def test_six_views_are_weighted(images):
    """A network that only looks at one pixel shows which pixels its views have there."""

    class Corner(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return x[:, :, 0, 0]

    found = network_of.logits(Corner(), images[:3])
    x = (images[:3] - np.array(CHANNEL_MEANS)) / np.array(CHANNEL_DEVIATIONS)
    moved = x[:, 1, 1] + x[:, 1, -2] + x[:, 1, 1] + x[:, 1, -2]  # reflected, or one pixel in
    wanted = (0.25 * (x[:, 0, 0] + x[:, 0, -1]) + 0.125 * moved) / 9
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_it_learns_and_the_whitening_stays(network, images, precision):
    labels = load_cifar10().y_train[:200]
    kernel, losses = network[0].weight.clone(), []
    settings = training.Settings(epochs=7.5, batch_size=50, learning_rate=0.1, whitening_epochs=1)
    training.train(network, images[:200], labels, settings, precision, losses.append)
    assert len(losses) == 30
    assert np.mean(losses[-4:]) < np.mean(losses[:4]) - 0.2
    assert torch.equal(network[0].weight, kernel)
    assert network[0].bias.abs().max() > 0 and not network[0].bias.requires_grad
    assert all(p.dtype == torch.float32 for p in network.parameters())
    norms = [m for m in network if isinstance(m, torch.nn.BatchNorm2d)]
    assert all((m.weight == 1).all() and m.bias.abs().max() > 0 for m in norms)


def test_what_is_left_of_an_epoch_is_not_used_and_the_last_one_may_be_a_part(network, images):
    losses = []
    settings = training.Settings(epochs=1.5, batch_size=8)
    training.train(network, images[:39], np.zeros(39, int), settings, after_step=losses.append)
    assert len(losses) == 6  # four whole batches in an epoch


@pytest.mark.parametrize("pace", [False, True])
def test_measured_as_any_contender(images, monkeypatch, pace):
    monkeypatch.setattr(training, "QUICK_BATCH", 10)
    labels = load_cifar10().y_train[:60]
    data = Cifar10(images[:60], labels, images[60:80], labels[:20])
    found = training.measure(data, "float32", 0, quick=True, pace=pace)
    assert (found["epochs"], found["batch_size"]) == (1, 10)
    assert found["seconds"] > 0 and found["cpu_seconds"] > 0
    if pace:
        assert found["images"] == 30 and len(found["step_seconds"]) == 3
    else:
        assert 0 < found["training"] < found["seconds"] and 0 <= found["accuracy"] <= 1
