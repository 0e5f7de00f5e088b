"""Every entry of every catalog keeps its family's contract, from the day it is saved."""

import inspect
import math
import os
import re

import pytest
import safetensors.torch
import torch

from gancore import seeds
from gancore.catalog import BadKnob, knobs, shown
from gancore.config import ROLES, Config
from gancore.game.data import archive, download
from gancore.train.state import State
from gancore.train.trainer import Trainer

CATALOGS = {catalog.family: catalog for catalog in ROLES.values()}
ENTRIES = [(family, name) for family, catalog in CATALOGS.items() for name in catalog]
KNOBS = [(family, name, k) for family, name in ENTRIES for k in knobs(CATALOGS[family][name])]
KNOBS += [("run", "run", k) for k in knobs(Config)]
SMALL = {"batch": 16, "g.width": 8, "d.width": 8}
PLAYED = 20  # iterations


def entry(family_and_name):
    return "-".join(str(getattr(part, "name", part)) for part in family_and_name)


def address(family):
    return next(role for role, catalog in ROLES.items() if catalog.family == family)


def edges(k):
    """Values at the border of what a knob takes."""
    if k.kind == "choice":
        return k.choices
    if k.kind == "bool":
        return (False, True)
    return (k.default,) if k.kind == "modes" else (k.low, k.high)


def opened(choice):
    """The data, if it can be had without a network."""
    known = {"mnist": archive.MNIST, "fashion-mnist": archive.FASHION_MNIST}
    if choice.name in known and not known[choice.name]._in_user_folder("train"):
        folder = download.cache_folder() / choice.name
        if not all((folder / f"{name}.gz").exists() for name in archive.FILES[:2]):
            pytest.skip(f"{choice.name} is not here: GANSCOPE_DATA is {os.environ.get('GANSCOPE_DATA') or 'not set'}")
    return choice.open()


@pytest.mark.parametrize("which", ENTRIES, ids=entry)
def test_an_entry_tells_its_source_and_its_point(which):
    family, name = which
    choice = CATALOGS[family][name]
    assert choice.name == name and re.fullmatch(r"[a-z0-9]+(-[a-z0-9.]+)*", name)
    first = inspect.getdoc(choice).splitlines()[0]
    assert first.endswith((".", "?")) and re.search(r"\b(1[789]|20)\d\d\b", first), f"{name}: which paper, which year?"
    assert "(" not in first or not first.startswith(f"{choice.__name__}("), f"{name}: that docstring is the dataclass's"


@pytest.mark.parametrize("which", KNOBS, ids=entry)
def test_a_knob_has_help_and_a_range_that_holds_its_default(which):
    _, _, k = which
    assert k.help and not k.help.endswith(".")
    assert k.parse(k.default) == k.default
    if k.kind in ("int", "float"):
        assert k.low < k.high and math.isfinite(k.low) and math.isfinite(k.high)
        assert not k.log or k.low > 0, "a logarithmic slider needs a range above 0"


@pytest.mark.parametrize("which", KNOBS, ids=entry)
@pytest.mark.parametrize("value", ["nonsense", None, [], {}, math.nan, 10**400])
def test_a_knob_refuses_what_it_cannot_use(which, value):
    family, name, k = which
    make = Config if family == "run" else CATALOGS[family][name]
    with pytest.raises(BadKnob) as refusal:
        make(**{k.name: value})
    assert shown(value) in str(refusal.value) and k.accepts in str(refusal.value)


@pytest.mark.parametrize("which", ENTRIES, ids=entry)
def test_an_entry_goes_round_through_link_json_and_toml(which):
    family, name = which
    role = address(family)
    configs = [Config().with_(role, name)]
    for k in knobs(CATALOGS[family][name]):
        for value in edges(k):
            try:
                configs.append(Config.from_flat({role: name, f"{role}.{k.name}": value}))
            except BadKnob:  # an edge that contradicts another knob, such as low above high
                continue
    for config in configs:
        assert Config.from_flat(config.to_query()) == config
        assert Config.from_json(config.to_json()) == config
        assert Config.from_toml(config.to_toml()) == config


@pytest.mark.parametrize("name", ROLES["data"])
def test_data_are_independent_draws_of_the_promised_shape(name):
    choice = ROLES["data"][name]()
    source = opened(choice)
    assert choice.page in ("line", "images") and choice.title
    assert source.squash == {"line": "linear", "images": "sigmoid"}[choice.page]
    x = source.sample(50, seeds.stream(1, "x"))
    assert x.shape == (50, *source.shape) and x.dtype == torch.float32 and x.isfinite().all()
    assert torch.equal(x, source.sample(50, seeds.stream(1, "x")))
    assert not torch.equal(x, source.sample(50, seeds.stream(2, "x")))
    if choice.page == "line":
        low, high = source.window
        assert low < high and source.scale > 0
        return
    assert x.min() >= 0 and x.max() <= 1 and source.shape == (source.side**2,)
    assert source.pixels.dtype == source.labels.dtype == torch.uint8
    assert source.pixels.shape == (len(source.labels), *source.shape)


@pytest.mark.parametrize("name", ROLES["noise"])
@pytest.mark.parametrize("dim", [1, 2, 7])
def test_noise_is_drawn_from_the_generator_it_is_given(name, dim):
    prior = ROLES["noise"].make(name, dim=dim)
    z = prior.sample(50, seeds.stream(1, "z"))
    assert z.shape == (50, dim) and z.dtype == torch.float32 and z.isfinite().all()
    assert torch.equal(z, prior.sample(50, seeds.stream(1, "z")))


@pytest.mark.parametrize("name", ROLES["g"])
@pytest.mark.parametrize("squash, low, high", [("linear", -math.inf, math.inf), ("sigmoid", 0, 1)])
def test_a_network_is_a_module_drawn_from_a_seed(name, squash, low, high):
    build = ROLES["g"][name]().build
    module = build((3,), (64,), squash, seeds.stream(1, "w"))
    same, other = build((3,), (64,), squash, seeds.stream(1, "w")), build((3,), (64,), squash, seeds.stream(2, "w"))
    y = module(torch.randn(5, 3, generator=seeds.stream(1, "x")))
    assert y.shape == (5, 64) and (y >= low).all() and (y <= high).all()
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), same.parameters()))
    assert not all(torch.equal(a, b) for a, b in zip(module.parameters(), other.parameters()))


def variations():
    """A game for every data set, and on the line one for every choice of every role and every pair of rules."""
    for name in ROLES["data"]:
        for dynamic in ROLES["dynamics"]:
            yield {"data": name, "dynamics": dynamic}
    for role in ("noise", "g", "d", "g_opt", "d_opt"):
        for name in ROLES[role]:
            yield {role: name}
    for loss in ROLES["loss"]:
        for penalty in ROLES["penalty"]:
            for constraint in ROLES["constraint"]:
                for dynamic in ROLES["dynamics"]:
                    yield {"loss": loss, "penalty": penalty, "constraint": constraint, "dynamics": dynamic}


@pytest.mark.parametrize("settings", list(variations()), ids=lambda settings: "-".join(settings.values()))
def test_a_game_with_it_trains_and_its_state_goes_on_bit_for_bit(settings):
    config = Config.from_flat({**SMALL, **settings})
    source = opened(config.data)
    trainer = Trainer(config, source)
    rows = trainer.advance(PLAYED)
    assert rows.shape == (PLAYED, 6) and rows.isfinite().all()

    kept = safetensors.torch.load(safetensors.torch.save(trainer.state.tensors()))
    restored = Trainer(config, source, State.from_tensors(kept))
    assert torch.equal(trainer.advance(PLAYED), restored.advance(PLAYED))
    after, again = trainer.state.tensors(), restored.state.tensors()
    assert after.keys() == again.keys() and all(torch.equal(after[name], again[name]) for name in after)
