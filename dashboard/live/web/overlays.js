// Draws the lines of several runs into one chart, over the clock that ties them: each through the middle of its values.

import { Board } from "./board.js";
import { COLUMNS, ITERATION } from "./clocks.js";

const PAUSE = 120; // ms between two drawings at least
const PIECES = 30; // windows that a run is as long as; a line goes through the median of each
const APART = 0.07; // of the line, between the letters of two runs

export class Overlays extends Board {
  /** `together` has lanes, clock, furthest and look(). */
  constructor(together) {
    super("gs-grid gs-overlays");
    this.together = together;
    this.run = {};
  }

  look() {
    this.together.look();
  }

  send() {} // what panels ask of a live player

  get probes() {
    return [...this.panels.values()].flatMap((panel) => panel.probes);
  }

  /** Draws where the lanes are by now; while a drawing is under way, only the newest is remembered. */
  draw() {
    this.wanted = true;
    this.drawing ??= this.turn().finally(() => (this.drawing = undefined));
  }

  async turn() {
    while (this.wanted) {
      this.wanted = false;
      const frame = this.frame();
      await Promise.all([...this.panels.values()].map((panel) => panel.draw(frame)));
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  }

  frame() {
    const { lanes, clock, furthest } = this.together;
    const unit = clock === "seconds" ? 1000 : 1;
    const arrays = { time: array(Float64Array.of(0, upper(furthest / unit))) };
    const names = new Set([...this.panels.values()].flatMap((panel) => Object.values(panel.spec.bind)));
    [...lanes.values()].forEach((lane, order) => {
      for (const bound of names) {
        const [letter, x, y, part] = bound.split(":");
        if (letter !== lane.letter || part !== "x") continue;
        const line = this.line(lane, x, y, unit, order);
        for (const [end, values] of Object.entries(line)) arrays[`${letter}:${x}:${y}:${end}`] = array(values);
      }
    });
    return { iteration: [...lanes.values()][0]?.shown?.iteration ?? 0, arrays, info: {} };
  }

  line(lane, x, y, unit, order) {
    const { arrays } = lane.shown ?? { arrays: {} };
    if (!arrays[x] || !arrays[y]) return {};
    const to = COLUMNS[this.together.clock];
    const [at, values] = smooth(arrays[x].values, arrays[y].values);
    const xs = at.map((iteration) => lane.clocks.read(iteration, ITERATION, to) / unit);
    const end = Math.max(0, Math.round((xs.length - 1) * (1 - APART * order)));
    return { x: xs, y: values, "end-x": xs.slice(end, end + 1), "end-y": values.slice(end, end + 1) };
  }

  mark() {
    const { lanes, clock } = this.together;
    const unit = clock === "seconds" ? 1000 : 1;
    const events = [...lanes.values()].flatMap(({ letter, events, clocks }) => events.map(({ iteration, what }) => (
      { iteration: clocks.read(iteration, ITERATION, COLUMNS[clock]) / unit, what: `${letter}: ${what}` })));
    for (const panel of this.panels.values()) panel.mark(events);
  }
}

/** A line through the medians of windows that overlap by half: [x, y] as Float64Arrays. Gaps are passed over. */
export function smooth(xs, ys) {
  const n = xs.length;
  const wide = Math.max(1, Math.round(n / PIECES));
  const step = Math.max(1, wide >> 1);
  const [at, middle] = [[], []];
  for (let last = 0; last < n; last += step) {
    const end = n - 1 - last; // from the newest on, so that the line ends where the run stands
    const window = Array.from(ys.slice(Math.max(0, end - wide + 1), end + 1)).filter(Number.isFinite).sort((a, b) => a - b);
    at.push(xs[end]);
    middle.push(window.length ? (window[(window.length - 1) >> 1] + window[window.length >> 1]) / 2 : NaN);
  }
  return [Float64Array.from(at.reverse()), Float64Array.from(middle.reverse())];
}

/** The first of 100, 200, 500, 1000, ... (or of 1, 2, 5, ...) not below a number: axes that grow in steps do not jump. */
function upper(value) {
  for (let ten = value > 10 ? 10 : 1; ; ten *= 10) for (const step of [1, 2, 5]) if (value <= step * ten) return step * ten;
}

const array = (values) => ({ shape: [values.length], values });
