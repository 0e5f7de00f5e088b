"""Each preset of a failure on pictures fails by its name, and its verdict's cure cures it: one seed, cut short."""

import pytest

from gancore import presets
from tests.benchmarks.gallery_pictures import GALLERY, outcome

SHORT = {"failure-overfits": 600, "failure-memorises": 600, "failure-checkerboard": 400}  # iterations of the cured run


@pytest.mark.parametrize("name", GALLERY)
@pytest.mark.filterwarnings("ignore")  # The judge of digits is stopped early.
def test_a_preset_fails_as_it_says_and_is_cured(name):
    found = outcome(name, presets.load(name).config.seed, SHORT[name])
    assert found.told and found.before > 0.25 and found.cured
