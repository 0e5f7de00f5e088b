"""Runs of one kind share the loops that the first of them made, each with the plain engine's bits."""

import gc
import threading
import weakref

import pytest
import torch

from gancore.config import Config
from gancore.game.data.own import Points
from gancore.train.engines import kept, looped
from gancore.train.trainer import Trainer
from tests.train.small import SMALL, without_waiting


def trainer(engine="looped", **knobs):
    return Trainer(Config.from_flat(SMALL | knobs), engine=engine)


def first(monkeypatch, engine="looped", **knobs):
    """A trainer that has made its loops."""
    with monkeypatch.context() as patch:
        without_waiting(patch)
        made = trainer(engine, **knobs)
        made.advance(3)
    assert made.engine.loops
    return made


def begun(monkeypatch):
    """Two trainers that have begun to make a loop together, a piece in each turn."""
    monkeypatch.setattr(looped, "PATIENCE", 0)
    monkeypatch.setattr(looped, "PIECE", 0)
    one, other = trainer(), trainer(seed=5)
    one.advance(1)
    other.advance(1)
    return one, other


def same(one, other):
    theirs = other.state.tensors()
    return all(torch.equal(x, theirs[name]) for name, x in one.state.tensors().items())


def test_who_comes_later_plays_the_same_loop_from_the_first_iteration(monkeypatch):
    made = first(monkeypatch)
    monkeypatch.setattr(looped, "PATIENCE", 1e9)
    later, plain = (trainer(engine, **{"seed": 5, "d_opt.lr": 0.01}) for engine in ("looped", "eager"))
    rows, right = later.advance(20), plain.advance(20)
    assert later.engine.loops == made.engine.loops and later.engine.told == "looped"
    assert torch.equal(rows, right) and same(later, plain)


def test_runs_that_take_turns_do_not_get_into_each_others_way(monkeypatch):
    made = first(monkeypatch)
    later = trainer(seed=5)
    plain = [trainer("eager"), trainer("eager", seed=5)]
    plain[0].advance(made.iteration)
    for n in (1, 7, 2, 30, 1):
        for one, other in zip((made, later), plain):
            assert torch.equal(one.advance(n), other.advance(n))
    assert same(made, plain[0]) and same(later, plain[1]) and later.engine.loops == made.engine.loops


def test_a_number_may_be_turned_for_one_of_them(monkeypatch):
    made, later, plain = first(monkeypatch), trainer(seed=5), trainer("eager", seed=5)
    for rate in ("0.01", "0.002"):
        for one in (later, plain):
            one.apply(f"g_opt.lr={rate}")
        made.advance(2)
        assert torch.equal(later.advance(5), plain.advance(5))
    assert later.engine.loops == made.engine.loops


@pytest.mark.usefixtures("built")
def test_compiled_kernels_come_to_all_of_them(monkeypatch):
    monkeypatch.setattr(looped, "PATIENCE", 0)
    one = trainer("compiled")
    one.advance(1)
    while not one.engine.loops:
        one.advance(1)
    other, plain = trainer("compiled", seed=5), trainer("eager", seed=5)
    n = 0
    while not other.engine.loops:
        other.advance(1)
        n += 1
    assert other.engine.told == "looped"
    while one.engine.told == "looped":
        one.advance(1)
    plain.advance(n + 10)
    other.advance(10)
    assert other.engine.told == one.engine.told and other.engine.loops == one.engine.loops
    assert same(other, plain)
    third = trainer("compiled", seed=6)
    third.advance(3)
    assert third.engine.loops == one.engine.loops


def test_all_of_them_make_the_first_loop_together(monkeypatch):
    monkeypatch.setattr(looped, "PATIENCE", 0)
    monkeypatch.setattr(looped, "PIECE", 0)  # a piece in each turn
    runs = [trainer(seed=seed) for seed in range(3)]
    turns = 0
    while not all(run.engine.loops for run in runs):
        for run in runs:
            run.advance(1)
        turns += 1
        assert turns < 100
    assert len({id(run.engine.loops[0]) for run in runs}) == 1
    for run in runs:
        plain = trainer("eager", seed=run.config.seed)
        plain.advance(turns)
        assert same(run, plain)


def test_who_turns_a_knob_ends_what_it_has_begun_and_nothing_else(monkeypatch):
    one, other = begun(monkeypatch)
    assert other.engine.making is one.engine.making and not one.engine.making.done
    making = one.engine.making
    other.apply("loss=hinge")
    assert not making.done and other.engine.making is None
    one.apply("g_opt.lr=0.01")
    assert making.done and one.engine.making is None
    third, plain = trainer(seed=6), trainer("eager", seed=6)
    assert torch.equal(third.advance(60), plain.advance(60)) and third.engine.loops


def test_a_loop_that_gives_other_bits_is_left_alone(monkeypatch):
    made = first(monkeypatch)
    (loop,) = made.engine.loops
    play = loop.play
    monkeypatch.setattr(loop, "play", lambda state, ahead: (play(state, ahead)[0], torch.zeros(len(ahead.numbers), 6)))
    monkeypatch.setattr(looped, "PATIENCE", 1e9)
    later, plain = trainer(seed=5), trainer("eager", seed=5)
    assert torch.equal(later.advance(20), plain.advance(20))
    assert not later.engine.loops and later.engine.spurned == [loop]


def test_another_kind_of_game_makes_its_own(monkeypatch):
    first(monkeypatch)
    monkeypatch.setattr(looped, "PATIENCE", 1e9)
    for knobs in ({"loss": "hinge"}, {"batch": 17}, {"data": "two-normals"}, {"g.width": 9}):
        other = trainer(**knobs)
        other.advance(5)
        assert not other.engine.loops


def test_on_another_thread_a_run_makes_its_own(monkeypatch):
    made = first(monkeypatch)
    without_waiting(monkeypatch)
    later = trainer(seed=5)
    thread = threading.Thread(target=later.advance, args=(5,))
    thread.start()
    thread.join()
    assert later.engine.loops and later.engine.loops != made.engine.loops
    assert later.engine.kin == made.engine.kin
    assert kept.kind(made.engine.kin).loops == made.engine.loops  # what was made there is nobody else's


def test_of_kinds_that_nobody_plays_the_latest_are_kept(monkeypatch):
    monkeypatch.setattr(kept, "KINDS", 2)
    loops = {batch: first(monkeypatch, batch=batch).engine.loops for batch in (16, 17, 18)}
    gc.collect()
    for batch, kept_still in ((18, True), (17, True), (16, False)):
        later = trainer(seed=5, batch=batch)
        assert later.engine.offered(later.state) == loops[batch] * kept_still


def test_a_large_state_is_not_put_in_the_place_of_another(monkeypatch):
    made = first(monkeypatch)
    monkeypatch.setattr(kept, "LARGEST", 10)
    later = trainer(seed=5)
    assert made.engine.loops and not later.engine.offered(later.state)


def test_what_goes_wrong_for_one_is_not_told_to_another(monkeypatch):
    one, other = begun(monkeypatch)

    def broken(*_):
        raise ArithmeticError("of its own")
        yield

    one.engine.making.pieces = broken()
    other.advance(30)
    assert other.engine.loops
    with pytest.raises(ArithmeticError, match="of its own"):
        one.advance(1)
    one.advance(9)
    assert one.engine.loops == other.engine.loops


def test_with_many_kinds_at_once_each_has_its_loop(monkeypatch):
    monkeypatch.setattr(kept, "KINDS", 2)
    monkeypatch.setattr(looped, "PATIENCE", 0.002)
    runs = [trainer(batch=16 + n) for n in range(4)]
    for _ in range(2000):
        for run in runs:
            run.advance(1)
        if all(run.engine.loops for run in runs):
            break
    assert all(run.engine.loops for run in runs)


def test_another_set_of_samples_under_the_same_name_is_another_game(monkeypatch):
    points = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    config = Config.from_flat(SMALL | {"data": "ring"})
    with monkeypatch.context() as patch:
        without_waiting(patch)
        made = Trainer(config, Points(points), engine="looped")
        made.advance(3)
    other = Trainer(config, Points(points.clone()), engine="looped")
    assert made.engine.loops and not other.engine.offered(other.state)
    again = Trainer(config, made.game.source, engine="looped")
    assert again.engine.offered(again.state) == made.engine.loops


def test_a_call_that_fails_leaves_the_loop_to_nobody(monkeypatch):
    made = first(monkeypatch)
    later, plain = trainer(seed=5), trainer("eager")
    later.advance(3)
    plain.advance(made.iteration)
    made.advance(1), plain.advance(1)
    (loop,) = made.engine.loops
    with monkeypatch.context() as patch:

        def broken(*_):
            raise RuntimeError("out of memory")

        patch.setattr(loop, "run", broken)
        with pytest.raises(RuntimeError):
            later.advance(1)
    assert torch.equal(made.advance(3), plain.advance(3)) and same(made, plain)


def test_who_is_moved_to_another_thread_leaves_what_is_common(monkeypatch):
    made = first(monkeypatch)
    later, plain = trainer(seed=5), trainer("eager", seed=5)
    later.advance(5)
    assert later.engine.loops == made.engine.loops
    thread = threading.Thread(target=later.advance, args=(5,))
    thread.start()
    thread.join()
    assert not set(later.engine.loops) & set(made.engine.loops)
    plain.advance(10)
    assert same(later, plain)


def test_nothing_holds_a_heavy_tape_that_nobody_plays(monkeypatch):
    monkeypatch.setattr(kept, "HEAVY", 10)
    made = first(monkeypatch)
    held = [weakref.ref(x) for x in (made.engine.loops[0], made.engine, made.game)]
    del made
    gc.collect()
    assert not any(x() for x in held)


def test_what_somebody_has_begun_who_is_moved_away_is_begun_anew(monkeypatch):
    one, other = begun(monkeypatch)
    assert other.engine.making is one.engine.making and one.engine.making.owner is one.engine
    thread = threading.Thread(target=one.advance, args=(1,))
    thread.start()
    thread.join()
    other.advance(40)
    assert other.engine.loops
