"""What one reader looks back on: the moment asked for last, made from the recording beside the server's event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from gancore.record.replay import Replay
from gancore.record.store import RecordingError


class Past:
    """Called on the event loop; files are read on a thread. Newest wins: what was asked before that is forgotten."""

    def __init__(self, session: Any):
        self.session = session
        self.looking = False  # whether the reader is in the past at all
        self.asked: tuple[int, int] | None = None  # iteration, and a step from there
        self._replay: Replay | None = None

    def ask(self, iteration: int, step: int) -> None:
        self.looking, self.asked = True, (iteration, step)

    def leave(self) -> None:
        self.looking, self.asked = False, None

    async def answer(self) -> bytes | str:
        """The frame asked for, encoded, or why there is none."""
        asked, self.asked = self.asked, None
        return await asyncio.to_thread(self._find, *asked)

    async def close(self) -> None:
        if self._replay:
            await asyncio.to_thread(self._replay.close)

    def _find(self, iteration: int, step: int) -> bytes | str:
        try:
            if self._replay and self._replay.path != self.session.path:  # a restart records anew
                self._replay.close()
                self._replay = None
            self._replay = self._replay or Replay(self.session.path)
            frame = self._replay.frame(iteration, step)
            return frame.encode() if frame else "Nothing to look back on yet: the recording holds no frame."
        except RecordingError as error:
            return str(error)
