"""A worker in the process of the tests, which let it go round and read what it tells."""

import queue
import time
from dataclasses import asdict

from gancore.record.recording import Reader
from gancore.run import messages
from gancore.run.pace import Pace
from gancore.run.worker import Worker
from tests.run.tiny import TINY


class Hosting:
    """A worker in this process, and what it told."""

    def __init__(self, folder):
        self.folder, self.told = folder, []
        self.inbox = queue.SimpleQueue()
        self.worker = Worker(self.inbox, self.told.append)

    def open(self, name, config=TINY, changes=(), pace=None, playing=True, path=None, resume=False, sweep=""):
        flat = config if isinstance(config, dict) else config.flat()
        path = path or self.folder / f"{name}.sqlite"
        pace = asdict(Pace()) if pace is None else pace
        facts = {"sweep": sweep} if sweep else {}
        self.say(messages.Open(name, 0, flat, list(changes), str(path), pace, resume, playing, facts=facts))

    def say(self, message):
        self.inbox.put(message)
        self.worker.listen()

    def rounds(self, there, patience=60.0):
        """Lets the worker go round until it is true."""
        end = time.monotonic() + patience
        while not there():
            assert self.worker.round()
            assert time.monotonic() < end, "it did not come"

    def run(self, name):
        return self.worker.runs[name]

    def plays(self, name, n):
        self.rounds(lambda: self.run(name).trainer and self.run(name).trainer.iteration >= n)

    def goes_on(self, name, n):
        """Plays so many iterations more, once the run is loaded."""
        self.plays(name, 0)
        self.plays(name, self.run(name).trainer.iteration + n)

    def status(self, name):
        return [m for m in self.told if isinstance(m, messages.Status) and m.run == name][-1]

    def recorded(self, name):
        run = self.run(name)
        run.keeping.recording.commit()
        with Reader(run.keeping.recording.path) as reader:
            return reader.scalars()
