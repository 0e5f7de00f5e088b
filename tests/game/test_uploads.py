"""Points of visitors: kept once, never in each other's way, in bounded room, and known by name alone."""

import os
import threading

import numpy as np
import pytest

from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.game.data import data, stored
from gancore.game.data.idx import BadFile
from gancore.game.intake import uploads
from gancore.train.trainer import Event, Trainer, together


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "folder", lambda: tmp_path)
    return tmp_path


def csv(*rows):
    return "".join(f"{x},{y}\n" for x, y in rows).encode()


def held(home):
    return sorted(path.stem for path in (home / "uploads").glob("*"))


def test_an_upload_is_data_like_any_other():
    name, count = uploads.keep("My Points (2).CSV", b"x,y\n" + csv((0, 1), (2, 3)))
    assert count == 2 and name.startswith("my-points-2-")
    source = data.make("own-points", set=name).open()
    assert source.points.tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize("planned", [True, False])
def test_points_are_brought_in_while_a_game_is_played_by_their_name_at_once(planned):
    name, _ = uploads.keep("points.csv", csv((0, 1), (2, 3)))
    config = Config.from_flat({"data": "ring", "batch": 8, "g.width": 4, "d.width": 4})
    changes = ["data=own-points", f"data.set={name}", "d_opt.lr=0.01"]
    trainer = Trainer(config, planned=tuple(Event(3, what) for what in changes) if planned else ())
    trainer.advance(3)
    if not planned:
        script = [Event(3, what) for what in changes]
        while script:
            trainer.apply(*together(script))
    trainer.advance(1)
    assert trainer.config.data.set == name and trainer.game.source.points.tolist() == [[0, 1], [2, 3]]
    assert trainer.events == [Event(3, what) for what in changes]


def test_the_same_points_are_kept_once_and_others_of_the_same_name_beside_them(home):
    first, _ = uploads.keep("points.csv", csv((0, 1), (2, 3)))
    assert uploads.keep("points.csv", b"x;y\n0;1\n2;3\n")[0] == first and held(home) == [first]
    other, _ = uploads.keep("points.csv", csv((0, 1), (2, 4)))
    assert other != first and held(home) == sorted([first, other])


def test_no_list_shows_an_upload_to_others():
    uploads.keep("secret.csv", csv((0, 1), (2, 3)))
    assert stored.names("points") == []
    with pytest.raises(BadKnob, match="there is none yet"):
        data.make("own-points", set="secret").open()


@pytest.mark.parametrize(
    "content, says",
    [
        (b"x,y\n1,2\n3,four\n", "mine.csv, line 3, column 2: 'four' is no number"),
        (b"1,2\n3\n", "mine.csv, line 2: '3' is no point: it has 1 column"),
        (b"", "mine.csv has 0 points"),
        (b"\xff\xfe", "mine.csv is not text"),
        (b"1,2\n" * (uploads.POINTS + 1), "100,001 points: give 100,000 at most"),
        (b" " * (uploads.FILE + 1), "4.2 MB: give 4.2 MB at most"),
    ],
    ids=range(6),
)
def test_what_cannot_be_used_says_where(home, content, says):
    with pytest.raises(BadFile) as told:
        uploads.keep("mine.csv", content)
    assert says in str(told.value) and not held(home)


def test_the_oldest_give_way(home, monkeypatch):
    monkeypatch.setattr(uploads, "SETS", 3)
    names = [uploads.keep("p.csv", csv((0, i), (1, i)))[0] for i in range(3)]
    for age, name in enumerate(names):
        os.utime(home / "uploads" / f"{name}.npz", (age, age))
    uploads.keep("p.csv", csv((0, 0), (1, 0)))  # brought in again, the first is the newest
    newest, _ = uploads.keep("p.csv", csv((0, 9), (1, 9)))
    assert held(home) == sorted([names[0], names[2], newest])


def test_many_at_once_lose_nothing(home):
    contents = [csv((0, i % 5), (1, i % 5)) for i in range(40)]
    got = [None] * len(contents)

    def bring(i):
        got[i] = uploads.keep("p.csv", contents[i])[0]

    threads = [threading.Thread(target=bring, args=(i,)) for i in range(len(contents))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 5 and held(home) == sorted(set(got))
    assert all(np.isfinite(stored.load(home / "uploads" / f"{name}.npz")).all() for name in got)
