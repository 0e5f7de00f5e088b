"""When a run's status is told: at once where it says something new, and once a second where only its counts went on."""

from __future__ import annotations

from dataclasses import replace

from gancore.run.messages import Status

PULSE = 1.0  # Seconds after which a playing run tells its counts, also when nobody watches.
COUNTS = ("iteration", "d_updates", "g_updates", "kept")  # those travel with the frames as well


class Telling:
    """What was told last. What time it is says who asks, in seconds. Used by one thread."""

    def __init__(self):
        self.last: Status | None = None
        self._at = 0.0

    def fresh(self, status: Status, now: float) -> Status | None:
        """This status, if it is to be told now; it then counts as told."""
        if self.last and status.state == "playing" and now - self._at < PULSE:
            old = replace(self.last, **{name: getattr(status, name) for name in COUNTS})
        else:
            old = self.last
        if status == old:
            return None
        self.last, self._at = status, now
        return status
