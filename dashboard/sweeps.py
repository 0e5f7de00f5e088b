"""The sweeps of this server's visitors, and the link that says one: its game, what varies, and how far.

A sweep is found again by who started it: a page that is loaded anew shows the runs that are there.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from secrets import token_urlsafe

import streamlit as st

from dashboard.state import hub, owner, read_link
from gancore import presets
from gancore.catalog import BadKnob, text
from gancore.config import Config
from gancore.run.sweep.members import Sweeping
from gancore.run.sweep.sweep import PAGES, UNTIL, Sweep

OWN = ("vary", "values", "until")  # what the link says beside the settings
_started: dict[tuple[str, Sweep], Sweeping] = {}
_lock = threading.Lock()  # around the look-up, for two tabs may start one sweep


def found(sweep: Sweep) -> Sweeping | None:
    """This sweep as this visitor started it, if the server still has it."""
    with _lock:
        known = _started.get((_who(), sweep))
        return known if known and known.here() else None


def start(sweep: Sweep) -> Sweeping:
    """Starts it, or goes on with it."""
    with _lock:
        known = _started.get((_who(), sweep))
        if not (known and known.here()):
            for key in [key for key, old in _started.items() if not old.here()]:
                del _started[key]
            known = _started[_who(), sweep] = Sweeping(hub(), sweep, owner())
    known.play()
    return known


def _who() -> str:
    """The browser; where it takes no cookie, the tab."""
    return owner() or st.session_state.setdefault("sweeper", token_urlsafe(12))


def to_query(sweep: Sweep) -> dict[str, str]:
    """The link to this sweep: settings that its page's preset does not have, what varies, and how far."""
    page = sweep.base.data.page
    settings = presets.load(page).config.differences(sweep.base)
    said = {"vary": sweep.address, "values": ",".join(map(text, sweep.values)), "until": text(sweep.until)}
    return {"preset": page, **{address: text(value) for address, value in settings.items()}, **said}


def from_query(query: Mapping[str, str]) -> tuple[Sweep | None, list[str]]:
    """What a link asks for, and one sentence for each part of it that cannot be used. Without `vary` it asks for nothing."""
    if "vary" not in query:
        return None, []
    config, problems = base(query)
    try:
        return Sweep.of(config, query["vary"], query.get("values", ""), query.get("until", UNTIL.default)), problems
    except BadKnob as error:
        return None, [*problems, str(error)]


def base(query: Mapping[str, str]) -> tuple[Config, list[str]]:
    """The settings of a link, on top of its preset's."""
    name = query.get("preset", "line")
    page = presets.load(name).page if name in presets.names() else "line"
    page = page if page in PAGES else "line"
    config, _, _, problems = read_link(page, {k: v for k, v in query.items() if k not in OWN})
    return config, problems
