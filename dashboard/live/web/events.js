// Draws what was changed during a run as dotted lines on a figure's time axes.

const GREY = "#8A8F98";
const MOST_LABELS = 8; // more would cover the curves; the marks still say on hover what changed

/** {shapes, annotations} that add the events to those the figure has, on the x-axes named: ["xaxis", "xaxis2"]. */
export function eventLines(layout, events, axes) {
  const shapes = [...(layout.shapes ?? [])];
  const annotations = [...(layout.annotations ?? [])];
  const labelled = events.length <= MOST_LABELS;
  for (const { iteration, what } of events) {
    for (const [x, y] of axes.map((name) => standing(layout, name))) {
      const line = { color: GREY, width: 1, dash: "dot" };
      const text = labelled ? { text: escaped(what), textangle: -90, yanchor: "top" } : { text: "▾", yanchor: "middle" };
      shapes.push({ type: "line", layer: "below", xref: x, yref: `${y} domain`, x0: iteration, x1: iteration, y0: 0, y1: 1, line });
      annotations.push({
        ...text, xref: x, yref: `${y} domain`, x: iteration, y: 1, xanchor: labelled ? "left" : "center", showarrow: false,
        captureevents: true, font: { size: labelled ? 9 : 12, color: GREY }, borderpad: 1,
        hovertext: `iteration ${iteration.toLocaleString("en")}: ${escaped(what)}`,
      });
    }
  }
  return { shapes, annotations };
}

/** What to relayout to get from one {shapes, annotations} to the next. Plotly draws a new item by itself in no time, but
 * on a new list it draws the whole figure anew. */
export function added(before, after) {
  const items = {};
  for (const kind of ["shapes", "annotations"]) {
    const same = before[kind].every((item, at) => JSON.stringify(item) === JSON.stringify(after[kind][at]));
    if (!same) return after;
    for (let at = before[kind].length; at < after[kind].length; at++) items[`${kind}[${at}]`] = after[kind][at];
  }
  return items;
}

/** Plotly reads a little HTML in texts; what came from a link must not. */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** An x-axis as shapes name it, and the y-axis it stands on: ["x2", "y2"]. */
function standing(layout, name) {
  return [name.replace("axis", ""), layout[name]?.anchor ?? "y" + name.slice(5)];
}
