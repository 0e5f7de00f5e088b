"""Truths about a worker: turns are fair, orders are heard, and one run's trouble is nobody else's."""

import queue
import time
from dataclasses import asdict, replace

import numpy as np
import pytest

from gancore.game.data import images
from gancore.observe.frame import Frame
from gancore.observe.probes import PROBES, Probe
from gancore.record.recording import Reader
from gancore.run import hosted, messages
from gancore.run.pace import Pace
from gancore.run.turn import SLICE
from gancore.run.worker import Worker
from gancore.train.trainer import Event, Trainer
from tests.run.tiny import TINY

HEAVY = TINY.with_("batch", 4096).with_("dynamics.k", 50).with_("d.width", 64)  # Many slices an iteration.
WILD = TINY.with_("loss", "least-squares").with_("d_opt", "sgd").with_("d_opt.lr", 10.0)


class Hosting:
    """A worker in this process, and what it told."""

    def __init__(self, folder):
        self.folder, self.told = folder, []
        self.inbox = queue.SimpleQueue()
        self.worker = Worker(self.inbox, self.told.append)

    def open(self, name, config=TINY, changes=(), pace=None, playing=True, path=None, resume=False):
        flat = config if isinstance(config, dict) else config.flat()
        path = path or self.folder / f"{name}.sqlite"
        pace = asdict(Pace()) if pace is None else pace
        self.say(messages.Open(name, 0, flat, list(changes), str(path), pace, resume, playing))

    def say(self, message):
        self.inbox.put(message)
        self.worker.listen()

    def rounds(self, there, patience=60.0):
        """Lets the worker go round until it is true."""
        end = time.monotonic() + patience
        while not there():
            assert self.worker.round()
            assert time.monotonic() < end, "it did not come"

    def run(self, name):
        return self.worker.runs[name]

    def plays(self, name, n):
        self.rounds(lambda: self.run(name).trainer and self.run(name).trainer.iteration >= n)

    def goes_on(self, name, n):
        """Plays so many iterations more, once the run is loaded."""
        self.plays(name, 0)
        self.plays(name, self.run(name).trainer.iteration + n)

    def status(self, name):
        return [m for m in self.told if isinstance(m, messages.Status) and m.run == name][-1]

    def recorded(self, name):
        run = self.run(name)
        run.keeping.recording.commit()
        with Reader(run.keeping.recording.path) as reader:
            return reader.scalars()


@pytest.fixture
def hosting(tmp_path):
    made = Hosting(tmp_path)
    yield made
    made.inbox.put(None)
    made.worker.serve()


def test_who_takes_long_waits_for_the_others(hosting):
    hosting.open("heavy", HEAVY)
    hosting.open("light")
    hosting.plays("light", 1)
    hosting.plays("heavy", 1)
    heavy, light = hosting.run("heavy"), hosting.run("light")
    before = heavy.used, light.used, heavy.trainer.iteration
    hosting.plays("heavy", before[2] + 8)
    spent = heavy.used - before[0]
    assert spent / 8 > 2 * SLICE  # else both would be in time by themselves
    assert light.used - before[1] > 0.5 * spent  # frames for looking back included, of which a young run keeps many


def test_a_newcomer_has_no_claim_on_the_past(hosting):
    hosting.open("old")
    hosting.rounds(lambda: hosting.run("old").used > 1.0)
    hosting.open("new")
    hosting.rounds(lambda: hosting.run("new").trainer)
    before = hosting.run("old").trainer.iteration
    hosting.plays("new", 100)
    assert hosting.run("old").trainer.iteration > before + 20


def test_a_speed_limit_is_kept_and_the_worker_listens_meanwhile(hosting):
    hosting.open("slow", pace={"speed": 20})
    hosting.plays("slow", 2)
    start, first = time.monotonic(), hosting.run("slow").trainer.iteration
    hosting.rounds(lambda: time.monotonic() > start + 1.0)
    assert 10 <= hosting.run("slow").trainer.iteration - first <= 22
    hosting.say(messages.Pause("slow"))
    assert hosting.status("slow").state == "paused"


def test_lines_go_on_at_the_beat_where_looks_are_dear_and_who_rests_is_looked_at_whole(hosting, monkeypatch):
    def dear(run, look=hosted.Hosted._frame):
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        return look(run)

    monkeypatch.setattr(hosted.Hosted, "_frame", dear)
    hosting.open("run", pace=asdict(Pace(fps=20)))
    hosting.plays("run", 1)
    hosting.told.clear()
    hosting.say(messages.Watch("run", ["losses", "density", "scores"]))
    end = time.monotonic() + 2
    hosting.rounds(lambda: time.monotonic() > end)
    frames = [Frame.decode(m.payload) for m in hosting.told if isinstance(m, messages.NewFrame)]
    glances = [frame for frame in frames if "earlier" in frame.info]
    whole = [frame.iteration for frame in frames if "earlier" not in frame.info]
    assert len(glances) > 3 * len(whole) > 0  # a look of 50 ms is followed by 550 ms of training
    assert all({"p_g", "d_loss"} <= frame.arrays.keys() for frame in frames)
    for frame in glances:  # a frame for the recording, which was made in between, is newer still
        assert max(n for n in whole if n <= frame.iteration) <= frame.info["earlier"]["p_g"] <= frame.iteration
    hosting.say(messages.Pause("run"))
    hosting.rounds(lambda: hosting.status("run").state == "paused")
    last = [m for m in hosting.told if isinstance(m, messages.NewFrame)][-1]
    assert "earlier" not in Frame.decode(last.payload).info and last.iteration == hosting.run("run").trainer.iteration


def test_a_run_stops_where_it_was_asked_to(hosting):
    hosting.open("run", pace={"until": 37})
    hosting.rounds(lambda: hosting.status("run").state == "finished" if hosting.told else False)
    assert hosting.status("run").iteration == 37 and len(hosting.recorded("run")[0]) == 37
    hosting.say(messages.Pace("run", {"until": 50}))
    hosting.say(messages.Play("run"))
    hosting.plays("run", 50)


def test_planned_changes_happen_at_their_iteration_and_an_impossible_one_is_told(hosting):
    changes = [(5, "g_opt=sgd"), (7, "g_opt.beta1=0.1"), (9, "step=d"), (9, "g_opt.lr=0.02")]
    hosting.open("run", changes=changes, pace={"until": 30})
    hosting.plays("run", 8)
    assert "beta1" in hosting.status("run").detail
    hosting.plays("run", 30)
    did = [change for change in changes if "beta1" not in change[1]]
    assert hosting.status("run").events == did
    alone = Trainer(TINY, planned=tuple(Event(*change) for change in did)).advance(30).numpy()
    at, rows = hosting.recorded("run")
    assert np.array_equal(at, np.arange(1, 31)) and np.array_equal(rows, alone)


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


def test_a_restart_in_the_middle_of_a_round_leaves_the_old_run_alone(hosting):
    for name in ("one", "two"):
        hosting.open(name)
        hosting.plays(name, 5)
    old = hosting.run("two")
    order = replace(old.order, epoch=1, path=str(hosting.folder / "two-1.sqlite"))
    hosting.inbox.put(order)  # heard after the first run has moved, before the second would
    assert hosting.worker.round()
    stopped = old.trainer.iteration
    hosting.plays("two", 5)
    assert old.trainer.iteration == stopped and hosting.run("two") is not old


def test_who_comes_back_from_a_checkpoint_does_again_what_it_lacks(hosting):
    hosting.open("run", playing=False)
    hosting.rounds(lambda: hosting.run("run").trainer)
    run = hosting.run("run")
    for what in ("d_opt.lr=0.01", "step=g"):
        run._advance(10)
        run.change([what])
    run.pause()
    run._keep(force=True)
    for what in ("step=d", "batch=16"):
        run._advance(10)
        run.change([what])
    run._advance(10)
    expected, events = hosting.recorded("run")[1], run.trainer.events
    told = [(e.iteration, e.what) for e in events]
    path = run.keeping.recording.path
    copy = hosting.folder / "copy.sqlite"
    copy.write_bytes(path.read_bytes())
    copy.with_name("copy.sqlite-wal").write_bytes(path.with_name(path.name + "-wal").read_bytes())
    hosting.open("copy", changes=told, path=copy, resume=True, playing=False)
    hosting.rounds(lambda: hosting.run("copy").trainer)
    assert hosting.run("copy").trainer.iteration == 20
    hosting.say(messages.Play("copy"))
    hosting.plays("copy", 50)
    assert np.array_equal(hosting.recorded("copy")[1][:50], expected)
    assert hosting.run("copy").trainer.events == events


def slowly(hosting, which, times=1):
    """The run in slow motion after that many orders, as its observer has it."""
    for _ in range(times):
        hosting.say(messages.Slow("run", which))
    return hosting.run("run").observer.slow


@pytest.mark.parametrize("dynamics", ["alternating", "simultaneous", "extragradient"])
def test_an_iteration_in_slow_motion_is_the_iteration(hosting, dynamics):
    config = TINY.with_("dynamics", dynamics)
    alone = Trainer(config).advance(4).numpy()
    hosting.open("run", config, playing=False)
    hosting.rounds(lambda: hosting.run("run").trainer)
    stages = slowly(hosting, "next").stages
    assert hosting.run("run").trainer.iteration == 0
    assert slowly(hosting, "next", len(stages) - 1).at == len(stages) - 1
    assert slowly(hosting, "back", 3).at == len(stages) - 4 and hosting.run("run").trainer.iteration == 0
    assert slowly(hosting, "next", 4).at == 0  # past the last one: played, and on with the next
    assert hosting.run("run").trainer.iteration == 1
    assert slowly(hosting, "next") and slowly(hosting, "leave") is None
    slowly(hosting, "next", 5)
    hosting.say(messages.Step("run", "both"))  # what was shown is what is played
    slowly(hosting, "next", 2)
    hosting.say(messages.Play("run"))
    hosting.plays("run", 4)
    assert np.array_equal(hosting.recorded("run")[1][:4], alone)


def test_a_knob_turned_in_slow_motion_shows_the_iteration_that_it_leads_to(hosting):
    hosting.open("run", playing=False)
    hosting.rounds(lambda: hosting.run("run").trainer)
    before = slowly(hosting, "next", 6)
    hosting.say(messages.Change("run", ["d_opt.lr=0.1"]))
    after = hosting.run("run").observer.slow
    assert after.at == before.at == 5 and after.stage.step > 2 * before.stage.step
    hosting.say(messages.Change("run", ["dynamics=simultaneous"]))
    assert len(hosting.run("run").observer.slow.stages) == 12
    hosting.say(messages.Step("run", "d"))
    state = hosting.run("run").trainer.state
    assert (state.iteration, state.d_updates, state.g_updates) == (1, 2, 1) and slowly(hosting, "leave") is None


def test_planned_changes_act_before_their_iteration_is_shown(hosting):
    hosting.open("run", changes=[(0, "dynamics.k=3")], playing=False)
    hosting.rounds(lambda: hosting.run("run").trainer)
    assert len(slowly(hosting, "next").stages) == 24


def test_hanging_up_closes_every_recording(tmp_path):
    hosting = Hosting(tmp_path)
    hosting.open("run")
    hosting.plays("run", 30)
    hosting.inbox.put(None)
    hosting.worker.serve()
    with Reader(tmp_path / "run.sqlite") as reader:
        assert reader.iterations() >= 30 and reader.last_checkpoint()[0] == reader.iterations()
    assert [path.name for path in tmp_path.iterdir()] == ["run.sqlite"]


def test_a_run_waits_for_another_one_and_goes_on_when_nobody_asks_it_to_any_more(hosting, monkeypatch):
    monkeypatch.setattr(hosted, "LEASH", 3600.0)
    hosting.open("run")
    hosting.plays("run", 1)
    run = hosting.run("run")
    there = run.trainer.iteration + 30
    for asked in (there, 1):  # one that is ahead already stays where it is
        hosting.say(messages.Wait("run", asked))
        hosting.plays("run", there)
        hosting.rounds(iter([False] * 30 + [True]).__next__)
        assert run.trainer.iteration == there and run.state == "playing"
    monkeypatch.setattr(hosted, "LEASH", 0.0)
    hosting.say(messages.Wait("run", there))
    hosting.plays("run", there + 30)
