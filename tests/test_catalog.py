"""Truths about knobs: what is written reads back unchanged, and what cannot be used is refused in kind words."""

import math

import pytest

from gancore.catalog import BadKnob, Catalog, Knob, knob, knobs, near, shown, text

WHOLE = Knob("width", 32, 1, 2048)
NUMBER = Knob("lr", 1e-3, 1e-6, 10.0)
CHOICE = Knob("bend", "relu", choices=("relu", "tanh"))
SWITCH = Knob("bias", True)
MODES = Knob("modes", ((0.5, -2.0, 0.5), (0.5, 2.0, 0.5)))
PLACES = Knob("bells", ((0.5, -1.0, 0.0, 0.2), (1.0, 1.0, 1.0, 0.1)), columns=("weight", "x", "y", "sigma"))
NAME = Knob("set", "mine")

GOOD = {
    WHOLE: [1, 2048],
    NUMBER: [1e-6, 0.1 + 0.2, 5e-4],
    CHOICE: ["tanh"],
    SWITCH: [False, True],
    MODES: [MODES.default, ((1.0, -1e3, 1e-3),) * 32],
    PLACES: [PLACES.default, ((1.0, -1e3, 1e3, 1e-3),) * 25],
    NAME: ["mine", "a", "8-cats", "x" * 40],
}


@pytest.mark.parametrize("of, value", [(of, value) for of, values in GOOD.items() for value in values])
def test_what_is_written_as_text_reads_back_unchanged(of, value):
    assert of.parse(value) == value
    again = of.parse(text(value))
    assert again == value and type(again) is type(value)


BAD = {
    WHOLE: [0, 2049, 1.5, "1.5", "many", "", None, True, math.nan, math.inf, [3], {}, 10**400, "9" * 5000],
    NUMBER: [0, 10.1, "nan", "inf", "-inf", "1e400", "fast", "", None, True, [0.1], {}, 10**400],
    CHOICE: ["Relu", "", None, 3, ["relu"], {}],
    SWITCH: ["yes", "", None, 1, 0, [], {}],
    MODES: ["", "1:2", "1:2:3:4", "0:0:1", "1:0:0", "1:nan:1", "a:b:c", None, 3, [], ((1.0, 0.0, 1.0),) * 33, {}],
    PLACES: ["", "1:0:1", "1:0:0:0", "0:0:0:1", "1:0:nan:1", ((1.0, 0.0, 1.0),), None, 3, [], {}],
    NAME: ["", "Mine", "../mine", "a/b", "a.npz", "a--b", "-a", "x" * 41, "ü", None, 3, ["mine"], {}, b"mine"],
}


@pytest.mark.parametrize("of, value", [(of, value) for of, values in BAD.items() for value in values])
def test_a_bad_value_is_refused_with_what_came_and_what_would_do(of, value):
    with pytest.raises(BadKnob) as refusal:
        of.parse(value)
    message = str(refusal.value)
    assert of.name in message and shown(value) in message and of.accepts in message
    assert "\n" not in message and len(message) < 250


def shelf():
    made = Catalog("toy")

    @made.add
    class Spring:
        """Hooke 1678: a toy."""

        name = "spring"
        stiffness: float = knob(1.0, 0.0, 10.0, live=True, help="Force per length")

        def check(self):
            if self.stiffness == 7:
                raise BadKnob("stiffness = 7 cannot be used: give another one")

    return made


def test_a_choice_checks_itself_however_it_is_made():
    toys = shelf()
    assert toys.make("spring", stiffness="2") == toys["spring"](stiffness=2.0)
    for make in (lambda v: toys.make("spring", stiffness=v), lambda v: toys["spring"](stiffness=v)):
        for bad in (11, "7"):
            with pytest.raises(BadKnob):
                make(bad)


def test_a_choice_cannot_be_changed_afterwards():
    with pytest.raises(AttributeError):
        shelf()["spring"]().stiffness = 3


@pytest.mark.parametrize("name", ["sprung", "", None, 3, ["spring"], {}])
def test_an_unknown_name_is_refused_with_the_names_there_are(name):
    with pytest.raises(BadKnob, match="give one of spring"):
        shelf().make(name)


@pytest.mark.parametrize("key", ["stifness", "name", "self", "", "check"])
def test_an_unknown_knob_is_refused_with_the_knobs_there_are(key):
    with pytest.raises(BadKnob, match="it has stiffness"):
        shelf().make("spring", **{key: 1})


def test_a_near_miss_is_helped():
    assert near("sprng", ["spring", "mass"]) == " (did you mean spring?)"
    assert near("xyz", ["spring", "mass"]) == ""


def test_a_name_stands_on_a_catalog_once():
    toys = shelf()
    with pytest.raises(ValueError, match="already"):
        toys.add(toys["spring"])


def test_knobs_say_what_they_are():
    (stiffness,) = knobs(shelf()["spring"])
    assert (stiffness.kind, stiffness.live, stiffness.low, stiffness.high) == ("float", True, 0.0, 10.0)
    kinds = {
        WHOLE: "int",
        NUMBER: "float",
        CHOICE: "choice",
        SWITCH: "bool",
        MODES: "modes",
        PLACES: "modes",
        NAME: "name",
    }
    assert {k: k.kind for k in kinds} == kinds


def test_an_endless_value_is_cut_in_messages():
    assert len(shown("x" * 10_000)) <= 60
