// Draws what was changed during a run as dotted lines over a figure's time axes, with its name at the first of them.
//
// They are plain elements over the chart, not part of it: Plotly takes 130 to 180 ms to add a shape and its name to four
// charts, and who has just moved a slider waits for them.

import { make } from "./dom.js";

export const ROW = 13; // px that a row of names is high
const SHARE = 4; // names cover a quarter of a chart at most
const MOST_ROWS = 3;
const LONGEST = 28; // characters of a name; all of it is said on hover, on a tap and to the keyboard
const GAP = 6; // px between two names of a row
const pen = document.createElement("canvas").getContext("2d");

export class EventLines {
  /** `axes` are the time axes of `plot`, a Plotly figure: ["xaxis", "xaxis2"]. */
  constructor(plot, axes) {
    this.plot = plot;
    this.subplots = axes.map((axis, order) => ({ axis, named: !order, marks: [], layer: make("div", { class: "gs-events" }) }));
    this.all = make("ul", { class: "gs-hover gs-changes", role: "status", hidden: true });
    plot.append(...this.subplots.map(({ layer }) => layer), this.all);
    for (const { layer } of this.subplots) {
      layer.addEventListener("focusin", ({ target }) => this.tell(target));
      layer.addEventListener("focusout", () => (this.all.hidden = true));
    }
  }

  /** Shows these events, [{iteration, what}]; lines that are there already stay. */
  show(events) {
    for (const subplot of this.subplots) {
      const known = subplot.marks.findIndex(({ said }, at) => said !== JSON.stringify(events[at]));
      for (const { line } of subplot.marks.splice(known < 0 ? subplot.marks.length : known)) line.remove();
      subplot.marks.push(...events.slice(subplot.marks.length).map(mark));
      subplot.layer.append(...subplot.marks.map(({ line }) => line));
    }
    this.place();
  }

  /** Puts the lines where the axes are now. */
  place() {
    const layout = this.plot._fullLayout;
    for (const { axis, named, marks, layer } of this.subplots) {
      if (!marks.length) continue;
      const x = layout[axis];
      const y = layout["yaxis" + x.anchor.slice(1)];
      const moved = { left: x._offset, top: y._offset, width: x._length, height: y._length };
      for (const [side, value] of Object.entries(moved)) layer.style[side] = `${value}px`;
      for (const one of marks) {
        one.at = x.d2p(one.iteration);
        one.line.hidden = !within(one, x); // also where a logarithmic axis has no place for it
        one.line.style.left = `${one.at.toFixed(1)}px`;
      }
      if (named) this.name(marks.filter((one) => within(one, x)), x, y, getComputedStyle(layer).font);
    }
  }

  /** Shows all that a name stands for, below it and inside the chart. */
  tell(name) {
    this.all.replaceChildren(...name.title.split("\n").map((line) => make("li", {}, line)));
    this.all.hidden = false;
    const [chart, { left, bottom }] = [this.plot, name].map((element) => element.getBoundingClientRect());
    this.all.style.left = `${Math.max(0, Math.min(left - chart.left, chart.width - this.all.offsetWidth))}px`;
    this.all.style.top = `${bottom - chart.top + 2}px`;
  }

  name(marks, x, y, font) {
    const names = new Map(stacked(marks, x._length, y._length, font).map((name) => [name.marks[0], name]));
    for (const one of marks) {
      const name = names.get(one);
      one.name.hidden = !name;
      if (!name) continue;
      if (one.name.textContent !== name.text) one.name.textContent = name.text;
      one.name.title = name.marks.map(({ iteration, what }) => `iteration ${iteration.toLocaleString("en")}: ${what}`).join("\n");
      one.name.tabIndex = name.text === one.what ? -1 : 0; // keys stop only where something is left out
      one.name.style.translate = `${(name.start - one.at).toFixed(1)}px ${name.row * ROW}px`;
    }
  }
}

/** Whether a mark stands on its axis as that is now. */
export function within({ at }, axis) {
  return at >= -1 && at <= axis._length + 1;
}

/**
 * Where the names of marks, [{at, what}] with `at` in px from the left, stand in a chart of this size so that none covers
 * another: [{text, start, row, marks}]. One that finds no row free joins the name before it, which then tells the later
 * change and how many more there are.
 */
export function stacked(marks, length, height, font) {
  pen.font = font;
  const wide = (text) => pen.measureText(text).width + GAP;
  const rows = Math.min(MOST_ROWS, Math.max(1, Math.floor(height / SHARE / ROW)));
  const ends = Array(rows).fill(0);
  const names = [];
  for (const mark of marks.toSorted((a, b) => a.at - b.at)) {
    const from = Math.max(0, Math.min(mark.at, length - wide(short(mark.what))));
    const row = ends.findIndex((end) => end <= from);
    if (row < 0) names.at(-1).marks.push(mark);
    else names.push({ row, free: ends[row], marks: [mark] });
    const name = names.at(-1);
    const more = name.marks.length - 1;
    name.text = short(mark.what) + (more ? ` +${more}` : "");
    name.start = Math.max(name.free, Math.min(name.marks[0].at, length - wide(name.text)));
    ends[name.row] = name.start + wide(name.text);
  }
  return names;
}

const short = (what) => (what.length > LONGEST ? `${what.slice(0, LONGEST - 1)}…` : what);

function mark({ iteration, what }) {
  const name = make("span", { hidden: true, role: "button" });
  return { line: make("div", { class: "gs-event" }, name), name, iteration, what, said: JSON.stringify({ iteration, what }) };
}
