"""What is the matter with the run, in words: the verdicts of its checkup."""

from __future__ import annotations

import json

import numpy as np

from gancore.observe.checkup import Checkup
from gancore.observe.probes.shelf import probe


@probe
def health(look):
    """The verdicts as JSON, in UTF-8 bytes, because a frame takes arrays: a list of what `Verdict.plain` gives."""
    if not hasattr(look.fixed, "vitals"):
        return {}
    checkup = look.memory.get("health")
    if checkup is None or checkup.of not in (None, look.fixed.vitals):
        checkup = look.memory["health"] = Checkup()
    if look.measuring and checkup.due(look.state.iteration):
        checkup.look(look)
    said = json.dumps([verdict.plain() for verdict in checkup.verdicts], allow_nan=False, ensure_ascii=False)
    return {"health": np.frombuffer(said.encode(), np.uint8)}
