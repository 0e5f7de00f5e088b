"""One game many times over: S seeds, or S values of one knob, as ordinary runs; what is luck, and what is the knob."""

from __future__ import annotations

import html
import math

import streamlit as st

from dashboard import sweeps
from dashboard.examples import Example, offer
from dashboard.one_knob import alternatives, settable
from dashboard.panels import seeds, small
from dashboard.state import show_together
from dashboard.theme import DISCRIMINATOR, GENERATED
from gancore import presets
from gancore.catalog import BadKnob, text
from gancore.config import ROLES, Config, find
from gancore.run.sweep.members import Seen, Sweeping
from gancore.run.sweep.summary import summary
from gancore.run.sweep.sweep import PAGES, UNTIL, Sweep

BEAT = 1.0  # seconds between two pictures
SIZES = (4, 8, 16)
FIRST = "d_opt.lr"  # the knob that is offered first
EXAMPLES = (
    ("Was it bad luck?", "Two bells, and G that settles on one of them: does it drop the other from every seed, or from this one?",
     "failure-dropped-modes", "seed", "0,1,2,3,4,5,6,7", 2000),
    ("How fast may D learn?", "Two bells from one seed, with five learning rates of D from a tenth to ten times the usual one.",
     "line", "d_opt.lr", "0.0002,0.0006,0.002,0.006,0.02", 3000),
    ("Does R1 help on the ring?", "Eight bells on a circle: without R1, with the usual 0.1 of it, and with much less or more.",
     "plane", "penalty.gamma", "0,0.01,0.1,1,10", 2000),
)  # fmt: skip
MARKS = {"healthy": "✓ Healthy", "too-early": "too early"}
READ_SEEDS = "Thick: median of the members; bands: 10 to 90 %, lightly the extremes; thin: each of them"
READ_VALUES = "A line for each value, the later in the list the stronger; point at one to read it"
PLAYERS = f"<b style='color: {DISCRIMINATOR}'>D</b> and <b style='color: {GENERATED}'>G</b>"
QUIET = {"displayModeBar": False}
STYLE = """<style>
.seeds-head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 14px; }
.seeds-head h3 { font-size: 20px; font-weight: 600; margin: 0; padding: 0; }
.seeds-head p { margin: 0; font-size: 15px; }
.seeds-bar { height: 6px; border-radius: 3px; background: rgba(138, 143, 152, .25); margin: 8px 0 3px; overflow: hidden; }
.seeds-bar i { display: block; height: 100%; background: #0072B2; }
.seeds-count { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 20px; }
.seeds-count { font-size: 13px; opacity: .75; font-variant-numeric: tabular-nums; }
.seeds-title { font-size: 14px; line-height: 1.3; margin: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.seeds-title i { font-style: normal; font-weight: 400; opacity: .7; font-size: 13px; }
.seeds-grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 10px; }
.seeds-grid.few { grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); }
.seeds-grid a { display: block; color: inherit; text-decoration: none; padding: 6px 8px; }
.seeds-grid a { border: 1px solid rgba(138, 143, 152, .35); border-radius: 8px; }
.seeds-grid a:hover, .seeds-grid a:focus-visible { border-color: #0072B2; }
.seeds-grid div { display: flex; justify-content: space-between; gap: 6px; font-size: 12px; white-space: nowrap; }
.seeds-grid div { font-variant-numeric: tabular-nums; }
.seeds-grid div :is(b, span) { overflow: hidden; text-overflow: ellipsis; }
.seeds-grid div b { flex: none; max-width: 75%; }
.seeds-grid img { display: block; width: 100%; height: auto; margin: 5px 0; image-rendering: pixelated; }
.seeds-grid .sick { color: #D1242F; font-weight: 600; }
.seeds-grid .healthy { color: #009E73; font-weight: 600; }
.seeds-grid .early { opacity: .65; }
.seeds-grid em { font-style: normal; opacity: .65; }
</style>"""


def show():
    sweep, problems = sweeps.from_query(st.query_params.to_dict())
    for problem in problems:
        st.error(problem, icon=":material/link_off:")
    sweeping = sweeps.found(sweep) if sweep else None
    if sweep and not sweeping and st.query_params.get("play") == "1":
        sweeping = sweeps.start(sweep)
    st.html(STYLE)
    if sweeping:
        _play(sweeping)
    else:
        _begin(sweep)


# -- choosing ---------------------------------------------------------------------------------------------------


def _begin(sweep: Sweep | None) -> None:
    """What this page is for, and the settings of a sweep."""
    st.subheader("Seeds", anchor=False)
    st.markdown(
        "One run proves little: another seed may collapse. Here one game is played from several seeds, or with several values "
        "of one knob, on all cores: you see the median and its band, where each one led, and a picture of each with its verdict, which "
        "opens it. Every member is an ordinary run, bit for bit the one you would get alone (on a CUDA device, to rounding)."
    )
    if sweep:
        with st.container(border=True):
            st.markdown(f"**{sweep.title}**, up to iteration {sweep.until:,}, as the link says.")
            if st.button(f"Start these {len(sweep.values)} runs", type="primary", icon=":material/play_arrow:"):
                _start(sweep)
                st.rerun()
    _choose("begin", primary=sweep is None)
    if not sweep:
        offer([example(*one) for one in EXAMPLES], "sweep")


def example(title: str, says: str, preset: str, address: str, values: str, until: int) -> Example:
    """A sweep that one click starts."""
    sweep = Sweep.of(presets.load(preset).config, address, values, until)
    return Example(title, says, sweep.base, f"Start {len(sweep.values)} runs", lambda: _start(sweep))


def _choose(key: str, primary: bool = True) -> None:
    """Widgets for a sweep, and the button that starts it."""
    key = f"sweep/{key}"
    game, what, far = st.columns([0.4, 0.34, 0.26], gap="medium")
    offered = games()
    with game:
        name = st.selectbox(
            "Game", list(offered), key=f"{key}/game", help="A run of yours as it is set now, or a preset"
        )
    config = offered[name]
    with what:
        kind = st.segmented_control("What varies", ["The seed", "One knob"], default="The seed", key=f"{key}/kind")
    with far:
        until = st.number_input("Until iteration", 1, int(UNTIL.high), UNTIL.default, 1000, key=f"{key}/until")
    try:
        sweep = _knob(config, until, key) if kind == "One knob" else _seeds(config, until, key)
    except BadKnob as error:
        st.error(str(error))
        sweep = None
    label = f"Start {len(sweep.values)} runs" if sweep else "Start"
    kind = "primary" if primary else "secondary"
    if st.button(label, type=kind, icon=":material/play_arrow:", disabled=sweep is None, key=f"{key}/go"):
        _start(sweep)
        st.rerun()


def _seeds(config: Config, until: int, key: str) -> Sweep:
    left, right, _ = st.columns([0.4, 0.34, 0.26], gap="medium")
    with left:
        count = st.segmented_control("Seeds", SIZES, default=8, key=f"{key}/count") or 8
    with right:
        first = st.number_input("From seed", 0, 2**31 - 1 - max(SIZES), config.seed, key=f"{key}/first/{config.seed}")
    return Sweep.seeds(config, count, until, first)


def _knob(config: Config, until: int, key: str) -> Sweep:
    left, right = st.columns([0.4, 0.6], gap="medium")
    flat = config.flat()
    addresses = [address for address in flat if address != "seed" and settable(config, address)]
    with left:
        at = addresses.index(FIRST) if FIRST in addresses else 0
        address = st.selectbox("Knob", addresses, at, format_func=lambda a: f"{a} = {text(flat[a])}", key=f"{key}/knob")
    with right:
        values = st.text_input("Values", spread(config, address), key=f"{key}/values/{address}/{text(flat[address])}")
    return Sweep.of(config, address, values, until)


def games() -> dict[str, Config]:
    """What can be swept, by the name it has in the menu: this visitor's runs as they are set now, then presets."""
    known = st.session_state.get("runs", {})
    mine = {f"My run on {page.title()}": known[page].running() for page in PAGES if page in known}
    every = [preset for name in presets.names() if (preset := presets.load(name)).page in PAGES]
    every.sort(key=lambda preset: PAGES.index(preset.page))
    return mine | {preset.title: preset.config for preset in every}


def spread(config: Config, address: str) -> str:
    """Values to begin with, around the one that is set: halves and doubles, powers of ten, or all that there are."""
    now = config.flat()[address]
    if address in ROLES:
        return ",".join([now, *alternatives(config, address)])
    knob = find(config, address)
    if knob.kind == "choice":
        return ",".join(knob.choices)
    if knob.kind == "bool":
        return "false,true"
    if knob.kind == "name":
        return text(now)
    if knob.kind == "float" and not knob.log:
        tried = [
            knob.low + share * (min(knob.high, max(2 * now, knob.low + 1)) - knob.low)
            for share in (0, 0.25, 0.5, 0.75, 1)
        ]
    else:
        tried = [
            now * factor
            for factor in ((0.1, 0.3, 1, 3, 10) if knob.log and knob.kind == "float" else (0.25, 0.5, 1, 2, 4))
        ]
    typed = [round(v) if knob.kind == "int" else float(f"{v:.3g}") for v in tried]
    return ",".join(text(v) for v in dict.fromkeys(v for v in typed if knob.low <= v <= knob.high))


def _start(sweep: Sweep) -> None:
    sweeps.start(sweep)
    st.query_params.from_dict(sweeps.to_query(sweep))


# -- showing ----------------------------------------------------------------------------------------------------


def _play(sweeping: Sweeping) -> None:
    """The members, live. Nothing is read, drawn or asked for any more once all have come to their end."""
    with st.container(horizontal=True, horizontal_alignment="left", gap="small"):
        state = sweeping.state
        if state == "playing":
            st.button("Pause all", icon=":material/pause:", on_click=sweeping.pause)
        elif state == "paused":
            st.button("Play all", icon=":material/play_arrow:", type="primary", on_click=sweeping.play)
        with st.popover("Another sweep", icon=":material/tune:"):
            _choose("another")
        ends = best_and_worst(sweeping.seen()) if state == "finished" else ()
        if ends and st.button("Best beside worst", icon=":material/compare:", help="Both on the page Compare"):
            show_together(*ends)
            st.rerun()

    @st.fragment(run_every=BEAT if state != "finished" else None)
    def live():
        sweeping.look()
        if sweeping.state != state:
            st.rerun()
        _draw(sweeping)

    live()


def best_and_worst(members: tuple[Seen, ...]) -> tuple[str, ...]:
    """The runs that ended nearest to the data and farthest from it, if there are two."""
    order = sorted((m.final, m.run) for m in members if math.isfinite(m.final))
    return (order[0][1], order[-1][1]) if len(order) > 1 else ()


def _draw(sweeping: Sweeping) -> None:
    sweep, members = sweeping.sweep, sweeping.seen()
    st.html(head(sweeping, members))
    page = sweep.base.data.page
    perfect = "Down is better; grey: a perfect sampler."
    measured = ("Value of the game", "V(G, D)") if page == "images" else ("Distance to the data", perfect)
    charts = [("distance", *measured, lambda: seeds.distance(sweep, sweeping.grid, members))]
    if not sweep.of_seeds:
        charts.append(("finals", "Where each led", "The newest of these.", lambda: seeds.finals(sweep, members)))
    charts += [
        ("losses", "Losses", f"What {PLAYERS} minimise.", lambda: seeds.losses(sweep, sweeping.grid, members)),
        (
            "gradients",
            "Gradients",
            f"How hard {PLAYERS} are pushed.",
            lambda: seeds.gradients(sweep, sweeping.grid, members),
        ),
    ]
    for column, (name, title, help, make) in zip(st.columns(len(charts)), charts):
        with column:
            st.html(f"<p class='seeds-title'><b>{title}</b> <i>{help}</i></p>")
            st.plotly_chart(make(), key=f"sweep/{name}", config=QUIET)
    st.html(grid(sweep, members))


def head(sweeping: Sweeping, members: tuple[Seen, ...]) -> str:
    """What varies, what came of it so far, and how far all are."""
    done, wanted, rate = sweeping.progress
    sweep, state = sweeping.sweep, sweeping.state
    said = [f"{done:,} of {wanted:,} iterations"]
    if state == "playing":
        said.append(f"{rate:,.0f} a second together")
    if waiting := sum(member.state == "waiting" for member in members):
        said.append(f"{waiting} of {len(members)} wait in line: the machine is full, they start by themselves")
    if changed := sum(member.changed for member in members):
        said.append(f"in {changed} a knob was turned")
    return (
        f"<div class='seeds-head' data-sweep data-state='{state}' data-iteration='{done}'>"
        f"<h3>{html.escape(sweep.title)}</h3><p>{html.escape(summary(sweep, members))}</p></div>"
        f"<div class='seeds-bar'><i style='width: {100 * done / wanted:.1f}%'></i></div>"
        f"<div class='seeds-count'><span>{' · '.join(said)}</span><span>{READ_SEEDS if sweep.of_seeds else READ_VALUES}</span></div>"
    )


def grid(sweep: Sweep, members: tuple[Seen, ...]) -> str:
    """A stamp for each member, which opens it."""
    stamps = "".join(stamp(config, member) for config, member in zip(sweep.configs, members))
    return f"<div class='seeds-grid{' few' * (len(members) < 8)}'>{stamps}</div>"


def stamp(config: Config, member: Seen) -> str:
    name, title = member.verdict
    look = {"healthy": "healthy", "too-early": "early"}.get(name, "sick")
    where = {"waiting": "in line", "paused": "paused"}.get(member.state, "")
    unit = "" if config.data.page == "images" else " σ"
    final = f"{member.final:.2g}{unit}" if math.isfinite(member.final) else "–"
    about = html.escape(member.detail or f"{title}. Opens this run in a tab of its own.", quote=True)
    return (
        f"<a href='./?watch={member.run}' target='_blank' title='{about}' data-member='{html.escape(member.label, quote=True)}' "
        f"data-state='{member.state}' data-iteration='{member.iteration}'>"
        f"<div><b>{html.escape(member.label)}</b><span class='{look}'>{MARKS.get(name) or f'▲ {html.escape(title)}'}</span></div>"
        f'<img alt="" src="{small.picture(config, member.frame)}">'
        f"<div><span>{final}</span><em>{where or f'{member.iteration:,}'}</em></div></a>"
    )
