// A law that is drawn from nothing, by mouse or finger: modes one by one, or strokes of a brush. Nothing acts until it is applied.

import { make } from "./dom.js";
import { inside, rounded } from "./places.js";

const NS = "http://www.w3.org/2000/svg";
const MODES = 32;
const POINTS = 200; // of all strokes: a link that holds them stays below 5,000 characters
const STROKES = 40;
const WIDTH = { modes: 0.03, brush: 0.02 }; // σ in parts of what the window spans

export class Draft {
  /** `changed()` is called whenever something was drawn or taken back. */
  constructor(panel, layer, changed) {
    Object.assign(this, { panel, changed, strokes: [], brush: false });
    this.svg = document.createElementNS(NS, "svg");
    const on = (name, act) => this.svg.addEventListener(name, act);
    this.svg.classList.add("gs-draft");
    on("pointerdown", (event) => this.begin(event));
    on("pointermove", (event) => this.go(event));
    on("pointerup", () => (this.drawing = null));
    on("pointercancel", () => (this.drawing = null));
    layer.append(this.svg);
  }

  get empty() {
    return !this.strokes.length;
  }

  /** The way to draw; another way starts from nothing. */
  take(way) {
    this.svg.style.display = way === "Draw modes" || way === "Brush" ? "" : "none";
    if (this.brush !== (way === "Brush")) this.strokes = [];
    this.brush = way === "Brush";
    this.paint();
  }

  begin(event) {
    if (event.button || this.strokes.length >= (this.brush ? STROKES : MODES)) return;
    this.svg.setPointerCapture(event.pointerId);
    this.drawing = [inside(this.panel.plot, event)];
    this.strokes.push(this.drawing);
    this.paint();
  }

  /** A stroke goes on; a mode that was just placed moves with the hand. */
  go(event) {
    if (!this.drawing) return;
    const points = (this.brush && event.getCoalescedEvents?.()) || [];
    for (const one of points.length ? points : [event]) {
      if (!this.brush) this.drawing.pop();
      this.drawing.push(inside(this.panel.plot, one));
    }
    this.paint();
  }

  undo() {
    this.strokes.pop();
    this.paint();
  }

  clear() {
    this.strokes = [];
    this.paint();
  }

  place() {
    this.paint();
  }

  paint() {
    const { xaxis, yaxis } = this.panel.plot._fullLayout;
    const at = ([x, y]) => `${xaxis.d2p(x).toFixed(1)},${yaxis.d2p(y).toFixed(1)}`;
    const wide = Math.max(5, 2.5 * this.sigma * (xaxis._length / Math.abs(xaxis.range[1] - xaxis.range[0])));
    this.svg.replaceChildren(...this.strokes.map((stroke) => {
      const path = document.createElementNS(NS, "path");
      path.setAttribute("d", `M${at(stroke[0])}L${stroke.map(at).join("L")}`);
      path.setAttribute("stroke-width", wide.toFixed(1));
      return path;
    }));
    this.changed();
  }

  get sigma() {
    const [span] = rounded(this.panel.plot, 1000);
    return Number((span * (this.brush ? WIDTH.brush : WIDTH.modes)).toPrecision(2));
  }

  /** The settings that make the data what was drawn. */
  settings() {
    if (this.brush) {
      const points = thinned(this.strokes, POINTS, this.sigma / 2, rounded(this.panel.plot, 1)[1]);
      return ["data=painted", `data.points=${points.map((point) => point.join(":")).join(",")}`, `data.sigma=${this.sigma}`];
    }
    const rows = this.strokes.map(([[x, y]]) => [1, x, y, this.sigma].join(":"));
    return ["data=plane-mixture", `data.modes=${rows.join(",")}`];
  }
}

/** At most `most` points, evenly along all strokes, so that ink is even however fast the hand was; not nearer than `near`. */
export function thinned(strokes, most, near, digits) {
  const gap = ([a, b], [c, d]) => Math.hypot(a - c, b - d);
  const lengths = strokes.map((stroke) => stroke.slice(1).reduce((sum, point, i) => sum + gap(point, stroke[i]), 0));
  const spacing = Math.max(near, lengths.reduce((a, b) => a + b, 0) / (most - strokes.length));
  return strokes.flatMap((stroke) => {
    const kept = [stroke[0]];
    let since = 0;
    stroke.slice(1).forEach((point, i) => {
      let [from, left] = [stroke[i], gap(point, stroke[i])];
      while (since + left >= spacing) {
        const share = (spacing - since) / left;
        from = [from[0] + share * (point[0] - from[0]), from[1] + share * (point[1] - from[1])];
        [since, left] = [0, gap(point, from)];
        kept.push(from);
      }
      since += left;
    });
    return kept.map(([x, y]) => [digits(x), digits(y)]);
  });
}
