"""A preset does what its story says: on the line, where the distance is known, G comes near."""

import pytest

from gancore import presets
from gancore.observe.look import Fixed, Look
from gancore.train.trainer import Trainer

ON_LINE = [name for name in presets.names() if presets.load(name).page == "line"]


@pytest.mark.parametrize("name", ON_LINE)
def test_a_line_preset_brings_g_near(name):
    """W1 after 500 iterations; they go on from there."""
    trainer = Trainer(presets.load(name).config)
    fixed = Fixed(trainer.config, trainer.game.source)
    before = Look(trainer, fixed, None, {}).distances["w1"]
    trainer.advance(500)
    after = Look(trainer, fixed, None, {}).distances["w1"]
    assert after < 0.4 * before, f"W1 went from {before:.3f} to {after:.3f}"
