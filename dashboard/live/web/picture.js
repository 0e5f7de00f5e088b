// A panel as a picture of its own, for a paper or a slide: SVG stays lines, PNG is twice as fine as the screen.

import { make } from "./dom.js";
import { ROW, stacked, within } from "./events.js";
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
function whole(panel) {
  const { plot, root, spec, binds, last, events } = panel;
  const figure = structuredClone({ data: plot.data, layout: plot.layout });
  spec.figure.data.forEach(({ x, y }, at) => {
    for (const [axis, own] of Object.entries({ x, y })) if (own !== undefined) figure.data[at][axis] = own;
  });
  for (const { path, name, axis } of binds) if (last[name] && !axis) assign(figure, path.split("."), drawable(path, last[name]));
  const paper = getComputedStyle(root).getPropertyValue("--st-background-color") || "#fff";
  const layout = Object.assign(figure.layout, { template: template(root), paper_bgcolor: paper, autosize: false, width: undefined, height: undefined });
  const times = spec.timeline.map((axis) => [axis.replace("axis", ""), `${layout[axis]?.anchor ?? "y" + axis.slice(5)} domain`]);
  const lines = events.flatMap(({ iteration: at }) => times.map(([xref, yref]) => ({ xref, yref, at })));
  layout.shapes = [...(layout.shapes ?? []), ...lines.map(({ xref, yref, at }) => ({ type: "line", xref, yref, x0: at, x1: at, y0: 0, y1: 1, line: { color: QUIET, width: 1, dash: "dot" } }))];
  layout.annotations = [...(layout.annotations ?? []), ...(times.length ? names(panel, times[0], paper) : [])];
  return figure;
}

/** What was changed, at the first time axis, where the page has it too. */
function names({ plot, spec, events }, [xref, yref], paper) {
  const x = plot._fullLayout[spec.timeline[0]];
  const height = plot._fullLayout["yaxis" + x.anchor.slice(1)]._length;
  const marks = events.map(({ iteration, what }) => ({ iteration, what, at: x.d2p(iteration) })).filter((mark) => within(mark, x));
  const font = { color: QUIET, size: 9 };
  return stacked(marks, x._length, height, `${font.size}px ${plot._fullLayout.font.family}`).map(({ marks: [{ iteration, at }], text, start, row }) => (
    { xref, yref, x: iteration, y: 1, xshift: start - at, yshift: -row * ROW, text, xanchor: "left", yanchor: "top", showarrow: false, borderpad: 0, bgcolor: faded(paper), font }));
}

/** A colour, through which two fifths of what lies under it are seen. */
function faded(color) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.fillStyle = color; // read again, it is #rrggbb
  return `${pen.fillStyle}99`;
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
