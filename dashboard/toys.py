"""The bench of toy games as a visitor has it: its knobs in the sidebar, its state in the link, its panels and its table."""

from __future__ import annotations

import math

import streamlit as st

from dashboard.live.bench import mount
from dashboard.panels.rest import circle, distance, radius
from dashboard.panels.walks import ASPECTS, walks
from gancore.catalog import BadKnob, Knob, knobs
from gancore.observe.landscape.bench import facts
from gancore.observe.landscape.lab import MOST, Lab
from gancore.observe.landscape.methods import Method, methods
from gancore.observe.landscape.motion import spectrum

PARTS = {
    "g": "θ", "d": "ψ", "g_moments.velocity": "last step of θ", "d_moments.velocity": "last step of ψ",
    "memory.dynamics.g": "θ remembered", "memory.dynamics.d": "ψ remembered",
}  # fmt: skip

SOURCE = (
    "Measured: the largest |λ| of the Jacobian of the very moves that train networks, with respect to all that a state "
    "holds, by central differences in 64 bits."
)


def read_link(query: dict[str, str]) -> tuple[Lab, list[str]]:
    """The bench that a link asks for, and one sentence for each part of it that cannot be used."""
    lab, problems = Lab(), []
    for address, value in query.items():
        try:
            lab = lab.with_(address, value)
        except BadKnob as error:
            problems.append(str(error))
    return lab, problems


def show(lab: Lab) -> None:
    """Everything of a bench but the choice of its game."""
    st.session_state["lab"] = lab
    shown = tuple(lab.methods)
    frame, cut = facts(lab, ASPECTS[len(shown)])
    mount((walks(shown), circle(shown), distance(shown), radius(shown)), frame, cut, _start)
    st.markdown(table(lab))
    st.caption(
        f"{lab.toy.says}. G(z) = θ, D(x) = ψx, and a = hs with s = {lab.toy.slope:g}, the field's slope at rest."
    )
    with st.sidebar:
        _knobs(lab)
    if st.query_params.to_dict() != lab.to_query():
        st.query_params.from_dict(lab.to_query())


def table(lab: Lab) -> str:
    """Each method's closed form beside what was measured, as Markdown."""
    rows = [
        "| method | spectral radius ρ | closed form | measured | near the middle | a state holds |",
        "|---|---|--:|--:|---|---|",
    ]
    for method in lab.methods:
        known = method.radius(lab.h, lab.toy.slope)
        theory = "none" if known is None else f"{known:.6f}"
        measured, end, holds = "–", "never rests", "–"
        if method.smooth:
            seen = spectrum(lab.config(method), method.period)
            measured, end = f"{seen.radius:.6f}", verdict(seen)
            holds = ", ".join(PARTS.get(name, name) for name in seen.carried)
        title = f"**{method.title}**"
        rows.append(f"| {title} | ${method.formula}$ | {theory} | {measured} | {end} | {holds} |")
    return "\n".join(rows)


def verdict(seen) -> str:
    """What a walk does near its resting point, in two words."""
    turns = abs(seen.eigenvalues[0].imag) > 1e-9
    if abs(seen.radius - 1) < 1e-9:
        return "circles for ever" if turns else "neither in nor out"
    where = "in" if seen.radius < 1 else "out"
    return f"spirals {where}" if turns else f"straight {where}"


def _knobs(lab: Lab) -> None:
    st.caption(f"{lab.toy.says}. G minimises ${lab.toy.value}$, with G(z) = θ and D(x) = ψx.")
    own = {k.name: k for k in knobs(Lab)}
    _widget(lab, "h", own["h"], lab.h)
    st.pills(
        "Methods side by side", list(methods), selection_mode="multi", key=_key("methods", list(lab.names)),
        format_func=lambda name: methods[name].title, on_change=_choose, help=f"1 to {MOST} of them",
    )  # fmt: skip
    if problem := st.session_state.pop("bench/problem", None):
        st.warning(problem)
    left, right = st.columns(2)
    for place, name in ((left, "theta"), (right, "psi")):
        with place:
            _widget(lab, name, own[name], getattr(lab, name))
    for method in lab.methods:
        for k in knobs(method):
            _widget(
                lab, f"{method.name}.{k.name}", k, getattr(method, k.name), f"{k.label} · {method.title}", _doc(method)
            )
    _widget(lab, "iterations", own["iterations"], lab.iterations)
    st.button("Restore defaults", icon=":material/undo:", width="stretch", on_click=_reset)


def _doc(method: Method) -> str:
    return (method.__doc__ or "").strip()


def _widget(lab: Lab, address: str, k: Knob, value, label: str = "", told: str = "") -> None:
    """One knob; what is turned acts at once, for everything here is computed anew."""
    label, told = label or k.label or k.name, " ".join(filter(None, (f"{k.help}.", told)))
    common = dict(key=_key(address, value), help=told, on_change=_turn, args=(address,))
    if k.log:
        ends = (round(20 * math.log10(end)) for end in (k.low, k.high))
        steps = {float(f"{10 ** (i / 20):.2g}") for i in range(next(ends), next(ends) + 1)}
        steps = sorted({step for step in steps if k.low <= step <= k.high} | {value})
        st.select_slider(label, steps, format_func=lambda v: f"{v:.3g}", **common)
    elif k.kind == "int":
        st.slider(label, int(k.low), int(k.high), **common)
    elif address in ("theta", "psi"):
        st.number_input(label, k.low, k.high, step=0.1, format="%.2f", **common)
    else:
        st.slider(label, k.low, k.high, step=0.05, **common)


def _key(address: str, value) -> str:
    st.session_state[f"bench/{address}"] = value
    return f"bench/{address}"


def _turn(address: str) -> None:
    st.session_state["lab"] = st.session_state["lab"].with_(address, st.session_state[f"bench/{address}"])


def _choose() -> None:
    names = st.session_state["bench/methods"]
    try:
        if not names:
            raise BadKnob(f"Give 1 to {MOST} methods.")
        st.session_state["lab"] = st.session_state["lab"].with_("methods", ",".join(names))
    except BadKnob as error:
        st.session_state["bench/problem"] = str(error)


def _start(at: tuple[float, float]) -> None:
    lab = st.session_state["lab"]
    for address, value in zip(("theta", "psi"), at):
        low, high = next((k.low, k.high) for k in knobs(Lab) if k.name == address)
        lab = lab.with_(address, min(max(value, low), high))
    st.session_state["lab"] = lab


def _reset() -> None:
    st.session_state["lab"] = Lab(game=st.session_state["lab"].game)
