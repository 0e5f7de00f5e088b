"""What runs of one kind have in common in a process: loops, the making of them, and the time for which they were played plainly.

Whoever begins another such game, with another seed or other rates, need not make its own: it puts its state there first. All of
them play on one thread, the main one; a run that is moved elsewhere, or whose state is large, keeps to itself.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass, field

from gancore.train.engines.loop import Loop
from gancore.train.engines.tape import Untaped
from gancore.train.engines.taping import Unsettled
from gancore.train.state import State

KINDS = 8  # of games whose loops are kept, the latest ones
LARGEST = 1 << 22  # bytes of a state that is put there in a small part of a turn


class Making:
    """What is left to do for a loop that is to come: whoever of its kind has a turn does some of it."""

    def __init__(self, owner: object, pieces: Generator):
        """`owner` is the engine that has begun it, and whose turned knobs end it."""
        self.owner, self.pieces, self.done, self.why = owner, pieces, False, ""
        self.error: Exception | None = None  # that nobody foresaw

    def further(self, until: float) -> None:
        """Goes on until so much of the processor's time has passed."""
        try:
            while not self.done and time.thread_time() < until:
                next(self.pieces)
        except (StopIteration, Unsettled):
            self.done = True
        except Untaped as reason:
            self.done, self.why = True, str(reason)
        except Exception as error:
            self.done, self.error = True, error


@dataclass(eq=False)
class Kind:
    """What is known of a kind of game."""

    loops: list[Loop] = field(default_factory=list)
    plain: float = 0.0  # for how many seconds it was played plainly, by all together
    making: Making | None = None  # what one of them has begun

    def keep(self, loop: Loop, before: Loop | None = None) -> None:
        """Has others find this loop, in the place of one that it does better than."""
        if loop.only is None:
            self.loops = [other for other in self.loops if other is not before] + [loop]

    def underway(self) -> Making | None:
        """What somebody else has begun and is not yet done."""
        return self.making if self.making and not self.making.done else None


_kinds: OrderedDict[str, Kind] = OrderedDict()


def kind(kin: str) -> Kind:
    """What runs of one kin have in common, on the main thread alone."""
    found = _kinds.setdefault(kin, Kind())
    _kinds.move_to_end(kin)
    while len(_kinds) > KINDS:
        _kinds.popitem(last=False)
    return found


def here() -> bool:
    """Whether this is the thread on which runs share."""
    return threading.current_thread() is threading.main_thread()


def small(state: State) -> bool:
    """Whether another state is put in its place at little cost."""
    return sum(x.nbytes for x in state.parts().values()) <= LARGEST


def forget() -> None:
    """Lets go of all that is kept."""
    _kinds.clear()
