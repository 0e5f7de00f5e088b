"""When a run is looked at: at the beat of its frame rate while looks are cheap, and with glances in between where they are dear."""

from __future__ import annotations

LOOKS = 12  # times as long as a look takes pass from one to the next: a twelfth of a worker's time at most


class Beat:
    """What was looked at, and when to look again. What time it is says who asks, in seconds. Used by one thread.

    Looks keep to the beat, but fall behind it rather than spend over a twelfth of the worker. What reads scalars alone
    goes on at the beat then: a glance, which the next look waits for too.
    """

    def __init__(self):
        self._next_look = self._next_glance = 0.0
        self._asked, self._seen = True, -1

    def ask(self) -> None:
        """The next look comes at once, whatever looks cost and whether or not the run moves."""
        self._asked = True

    def due(self, now: float, iteration: int, playing: bool, unfinished: bool) -> str:
        """`look`, `glance` or nothing, for a run that stands there. One that is `unfinished` has more to show of the same moment."""
        if self._asked:
            return "look"
        if not (unfinished or (playing and iteration != self._seen)):
            return ""
        if now >= self._next_look:
            return "look"
        return "glance" if playing and now >= self._next_glance else ""

    def took(self, what: str, now: float, iteration: int, spent: float, fps: int) -> None:
        """Tells that what was due at `now` has been done, at the cost of so many seconds."""
        self._asked, self._seen = False, iteration
        rest, beat = LOOKS * spent, self._next_glance + 1 / fps
        beat = beat if beat > now else now + 1 / fps
        if what == "glance":
            self._next_look, self._next_glance = self._next_look + rest, max(beat, now + rest)
        else:
            self._next_look, self._next_glance = max(beat, now + rest), beat
