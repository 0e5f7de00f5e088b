"""Truths about forks and looking back through the real worker: the same state bit for bit, and the parent untouched."""

import time

import numpy as np
import pytest

from gancore.observe.diagnoses.shelf import Cure
from gancore.observe.frame import Frame
from gancore.record import library
from gancore.record.compare import clock_table, same_until
from gancore.record.reader import Reader
from gancore.record.replay import Replay
from gancore.run import keeping
from gancore.run.messages import Play
from gancore.run.pace import Pace
from gancore.run.recorded import Recorded
from gancore.train.trainer import Event, Trainer
from tests.run.tiny import TINY, until

EVENTS = [(120, "d_opt.lr=0.02"), (200, "step=d"), (350, "loss=least-squares"), (900, "batch=16")]


def finished(run):
    run.play()
    until(lambda: run.state == "finished")
    with Reader(run.path) as reader:
        return reader.scalars()


@pytest.fixture
def parent(start):
    run = start(TINY.with_("seed", 5), Pace(until=1000), EVENTS)
    finished(run)
    return run


def child_of(hub, run, iteration):
    child = hub.fork(run, iteration, owner="me")
    until(lambda: not child.loading)
    return child


@pytest.mark.parametrize("iteration", [0, 1, 200, 777, 1000])
def test_a_fork_equals_its_parent_bit_for_bit_until_a_knob_changes(hub, parent, iteration):
    child = child_of(hub, parent, iteration)
    assert child.state == "paused" and child.iteration == iteration
    assert child.events == [event for event in EVENTS if event[0] <= iteration]
    with Reader(parent.path) as reader:
        whole = reader.scalars()[1]
    child.set_pace(Pace(until=iteration + 60))
    _, rows = finished(child)
    alone = Trainer(TINY.with_("seed", 5), planned=tuple(Event(*e) for e in EVENTS if e[0] <= iteration))
    assert np.array_equal(rows, alone.advance(iteration + 60).numpy())
    assert np.array_equal(rows[:iteration], whole[:iteration])
    hub.forget(child)


def test_a_knob_turned_in_a_fork_leaves_the_parent_as_it_is(hub, parent):
    with Reader(parent.path) as reader:
        before = reader.scalars()[1]
    child = child_of(hub, parent, 500)
    child.want(child.wanted.with_("g_opt.lr", 0.03))
    child.set_pace(Pace(until=600))
    _, rows = finished(child)
    with Reader(parent.path) as reader:
        assert np.array_equal(reader.scalars()[1], before)
    assert np.array_equal(rows[:500], before[:500]) and not np.array_equal(rows[500:600], before[500:600])
    assert (500, "g_opt.lr=0.03") in child.events and child.running().g_opt.lr == 0.03
    hub.forget(child)


def test_a_fork_can_be_taken_from_a_run_that_plays_and_from_a_recording_at_rest(hub, start):
    run = start(TINY)
    run.play()
    until(lambda: run.iteration > 300)
    child = child_of(hub, run, run.iteration)
    at = child.iteration
    assert run.state == "playing"
    again = hub.find(child.path.stem)
    assert isinstance(again, Recorded) and again.iteration == at and again.state != "failed"
    grandchild = child_of(hub, again, at - 100)
    grandchild.set_pace(Pace(until=at))
    _, rows = finished(grandchild)
    assert np.array_equal(rows, Trainer(TINY).advance(at).numpy())
    with Reader(grandchild.path) as reader:
        assert reader.fact("owner") == "me" and reader.fact("parent")["recording"] == child.path.stem
    for one in (child, grandchild):
        hub.forget(one)


def test_a_run_nobody_watches_is_kept_moment_by_moment_at_first(hosting):
    hosting.open("run", pace={"until": 400})
    hosting.rounds(lambda: hosting.run("run").state == "finished")
    hosting.run("run").keeping.recording.commit()
    with Replay(hosting.run("run").keeping.recording.path) as replay:
        kept = replay.reader.frames()
        assert kept[:10] == list(range(10)) and kept[-1] == 400
        frame = replay.frame(400)
    assert {"p_g", "score_real", "d_loss", "w1", "value"} <= frame.arrays.keys()
    assert hosting.status("run").kept["kept"] == len(kept)


def test_frames_take_no_more_than_their_share_of_the_time(hosting, monkeypatch):
    monkeypatch.setattr(keeping, "ADVANCE", 0.02)
    hosting.open("run", TINY.with_("batch", 2048), pace={"until": 600})
    spent = []
    look = keeping.Keeping.look

    def timed(self, *arguments):
        began = time.thread_time()
        look(self, *arguments)
        spent.append(time.thread_time() - began)

    monkeypatch.setattr(keeping.Keeping, "look", timed)
    began = time.thread_time()
    hosting.rounds(lambda: hosting.run("run").state == "finished")
    whole = time.thread_time() - began
    # The share, what may be spent ahead of it, and one look too many before its cost is known.
    assert sum(spent) < keeping.SHARE * whole + 0.02 + 3 * max(spent)


def test_without_a_place_to_record_a_run_plays_on_only_when_told_to(hosting, tmp_path):
    (tmp_path / "file").write_text("no folder")
    hosting.open("run", path=tmp_path / "file" / "run.sqlite")
    hosting.rounds(lambda: hosting.run("run").state == "failed" and hosting.told)
    assert "GANSCOPE_RUNS" in hosting.status("run").detail and "Play" in hosting.status("run").detail
    assert hosting.run("run").trainer.iteration == 0
    hosting.say(Play("run"))
    hosting.plays("run", 50)
    assert hosting.status("run").state == "playing" and "Not recorded" in hosting.status("run").detail


def test_a_disk_that_stays_full_lets_a_run_go_on_unrecorded_when_told_to(hosting):
    hosting.open("run")
    hosting.plays("run", 10)
    run = hosting.run("run")
    database = run.keeping.recording._db
    database.execute(f"PRAGMA max_page_count = {database.execute('PRAGMA page_count').fetchone()[0]}")
    hosting.rounds(lambda: run.state == "failed")
    stopped = run.trainer.iteration
    hosting.say(Play("run"))
    hosting.plays("run", stopped + 50)
    assert "Not recorded" in hosting.status("run").detail and run.keeping is None


def test_a_recording_is_shown_as_it_ended_and_found_by_its_name_alone(hub, parent):
    recorded = hub.find(parent.path.stem)
    assert Frame.decode(recorded.newest()[1]).iteration == 1000 == recorded.status()[1]["iteration"]
    assert not recorded.key and not hasattr(recorded, "play")
    assert recorded.running().loss.name == "least-squares" and recorded.events == EVENTS
    for name in ("../" + parent.path.stem, "nothing", "", "a/b", parent.path.stem + ".sqlite", "%2e%2e"):
        assert hub.find(name) is None


def test_a_deleted_recording_comes_back_and_one_in_use_cannot_be_deleted(hub, parent):
    with pytest.raises(OSError, match="still being trained or looked at"):
        library.delete(parent.path)
    hub.forget(parent)
    until(lambda: not library.in_use(parent.path))
    library.annotate(parent.path, "name", "the good one")
    gone = library.delete(parent.path)
    assert hub.find(parent.path.stem) is None
    assert library.restore(gone) == parent.path
    assert "the good one" in hub.find(parent.path.stem).status()[1]["detail"]


def test_a_cure_is_a_fork_that_makes_one_change_and_says_what_should_come_of_it(hub, parent):
    child = hub.cure(parent, Cure("g_opt.lr=0.03", "G moves", 40), 500, owner="me")
    until(lambda: not child.loading)
    assert child.events == [*(event for event in EVENTS if event[0] <= 500), (500, "g_opt.lr=0.03")]
    assert child.running().g_opt.lr == child.wanted.g_opt.lr == 0.03 and child.parent == parent.path.stem
    assert child.aim == {"change": "g_opt.lr=0.03", "expect": "G moves", "at": 500, "by": 540}
    child.set_pace(Pace(until=540))
    finished(child)
    with Reader(child.path) as mine, Reader(parent.path) as theirs:
        assert same_until(mine, theirs) in (500, 501)  # an iteration tells its losses before it moves
    hub.forget(child)


def test_a_fork_goes_on_counting_the_time_its_parent_was_trained(hub, parent):
    child = child_of(hub, parent, 900)
    child.set_pace(Pace(until=1000))
    finished(child)
    with Reader(child.path) as reader:
        seconds = clock_table(reader)[:, 2]
        frames = reader.frames()
        before = reader.info(max(at for at in frames if at <= 900))["elapsed"]
    assert 0 < before <= seconds[-1] and frames[-1] == 1000
    hub.forget(child)
