"""What tests of watching share: a folder of their own, and a watcher that hardly ever rests."""

import pytest

from gancore.run.watching import budget, recorder


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("GANSCOPE_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def eager(monkeypatch):
    """A watcher that looks much oftener than it should, and measures every gradient."""
    monkeypatch.setattr(recorder, "PER_SECOND", 30.0)
    monkeypatch.setattr(recorder, "READ", 0.0)
    monkeypatch.setattr(recorder, "ATTEND", 0.0)
    monkeypatch.setattr(budget, "ADVANCE", 1e9)
