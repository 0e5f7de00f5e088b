"""The sidebar: every knob of the run as a widget, made from what the catalogs say about it."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import keyed
from dashboard.one_knob import offer
from dashboard.thumbnails import thumbnails
from dashboard.upload import upload
from gancore import presets
from gancore.catalog import BadKnob, Knob, knobs, text
from gancore.config import ROLES, Config, live, refusal
from gancore.game.data import stored
from gancore.run.pace import Pace
from gancore.run.session import Session

LIVE, RESTART = ":material/bolt:", ":material/restart_alt:"
GROUPS = {
    "Generator": ("g_opt", "g"),
    "Discriminator": ("d_opt", "dynamics", "d", "penalty", "constraint", "input"),
    "Data and noise": ("data", "noise"),
    "Run": ("loss", "schedule"),
}
NAMES = {
    "g": "network", "d": "network", "g_opt": "optimiser", "d_opt": "optimiser", "dynamics": "dynamics",
    "penalty": "penalty", "constraint": "weights", "data": "data", "noise": "noise prior", "loss": "loss",
    "input": "what D is shown", "schedule": "learning rates",
}  # fmt: skip
PACE = {k.name for k in knobs(Pace)}
COLUMN = 56  # pixels: three columns fit into the sidebar, under short names
SHORT = {"weight": "w", "mean": "μ", "spread": "σ", "sigma": "σ"}
SAID, LONGEST = 3, 40  # changes of a preset that are named under it, and characters of a value
# Roles whose choice is an advanced matter; their basic knobs still show.
ADVANCED_ROLES = {"g", "d", "dynamics", "penalty", "constraint", "input", "schedule"}


def sidebar(run: Session, page: str) -> None:
    """Draws all knobs and hands what they say to the run."""
    with st.sidebar:
        story = _preset(run, page)
        offer(run, page)
        waiting = st.container()
        if page == "plane":
            thumbnails(page, run.wanted.data, lambda name: _choose(run, page, name))
            upload(page, lambda name: _bring(run, page, name))
        st.caption(f"{LIVE} acts from the next iteration · {RESTART} acts on restart")
        advanced = st.toggle("All knobs", key="advanced", help="Show the advanced ones too")
        _follow(run, page)
        before = st.session_state[f"{page}/shown"]
        said = _config(run, before, page, advanced)
        # What these widgets say anew, and no more: the data may have been edited on the stage since they were drawn.
        run.want(Config.from_flat(before.differences(said), run.wanted))
        story.caption(_story(run, page))
        with waiting:
            _pending(run)
        st.button(
            "Restore defaults", icon=":material/undo:", width="stretch", help="Back to the preset's own settings",
            on_click=lambda: _show(run, page, presets.load(st.session_state[f"{page}/preset"]).config),
        )  # fmt: skip
    if st.session_state.pop(f"{page}/stale", False):
        del st.session_state[f"{page}/shown"]
        st.rerun()


def _preset(run: Session, page: str) -> DeltaGenerator:
    """The menu of presets; returns the place of what is said of the chosen one, as the widgets below may still change it."""
    mine = [name for name in presets.names() if presets.load(name).page == page]
    key = f"{page}/preset"
    far = {name: len(presets.load(name).config.differences(run.config)) for name in mine}
    st.session_state.setdefault(key, min(mine, key=lambda name: (far[name], name != page)))

    def chosen():
        _show(run, page, presets.load(st.session_state[key]).config)

    st.selectbox(
        "Preset", mine, key=key, format_func=lambda name: presets.load(name).title, on_change=chosen,
        help="A starting point; every knob stays yours to turn",
    )  # fmt: skip
    story = st.empty()
    story.caption(_story(run, page))
    return story


def _story(run: Session, page: str) -> str:
    """What the preset is about, as long as it is that game, and what was changed of it."""
    preset = presets.load(st.session_state[f"{page}/preset"])
    changed = preset.config.differences(run.wanted)
    if not changed:
        return preset.story
    said = [f"**{address} = {text(value)[:LONGEST]}**" for address, value in changed.items()]
    told = f"Changed: {', '.join(said[:SAID])}" + f" and {len(said) - SAID} more" * (len(said) > SAID)
    return told if "data" in changed else f"{preset.story}  \n{told}"


def _choose(run: Session, page: str, name: str) -> None:
    """Data by their thumbnail; for points of one's own that are still to come the place to drop them opens."""
    to_come = _to_come(name)
    st.session_state[f"{page}/upload/open"] = to_come
    if not to_come:
        with contextlib.suppress(BadKnob):  # said where the choice is drawn
            _show(run, page, run.wanted.with_("data", name))


def _to_come(name: str) -> bool:
    """Whether these data are points of one's own, and there are none yet."""
    return name == "own-points" and not stored.names("points")


def _bring(run: Session, page: str, name: str) -> None:
    """Points that were just brought in."""
    _show(run, page, Config.from_flat({"data": "own-points", "data.set": name}, run.wanted))


def _pending(run: Session) -> None:
    waiting = run.pending()
    if not waiting:
        return
    names = ", ".join(f"**{address} = {text(value)}**" for address, value in list(waiting.items())[:4])
    more = f" and {len(waiting) - 4} more" if len(waiting) > 4 else ""
    with st.container(border=True):
        st.markdown(f"{RESTART} waits for a restart: {names}{more}")
        st.button("Restart now", type="primary", icon=":material/restart_alt:", width="stretch", on_click=run.restart)


def _follow(run: Session, page: str) -> None:
    """Moves the widgets when the settings changed elsewhere: a preset, a link's planned change, another tab."""
    shown_key = f"{page}/shown"
    wanted = run.wanted
    if st.session_state.get(shown_key) != wanted:
        for address, value in wanted.flat().items():
            keyed.put(page, address, value)
        st.session_state[shown_key] = wanted


def _show(run: Session, page: str, config: Config) -> None:
    """Settings that were asked for in one go: the run hears of them before the page is drawn anew, which then shows them at once."""
    for address, value in config.flat().items():
        keyed.put(page, address, value)
    run.want(config)


def _config(run: Session, before: Config, page: str, advanced: bool) -> Config:
    """What the widgets say. A choice that was just swapped starts from its own defaults."""
    config = before
    for title, places in GROUPS.items():
        with st.expander(title, expanded=True):
            for role in places:
                try:
                    config = _role(config, page, role, advanced)
                except BadKnob as error:  # It stays on the screen to be put right; the run keeps what it had.
                    st.error(str(error))
            if title == "Run":
                config = _own(config, page, advanced)
                run.set_pace(_pace(run, page, advanced))
    st.session_state[f"{page}/shown"] = config
    return config


def _role(config: Config, page: str, role: str, advanced: bool) -> Config:
    choice = getattr(config, role)
    options = [name for name in ROLES[role] if name == choice.name or _suits(config, page, role, name)]
    if len(options) > 1 and (advanced or role not in ADVANCED_ROLES or choice.name != _usual(role)):
        with _marked(page, role, live(config, role)):
            key = keyed.key(page, role, choice.name)
            name = st.selectbox(
                NAMES[role], options, _rank(options, st.session_state[key]), key=key, help=_help(choice),
                format_func=lambda n: getattr(ROLES[role][n], "title", n), on_change=_turn, args=(page, role),
            )  # fmt: skip
        if name != choice.name:  # it could not act when it was made, as other choices stood in its way
            config = _turned(config, role, name)
            st.session_state[f"{page}/stale"] = True  # what it wants may have been drawn before: draw once more
            choice = getattr(config, role)
            for k in knobs(choice):
                keyed.put(page, f"{role}.{k.name}", getattr(choice, k.name))
    turned = {}
    shown = [k for k in knobs(choice) if advanced or not k.advanced]
    for k, place in zip(shown, _places(shown)):
        with place:
            turned[f"{role}.{k.name}"] = _widget(page, f"{role}.{k.name}", k, getattr(choice, k.name))
    return Config.from_flat(turned, config)  # all at once: low and high of a range are only right together


def _suits(config: Config, page: str, role: str, name: str) -> bool:
    """Whether a choice belongs on this page at all. What is only wrong beside another choice is offered, and says why."""
    entry = ROLES[role][name]
    if role == "data":
        return entry.page == page
    return role not in ("g", "d", "input") or not refusal(entry(), config)


def _places(shown: list[Knob]) -> list:
    """Two narrow widgets beside each other; one that needs room, or has nobody beside it, takes the whole width."""
    wide = [k.kind in ("modes", "bool") or len(k.label or k.name) > 8 for k in shown]
    places, right = [], None
    for at, alone in enumerate(wide):
        if right is not None:
            places.append(right)
            right = None
        elif alone or at + 1 == len(wide) or wide[at + 1]:
            places.append(st.container())
        else:
            left, right = st.columns(2)
            places.append(left)
    return places


def _own(config: Config, page: str, advanced: bool) -> Config:
    shown = [k for k in knobs(Config) if advanced or not k.advanced]
    for k, place in zip(shown, _places(shown)):
        with place:
            config = config.with_(k.name, _widget(page, k.name, k, getattr(config, k.name)))
    return config


def _pace(run: Session, page: str, advanced: bool) -> Pace:
    values = {k.name: getattr(run.pace, k.name) for k in knobs(Pace)}
    shown = [k for k in knobs(Pace) if advanced or not k.advanced]
    for k, place in zip(shown, _places(shown)):
        with place:
            value = values[k.name]
            values[k.name] = _speed(page, value) if k.name == "speed" else _widget(page, k.name, k, value)
    return Pace(**values)


def _speed(page: str, value: int) -> int:
    options = sorted({1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, value} - {0})
    with _marked(page, "speed", True):
        return st.select_slider(
            "speed", [*options, 0], value, key=keyed.key(page, "speed", value),
            format_func=lambda n: f"{n}/s" if n else "unlimited", help="Iterations a second at most",
        )  # fmt: skip


def _marked(page: str, address: str, live: bool) -> DeltaGenerator:
    """The place of a widget whose label gets the sign of when it acts by style alone: in the label itself its code would be read out."""
    return st.container(key=f"{'live' if live else 'restart'}/{page}/{address}")


def _widget(page: str, address: str, k: Knob, value: Any) -> Any:
    """One knob, in its place."""
    with _marked(page, address, k.live):
        return _suited(page, address, k, value)


def _suited(page: str, address: str, k: Knob, value: Any) -> Any:
    """The widget that suits a knob's kind and range."""
    label = k.label or k.name.replace("_", " ")
    if k.kind == "modes":
        return _modes(page, address, label, k, value)
    acts = "Acts from the next iteration" if k.live else "Acts on restart"
    help = f"{k.help}. {k.accepts[0].upper()}{k.accepts[1:]}. {acts}."
    key = keyed.key(page, address, value)
    held = st.session_state[key]  # told as the default too: a browser that misses what was set begins with that
    common = dict(key=key, help=help)
    if address not in PACE:
        common |= dict(on_change=_turn, args=(page, address))
    if k.kind == "choice":
        return st.selectbox(label, k.choices, _rank(k.choices, held), **common)
    if k.kind == "bool":
        return st.toggle(label, held, **common)
    if k.kind == "name":
        return st.text_input(label, held, **common)
    if k.log:
        options = _decades(k, value)
        return st.select_slider(
            label, options, held if held in options else value,
            format_func=lambda v: f"{v:.3g}" if k.kind == "float" else f"{v}", **common,
        )  # fmt: skip
    if k.kind == "int" and k.high - k.low > 300:
        return st.number_input(label, int(k.low), int(k.high), held, **common)
    if k.kind == "int":
        return st.slider(label, int(k.low), int(k.high), held, **common)
    if k.high - k.low <= 1:
        return st.slider(label, float(k.low), float(k.high), held, step=0.01, **common)
    return st.number_input(label, float(k.low), float(k.high), held, step=0.1, format="%.4g", **common)


def _rank(options, held: Any) -> int:
    return list(options).index(held) if held in options else 0


def _turn(page: str, address: str) -> None:
    _act(page, address, keyed.said(page, address))


def _edit(page: str, address: str, columns: tuple[str, ...]) -> None:
    _act(page, address, keyed.edited(page, address, columns))


def _act(page: str, address: str, value: Any) -> None:
    """A knob or a choice acts at once, before the page is drawn anew: what is drawn first, the stage, shows it already."""
    run = st.session_state["runs"][page]
    with contextlib.suppress(BadKnob):  # said where the knob is drawn
        before = run.wanted
        if before.flat().get(address) == value:
            return  # it was not turned: a browser told of its forerunner, under the key before
        if address == "data" and _to_come(value):  # a run without data could only fail, by a name that nobody gave
            keyed.put(page, address, before.data.name)
            st.session_state[f"{page}/upload/open"] = True
            st.toast(
                "There are no points of your own yet: drop a CSV file on *Points of your own*.",
                icon=":material/upload_file:",
            )
            return
        now = _turned(before, address, value)
        for beside, its in now.flat().items():
            if beside != address and before.flat().get(beside) != its:
                keyed.put(page, beside, its)
        followed = st.session_state.get(f"{page}/shown") == before
        run.want(now)
        if followed:  # else the widgets still have to take over what was changed elsewhere
            st.session_state[f"{page}/shown"] = now


def _turned(config: Config, address: str, value: Any) -> Config:
    """With this value, and what such a choice wants beside it. Raises `BadKnob`."""
    config = config.with_(address, value)
    wanted = getattr(ROLES[address][value], "wants", {}) if address in ROLES else {}
    for beside, its in wanted.items():
        config = config.with_(beside, its)
    return config


def _decades(k: Knob, value: Any) -> list:
    """Steps of equal ratio over the knob's range, and the value itself wherever it lies."""
    if k.kind == "int":
        powers = {2**i for i in range(int(math.log2(k.high)) + 1)}
        return sorted({n for n in powers if n >= k.low} | {int(k.low), int(k.high), value})
    low, high = round(10 * math.log10(k.low)), round(10 * math.log10(k.high))
    steps = {float(f"{10 ** (i / 10):.2g}") for i in range(low, high + 1)}
    return sorted({s for s in steps if k.low <= s <= k.high} | {float(value)})


def _modes(page: str, address: str, label: str, k: Knob, value: tuple) -> tuple:
    """Rows of numbers, weight first and spread last, in a small table to edit."""
    short = {name: SHORT.get(name, name) for name in k.columns}
    named = ", ".join(name if name == mark else f"{name} {mark}" for name, mark in short.items())
    st.caption(f"{label}: {named}", help=f"{k.help}. Give {k.accepts}.")
    rows = keyed.rows(page, address, value)
    columns = {
        name: st.column_config.NumberColumn(mark, required=True, format="%.3g", width=COLUMN)
        for name, mark in short.items()
    }
    st.data_editor(
        pd.DataFrame(list(rows), columns=list(columns)), key=keyed.key(page, address), num_rows="dynamic",
        hide_index=True, column_config=columns, on_change=_edit, args=(page, address, k.columns),
    )  # fmt: skip
    return keyed.edited(page, address, k.columns)


def _usual(role: str) -> str:
    return getattr(Config(), role).name


def _help(choice: Any) -> str:
    return (choice.__doc__ or "").strip()
