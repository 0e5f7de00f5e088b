"""Data that are edited while the game is played: looks follow at once, become exact, and training is what it would be."""

import time

import numpy as np
import pytest
import torch

from gancore import seeds
from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.observe import renewal
from gancore.observe.look import PLANE_SAMPLES, plane_reference
from gancore.observe.observer import Observer
from gancore.observe.renewal import framed
from gancore.train.trainer import Event, Trainer

RING = Config.from_flat({"data": "ring", "data.sigma": 0.05, "g.width": 8, "d.width": 8, "noise.dim": 2, "batch": 32})
MOVED = "data.modes=1:0.2:0.1:0.05,3:-1:0:0.1"
SEEN = {"reals", "bells", "sliced", "modes", "field"}


def observed(trainer):
    return Observer(Observer.prepare(trainer.config, trainer.game.source))


def settled(observer, trainer):
    end = time.monotonic() + 60
    while not observer.fixed.exact:
        assert time.monotonic() < end
        time.sleep(0.02)
        observer.look(trainer, SEEN, 0.0)
    return observer.look(trainer, SEEN, 0.0).arrays


def test_bells_of_ones_own_take_over_where_a_ring_stood_without_a_trace_in_the_game():
    ring, own = Trainer(RING), Trainer(RING)
    ring.advance(5), own.advance(5)
    own.apply("data=plane-mixture")
    assert torch.equal(ring.advance(20), own.advance(20)) and torch.equal(ring.state.g, own.state.g)


def test_a_change_in_passing_acts_like_any_other_and_is_no_event():
    kept, passing = Trainer(RING), Trainer(RING)
    for trainer, on_the_way in ((kept, False), (passing, True)):
        trainer.advance(5)
        trainer.apply("data.radius=0.5", passing=on_the_way)
    assert torch.equal(kept.advance(20), passing.advance(20))
    assert kept.events == [Event(5, "data.radius=0.5")] and passing.events == []


def test_an_edit_that_cannot_be_made_leaves_the_game_as_it_was():
    trainer = Trainer(RING)
    before = trainer.game.source
    with pytest.raises(BadKnob, match="not here"):
        trainer.apply("data=own-points")
    with pytest.raises(BadKnob, match="has no knob"):
        trainer.apply(MOVED)
    assert trainer.game.source is before and trainer.config == RING and trainer.events == []


def test_looks_follow_an_edit_at_once_and_are_exact_soon_after():
    trainer = Trainer(RING)
    observer = observed(trainer)
    trainer.apply("data=plane-mixture"), trainer.apply(MOVED)
    arrays = observer.look(trainer, SEEN, 0.0).arrays
    fixed_real = trainer.config.data.sample(PLANE_SAMPLES, seeds.stream(trainer.config.seed, "look/real")).numpy()
    np.testing.assert_array_equal(
        np.stack([arrays["real_x"], arrays["real_y"]], 1), fixed_real[: len(arrays["real_x"])]
    )
    assert arrays["bells"].tolist() == [[1, 0.2, 0.1, 0.05], [3, -1, 0, 0.1]]
    assert arrays["mode_share"].shape == (2,) and np.isnan(arrays["sw1"][-1])
    trainer.advance(1)
    arrays = settled(observer, trainer)
    exact = plane_reference(observer.fixed.source)
    assert observer.fixed.reference is exact and np.isfinite(arrays["sw1"][-1])
    fake = trainer.game.generate(trainer.state, observer.fixed.z).numpy()
    assert arrays["sw1"][-1] == pytest.approx(exact.sliced(fake), rel=1e-5)


def test_health_is_that_of_the_data_as_they_are_and_begins_anew_with_them():
    trainer = Trainer(RING)
    observer = observed(trainer)
    observer.look(trainer, {"health"}, 0.0, playing=False)
    before, checkup = observer.fixed.vitals, observer.memory["health"]
    assert len(checkup.past) == 1
    trainer.apply("data=two-moons")
    observer.look(trainer, SEEN, 0.0)
    settled(observer, trainer)
    assert observer.fixed.vitals is not before and observer.fixed.vitals.bands["effective"] != before.bands["effective"]
    observer.look(trainer, {"health"}, 0.0, playing=False)
    fresh = observer.memory["health"]
    assert fresh is not checkup and len(fresh.past) == 1 and fresh.of is observer.fixed.vitals


def test_the_reference_waits_for_a_hand_that_moves_on_and_is_that_of_where_it_stopped(monkeypatch):
    trainer, made = Trainer(RING.with_("data", "plane-mixture")), []
    observer = observed(trainer)
    monkeypatch.setattr(renewal, "plane_reference", lambda source: made.append(source) or plane_reference(source))
    monkeypatch.setattr(renewal, "STILL", 30.0)
    for step in range(20):
        trainer.apply(f"data.modes=1:{step / 20}:0:0.1", passing=True)
        observer.look(trainer, SEEN, 0.0)
    assert not made and not observer.fixed.exact
    monkeypatch.setattr(renewal, "STILL", 0.0)
    settled(observer, trainer)
    assert [source.law.modes for source in made] == [((1.0, 0.95, 0.0, 0.1),)]


def test_the_window_stays_while_it_does_and_gives_way_when_data_leave_it():
    square = ((-1.0, 1.0), (-1.0, 1.0))
    assert framed(square, ((-0.8, 1.1), (-1.0, 0.9))) == square
    for own in (((-1.0, 3.0), (-1.0, 1.0)), ((-0.2, 0.2), (-0.2, 0.2))):
        assert framed(square, own) == own
    trainer = Trainer(RING)
    observer = observed(trainer)
    before = observer.look(trainer, SEEN, 0.0).arrays["window_x"].tolist()
    trainer.apply("data.sigma=0.06")
    assert settled(observer, trainer)["window_x"].tolist() == before
    trainer.apply("data.radius=5")
    after = settled(observer, trainer)
    assert after["window_x"].tolist() == list(trainer.config.data.window[0])
    assert after["window_left"] == after["window_x"][0] and after["window_top"] == after["window_y"][1]


def test_a_law_without_bells_or_density_can_come_and_go():
    trainer = Trainer(RING)
    observer = observed(trainer)
    for name, bells in (("spiral", 0), ("painted", 0), ("grid", 25), ("ring", 8)):
        trainer.apply(f"data={name}")
        trainer.advance(1)
        assert observer.look(trainer, SEEN | {"best-field"}, 0.0).arrays["bells"].shape == (bells, 4)
        assert np.isfinite(settled(observer, trainer)["sw1"][-1])
