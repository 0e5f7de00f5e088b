"""Who this visitor is: their runs, one a page, and the link that brings anybody to the same run.

The hub is shared by all visitors of this server; everything else lives in Streamlit's session state.
"""

from __future__ import annotations

import argparse
import atexit
from contextlib import suppress
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import streamlit as st

from gancore import presets
from gancore.catalog import BadKnob, knobs, shown, text
from gancore.config import Config, live
from gancore.run.hub import Hub
from gancore.run.pace import Pace
from gancore.run.recorded import Recorded
from gancore.run.session import Session

PACE = {k.name: k for k in knobs(Pace)}
KEPT = ("game", "of")  # what the page dynamics shows
COOKIE = "ganscope_visitor"  # set with the page, see `dashboard/server.py`
RESERVED = {"play", "watch", "preset", "changes", "embed", "embed_options", *KEPT}


@cache
def hub() -> Hub:
    """The one hub of this process; its workers start when it is first asked for."""
    made = Hub()
    atexit.register(made.close)
    return made


def following(arguments: list[str]) -> Path | None:
    """What `streamlit run streamlit_app.py -- --follow WHAT` names: a folder of recordings, or one. Raises `SystemExit`."""
    parser = argparse.ArgumentParser("streamlit run streamlit_app.py --", description=__doc__, add_help=False)
    parser.add_argument("--follow", metavar="DIR", type=Path)
    asked, unknown = parser.parse_known_args(arguments)
    if unknown:
        raise SystemExit(f"{' '.join(unknown)} is unknown: after the -- give --follow DIR, or nothing")
    if not (path := asked.follow and asked.follow.expanduser().absolute()):
        return None
    if path.is_file() and path.suffix != ".sqlite":
        raise SystemExit(
            f"--follow {path} cannot be followed: give a folder of recordings, or one that ends in .sqlite"
        )
    if not path.exists() and (path.suffix == ".sqlite" or not path.parent.is_dir()):
        raise SystemExit(f"--follow {path} is not there: give a folder that `watch` writes into, or one recording")
    return path


def session(page: str) -> tuple[Session, list[str]]:
    """This visitor's run on a page, opened from the link if there is none yet, and what was wrong with the link."""
    known = st.session_state.setdefault("runs", {})
    problems: list[str] = []
    if page not in known or hub().find(known[page].id) is not known[page]:
        config, pace, changes, problems = read_link(page, st.query_params.to_dict())
        known[page] = hub().open(config, pace, changes, owner=owner())
        if st.query_params.get("play") == "1":
            known[page].play()
    return known[page], problems


def take(page: str, run: Session) -> None:
    """Makes this the visitor's run on a page, and the page the one to show next."""
    st.session_state.setdefault("runs", {})[page] = run
    st.session_state["next page"] = page
    st.query_params.clear()


def show_together(*runs: str) -> None:
    """Makes the page that shows these runs side by side the one to show next."""
    st.session_state["next page"], st.session_state["next query"] = "compare", {"runs": ",".join(runs)}
    st.query_params.clear()


def kept(run: Session) -> Session:
    """Notes that this visitor may steer a run that stands on no page of its own."""
    st.session_state.setdefault("abreast", {})[run.id] = run
    return run


def mine(run: Session | Recorded) -> bool:
    """Whether this visitor may steer a run: it was opened by this browser, or from this very tab."""
    here = [*st.session_state.get("runs", {}).values(), *st.session_state.get("abreast", {}).values()]
    return bool(run.key) and (run in here or bool(run.owner and run.owner == owner()))


def owner() -> str:
    """Who this browser is, to the recordings it makes: a digest of its cookie, or nothing where it takes none."""
    secret = st.context.cookies.get(COOKIE, "")
    known = isinstance(secret, str) and secret  # without a browser, Streamlit's tests say, there is no telling
    return sha256(secret.encode()).hexdigest()[:32] if known else ""


def read_link(page: str, query: dict[str, str]) -> tuple[Config, Pace, list[tuple[int, str]], list[str]]:
    """What a link asks for, and one sentence for each part of it that cannot be used; those parts stay at their defaults."""
    problems = []
    name = query.get("preset", page)
    if name not in presets.names():
        problems.append(f"preset = {shown(name)} is unknown: give one of {', '.join(presets.names())}")
        name = page
    config, pace = presets.load(name).config, Pace()
    settings = {a: v for a, v in query.items() if a not in RESERVED}
    for address in PACE.keys() & settings.keys():
        try:
            pace = replace(pace, **{address: settings.pop(address)})
        except BadKnob as error:
            problems.append(str(error))
    config = put_together(settings, config, problems)
    if config.data.page != page:
        problems.append(f"data = {shown(config.data.name)} belongs to the page {config.data.page}, not here")
        config = presets.load(page).config
    changes, then = [], config
    for part in filter(None, query.get("changes", "").split(";")):
        try:
            change, then = read_change(part, then)
            changes.append(change)
        except BadKnob as error:
            problems.append(str(error))
    return config, pace, changes, problems


def put_together(settings: dict[str, str], config: Config, problems: list[str]) -> Config:
    """All settings at once, as choices may only go together; where that fails one role after the other, so that the rest is kept."""
    with suppress(BadKnob):
        return Config.from_flat(settings, config)
    for role in dict.fromkeys(address.split(".")[0] for address in settings):
        together = {a: v for a, v in settings.items() if a.split(".")[0] == role}
        try:
            config = Config.from_flat(together, config)
        except BadKnob:
            for address in sorted(together):  # the choice comes before its knobs
                try:
                    config = config.with_(address, together[address])
                except BadKnob as error:
                    problems.append(str(error))
    return config


def read_change(part: str, config: Config) -> tuple[tuple[int, str], Config]:
    """One `iteration:address=value` or `iteration:step=d` of a link, and what it makes of this config."""
    at, _, what = part.partition(":")
    address, _, value = what.partition("=")
    if not at.isdecimal() or not value:
        raise BadKnob(f"changes: {shown(part)} cannot be used: give iteration:setting=value, such as 500:d_opt.lr=0.01")
    if address != "step":
        changed = config.with_(address, value)
        if not (live(config, address) and live(changed, address)):
            raise BadKnob(f"changes: {shown(what)} cannot happen while a run plays: {address} acts on restart")
        config = changed
    elif value not in ("d", "g"):
        raise BadKnob(f"changes: step = {shown(value)} cannot be used: give d or g")
    return (int(at), what), config


def write_link(run: Session) -> None:
    """Puts the run into the address bar: its settings at the start, what was changed when, and its pace."""
    query = run.config.to_query() | {name: text(getattr(run.pace, name)) for name in PACE}
    done = [f"{iteration}:{what}" for iteration, what in run.events]
    planned = [f"{iteration}:{what}" for iteration, what in run.changes if iteration >= run.iteration]
    if changes := ";".join([*done, *(p for p in planned if p not in done)]):
        query["changes"] = changes
    if st.query_params.get("play") == "1":
        query["play"] = "1"
    query |= {name: st.query_params[name] for name in KEPT if name in st.query_params}
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
