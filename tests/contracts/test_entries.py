"""Every entry of every catalog keeps its family's contract, from the day it is saved."""

import inspect
import itertools
import math
import os
import re

import numpy as np
import pytest
import safetensors.torch
import torch

from gancore import seeds
from gancore.catalog import BadKnob, knobs, shown
from gancore.config import ROLES, Config
from gancore.game.data import download, stored
from gancore.train.state import State
from gancore.train.trainer import Trainer
from tests.train.small import without_waiting

CATALOGS = {catalog.family: catalog for catalog in ROLES.values()}
ENTRIES = [(family, name) for family, catalog in CATALOGS.items() for name in catalog]
KNOBS = [(family, name, k) for family, name in ENTRIES for k in knobs(CATALOGS[family][name])]
KNOBS += [("run", "run", k) for k in knobs(Config)]
PAGES = {  # a game for each
    "line": {"data": "normal"},
    "plane": {"data": "ring", "noise.dim": 2},
    "digits": {"data": "digits", "noise.dim": 4},
}
PLAYED = 20  # iterations


def entry(family_and_name):
    return "-".join(str(getattr(part, "name", part)) for part in family_and_name)


def address(family):
    return next(role for role, catalog in ROLES.items() if catalog.family == family)


def small(settings):
    """These settings with a small batch, small networks and few steps ahead."""
    sizes = {"batch": 16} | ({"dynamics.k": 2} if settings.get("dynamics") in ("unrolled", "lookahead") else {})
    for role in ("g", "d"):
        choice = ROLES[role][settings.get(role, "mlp")]
        sizes |= {f"{role}.{k.name}": 8 for k in knobs(choice) if k.name in ("width", "channels")}
    return {**sizes, **settings}


def with_it(role, name):
    """A config in which this choice can be played: on the first page where it is not refused."""
    for page in PAGES.values():
        try:
            return Config.from_flat({**page, role: name})
        except BadKnob as refusal:
            assert "cannot be combined" in str(refusal)
    raise AssertionError(f"{role} = {name} is refused on every page")


def edges(k):
    """Values at the border of what a knob takes."""
    if k.kind == "choice":
        return k.choices
    if k.kind == "bool":
        return (False, True)
    return (k.default,) if k.kind in ("modes", "name") else (k.low, k.high)


@pytest.fixture(scope="module", autouse=True)
def own_sets(tmp_path_factory):
    """Sets of a user's own, under the names that their knobs start with, and nothing fetched from anywhere."""
    patch, home, random = pytest.MonkeyPatch(), tmp_path_factory.mktemp("own"), np.random.default_rng(0)
    patch.setattr(stored, "folder", lambda: home)
    patch.setattr(download, "fetch", already_fetched)
    stored.save("pictures", "mine", random.integers(0, 256, (60, 3, 8, 8), np.uint8))
    stored.save("points", "mine", random.normal(size=(60, 2)).astype(np.float32))
    yield
    patch.undo()


def already_fetched(name, md5, folder, *_):
    if not (folder / name).exists():
        pytest.skip(f"{name} is not here: GANSCOPE_DATA is {os.environ.get('GANSCOPE_DATA') or 'not set'}")
    return folder / name


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
@pytest.mark.parametrize("value", ["complete nonsense", None, [], {}, math.nan, 10**400])
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
    configs = [with_it(role, name)]
    for k in knobs(CATALOGS[family][name]):
        for value in edges(k):
            try:
                configs.append(configs[0].with_(f"{role}.{k.name}", value))
            except BadKnob:  # an edge that contradicts another knob, such as low above high
                continue
    for config in configs:
        assert Config.from_flat(config.to_query()) == config
        assert Config.from_json(config.to_json()) == config
        assert Config.from_toml(config.to_toml()) == config


SQUASHES = {"line": "linear", "plane": "linear", "dynamics": "linear", "images": "sigmoid"}  # of each page


@pytest.mark.parametrize("name", ROLES["data"])
def test_data_are_independent_draws_of_the_promised_shape(name):
    choice = ROLES["data"][name]()
    source = choice.open()
    assert choice.title and source.squash == SQUASHES[choice.page]
    x = source.sample(50, seeds.stream(1, "x"))
    assert x.shape == (50, math.prod(source.shape)) and x.dtype == torch.float32 and x.isfinite().all()
    assert torch.equal(x, source.sample(50, seeds.stream(1, "x")))
    assert choice.page == "dynamics" or not torch.equal(x, source.sample(50, seeds.stream(2, "x")))
    if choice.page != "images":
        assert len(source.shape) == 1 and source.scale > 0
        windows = {"line": lambda: [source.window], "plane": lambda: source.window, "dynamics": list}[choice.page]()
        assert all(low < high for low, high in windows)
        return
    assert x.min() >= 0 and x.max() <= 1 and source.shape == (source.channels, source.side, source.side)
    assert source.pixels.dtype == torch.uint8 and not source.labels.is_floating_point()
    assert source.pixels.shape == (len(source.labels), math.prod(source.shape))


@pytest.mark.parametrize("name", ROLES["noise"])
@pytest.mark.parametrize("dim", [1, 2, 7])
def test_noise_is_drawn_from_the_generator_it_is_given(name, dim):
    prior = ROLES["noise"].make(name, dim=dim)
    z = prior.sample(50, seeds.stream(1, "z"))
    assert z.shape == (50, dim) and z.dtype == torch.float32 and z.isfinite().all()
    assert torch.equal(z, prior.sample(50, seeds.stream(1, "z")))


# What each player may have to go between: noise to a number, a point of the plane, a picture; and each of these to a verdict.
ROUTES = [
    ((1,), (1,)),
    ((3,), (1,)),
    ((3,), (2,)),
    ((3,), (1, 8, 8)),
    ((2,), (1,)),
    ((1, 8, 8), (1,)),
    ((6, 9, 9), (1,)),
]


def drawn(choice, route, squash, name):
    return choice.build(*route, squash, seeds.stream(1, name))


@pytest.mark.parametrize("name", ROLES["g"])
@pytest.mark.parametrize("squash, low, high", [("linear", -math.inf, math.inf), ("sigmoid", 0, 1)])
def test_a_network_is_a_module_drawn_from_a_seed_or_says_where_it_cannot_go(name, squash, low, high):
    choice, open_routes = ROLES["g"][name](), 0
    for takes, gives in ROUTES:
        try:
            module, same, other = (drawn(choice, (takes, gives), squash, seed) for seed in ("w", "w", "v"))
        except BadKnob as refusal:
            assert str(takes) in str(refusal) and "give" in str(refusal)
            continue
        open_routes += 1
        y = module(torch.randn(5, math.prod(takes), generator=seeds.stream(1, "x")))
        assert y.shape == (5, math.prod(gives)) and (y >= low).all() and (y <= high).all()
        first, again, third = (torch.cat([p.flatten() for p in m.parameters()]) for m in (module, same, other))
        # A network of one weight starts where its knob says.
        assert torch.equal(first, again) and (len(first) == 1 or not torch.equal(first, third))
    assert open_routes


RULES = ("loss", "penalty", "constraint", "input", "schedule", "dynamics")


def singles():
    """Every choice of every role by itself on every page."""
    for page, game in PAGES.items():
        for role, catalog in ROLES.items():
            for name in catalog if role != "data" else ():
                yield pytest.param({**game, role: name}, id=f"{page}-{role}-{name}")
    for name in ROLES["data"]:
        yield pytest.param({"data": name}, id=f"data-{name}")


def pairs():
    """Games on the line in which every two rules meet, in about as few games as the two largest catalogs allow."""
    open_ = {
        frozenset([(r, a), (s, b)]) for r, s in itertools.combinations(RULES, 2) for a in ROLES[r] for b in ROLES[s]
    }
    open_ = {pair for pair in open_ if playable(dict(pair))}
    while open_:
        game = dict(min(open_, key=sorted))
        for role in RULES:
            if role not in game:
                won = {name: gain(game | {role: name}, open_) for name in ROLES[role] if playable(game | {role: name})}
                game[role] = max(won, key=won.get)
        open_ -= {frozenset(pair) for pair in itertools.combinations(game.items(), 2)}
        yield pytest.param(game, id="-".join(game[role] for role in RULES))


def gain(game, open_):
    return sum(frozenset(pair) in open_ for pair in itertools.combinations(game.items(), 2))


def playable(settings):
    try:
        return bool(Config.from_flat(settings))
    except BadKnob:
        return False


@pytest.mark.parametrize("settings", [*singles(), *pairs()])
def test_a_game_with_it_trains_and_its_state_goes_on_bit_for_bit(settings, monkeypatch):
    without_waiting(monkeypatch)
    try:
        config = Config.from_flat(small(settings))
    except BadKnob as refusal:
        assert "cannot be combined" in str(refusal) and ": " in str(refusal)
        return
    source = config.data.open()
    trainer = Trainer(config, source)
    rows = trainer.advance(PLAYED)
    assert rows.shape == (PLAYED, 6) and rows.isfinite().all()

    kept = safetensors.torch.load(safetensors.torch.save(trainer.state.tensors()))
    restored = Trainer(config, source, State.from_tensors(kept), engine="eager")  # every engine plays the same bits
    assert torch.equal(trainer.advance(PLAYED // 2), restored.advance(PLAYED // 2))
    after, again = trainer.state.tensors(), restored.state.tensors()
    assert after.keys() == again.keys() and all(torch.equal(after[name], again[name]) for name in after)
