"""Truths about how many cores training may take."""

import os

import pytest

from gancore.run.cores import cores


def test_all_that_this_process_may_use_or_as_many_as_are_named(monkeypatch):
    monkeypatch.delenv("GANSCOPE_WORKERS", raising=False)
    assert 1 <= cores() <= os.cpu_count()
    monkeypatch.setenv("GANSCOPE_WORKERS", "3")
    assert cores() == 3


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not bind processes to cores")
def test_cores_that_this_process_is_kept_from_do_not_count(monkeypatch):
    monkeypatch.delenv("GANSCOPE_WORKERS", raising=False)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, before)
