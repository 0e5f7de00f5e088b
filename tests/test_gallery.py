"""Each preset of a failure fails by its name, and the one change that its verdict offers cures it: the gallery on one seed."""

import pytest

from gancore import presets
from gancore.config import live
from gancore.observe.diagnoses import diagnoses
from tests.benchmarks.gallery import GALLERY, outcome


@pytest.mark.parametrize("name", GALLERY)
def test_it_fails_as_told_and_is_cured_as_promised(name):
    found = outcome(name, presets.load(name).config.seed)
    assert found.told is not None, "the failure was not told"
    assert found.cured, f"{found.change}: {found.before:.3g} to {found.after:.3g} σ"


@pytest.mark.parametrize("name", GALLERY)
def test_the_menu_names_the_failure_and_says_what_to_watch_for(name):
    preset = presets.load(name)
    assert preset.title.startswith("Failure: ") and preset.page == preset.config.data.page
    assert "watch" in preset.story


@pytest.mark.parametrize("name", GALLERY)
def test_its_cure_is_a_knob_that_is_turned_while_the_game_is_played(name):
    config = presets.load(name).config
    address, _, value = diagnoses.make(GALLERY[name]).cure(config).change.partition("=")
    assert live(config, address) and live(config.with_(address, value), address)


def test_every_failure_of_line_and_plane_has_its_preset():
    shelf = {n for n in presets.names() if n.startswith("failure-") and presets.load(n).page in ("line", "plane")}
    assert shelf == set(GALLERY)
