"""What the labelled set calls true on line and plane, on traces set by hand."""

import torch

from gancore.config import Config
from gancore.train.trainer import Trainer
from tests.benchmarks.point_truth import labels, learned

WELL = {
    "far": 0.02, "floor": 0.01, "sd": 1.0, "middle": [0.0, 0.0], "shares": [0.25] * 4, "due": [0.25] * 4, "right": 0.5,
    "difference": 0.0, "muted": 1.0, "learned": 9.0, "begun": 2.0,
}  # fmt: skip
SURE = {"far": 2.0, "right": 1.0, "muted": 0.001}
HOP = [{"far": 1.0, "shares": [float(i % 4 == k) for k in range(4)]} for i in range(12)]


def true(late, start=2.0):
    """What is true of a run that begins far away and ends with these checks, as what differs from `WELL`; and what is unclear."""
    first = [WELL | {"far": start}] * 5
    checks = first + [WELL | late[0]] * 8 + [WELL | check for check in late]
    found = labels({"checks": [c | {"iteration": 80 * i} for i, c in enumerate(checks)], "broken": None})
    return {name for name in found if found[name]}, {name for name in found if found[name] is None}


def test_a_game_that_ends_near_the_data_is_healthy():
    assert true([{}] * 12) == ({"healthy"}, set())


def test_running_on_and_on_is_a_cycle_and_one_jump_is_none():
    assert "cycling" in true(HOP)[0]
    assert "cycling" not in set.union(*true([HOP[0]] * 8 + [HOP[1]] * 4))


def test_a_mode_that_is_never_drawn_is_dropped():
    assert true([{"shares": [0.0, 0.3, 0.3, 0.4], "far": 0.4, "right": 0.7}] * 12)[0] == {"dropped-modes"}


def test_one_point_for_good_is_a_collapse_and_a_narrow_moment_is_none():
    narrow = {"sd": 0.05, "far": 1.0, "right": 0.8, "shares": [0.0, 0.0, 0.0, 1.0]}
    assert true([narrow] * 12)[0] == {"collapse"}
    assert "collapse" not in true([{}] * 10 + [narrow] * 2)[0]


def test_who_is_mute_vanishes_and_who_is_heard_is_overpowered():
    assert true([SURE] * 12)[0] == {"vanishing-gradient"}
    assert true([SURE | {"muted": 1.0}] * 12)[0] == {"d-overpowers"}


def test_where_a_loss_has_no_muteness_nobody_says_which_of_the_two_it_is():
    assert true([SURE | {"muted": None}] * 12) == (set(), {"vanishing-gradient", "d-overpowers"})


def test_near_the_data_an_undecided_d_is_not_blind():
    assert true([{"far": 2.0, "right": 0.5}] * 12)[0] == {"d-blind"}
    assert true([{"far": 0.1, "right": 0.5}] * 12)[0] == set()


def test_a_d_that_says_what_its_first_weights_said_is_blind_though_it_happens_to_be_right():
    point = {"sd": 0.05, "far": 1.0}
    assert true([point | {"right": 0.7, "learned": 0.2}] * 12)[0] == {"d-blind"}
    assert true([point | {"right": 1.0, "learned": 0.2}] * 12)[0] == {"d-blind"}
    assert true([point | {"right": 0.7, "learned": 0.8}] * 12) == (set(), {"d-blind", "collapse"})
    assert true([{"learned": 0.2, "far": 0.05}] * 12)[0] == {"healthy"}


def test_learned_is_what_training_changed_of_what_d_says():
    trainer = Trainer(Config())
    x = trainer.game.source.sample(64, torch.Generator().manual_seed(0))
    start = trainer.state
    assert learned(trainer.game, start, start, x) == 0
    trainer.advance(400)
    assert learned(trainer.game, start, trainer.state, x) > 1


def test_who_is_gone_has_diverged_though_gone_before_the_first_check_or_passing_by_once():
    gone = {"far": 1e6, "right": 0.8}
    assert true([gone] * 12, start=1e6)[0] == {"divergence"}
    assert true([gone] * 8 + [gone | {"far": 1.0}] + [gone] * 3)[0] == {"divergence"}
    assert "divergence" not in true([gone] * 4 + [{"far": 3.0, "right": 0.8}] * 8)[0]


def test_a_broken_run_diverged():
    assert {n for n, yes in labels({"checks": [], "broken": [7, "loss of G"]}).items() if yes} == {"divergence"}
