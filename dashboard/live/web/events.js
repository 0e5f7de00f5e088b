// Draws what was changed during a run as dotted lines on a figure's time axes.

const GREY = "#8A8F98";
const MOST_LABELS = 8; // more would cover the curves; the marks still say on hover what changed

/** {shapes, annotations} that add the events to those the figure has. */
export function eventLines(layout, events) {
  const shapes = [...(layout.shapes ?? [])];
  const annotations = [...(layout.annotations ?? [])];
  for (const [x, y] of timeAxes(layout)) {
    for (const { iteration, what } of events) {
      shapes.push({
        type: "line", xref: x, yref: `${y} domain`, x0: iteration, x1: iteration, y0: 0, y1: 1, layer: "below",
        line: { color: GREY, width: 1, dash: "dot" },
        label: events.length > MOST_LABELS ? {} : {
          text: escaped(what), textposition: "end", textangle: -90, xanchor: "right", padding: 2,
          font: { size: 9, color: GREY },
        },
      });
      annotations.push({
        xref: x, yref: `${y} domain`, x: iteration, y: 1, yanchor: "middle", showarrow: false, captureevents: true,
        text: "▾", font: { size: 12, color: GREY }, hovertext: `iteration ${iteration.toLocaleString()}: ${escaped(what)}`,
      });
    }
  }
  return { shapes, annotations };
}

/** Plotly reads a little HTML in texts; what came from a link must not. */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** Every x-axis and the y-axis it stands on: [["x", "y"], ["x2", "y2"]]. */
function timeAxes(layout) {
  const names = Object.keys(layout).filter((key) => key.startsWith("xaxis"));
  return (names.length ? names : ["xaxis"]).map((name) => [
    name.replace("axis", ""), layout[name]?.anchor ?? "y" + name.slice(5),
  ]);
}
