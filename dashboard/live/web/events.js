// Draws what was changed during a run as dotted lines over a figure's time axes.
//
// They are plain elements over the chart, not part of it: Plotly takes 130 to 180 ms to add a shape and its name to four
// charts, and who has just moved a slider waits for them.

import { make } from "./dom.js";

const MOST_NAMES = 8; // more would cover the curves; the marks still say on hover what changed

export class EventLines {
  /** `axes` are the time axes of `plot`, a Plotly figure: ["xaxis", "xaxis2"]. */
  constructor(plot, axes) {
    this.plot = plot;
    this.subplots = axes.map((axis) => ({ axis, marks: [], layer: make("div", { class: "gs-events" }) }));
    plot.append(...this.subplots.map(({ layer }) => layer));
  }

  /** Shows these events, [{iteration, what}]; lines that are there already stay. */
  show(events) {
    for (const subplot of this.subplots) {
      const known = subplot.marks.findIndex(({ said }, at) => said !== JSON.stringify(events[at]));
      for (const { line } of subplot.marks.splice(known < 0 ? subplot.marks.length : known)) line.remove();
      subplot.marks.push(...events.slice(subplot.marks.length).map(mark));
      subplot.layer.append(...subplot.marks.map(({ line }) => line));
      subplot.layer.classList.toggle("gs-unnamed", events.length > MOST_NAMES);
    }
    this.place();
  }

  /** Puts the lines where the axes are now. */
  place() {
    const layout = this.plot._fullLayout;
    for (const { axis, marks, layer } of this.subplots) {
      if (!marks.length) continue;
      const x = layout[axis];
      const y = layout["yaxis" + x.anchor.slice(1)];
      const moved = { left: x._offset, top: y._offset, width: x._length, height: y._length };
      for (const [side, value] of Object.entries(moved)) layer.style[side] = `${value}px`;
      for (const { line, iteration } of marks) {
        const at = x.d2p(iteration);
        line.hidden = !(at >= -1 && at <= x._length + 1); // also where a logarithmic axis has no place for it
        line.style.transform = `translateX(${at.toFixed(1)}px)`;
      }
    }
  }
}

function mark({ iteration, what }) {
  const title = `iteration ${iteration.toLocaleString("en")}: ${what}`;
  const line = make("div", { class: "gs-event" }, make("span", { title }, what));
  return { line, iteration, said: JSON.stringify({ iteration, what }) };
}
