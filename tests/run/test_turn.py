"""How long a run plays before its worker listens again."""

from gancore.run.turn import ALONE, LONG, SLICE, Turn


def after(cost):
    turn = Turn()
    turn.took(1, cost)
    return turn


def test_short_iterations_fill_a_slice_whoever_else_is_there():
    turn = after(LONG / 10)
    assert turn.seconds(alone=True) == turn.seconds(alone=False) == SLICE
    assert turn.iterations(0, 10**9, SLICE) == 80


def test_of_long_iterations_a_run_that_is_alone_plays_a_few():
    turn = after(0.023)
    assert turn.iterations(0, 10**9, turn.seconds(alone=False)) == 1
    assert turn.iterations(0, 10**9, turn.seconds(alone=True)) == round(ALONE / 0.023) == 3
    assert after(0.2).iterations(0, 10**9, ALONE) == 1


def test_what_an_iteration_costs_is_found_out_first():
    assert Turn().seconds(alone=True) == SLICE and Turn().iterations(0, 10**9) == 1


def test_neither_limit_is_passed():
    assert after(1e-6).iterations(0, 7) == 7
    limited = after(1e-6)
    limited.begin()
    assert limited.iterations(10, 10**9) == 1
