"""One knob and another value for it: what two runs of an A/B differ by, and what is turned in a run shown beside others."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.state import hub, kept, owner, show_together
from gancore.catalog import BadKnob, text
from gancore.config import ROLES, Config, find, live
from gancore.run.pace import Pace
from gancore.run.session import Session

FIRST = "d_opt.lr"  # offered first: the knob that most A/Bs are about


def offer(run: Session, page: str) -> None:
    """A/B: two runs from one seed, one knob apart, that start at once and play in step, side by side."""
    with st.popover("A/B: one knob apart", icon=":material/compare:", width="stretch"):
        st.caption("A has the settings as they are now. B is the same from the same seed, but for:")
        other = choose(run.wanted, f"{page}/ab")
        if st.button(
            "Start both", type="primary", icon=":material/play_arrow:", disabled=other is None, key=f"{page}/ab/go"
        ):
            show_together(*(start(config, run.pace).id for config in (run.wanted, other)))
            st.rerun()


def start(config: Config, pace: Pace) -> Session:
    """A run of this visitor's that plays at once."""
    run = kept(hub().open(config, pace, owner=owner()))
    run.play()
    return run


def choose(config: Config, key: str, only_live: bool = False) -> Config | None:
    """Widgets for one knob and its other value; the config with that, or None where it is not one yet."""
    offered = [a for a in config.flat() if a != "seed" and settable(config, a) and (not only_live or live(config, a))]
    address = st.selectbox(
        "Knob", offered, index=offered.index(FIRST) if FIRST in offered else 0, key=f"{key}/knob",
        format_func=lambda a: f"{a} = {text(config.flat()[a])}", help=_help(config, st.session_state.get(f"{key}/knob", FIRST)),
    )  # fmt: skip
    if address is None:
        return None
    try:
        value = _value(config, address, f"{key}/{address}")
        if value is None or value == "":
            return None
        other = config.with_(address, value)
    except BadKnob as error:
        st.error(str(error))
        return None
    if other == config:
        st.caption("That is the value it has already.")
        return None
    return other


def settable(config: Config, address: str) -> bool:
    """Whether one value in a line of text, or a choice from a list, says it."""
    return address in ROLES or find(config, address).kind != "modes"


def _value(config: Config, address: str, key: str) -> Any:
    now = config.flat()[address]
    if address in ROLES:
        return st.selectbox("Other value", alternatives(config, address), key=key)
    k = find(config, address)
    if k.kind in ("choice", "bool"):
        options = [option for option in (k.choices if k.kind == "choice" else (True, False)) if option != now]
        return st.selectbox("Other value", options, key=key)
    accepts = f"{k.accepts[0].upper()}{k.accepts[1:]}"
    return st.text_input("Other value", suggested(k, now), key=key, help=f"{accepts}.", placeholder=accepts)


def alternatives(config: Config, role: str) -> list[str]:
    """The other choices of this role that can be made beside the rest of this config, on the same page."""
    found = []
    for name in ROLES[role]:
        try:
            other = config.with_(role, name)
        except BadKnob:
            continue
        if name != config.flat()[role] and other.data.page == config.data.page:
            found.append(name)
    return found


def suggested(k: Any, now: Any) -> str:
    """Far enough to see a difference: the double of what is counted, ten times a rate, else half way to the farther end."""
    if k.kind not in ("int", "float"):
        return ""
    if k.kind == "int":
        return text(max(2 * now, now + 1) if max(2 * now, now + 1) <= k.high else max(int(k.low), now // 2))
    if k.log:
        return text(now * 10 if now * 10 <= k.high else now / 10)
    return text(float(f"{(now + (k.high if k.high - now > now - k.low else k.low)) / 2:.3g}"))


def _help(config: Config, address: str) -> str:
    knob = find(config, address) if address in config.flat() else None
    return f"{knob.help}." if knob else "Any one setting."
