// A panel as a picture of its own, for a paper or a slide: SVG stays lines, PNG is twice as fine as the screen.

import { make } from "./dom.js";
import { assign, drawable } from "./panel.js";
import { template } from "./theme.js";

const QUIET = "#8A8F98"; // the grey of what is neither real nor generated
const CAPTION = 30; // pixels

/** A data address of the panel as it stands. With `caption` its title and iteration are written above. */
export async function picture(panel, format, { scale = 2, caption = false } = {}) {
  await panel.busy;
  const figure = whole(panel);
  const size = { width: panel.plot.offsetWidth, height: panel.plot.offsetHeight };
  if (caption) size.height += headed(figure.layout, panel, size.height);
  return panel.Plotly.toImage(figure, { format, scale: format === "svg" ? 1 : scale, ...size });
}

/** Saves it in the reader's downloads. */
export async function save(panel, format) {
  const link = make("a", { href: await picture(panel, format), download: `${panel.player.run?.run ?? "ganscope"}-${panel.spec.name}-${panel.root.dataset.iteration ?? 0}.${format}` });
  link.click();
}

/** The figure with all that the page draws past Plotly: swift curves and pictures, lines where something was changed. */
function whole({ plot, root, spec, binds, last, events }) {
  const figure = structuredClone({ data: plot.data, layout: plot.layout });
  spec.figure.data.forEach(({ x, y }, at) => {
    for (const [axis, own] of Object.entries({ x, y })) if (own !== undefined) figure.data[at][axis] = own;
  });
  for (const { path, name, axis } of binds) if (last[name] && !axis) assign(figure, path.split("."), drawable(path, last[name]));
  const paper = getComputedStyle(root).getPropertyValue("--st-background-color") || "#fff";
  const layout = Object.assign(figure.layout, { template: template(root), paper_bgcolor: paper, autosize: false, width: undefined, height: undefined });
  const times = spec.timeline.map((axis) => [axis.replace("axis", ""), `${layout[axis]?.anchor ?? "y" + axis.slice(5)} domain`]);
  const lines = events.flatMap(({ iteration: at, what }) => times.map(([xref, yref]) => ({ xref, yref, at, what })));
  layout.shapes = [...(layout.shapes ?? []), ...lines.map(({ xref, yref, at }) => ({ type: "line", xref, yref, x0: at, x1: at, y0: 0, y1: 1, line: { color: QUIET, width: 1, dash: "dot" } }))];
  layout.annotations = [...(layout.annotations ?? []), ...lines.filter(({ xref }) => xref === times[0][0]).map(({ xref, yref, at, what }) => (
    { xref, yref, x: at, y: 1, text: what, textangle: -90, xanchor: "right", yanchor: "top", showarrow: false, font: { color: QUIET, size: 9 } }))];
  return figure;
}

/** Makes room above the chart for its title and its iteration. Returns how much. */
function headed(layout, { spec, root }, height) {
  const margin = { t: 30, ...layout.margin };
  layout.margin = { ...margin, t: margin.t + CAPTION };
  layout.legend = { ...layout.legend, y: 1 - CAPTION / (height + CAPTION) };
  const iteration = Number(root.dataset.iteration ?? 0).toLocaleString("en");
  layout.title = { text: `<b>${spec.title}</b>   iteration ${iteration}`, font: { size: 14 }, x: 0, xref: "container", y: 1, yref: "container", yanchor: "top", pad: { l: 14, t: 10 } };
  return CAPTION;
}
