"""The data of the plane as small pictures, drawn by the very samplers that training draws from: one click chooses."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import streamlit as st

from dashboard.theme import REAL, REFERENCE
from gancore import seeds
from gancore.catalog import BadKnob, text
from gancore.game.data import data
from gancore.game.data.idx import BadFile

SIDE, MARGIN = 60, 4  # of the drawing's own units
DOTS = 260

CSS = """
.gs-thumbs { display: grid; grid-template-columns: repeat(auto-fill, minmax(56px, 1fr)); gap: 4px; }
.gs-thumbs button {
  display: grid; justify-items: center; align-content: start; gap: 1px; padding: 3px 0 2px; cursor: pointer; color: inherit;
  border: 1px solid color-mix(in srgb, var(--st-text-color) 13%, transparent); border-radius: 7px;
  background: var(--st-background-color); font: 400 9.5px/1.2 var(--st-font, sans-serif);
}
.gs-thumbs button:hover { border-color: color-mix(in srgb, var(--st-text-color) 50%, transparent); }
.gs-thumbs button:focus-visible { outline: 2px solid #0072b2; outline-offset: 2px; }
.gs-thumbs button[aria-pressed="true"] { border-color: #0072b2; box-shadow: inset 0 0 0 1px #0072b2; font-weight: 600; }
.gs-thumbs img { width: 44px; height: 44px; display: block; }
.gs-thumbs span { min-height: 2.3em; text-align: center; overflow-wrap: anywhere; letter-spacing: -0.03em; }
"""
SCRIPT = """
export default ({ parentElement, data, setTriggerValue }) => {
  const box = parentElement.querySelector(".gs-thumbs");
  const shown = JSON.stringify(data);
  if (box.shown === shown) return;
  box.shown = shown;
  const known = new Map([...box.children].map((button) => [button.dataset.name, button]));
  for (const { name, title, picture, help } of data.choices) {
    const button = known.get(name) ?? box.appendChild(document.createElement("button"));
    if (button.dataset.picture !== picture) {
      const image = Object.assign(new Image(44, 44), { alt: "", src: new URL(picture, document.baseURI).href });
      const label = Object.assign(document.createElement("span"), { textContent: title });
      button.replaceChildren(image, label);
      Object.assign(button, { type: "button", title: help });
      Object.assign(button.dataset, { name, picture });
    }
    button.onclick = () => setTriggerValue("chosen", name);
    button.setAttribute("aria-pressed", name === data.chosen);
  }
};
"""
HTML = '<div class="gs-thumbs" role="group" aria-label="Data"></div>'
component = st.components.v2.component("ganscope_thumbnails", html=HTML, css=CSS, js=SCRIPT, isolate_styles=False)


def thumbnails(page: str, chosen, choose: Callable[[str], None]) -> None:
    """A button for each of the page's data, `chosen` pressed; `choose(name)` is called before the page is drawn anew."""
    key = f"{page}/thumbnails"
    names = sorted((name for name in data if data[name].page == page), key=lambda name: name == "own-points")
    choices = [
        dict(name=name, title=data[name].title, help=(data[name].__doc__ or "").strip(), picture=address(name, chosen))
        for name in names
    ]
    st.caption(
        "Data :material/bolt:", help="Drawn by the samplers that training draws from. Yours: draw it on the stage."
    )
    component(
        key=key, data=dict(choices=choices, chosen=chosen.name), on_chosen_change=lambda: choose(st.session_state[key].chosen)
    )  # fmt: skip


def address(name: str, chosen) -> str:
    """Where the picture is; the one of points that a visitor brought in names their set."""
    own = f"?set={text(chosen.set)}" if name == chosen.name and hasattr(chosen, "set") else ""
    return f"live/data/{name}.svg{own}"


@lru_cache(maxsize=256)
def picture(choice) -> str:
    """Samples of a choice of the plane as an SVG file; an empty frame where there are none to draw."""
    try:
        source = choice.open()
        x = source.sample(DOTS, seeds.stream(0, "thumbnail")).double().numpy()
    except (BadKnob, BadFile):
        return svg(f'<rect x="9" y="9" width="42" height="42" rx="5" fill="none" stroke="{REFERENCE}" stroke-dasharray="4 3"/>'
                   f'<path d="M30 21v18M21 30h18" stroke="{REFERENCE}" stroke-width="2"/>')  # fmt: skip
    (left, right), (low, high) = source.window
    unit = (SIDE - 2 * MARGIN) / max(right - left, high - low)
    across = SIDE / 2 + unit * (x[:, 0] - (left + right) / 2)
    down = SIDE / 2 - unit * (x[:, 1] - (low + high) / 2)
    dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(across, down))
    return svg(f'<path d="{dots}" stroke="{REAL}" stroke-width="1.7" stroke-linecap="round" stroke-opacity="0.8"/>')


def svg(inner: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}">{inner}</svg>'
