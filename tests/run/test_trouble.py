"""Truths about what goes wrong in a worker: it is told kindly, loses nothing that was good, and harms no other run."""

from dataclasses import replace

import numpy as np
import pytest

from gancore.game.data import images
from gancore.observe.probes import PROBES, Probe
from gancore.run import messages
from tests.run.tiny import TINY

WILD = TINY.with_("loss", "least-squares").with_("d_opt", "sgd").with_("d_opt.lr", 10.0)
BAD = {
    "an unknown choice": dict(config={"data": "no-such-data"}),
    "an unknown setting": dict(config={"colour": "red"}),
    "a value out of range": dict(config=TINY.flat() | {"batch": -3}),
    "no config at all": dict(config={"data": None, "g.width": [1]}),
    "a change that is none": dict(changes=[(1, "d_opt.lr=0.1", "why")]),
    "an impossible pace": dict(pace={"fps": 1000}),
    "a pace nobody knows": dict(pace={"tempo": 3}),
}


@pytest.mark.parametrize("order", BAD.values(), ids=BAD)
def test_a_bad_order_fails_with_a_sentence_and_harms_nobody(order, hosting):
    hosting.open("good")
    hosting.plays("good", 1)
    hosting.open("bad", **order)
    hosting.rounds(lambda: hosting.told and [m for m in hosting.told if m.run == "bad" and m.state == "failed"])
    assert hosting.status("bad").detail and not hosting.status("bad").loading
    for message in (messages.Step("bad", "d"), messages.Change("bad", ["batch=7"]), messages.Watch("bad", ["density"])):
        hosting.say(message)
    hosting.goes_on("good", 50)


def test_orders_for_a_run_that_is_not_here_are_ignored(hosting):
    for message in (messages.Play("?"), messages.Close("?"), messages.Step("?", "d"), messages.Pace("?", {})):
        hosting.say(message)


def test_data_that_cannot_be_had_is_a_kind_failure_and_play_tries_again(hosting, monkeypatch, tmp_path):
    monkeypatch.setenv("GANSCOPE_DATA", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(images, "MNIST", replace(images.MNIST, mirrors=("http://127.0.0.1:9/",)))
    hosting.open("good")
    hosting.open("mnist", {"data": "mnist"})
    hosting.rounds(lambda: hosting.run("mnist").state == "failed")
    hosting.goes_on("good", 50)
    told = hosting.status("mnist").detail
    assert "GANSCOPE_DATA" in told and "127.0.0.1" in told
    first = hosting.run("mnist")
    hosting.say(messages.Play("mnist"))
    assert hosting.run("mnist") is not first and hosting.run("mnist").state == "playing"


def test_a_folder_that_is_a_file_is_a_kind_failure(hosting, tmp_path):
    (tmp_path / "file").write_text("no folder")
    hosting.open("run", path=tmp_path / "file" / "run.sqlite")
    hosting.rounds(lambda: hosting.run("run").state == "failed")
    assert "GANSCOPE_RUNS" in hosting.status("run").detail


def test_a_full_disk_stops_a_run_kindly_and_loses_nothing(hosting):
    hosting.open("run")
    hosting.plays("run", 10)
    run = hosting.run("run")
    pages = run.keeping.recording._db.execute("PRAGMA page_count").fetchone()[0]
    run.keeping.recording._db.execute(f"PRAGMA max_page_count = {pages}")
    hosting.rounds(lambda: run.state == "failed")
    assert "make room" in hosting.status("run").detail
    run.keeping.recording._db.execute("PRAGMA max_page_count = 1000000")
    stopped = run.trainer.iteration
    hosting.say(messages.Play("run"))
    hosting.plays("run", stopped + 50)
    assert np.array_equal(hosting.recorded("run")[0], np.arange(1, run.trainer.iteration + 1))


def test_a_game_that_explodes_says_where_keeps_what_was_good_and_goes_on_after_a_turn(hosting):
    hosting.open("wild", WILD)
    hosting.rounds(lambda: hosting.run("wild").state == "failed")
    told = hosting.status("wild")
    at, rows = hosting.recorded("wild")
    assert f"became non-finite in iteration {told.iteration + 1:,}" in told.detail
    assert any(name in told.detail.lower() for name in ("weights", "loss of", "_grad", "_real", "_fake"))
    assert np.array_equal(at, np.arange(1, told.iteration + 1)) and np.isfinite(rows).all()
    for what in ("d_opt=adam", "g_opt=adam", "constraint=clip", "constraint.c=0.01"):
        hosting.say(messages.Change("wild", [what]))
    hosting.say(messages.Play("wild"))
    hosting.plays("wild", told.iteration + 20)
    at, rows = hosting.recorded("wild")
    assert len(at) >= told.iteration + 20 and np.isfinite(rows).all()


def test_a_probe_that_stumbles_stops_its_run_alone(hosting, monkeypatch):
    monkeypatch.setitem(PROBES, "losses", Probe(lambda look: 1 / 0))
    hosting.open("seen")
    hosting.open("other")
    hosting.say(messages.Watch("seen", ["losses"]))
    hosting.rounds(lambda: hosting.run("seen").state == "failed")
    assert "division by zero" in hosting.status("seen").detail
    hosting.goes_on("other", 20)
