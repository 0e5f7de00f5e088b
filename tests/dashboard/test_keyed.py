"""A table of rows holds what it began with and what was changed since."""

import pytest

from dashboard import keyed

COLUMNS = ("weight", "mean", "spread")
NOTHING = {"edited_rows": {}, "deleted_rows": [], "added_rows": []}


@pytest.mark.parametrize(
    "changes, rows",
    [
        ({}, ((1, -2, 0.5), (1, 2, 0.5))),
        ({"edited_rows": {1: {"mean": 3, "weight": 2}}}, ((1, -2, 0.5), (2, 3, 0.5))),
        ({"edited_rows": {"0": {"mean": None}}}, ((1, 2, 0.5),)),
        ({"deleted_rows": [0], "edited_rows": {1: {"mean": 4}}}, ((1, 4, 0.5),)),
        (
            {"added_rows": [{"weight": 1}, {"weight": 1, "mean": 0, "spread": 1}]},
            ((1, -2, 0.5), (1, 2, 0.5), (1, 0, 1)),
        ),
    ],
    ids=str,
)
def test_rows_are_those_that_it_began_with_and_the_changes_since(monkeypatch, changes, rows):
    held = {"line/data.modes/rows": ((1.0, -2.0, 0.5), (1.0, 2.0, 0.5)), "line/data.modes": NOTHING | changes}
    monkeypatch.setattr(keyed.st, "session_state", held)
    assert keyed.edited("line", "data.modes", COLUMNS) == rows
