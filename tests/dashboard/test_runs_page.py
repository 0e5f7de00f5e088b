"""Truths about the library's page: what is there is found, and only who made a recording can name or delete it."""

import contextlib
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import state
from dashboard.names import apart, called
from dashboard.views import runs
from gancore.config import Config
from gancore.record.entry import Entry
from gancore.record.reader import Reader
from gancore.record.recording import Recording
from gancore.train.trainer import SCALARS


class Folder:
    """A hub of which only its recordings are asked for."""

    def __init__(self, path):
        self.folder = path

    def recordings(self):
        return list(self.folder.glob("*.sqlite"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, loss, owner in (("aaa-0", "hinge", "me"), ("bbb-0", "wasserstein", "somebody")):
        recording = Recording.create(tmp_path / f"{name}.sqlite", Config().with_("loss", loss).flat(), SCALARS)
        recording.scalars(1, np.ones((50, 6), np.float32))
        recording.tell("owner", owner)
        recording.close()
    (tmp_path / "broken.sqlite").write_text("no database")
    monkeypatch.setattr(runs, "hub", lambda: Folder(tmp_path))
    monkeypatch.setattr(runs, "owner", lambda: "me")
    return tmp_path


def page(**state):
    def script():
        from dashboard.views import runs

        runs.show()

    made = AppTest.from_function(script, default_timeout=60)
    for key, value in state.items():
        made.session_state[key] = value
    return made.run()


def shown(test):
    """The losses of the runs in the table, which tell them apart."""
    return sorted(name.split(" · ")[1] for name in test.dataframe[0].value["name"]) if test.dataframe else []


def test_every_recording_is_listed_and_one_that_cannot_be_read_says_why(folder):
    test = page()
    assert not test.exception and shown(test) == ["hinge", "wasserstein"]
    assert any("broken.sqlite" in caption.value for caption in test.caption)
    assert list(test.dataframe[0].value.sort_values("name")["mine"]) == [True, False]


def test_no_two_runs_go_by_one_name_and_what_differs_tells_them_apart(folder):
    for name, seed in (("ccc-0", 1), ("ddd-0", 2), ("eee-0", 2)):
        with contextlib.closing(Recording.create(folder / f"{name}.sqlite", Config(seed=seed).flat(), SCALARS)) as made:
            made.scalars(1, np.ones((50, 6), np.float32))
    entries = [Entry.of(path) for path in sorted(folder.glob("???-0.sqlite"))]
    names = apart([replace(entry, created=1e9 + at // 4) for at, entry in enumerate(entries)])
    assert [name for name in names if "seed" not in name] == names[:2]
    assert names[2].endswith(" · seed 1") and " · seed 2" in names[3] and len(set(names)) == 5
    assert apart(entries[:2]) == [called(entry) for entry in entries[:2]]


def test_the_search_looks_into_the_settings(folder):
    test = page()
    test.text_input(key="runs/search").set_value("HINGE Adam").run()
    assert shown(test) == ["hinge"]
    test.text_input(key="runs/search").set_value("nothing like it").run()
    assert not test.dataframe and "matches" in test.info[0].value


def chosen(name):
    def script(name):
        from dashboard.views import runs
        from gancore.record.entry import Entry

        runs._undo()
        runs._chosen(Entry.of(runs.hub().folder / f"{name}.sqlite"))

    return AppTest.from_function(script, args=(name,), default_timeout=60).run()


def labels(test):
    return {button.label for button in test.button}


def test_who_made_it_can_name_it_and_delete_it_and_bring_it_back(folder):
    test = chosen("aaa-0")
    test.text_input(key="runs/aaa-0/name").set_value("the good one").run()
    with Reader(folder / "aaa-0.sqlite") as reader:
        assert reader.fact("name") == "the good one"
    next(button for button in test.button if button.label == "Delete").click().run()
    assert not (folder / "aaa-0.sqlite").exists()
    next(button for button in test.button if button.label == "Undo").click().run()
    assert (folder / "aaa-0.sqlite").exists()


def test_nobody_else_can_unless_the_server_says_so(folder, monkeypatch):
    test = chosen("bbb-0")
    assert "Delete" not in labels(test) and not test.text_input and "Play on" in labels(test)
    monkeypatch.setenv("GANSCOPE_LIBRARY", "open")
    assert "Delete" in labels(chosen("bbb-0"))


def test_a_recording_without_an_owner_belongs_to_nobody_who_merely_sends_no_cookie(folder, monkeypatch):
    monkeypatch.setattr(runs, "owner", lambda: "")
    for name in ("aaa-0", "bbb-0"):
        assert "Delete" not in labels(chosen(name))


def test_a_visitor_is_known_by_a_digest_and_never_by_the_cookie_itself(monkeypatch):
    class Context:
        cookies = {state.COOKIE: "a secret"}

    monkeypatch.setattr(state.st, "context", Context)
    known = state.owner()
    assert len(known) == 32 and "secret" not in known
    Context.cookies = {}
    assert state.owner() == ""
