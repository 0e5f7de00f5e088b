// Points at the same place of several traces are pointed at together: those of traces that style `selected`.

/** `queue` runs a job after Plotly's other work on this figure. */
export function linkPoints(Plotly, plot, queue) {
  const traces = plot.data.flatMap((trace, at) => (trace.selected ? [at] : []));
  let shown = null;
  const select = (point) => {
    if (point === shown) return;
    shown = point;
    queue(() => Plotly.restyle(plot, { selectedpoints: [point === null ? [] : [point]] }, traces));
  };
  if (!traces.length) return;
  plot.on("plotly_hover", ({ points: [point] }) => traces.includes(point.curveNumber) && select(point.pointNumber));
  plot.on("plotly_unhover", () => select(null));
}
