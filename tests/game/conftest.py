"""What tests of data share: a home without a cache and without a folder of the user's."""

import pytest


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty cache and no folder of the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("GANSCOPE_DATA", raising=False)
    return tmp_path
