"""Truths about configs: every way in and out is the same config, and nothing bad gets in."""

import pytest

from gancore import presets
from gancore.catalog import BadKnob
from gancore.config import LIVE_ROLES, ROLES, Config, find, live

EVERY_WAY = {
    "link": lambda config: Config.from_flat(config.to_query()),
    "json": lambda config: Config.from_json(config.to_json()),
    "toml": lambda config: Config.from_toml(config.to_toml()),
    "flat": lambda config: Config.from_flat(config.flat()),
}
SOME = {
    "defaults": Config(),
    **{name: presets.load(name).config for name in presets.names()},
    "modes": Config.from_flat({"data": "mixture", "data.modes": "1:-3:0.5,2:0:0.25", "seed": 7, "g_opt.lr": "0.0003"}),
}


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("which", SOME)
def test_every_way_out_leads_back_in(which, way):
    assert EVERY_WAY[way](SOME[which]) == SOME[which]


def test_a_part_leaves_the_rest_as_it_was():
    base = Config.from_flat({"g_opt.beta1": 0.0, "batch": 64})
    part = Config.from_toml('[d_opt]\nchoice = "sgd"\n', base)
    assert part.d_opt.name == "sgd"
    assert (part.g_opt, part.batch) == (base.g_opt, 64)


def test_a_role_named_anew_starts_from_its_own_defaults_and_named_again_stays():
    base = Config.from_flat({"g_opt.lr": 0.5})
    assert base.with_("g_opt", "sgd").g_opt.lr == 0.05
    assert base.with_("g_opt", "adam").g_opt.lr == 0.5


def test_order_does_not_matter():
    assert Config.from_flat({"loss.goal": 0.5, "loss": "least-squares"}).loss.goal == 0.5


def test_differences_lead_from_one_to_the_other():
    for one in SOME.values():
        for other in SOME.values():
            assert Config.from_flat(one.differences(other), one) == other


BAD = {
    "colour": "red", "data": "nromal", "data.mean": "far", "data.name": "x", "data.self": 1, "data.": 1, "": 1,
    ".": 1, "g.width": 0, "g.width.x": 1, "batch": 0, "batch.x": 1, "seed": -1, "d_opt.lr": "nan", "loss": ["minimax"],
    "noise": None, "dynamics.k": 1.5, "data.modes": "1:2:3", "G": "mlp", "penalty": {}, "g_opt": 3,
}  # fmt: skip


@pytest.mark.parametrize("address", BAD)
def test_a_bad_setting_is_refused_by_name(address):
    with pytest.raises(BadKnob) as refusal:
        Config.from_flat({address: BAD[address]})
    assert "\n" not in str(refusal.value)
    assert ":" in str(refusal.value)  # what would do stands behind it


BAD_TOML = [
    "data = ",
    "data = [1]",
    "[data]\nchoice = 3",
    "[data]\nchoice = {a = 1}",
    "[data]\nmean = [1]",
    "[data.mean]\nx = 1",
    "[[data]]\nmean = 1",
    "seed = 1.5",
    "seed = 1979-05-27",
    "batch = true",
    "a.b.c = 1",
    'title = "no setting"',
]


@pytest.mark.parametrize("source", BAD_TOML)
def test_bad_toml_is_refused(source):
    with pytest.raises(BadKnob):
        Config.from_toml(source)


@pytest.mark.parametrize(
    "source", ["", "{", "3", "[]", "null", '{"data": {}}', '{"seed": NaN}', '{"data": ["normal"]}']
)
def test_bad_json_is_refused(source):
    with pytest.raises(BadKnob):
        Config.from_json(source)


def test_choices_that_contradict_themselves_are_refused():
    with pytest.raises(BadKnob, match="low"):
        Config.from_flat({"data": "uniform", "data.low": 3, "data.high": 2})


def test_live_says_what_acts_without_a_restart():
    line, plane = (presets.load(page).config for page in ("line", "plane"))
    assert all(live(line, role) == (role in LIVE_ROLES) for role in ROLES)
    assert all(
        live(plane, address) for address in ("d_opt.lr", "dynamics.k", "batch", "penalty.gamma", "data", "data.sigma")
    )
    assert not any(live(line, address) for address in ("seed", "data.mean", "g.width", "noise.dim"))


def test_the_knobs_of_a_choice_that_waits_for_a_restart_wait_with_it():
    line = presets.load("line").config
    there = Config.from_flat({"input": "instance-noise", "input.sigma": 0.5, "g_opt.lr": 0.01}, line)
    assert line.acting(there) == {"g_opt.lr": 0.01}
    assert there.acting(there.with_("input.sigma", 1.0)) == {"input.sigma": 1.0}


def test_bells_of_your_own_start_where_the_bells_before_them_stood():
    ring = presets.load("plane").config
    own = ring.with_("data", "plane-mixture")
    assert own.data.modes == ring.data.modes
    assert ring.differences(own) == {"data": "plane-mixture"} and ring.acting(own) == {"data": "plane-mixture"}
    moved = own.with_("data.modes", ((1.0, 0.0, 0.0, 0.1), *own.data.modes[1:]))
    assert set(ring.acting(moved)) == {"data", "data.modes"}
    assert Config.from_flat(ring.differences(moved), ring) == moved
    assert Config.from_flat(moved.to_query()) == moved and Config.from_toml(moved.to_toml()) == moved
    many = Config.from_flat({"data": "grid", "data.side": 10}, ring)
    assert many.with_("data", "plane-mixture").data == type(own.data)()


def test_find_gives_the_knob_at_an_address():
    config = Config()
    assert find(config, "d_opt.lr").live and find(config, "batch").high == 4096
    assert find(config, "d_opt") is None


@pytest.mark.parametrize("name", presets.names())
def test_presets_are_told_and_belong_to_their_page(name):
    preset = presets.load(name)
    assert preset.name == name and preset.title and preset.story.endswith(".")
    assert preset.config.data.page == preset.page


def test_pages_have_their_own_presets_and_others_are_refused():
    assert {"line", "plane", "images"} <= set(presets.names())
    with pytest.raises(BadKnob, match="did you mean line"):
        presets.load("lien")
