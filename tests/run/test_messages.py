"""Truths about the border between server and workers: what is sent arrives, and half a message is no message."""

import dataclasses
import io
import json

import pytest

from gancore.config import Config
from gancore.run import messages

CONFIG = Config.from_flat({"data": "two-normals"}).flat()
EVERY = [
    messages.Open("run", 3, CONFIG, [[500, "d_opt.lr=0.01"]], "/some/where.sqlite", {"fps": 10}, True, True),
    messages.Close("run"),
    messages.Play("run"),
    messages.Pause("run"),
    messages.Step("run", "both"),
    messages.Slow("run", "next"),
    messages.Change("run", ["loss=least-squares"]),
    messages.Pace("run", {"speed": 5}),
    messages.Wait("run", 500),
    messages.Watch("run", ["density", "losses"]),
    messages.Ready(4711),
    messages.Status("run", 1, "failed", "größer ∞", 9, 9, 8, [[3, "step=d"]], True, 0.25),
    messages.NewFrame("run", 1, 7, bytes(range(256)) * 1000),
]


def test_every_message_arrives_as_it_was_sent():
    assert {type(message) for message in EVERY} == set(messages.TYPES.values())
    pipe = io.BytesIO()
    for message in EVERY:
        messages.send(pipe, message)
    pipe.seek(0)
    arrived = [messages.receive(pipe) for _ in EVERY]
    assert arrived[1:] == EVERY[1:] and messages.receive(pipe) is None
    # Rows of numbers come as lists; as a config they are the same.
    assert Config.from_flat(arrived[0].config) == Config.from_flat(CONFIG)
    assert dataclasses.replace(arrived[0], config=CONFIG) == EVERY[0]


@pytest.mark.parametrize("message", EVERY, ids=lambda message: type(message).__name__)
def test_a_message_cut_short_is_the_end(message):
    pipe = io.BytesIO()
    messages.send(pipe, message)
    whole = pipe.getvalue()
    for n in (0, 3, 7, 8, len(whole) // 2, len(whole) - 1):
        assert messages.receive(io.BytesIO(whole[:n])) is None


def test_nothing_that_crosses_is_code():
    pipe = io.BytesIO()
    messages.send(pipe, EVERY[0])
    n_line, n_payload = messages.HEAD.unpack(pipe.getvalue()[:8])
    assert n_payload == 0 and json.loads(pipe.getvalue()[8 : 8 + n_line])[0] == "Open"
