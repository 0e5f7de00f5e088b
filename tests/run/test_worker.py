"""Truths about a worker: turns are fair, orders are heard, and what was done to a run happens again as it was."""

import time
from dataclasses import asdict, replace

import numpy as np

from gancore.observe.frame import Frame
from gancore.record.recording import Reader
from gancore.run import hosted, messages
from gancore.run.pace import Pace
from gancore.run.turn import SLICE
from gancore.train.trainer import Event, Trainer
from tests.run.hosting import Hosting
from tests.run.tiny import TINY

HEAVY = TINY.with_("batch", 4096).with_("dynamics.k", 50).with_("d.width", 64)  # Many slices an iteration.


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


def test_a_run_knows_how_many_play_beside_it(hosting, monkeypatch):
    """By that it has its share of the first iterations that are kept one by one, and long calls where it is alone."""
    names, told, asked = ["one", "another", "third"], [], []
    for name in names:
        hosting.open(name)
    hosting.rounds(lambda: all(hosting.run(name).trainer for name in names))
    run = hosting.run("one")
    look, seconds = run.keeping.look, run.turn.seconds
    monkeypatch.setattr(run.keeping, "look", lambda *args: told.append(args[-1]) or look(*args))
    monkeypatch.setattr(run.turn, "seconds", lambda alone: asked.append(alone) or seconds(alone))
    hosting.goes_on("one", 3)
    assert (told[-1], asked[-1]) == (3, False)
    for name in names[1:]:
        hosting.say(messages.Pause(name))
    hosting.goes_on("one", 3)
    assert (told[-1], asked[-1]) == (1, True)


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
