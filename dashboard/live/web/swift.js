// Draws what answers no mouse as plain SVG inside Plotly's own axes: curves, areas, dots and pictures of a panel's frames.
//
// Plotly weighs every point and every default anew at each frame, which costs a stage of a thousand dots most of its time.

import { png } from "./frame.js";
import { numbers, shape } from "./sketch.js";

export class Swift {
  /** Takes scatter traces that say hoverinfo "skip" and pictures in x and y out of `figure`, which Plotly then draws without. */
  constructor(figure, binds) {
    const bound = (path) => binds.find((bind) => bind.path === path)?.name;
    const quiet = (trace) => (trace.type ?? "scatter") === "scatter" && trace.hoverinfo === "skip";
    this.traces = figure.data.flatMap((trace, at) => (quiet(trace) ? [curve(trace, at, bound)] : []));
    this.pictures = (figure.layout.images ?? []).flatMap((image, at) => {
      const name = bound(`layout.images.${at}.source`);
      return name && image.xref === "x" && image.yref === "y" ? [{ at, name, node: shape("image", { preserveAspectRatio: "none" }) }] : [];
    });
    for (const { at } of this.traces) Object.assign(figure.data[at], { x: [null], y: [null] });
    this.names = new Set([...this.traces.flatMap(({ names }) => Object.values(names)), ...this.pictures.map(({ name }) => name)]);
    this.group = shape("g", { class: "gs-swift" });
    this.group.append(...[...this.pictures, ...this.traces].map(({ node }) => node));
  }

  /** Puts the arrays of these names on `plot`, or all of them where the axes have moved. */
  draw(plot, arrays, changed) {
    if (!this.names.size) return;
    const layer = plot._fullLayout._plots.xy.plot.node();
    const moved = !changed || this.group.parentNode !== layer;
    if (this.group.parentNode !== layer) layer.prepend(this.group);
    const x = straight(plot._fullLayout.xaxis);
    const y = straight(plot._fullLayout.yaxis);
    for (const trace of this.traces) {
      const { node, at, names } = trace;
      if (!shown(node, plot.data[at].visible)) continue;
      if (!moved && !changed.has(names.x) && !changed.has(names.y)) continue;
      const [xs, ys] = [arrays[names.x]?.values ?? trace.x, arrays[names.y]?.values ?? trace.y];
      node.setAttribute("d", trace.dots ? spots(xs, ys, x, y) : lines(xs, ys, x, y));
    }
    for (const { node, at, name } of this.pictures) {
      const place = plot.layout.images[at]; // which frames may move
      if (!shown(node, place.visible)) continue;
      if (arrays[name] && (moved || changed.has(name))) node.setAttribute("href", png(arrays[name]));
      if (moved) put(node, place, x, y);
    }
  }
}

function curve(trace, at, bound) {
  const names = { x: bound(`data.${at}.x`), y: bound(`data.${at}.y`) };
  const dots = trace.mode === "markers";
  const { color, size: width = 6, opacity = 1 } = dots ? trace.marker : { ...trace.line, size: trace.line?.width };
  const area = trace.fill === "toself" ? trace.fillcolor : "none";
  const pen = { fill: area, stroke: color, "stroke-width": width, "stroke-linecap": dots ? "round" : "butt", "stroke-linejoin": "round" };
  const node = shape("path", { "data-trace": trace.name, ...pen, "stroke-opacity": opacity, opacity: trace.opacity ?? 1 });
  return { at, names, dots, node, x: numbers(trace.x) ?? [], y: numbers(trace.y) ?? [] };
}

function shown(node, visible) {
  const hidden = (visible ?? true) !== true;
  if (hidden) node.setAttribute("display", "none");
  else node.removeAttribute("display");
  return !hidden;
}

/** An axis without bends as a function from its numbers to pixels, to a tenth. */
function straight(axis) {
  const [from, slope] = [axis.c2p(0), axis.c2p(1) - axis.c2p(0)];
  return (value) => Math.round(10 * (from + slope * value)) / 10;
}

/** Gaps (NaN) lift the pen. */
function lines(xs, ys, x, y) {
  let [path, pen] = ["", "M"];
  for (let i = 0; i < xs.length; i++) {
    if (Number.isNaN(xs[i]) || Number.isNaN(ys[i])) {
      pen = "M";
      continue;
    }
    path += pen + x(xs[i]) + "," + y(ys[i]);
    pen = "L";
  }
  return path;
}

/** Lines of no length, whose round ends are the dots. */
function spots(xs, ys, x, y) {
  let path = "";
  for (let i = 0; i < xs.length; i++) if (Number.isFinite(xs[i]) && Number.isFinite(ys[i])) path += `M${x(xs[i])},${y(ys[i])}h0`;
  return path;
}

function put(node, { x: left, y: top, sizex, sizey }, x, y) {
  const box = { x: x(left), y: y(top), width: x(left + sizex) - x(left), height: y(top - sizey) - y(top) };
  for (const [side, value] of Object.entries(box)) node.setAttribute(side, value);
}
