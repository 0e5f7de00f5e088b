"""A recording as one HTML file that plays it anywhere, without a server and without a network."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
from collections.abc import Iterable
from pathlib import Path
from string import Template
from typing import Any

from dashboard.export.packing import packed
from dashboard.export.shown import Shown, chosen
from dashboard.export.wish import Wish
from dashboard.live.assets import FILES, PLOTLY, STYLE

MB = 10**6
WEB = Path(__file__).parent / "web"
OWN = {path.name: path for path in WEB.glob("*.js")}  # these stand for the player's modules of the same name
TOOLS = {"health", "hover"}  # those that need nobody to answer
IMPORT = re.compile(r"""((?:from|import)[ (]["'`])\./""")  # of a module's neighbour
NAMED = re.compile(r"""from ["']\./([\w.]+)["']""")
ICON = Path(__file__).parents[1] / "icon.svg"
TRIES = 4


def replay(shown: Shown, path: Path, wish: Wish) -> None:
    """Writes the file; of more frames than fit into `wish.megabytes` evenly spaced ones stay, and the page says so."""
    plotly = squeezed(FILES[PLOTLY].read_bytes())
    specs = [offline(panel.spec, shown.probes) for panel in shown.panels]
    modules = json.dumps(
        {"imports": inlined(("replay.js", *(f"{tool}.js" for spec in specs for tool in spec["tools"]), "picture.js"))}
    )
    room = wish.megabytes * MB - len(plotly) - len(modules) - len(json.dumps(specs)) - 64_000  # for the page around
    film, moments = fitting(shown, room, wish)
    said = {"run": shown.reader.path.stem, "panels": specs, "events": shown.events}
    text = Template((WEB / "replay.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(shown.name), name=html.escape(shown.name), settings=html.escape(shown.settings()),
        facts=facts(shown), verdicts="".join(chips(shown.verdicts)), all="".join(listed(shown)),
        icon=data(ICON.read_bytes(), "image/svg+xml"),
        style=STYLE + (WEB / "replay.css").read_text(encoding="utf-8"), plotly=plotly, film=film, modules=modules,
        said=inside(said), kept=kept(len(moments), shown, len(plotly) + len(film) + len(modules)),
    )  # fmt: skip
    path.write_text(text, encoding="utf-8")


def fitting(shown: Shown, room: float, wish: Wish) -> tuple[str, list[int]]:
    """The film within `room` characters, and the moments in it: as many as fit."""
    most = len(shown.moments)
    for left in reversed(range(TRIES)):
        moments = chosen(shown.moments, most)

        def tell(done: int, of: int = len(moments)) -> None:
            wish.tell(done, of, "frames")

        film = squeezed(packed(shown.replay, moments, tell).encode())
        if len(film) <= room or len(moments) <= 2 or not left:
            break
        most = max(2, int(len(moments) * 0.95 * room / len(film)))
    wish.tell(len(moments), len(moments), "frames")
    return film, moments


def offline(spec: dict[str, Any], probes: set[str]) -> dict[str, Any]:
    """A panel's spec without what needs a server, and without ways to look at what was not recorded."""
    spec = json.loads(json.dumps(spec))
    spec["tools"] = [name for name in spec["tools"] if name in TOOLS]
    spec["views"] = [
        [v for at, v in enumerate(group) if not at or set(v["probes"]) <= probes] for group in spec["views"]
    ]
    for at, part in enumerate(spec["sentence"]):
        if not isinstance(part, str) and not set(part["probes"]) <= probes:
            spec["sentence"][at] = part["words"]
            for hidden in part["parts"]:
                conceal(spec["figure"], hidden)
    return spec


def conceal(figure: dict[str, Any], part: str) -> None:
    *steps, last = part.split(".")
    for step in (*steps, last):
        figure = figure[int(step)] if isinstance(figure, list) else figure[step]
    figure["visible"] = False


def inlined(names: Iterable[str]) -> dict[str, str]:
    """These modules and all that they import, as addresses that hold them: `{"gs/panel.js": "data:text/javascript..."}`."""
    known: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if f"gs/{name}" not in known:
            source = (OWN.get(name) or FILES[name]).read_text(encoding="utf-8")
            known[f"gs/{name}"] = data(IMPORT.sub(r"\1gs/", source).encode(), "text/javascript")
            waiting += NAMED.findall(source)
    return known


def data(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def squeezed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def inside(value: Any) -> str:
    """JSON that no script element is ended by."""
    return json.dumps(value).replace("<", "\\u003c")


def facts(shown: Shown) -> str:
    changes = sum("=" in event["what"] for event in shown.events)
    parts = [f"seed <b>{shown.config.seed}</b>", f"<b>{shown.replay.last:,}</b> iterations", html.escape(shown.born)]
    return " · ".join(parts + [f"{changes} change{'s' * (changes > 1)} on the way"] * bool(changes))


def chips(verdicts: Iterable[dict[str, Any]]) -> Iterable[str]:
    """How the run stood in the end."""
    for verdict in verdicts:
        ill = bool(verdict.get("sick"))
        mark, look = ("▲", "gs-ill") if ill else ("✓", "gs-well") if verdict.get("name") == "healthy" else ("…", "")
        since = verdict.get("since")
        when = f" <small>since {since:,}</small>" if ill and isinstance(since, int) else " <small>in the end</small>"
        yield f'<span class="gs-chip {look}">{mark} {html.escape(str(verdict.get("title", "")))}{when}</span>'


def listed(shown: Shown) -> Iterable[str]:
    """Every setting, those that are not the default marked, and what was changed when."""
    turned = type(shown.config)().differences(shown.config)
    for address, value in shown.config.flat().items():
        look = ' class="gs-turned"' * (address in turned)
        yield f"<li{look}>{html.escape(f'{address} = {value}')}</li>"
    for event in shown.events:
        yield f'<li class="gs-turned">{event["iteration"]:,}: {html.escape(event["what"])}</li>'


def kept(frames: int, shown: Shown, characters: int) -> str:
    """What of the recording is in the file."""
    size, there = f"{characters / MB:.1f} MB", len(shown.reader.frames())
    if not there:
        return f"{size}: curves of every iteration; the recording holds no other frames"
    some = f"all {there:,} frames" if frames == there else f"{frames:,} of {there:,} frames, evenly, to stay small"
    return f"{size}: {some}; curves of every iteration, each peak kept"
