// Click a generated sample to follow it: a ring on the chart, the way it came, and a card with its numbers. Escape closes.

import { make } from "./dom.js";
import { toPixels } from "./places.js";

const NS = "http://www.w3.org/2000/svg";
const NEAR = 14; // pixels within which a click means a sample
const STILL = 5; // pixels that a finger may slip without dragging
const PULL = 26; // pixels: the arrow says whereto, the card how strongly

export function attach(panel) {
  return new Inspector(panel);
}

class Inspector {
  constructor(panel) {
    this.panel = panel;
    this.at = null; // which of the fixed z
    this.layer = document.createElementNS(NS, "svg");
    this.layer.classList.add("gs-inspect");
    this.marks = Object.fromEntries([["trail", "polyline"], ["nearest", "line"], ["pull", "line"], ["ring", "circle"]].map(([name, tag]) => {
      const mark = document.createElementNS(NS, tag);
      mark.classList.add(`gs-inspect-${name}`);
      this.layer.append(mark);
      return [name, mark];
    }));
    this.marks.ring.setAttribute("r", 8);
    this.facts = make("dl", {});
    this.title = make("strong", {});
    const close = make("button", { type: "button", "aria-label": "Close the inspector", title: "Close (Escape)", click: () => this.choose(null) }, "×");
    this.card = make("aside", { class: "gs-card", "aria-label": "Inspected sample", "aria-live": "off" }, make("div", {}, this.title, close), this.facts);
    this.hide(true);
    panel.plot.append(this.layer, this.card);
    this.down = (event) => (this.from = event);
    this.up = (event) => this.click(event);
    this.keys = (event) => event.key === "Escape" && this.choose(null);
    panel.plot.addEventListener("pointerdown", this.down, true);
    window.addEventListener("pointerup", this.up, true);
    window.addEventListener("keydown", this.keys);
  }

  get probes() {
    return this.at === null ? [] : [`inspect:${this.at}`];
  }

  /** A press and a release at one place, on the chart and not on the card. */
  click(event) {
    const from = this.from;
    this.from = undefined;
    if (!from || this.card.contains(from.target) || Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > STILL) return;
    const found = this.sample(event);
    if (found !== undefined) this.choose(found);
  }

  /** The generated sample under the pointer. */
  sample({ clientX, clientY }) {
    const { plot, last } = this.panel;
    const [xs, ys] = [last.fake_x?.values ?? [], last.fake_y?.values ?? []];
    const { left, top } = plot.getBoundingClientRect();
    let [best, found] = [NEAR, undefined];
    for (let i = 0; i < xs.length; i++) {
      const [right, down] = toPixels(plot, xs[i], ys[i]);
      const away = Math.hypot(clientX - left - right, clientY - top - down);
      if (away < best) [best, found] = [away, i];
    }
    return found;
  }

  choose(at) {
    if (at === this.at) return;
    this.at = at;
    this.seen = undefined;
    this.hide(true);
    this.panel.player.look();
  }

  hide(hidden) {
    this.card.hidden = hidden;
    this.layer.style.display = hidden ? "none" : "";
  }

  frame({ arrays, iteration }) {
    const values = (name) => arrays[`inspect:${this.at}.${name}`]?.values;
    if (this.at === null || !values("place")) return;
    const names = ["place", "z", "d", "pull", "nearest", "mode", "away", "count", "trail", "trail_t"];
    this.seen = Object.fromEntries(names.map((name) => [name, values(name)]));
    this.tell(iteration);
    this.hide(false);
    this.place();
  }

  tell(iteration) {
    const { place, z, d, pull, nearest, mode, away, count, trail_t } = this.seen;
    const missed = Math.hypot(nearest[0] - place[0], nearest[1] - place[1]);
    const rows = [
      ["z", point(z)],
      ["G(z)", point(place)],
      ["D says", number(d[0])],
      ["−∂L_G/∂x", `${point(pull)}, length ${number(Math.hypot(...pull))}`],
      ["nearest real", `${number(missed)} away, at ${point(nearest)}`],
    ];
    if (mode[0]) rows.push(["mode", count[0] ? `${mode[0]}, ${number(away[0])} σ from its middle` : `none; mode ${mode[0]} is ${number(away[0])} σ away`]);
    rows.push(["trail", `from iteration ${trail_t[0]?.toLocaleString("en") ?? iteration}`]);
    this.title.textContent = `Sample ${this.at + 1}`;
    this.facts.replaceChildren(...rows.flatMap(([name, text]) => [make("dt", {}, name), make("dd", { "data-fact": name }, text)]));
  }

  /** Puts the marks where the axes are now. */
  place() {
    if (!this.seen) return;
    const { plot } = this.panel;
    const { xaxis, yaxis } = plot._fullLayout;
    const box = { left: xaxis._offset, top: yaxis._offset, width: xaxis._length, height: yaxis._length };
    for (const [side, value] of Object.entries(box)) this.layer.style[side] = `${value}px`;
    const at = ([x, y]) => [xaxis.d2p(x), yaxis.d2p(y)];
    const { place, nearest, pull, trail } = this.seen;
    const [x, y] = at(place);
    const lost = !Number.isFinite(x + y);
    const size = Math.hypot(...pull);
    const tip = size ? pull.map((part, i) => [x, y][i] + ((i ? -1 : 1) * part * PULL) / size) : [x, y];
    const line = (mark, [x2, y2]) => set(mark, lost ? { x1: -9, y1: -9, x2: -9, y2: -9 } : { x1: x, y1: y, x2, y2 });
    line(this.marks.nearest, at(nearest));
    line(this.marks.pull, tip);
    set(this.marks.ring, lost ? { cx: -99, cy: -99 } : { cx: x, cy: y });
    const points = [];
    for (let i = 0; i + 1 < trail.length; i += 2) {
      const [right, down] = at([trail[i], trail[i + 1]]);
      if (Number.isFinite(right + down)) points.push(`${right.toFixed(1)},${down.toFixed(1)}`);
    }
    set(this.marks.trail, { points: points.join(" ") });
  }

  close() {
    this.panel.plot.removeEventListener("pointerdown", this.down, true);
    window.removeEventListener("pointerup", this.up, true);
    window.removeEventListener("keydown", this.keys);
    this.layer.remove();
    this.card.remove();
  }
}

function set(mark, attributes) {
  for (const [name, value] of Object.entries(attributes)) mark.setAttribute(name, typeof value === "number" ? value.toFixed(1) : value);
}

function number(value) {
  if (!Number.isFinite(value)) return "not finite";
  const size = Math.abs(value);
  return (size >= 1000 || (size && size < 0.001) ? value.toExponential(1) : value.toFixed(3)).replace("-", "−");
}

/** Up to three coordinates, and how many more there are. */
function point(values) {
  const shown = Array.from(values.subarray(0, 3), number).join(", ");
  return values.length > 3 ? `(${shown} and ${values.length - 3} more)` : values.length > 1 ? `(${shown})` : shown;
}
