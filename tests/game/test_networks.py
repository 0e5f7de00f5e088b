"""Truths about the networks: what goes in and out, what they are made of, and what they refuse."""

from math import prod

import pytest
import torch
from torch import nn

from gancore import seeds
from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.game.networks import networks, pictures
from gancore.game.networks.bends import LargestPiece, Residual
from gancore.game.networks.pictures import Conv2d, ConvTranspose2d, sides
from gancore.game.player import Player
from tests.game.playing import DIGIT, KINDS, LINE, PICTURES, PLANE, built, kind, rows


@pytest.mark.parametrize("name, knobs", KINDS, ids=kind)
@pytest.mark.parametrize("picture", [DIGIT, (3, 28, 28)])
def test_pictures_are_drawn_and_judged(name, knobs, picture):
    torch.manual_seed(0)  # what dropout leaves out: now and then it would be all
    as_d = built(name, picture, (1,), **knobs)
    as_g = built(name, (5,), picture, "sigmoid", **{k: v for k, v in knobs.items() if k != "batch_layer"})
    drawn = as_g(rows(6, (5,)))
    assert drawn.shape == (6, prod(picture)) and (drawn > 0).all() and (drawn < 1).all()
    assert as_d(drawn).shape == (6, 1)
    first = next(as_g.parameters())
    assert torch.autograd.grad(as_d(drawn).sum(), first)[0].abs().sum() > 0, "D's slope reaches G's first layer"


@pytest.mark.parametrize("name", ["mlp", "maxout"])
@pytest.mark.parametrize("shape", [LINE, PLANE, (8,)])
def test_points_are_drawn_and_judged(name, shape):
    assert built(name, (3,), shape)(rows(4, (3,))).shape == (4, prod(shape))
    assert built(name, shape, (1,))(rows(4, shape)).shape == (4, 1)


@pytest.mark.parametrize("knobs", [{}, {"upsample": "resize"}, {"kernel": "3"}], ids=kind)
@pytest.mark.parametrize("picture", PICTURES, ids=str)
def test_dcgan_goes_through_the_halves_of_any_side(knobs, picture):
    colours, side, _ = picture
    seen = []
    as_g, as_d = built("dcgan", (5,), picture, **knobs), built("dcgan", picture, (1,), **knobs)
    for layer in [*as_g, *as_d]:
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            layer.register_forward_hook(lambda _, __, y: seen.append(tuple(y.shape[1:])))
    assert as_d(as_g(rows(2, (5,)))).shape == (2, 1)
    down = sides(side)
    n = len(down) - 1
    up = [(colours if i == 0 else 4 * 2 ** (i - 1), down[i], down[i]) for i in reversed(range(n))]
    assert seen == up + [(4 * 2**i, down[i + 1], down[i + 1]) for i in range(n)]


@pytest.mark.parametrize("name", ["dcgan", "resnet", "metz"])
def test_a_discriminator_of_packed_pictures_takes_more_channels(name):
    assert built(name, (3 * 2, 28, 28), (1,))(rows(4, (6, 28, 28))).shape == (4, 1)


@pytest.mark.parametrize("name", ["dcgan", "resnet", "metz"])
@pytest.mark.parametrize(
    "shapes", [(LINE, LINE), (PLANE, (1,)), ((3,), (64,)), ((5,), (1, 4, 4)), ((1, 8, 9), (1,))], ids=str
)
def test_what_is_no_picture_is_refused(name, shapes):
    with pytest.raises(BadKnob, match="cannot") as refusal:
        built(name, *shapes)
    assert "give" in str(refusal.value)


REFUSED = [
    ({"g": "dcgan"}, "give data of page images"),
    ({"d": "resnet", "data": "two-normals"}, "give data of page images"),
    ({"d": "dirac", "data": "digits"}, "one weight"),
    ({"g": "dirac", "noise.dim": 2}, "noise.dim = 1"),
    ({"g.norm": "batch", "batch": 1}, "batch of 2 or more"),
    ({"d.batch_layer": "deviation", "batch": 1}, "batch of 2 or more"),
    ({"g.batch_layer": "deviation"}, "g.batch_layer = none"),
    ({"d.batch_layer": "discrimination", "d.kernels": 100, "batch": 260}, "batch of 259 or less"),
]


@pytest.mark.parametrize("settings, reason", REFUSED, ids=kind)
def test_what_cannot_be_combined_is_refused_with_the_reason(settings, reason):
    with pytest.raises(BadKnob, match=reason):
        Config.from_flat(settings)


@pytest.mark.parametrize("name, knobs", KINDS, ids=kind)
def test_first_weights_come_from_the_seed_alone(name, knobs):
    before = torch.get_rng_state()
    weights = [Player(built(name, DIGIT, (1,), seed=seed, **knobs)).start for seed in (1, 1, 2)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert torch.equal(before, torch.get_rng_state())


def test_the_networks_of_2014_have_the_published_numbers_of_weights():
    g = networks.make("mlp", width=1200, init="uniform").build((100,), (1, 28, 28), "sigmoid", seeds.stream(0, "g"))
    d = networks["maxout"]().build((1, 28, 28), (1,), "linear", seeds.stream(0, "d"))
    count = [sum(p.numel() for p in module.parameters() if p.ndim > 1) for module in (g, d)]
    assert count == [2_500_800, 1_229_040]  # 2.50 M and 1.23 M
    assert max(p.abs().max() for p in g.parameters()) <= 0.05 and max(p.abs().max() for p in d.parameters()) <= 0.005
    assert [layer.p for layer in d if isinstance(layer, nn.Dropout)] == [0.2, 0.5, 0.5]


def test_the_networks_of_pacgan_are_built_as_published():
    g = networks.make("mlp", width=400, depth=4, norm="batch", init="normal-0.02", momentum=0.05)
    kinds = [nn.Linear, nn.BatchNorm1d, nn.ReLU] * 4 + [nn.Linear]
    module = g.build((2,), PLANE, "linear", seeds.stream(0, "g"))
    assert [type(layer) for layer in module] == kinds and module[1].momentum == 0.05
    assert [layer.bias is None for layer in module if isinstance(layer, nn.Linear)] == [True] * 4 + [False]
    d = networks.make("maxout", width=200, depth=3, dropout_in=0, dropout=0, init="normal-0.02")
    module = d.build((4,), (1,), "linear", seeds.stream(0, "d"))
    assert [type(layer) for layer in module] == [nn.Linear, LargestPiece] * 3 + [nn.Linear]
    assert not Player(module).random and module[2].weight.std().item() == pytest.approx(0.02, rel=0.02)


def test_the_networks_of_metz_are_built_as_published():
    picture = (3, 28, 28)
    g, d = built("metz", (256,), picture), built("metz", picture, (1,), channels=2)
    shapes = [
        tuple(layer.weight.shape) for layer in [*g, *d] if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
    ]
    up = [(4 * 4 * 64, 256), (64, 32, 3, 3), (32, 16, 3, 3), (16, 8, 3, 3), (3, 8, 3, 3)]
    assert shapes == [*up, (2, 3, 3, 3), (4, 2, 3, 3), (8, 4, 3, 3), (1, 8 * 4 * 4)]
    assert [sum(isinstance(layer, nn.BatchNorm2d) for layer in module) for module in (g, d)] == [4, 3]


def test_a_residual_network_starts_as_if_its_blocks_were_not_there():
    module, x = built("resnet", DIGIT, (1,), blocks=2), rows(3, DIGIT)
    blocks = [layer for layer in module if isinstance(layer, Residual)]
    assert len(blocks) == 4
    y = rows(2, (8, 4, 4)).view(2, 8, 4, 4)
    assert all(torch.equal(each(y), y) for each in blocks)
    std = blocks[0].f[0].weight.std().item()
    assert std == pytest.approx((2 / 8) ** 0.5 * 4**-0.25, rel=0.3)  # He's, times L^(-1/(2m-2)) with L = 4 and m = 3
    assert module(x).std() > 0


@pytest.mark.parametrize("shapes", [((3,), (1, 28, 28)), (PLANE, LINE)], ids=str)
def test_a_dirac_player_has_one_weight_and_refuses_what_needs_more(shapes):
    module = built("dirac", LINE, LINE, start=-2.5)
    assert [p.tolist() for p in module.parameters()] == [[[-2.5]]]
    assert module(torch.tensor([[2.0]])).item() == -5.0
    with pytest.raises(BadKnob, match="one weight"):
        built("dirac", *shapes)


class Source:
    """Pictures of which half the pixels are never lit."""

    def __init__(self, squash):
        self.squash = squash

    def sample(self, n, generator):
        return torch.tensor([0.0, 0.25]).repeat(n, 32)


@pytest.mark.parametrize("squash, dark", [("sigmoid", 1 / 510), ("linear", 0.0)])
def test_a_centred_generator_starts_at_the_mean_of_the_data(squash, dark):
    g = networks.make("mlp", centred=True, init="uniform", r=0.0001)
    module = g.build((5,), DIGIT, squash, seeds.stream(1, "w"))
    g.meet(module, Source(squash), seeds.stream(1, "data"))
    assert torch.allclose(module(rows(2, (5,))), torch.tensor([dark, 0.25]).repeat(2, 32), atol=1e-4)


class Centred(nn.Linear):
    """Somebody's own layer, of which nothing is kept for when it does not learn."""

    sees_batch = True

    def forward(self, x):
        return super().forward(x - x.mean(0))


@pytest.mark.parametrize(
    "module, parts",
    [
        (built("mlp", DIGIT, (1,), norm="batch"), [8, 8, 4]),
        (built("mlp", DIGIT, (1,), batch_layer="discrimination"), [8, 8, 4]),
        (built("dcgan", DIGIT, (1,)), [8, 8, 4]),
        (Centred(64, 1), [20]),
    ],
)
def test_outside_training_samples_are_looked_at_few_at_a_time_unless_they_see_each_other(module, parts):
    player, seen = Player(module), []
    module.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    weights, x = player.weights(player.start), rows(20, DIGIT)
    made = player.calmly(weights, player.buffers, x, 8)
    assert seen == parts
    torch.testing.assert_close(made, player(weights, player.buffers, x, training=False))


@pytest.mark.parametrize("ours, theirs", [(Conv2d, nn.Conv2d), (ConvTranspose2d, nn.ConvTranspose2d)])
def test_convolutions_give_the_same_numbers_with_their_channels_last(ours, theirs, monkeypatch):
    torch.manual_seed(0)
    one, x = ours(6, 8, 5, 2, 2), torch.randn(4, 6, 14, 14)
    other = theirs(6, 8, 5, 2, 2)
    other.load_state_dict(one.state_dict())
    made, right = one(x), other(x)
    torch.testing.assert_close(made, right)
    assert made.is_contiguous(memory_format=torch.channels_last) and right.is_contiguous()
    torch.testing.assert_close(
        *(torch.autograd.grad(y.square().sum(), c.weight)[0] for y, c in ((made, one), (right, other)))
    )
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pictures.channels_last(one.weight) is one.weight
