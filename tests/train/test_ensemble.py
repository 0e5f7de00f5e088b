"""Several runs in one batch are each what they are alone: to the last bits but few, on a CUDA device or in halves on the processor."""

import pytest
import torch

from gancore.config import Config
from gancore.train.engines.passage import AHEAD
from gancore.train.ensemble import Ensemble, kin
from gancore.train.trainer import Diverged, Trainer
from tests.train.small import RULES, SMALL

PICTURES = {"data": "digits", "g": "dcgan", "d": "dcgan", "g.channels": 4, "d.channels": 4, "batch": 16}
AUGMENTED = {"data": "digits", "input": "augment", "batch": 16}
ROUGH = (
    {"precision": "bfloat16"},
    {"d": "maxout"},
)  # a last bit decides which of two sums is the larger, or how one is rounded
SMOOTH = [rules for rules in RULES if rules not in ROUGH]


@pytest.fixture(params=["cpu", "cuda"], autouse=True)
def where(request, monkeypatch):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("PyTorch sees no CUDA device here")
    monkeypatch.setenv("GANSCOPE_DEVICE", request.param)


def members(settings: dict, engine: str, **varied) -> list[Trainer]:
    """Trainers that differ in one setting, by default the seed."""
    (address, values), *_ = (varied or {"seed": (0, 1, 2)}).items()
    address = address.replace("__", ".")
    return [Trainer(Config.from_flat(settings | {address: value}), engine=engine) for value in values]


def together(ensemble: Ensemble, n: int, playing: list[Trainer] | None = None) -> torch.Tensor:
    """`n` iterations of all who play, in one batch: (members, n, 6)."""
    blocks = []
    while n:
        rows = torch.stack(ensemble.advance(n, playing))
        blocks.append(rows)
        n -= rows.shape[1]
    assert not ensemble.refused
    return torch.cat(blocks, 1)


def same(rows: torch.Tensor, apart: list[Trainer], n: int, together: list[Trainer]) -> None:
    """Holds an ensemble's rows and states against trainers that play alone."""
    torch.testing.assert_close(rows, torch.stack([trainer.advance(n) for trainer in apart]), rtol=2e-5, atol=2e-6)
    for one, other in zip(together, apart):
        assert one.iteration == other.iteration
        for name, stream in one.state.streams.items():
            assert torch.equal(stream.get_state(), other.state.streams[name].get_state())
        theirs = other.state.parts()
        for name, x in one.state.parts().items():
            torch.testing.assert_close(x, theirs[name], rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("settings", [*(SMALL | rules for rules in SMOOTH), PICTURES, AUGMENTED], ids=str)
def test_seeds_in_one_batch_are_what_they_are_alone(settings):
    batch, apart = members(settings, "captured"), members(settings, "eager")
    same(together(Ensemble(batch), 20), apart, 20, batch)
    assert {trainer.engine.told.partition(",")[2] for trainer in batch} == {" 3 runs in one batch"}


@pytest.mark.parametrize("rules", ROUGH, ids=str)
def test_where_a_last_bit_decides_the_first_iterations_are(rules):
    batch, apart = members(SMALL | rules, "captured"), members(SMALL | rules, "eager")
    rows = together(Ensemble(batch), 3)
    torch.testing.assert_close(rows, torch.stack([trainer.advance(3) for trainer in apart]), rtol=2e-2, atol=1e-3)


def test_long_blocks_are_as_short_ones():
    batch, apart = members(SMALL, "captured"), members(SMALL, "eager")
    ensemble, n = Ensemble(batch), 3 * AHEAD + 9
    same(torch.cat([together(ensemble, k) for k in (1, n, 2)], 1), apart, n + 3, batch)


@pytest.mark.parametrize(
    "settings, varied",
    [
        ({}, {"d_opt__lr": (0.001, 0.002, 0.004)}),
        ({}, {"d_opt__beta1": (0.0, 0.5, 0.9)}),
        ({"d_opt": "sgd"}, {"d_opt__lr": (0.01, 0.02, 0.04)}),
        ({"penalty": "r1"}, {"penalty__gamma": (0.1, 1.0, 10.0)}),
        ({"constraint": "clip"}, {"constraint__c": (0.01, 0.02, 0.1)}),
    ],
    ids=str,
)
def test_values_of_a_number_are_as_good_as_seeds(settings, varied):
    batch, apart = members(SMALL | settings, "captured", **varied), members(SMALL | settings, "eager", **varied)
    ensemble = Ensemble(batch)
    same(together(ensemble, 12), apart, 12, batch)
    assert len({kin(trainer) for trainer in batch}) == 1


def test_a_knob_that_is_turned_for_one_or_all_acts():
    batch, apart = members(SMALL, "captured"), members(SMALL, "eager")
    ensemble = Ensemble(batch)
    turns = (slice(0, 1), "d_opt.lr=0.005"), (slice(0, 3), "g_opt.lr=0.002"), (slice(1, 3), "g_opt.beta1=0.3")
    for turned, change in turns:
        together(ensemble, 4), [trainer.advance(4) for trainer in apart]
        for trainer in (*batch[turned], *apart[turned]):
            trainer.apply(change)
    same(together(ensemble, 4), apart, 4, batch)


def test_who_has_played_alone_meanwhile_goes_on_from_there():
    batch, apart = members(SMALL, "captured"), members(SMALL, "eager")
    ensemble = Ensemble(batch)
    together(ensemble, 5), batch[1].advance(3)
    [trainer.advance(5) for trainer in apart], apart[1].advance(3)
    assert batch[1].engine.told == batch[1].engine.graphs[-1].told
    same(together(ensemble, 5), apart, 5, batch)


def test_who_rests_keeps_a_place_and_is_not_moved():
    batch, apart = members(SMALL, "captured"), members(SMALL, "eager")
    ensemble = Ensemble(batch)
    together(ensemble, 5), [trainer.advance(5) for trainer in apart]
    (graph,), rested = ensemble.graphs, batch[1].state.tensors()
    some = [batch[0], batch[2]]
    same(together(ensemble, AHEAD + 5, some), [apart[0], apart[2]], AHEAD + 5, some)
    assert all(torch.equal(x, rested[name]) for name, x in batch[1].state.tensors().items())
    assert batch[0].engine.told.endswith("2 runs in one batch") and not batch[1].engine.told.endswith(
        "2 runs in one batch"
    )
    apart[1].advance(5), together(ensemble, 5, [batch[1]])
    same(together(ensemble, 5), apart, 5, batch)
    assert ensemble.graphs == [graph]


def test_who_is_at_another_place_of_a_way_plays_alone_and_no_tape_is_made_for_each_iteration(monkeypatch):
    batch = members(SMALL | {"dynamics": "lookahead", "dynamics.k": 3}, "captured")
    apart = members(SMALL | {"dynamics": "lookahead", "dynamics.k": 3}, "eager")
    batch[0].advance(1), apart[0].advance(1)
    ensemble, made = Ensemble(batch), []
    plain = Ensemble._caught
    monkeypatch.setattr(Ensemble, "_caught", lambda *given: made.append(1) or plain(*given))
    rows = torch.cat([torch.stack(ensemble.advance(1)) for _ in range(9)], 1)
    assert ensemble.refused == "they are at different places of their way" and len(made) <= 1
    assert torch.allclose(rows, torch.stack([trainer.advance(9) for trainer in apart]), rtol=2e-5, atol=2e-6)


def test_a_tape_of_fixed_numbers_is_for_equal_ones_and_is_let_go_when_they_are_turned():
    unrolled = SMALL | {"dynamics": "unrolled", "dynamics.k": 2}
    other = Ensemble(members(unrolled, "captured", d_opt__lr=(0.001, 0.002)))
    other.advance(3)
    assert other.refused == "their numbers differ, and the tape of one holds for no other"
    batch = members(unrolled, "captured")
    ensemble = Ensemble(batch)
    for lr in (1e-3, 2e-3, 3e-3, 4e-3, 5e-3, 6e-3):
        for trainer in batch:
            trainer.apply(f"d_opt.lr={lr}")
        together(ensemble, 2)
        assert len(ensemble.graphs) == 1
    batch[0].apply("d_opt.lr=0.01")
    ensemble.advance(2)
    assert ensemble.refused
    batch[0].apply("d_opt.lr=0.006")
    together(ensemble, 2)


def test_an_error_that_nobody_foresaw_is_told_and_each_plays_alone(monkeypatch):
    batch, apart = members(SMALL, "captured"), members(SMALL, "eager")
    monkeypatch.setattr(Ensemble, "_caught", lambda *_: {}["nothing"])
    ensemble = Ensemble(batch)
    rows = torch.stack(ensemble.advance(5))
    assert ensemble.refused == "'nothing'"
    assert torch.allclose(rows, torch.stack([trainer.advance(5) for trainer in apart]), rtol=2e-5, atol=2e-6)


def test_one_that_diverges_stops_where_it_does_alone_and_the_others_play_on():
    wild = {"d_opt": "sgd", "loss": "wasserstein"}
    batch = members(SMALL | wild, "captured", d_opt__lr=(1e-3, 0.1, 1e-3))
    apart = members(SMALL | wild, "eager", d_opt__lr=(1e-3, 0.1, 1e-3))
    for trainer in (batch[1], apart[1]):
        trainer.apply("d_opt.lr=10")
    ensemble, played = Ensemble(batch), 0
    outcomes = ensemble.advance(50)
    while not isinstance(outcomes[1], Diverged):
        played += len(outcomes[0])
        outcomes = ensemble.advance(50)
    with pytest.raises(Diverged) as stopped:
        apart[1].advance(1000)
    assert outcomes[1].iteration == stopped.value.iteration and outcomes[1].tensor == stopped.value.tensor
    assert played + len(outcomes[1].rows) == len(stopped.value.rows)
    assert not ensemble.refused
    assert batch[0].iteration == batch[2].iteration == played + len(outcomes[0]) > batch[1].iteration


def test_other_games_are_no_kin():
    seeds = members(SMALL, "captured")
    assert len({kin(trainer) for trainer in seeds}) == 1 and kin(seeds[0])
    assert kin(Trainer(Config.from_flat(SMALL | {"batch": 17}), engine="captured")) != kin(seeds[0])
    assert kin(Trainer(Config.from_flat(SMALL), engine="eager")) == ""
    seeds[0].apply("loss=hinge")
    assert kin(seeds[0]) != kin(seeds[1])
