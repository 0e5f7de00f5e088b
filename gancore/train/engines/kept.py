"""What runs of one kind have in common in a process: loops, the making of them, and the time for which they were played plainly.

Whoever begins another such game, with another seed or other rates, need not make its own: it puts its state there first. All of
them play on one thread, the main one; a run that is moved elsewhere, or whose state is large, keeps to itself.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Generator
from weakref import WeakValueDictionary

from gancore.train.engines.loop import Loop
from gancore.train.engines.plan import made
from gancore.train.engines.tape import Untaped, place
from gancore.train.engines.taping import Unsettled
from gancore.train.state import State

LARGEST = 1 << 22  # bytes of a state that is put there in a small part of a turn
KINDS = 4  # of games that nobody plays any more, whose loops are kept, the latest ones
HEAVY = 1 << 23  # bytes of their tapes: what takes more is kept no longer than it is played


class Making:
    """What is left to do for a loop that is to come: whoever of its kind has a turn does some of it."""

    def __init__(self, owner: object, pieces: Generator, kind: Kind | None = None):
        """`owner` is the engine that has begun it, and whose turned knobs end it."""
        self.owner, self.pieces, self.kind = owner, pieces, kind
        self.done, self.why = False, ""
        self.error: Exception | None = None  # that nobody foresaw

    def further(self, until: float) -> None:
        """Goes on until so much of the processor's time has passed."""
        try:
            while not self.done and time.thread_time() < until:
                next(self.pieces)
        except (StopIteration, Unsettled):
            self.end()
        except Untaped as reason:
            self.end(str(reason))
        except Exception as error:
            self.error = error
            self.end()

    def end(self, why: str = "") -> None:
        """Whatever is left of it is not done."""
        self.done, self.why = True, why
        self.pieces = iter(())
        if self.kind and self.kind.making is self:
            self.kind.making = None


class Kind:
    """What is known of a kind of game."""

    def __init__(self, kin: str = ""):
        self.kin = kin
        self.loops: list[Loop] = []
        self.plain = 0.0  # for how many seconds it was played plainly, by all together
        self.making: Making | None = None  # what one of them has begun
        self.bytes = 0

    def keep(self, loop: Loop, before: Loop | None = None) -> None:
        """Has others find this loop, in the place of one that it does better than."""
        if loop.only is None:
            self.loops = [other for other in self.loops if other is not before] + [loop]
            self.bytes += 0 if before else weight(loop)
            if self.bytes > HEAVY:
                _latest.pop(self.kin, None)


def weight(loop: Loop) -> int:
    """The bytes of what is made on its tape."""
    steps = loop.tape.steps
    found = [x for step in steps for x in made(step)] + list(loop.tape.inputs.values())
    return sum({place(x): x.untyped_storage().nbytes() for x in found}.values())


_kinds: WeakValueDictionary[str, Kind] = WeakValueDictionary()
_latest: OrderedDict[str, Kind] = OrderedDict()


def kind(kin: str) -> Kind:
    """What runs of one kin have in common, for as long as one of them is there or it is among the latest."""
    found = _kinds.get(kin) or Kind(kin)
    _kinds[kin] = found
    if found.bytes <= HEAVY:
        _latest[kin] = found
        _latest.move_to_end(kin)
    while len(_latest) > KINDS:
        _latest.popitem(last=False)
    return found


def here() -> bool:
    """Whether this is the thread on which runs share."""
    return threading.current_thread() is threading.main_thread()


def small(state: State) -> bool:
    """Whether another state is put in its place at little cost."""
    return sum(x.nbytes for x in state.parts().values()) <= LARGEST


def forget() -> None:
    """Lets go of all that is kept."""
    _latest.clear()
    _kinds.clear()
