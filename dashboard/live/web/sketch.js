// Draws a figure's curves as plain SVG, at once: what a visitor sees while Plotly is still being read.

const NS = "http://www.w3.org/2000/svg";
const NUMBERS = { f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array, u2: Uint16Array, i1: Int8Array, u1: Uint8Array };

/** Covers `plot` with the figure's lines on linear axes of known range, `frame`'s arrays in place. Returns the cover. */
export function sketch(plot, { figure, bind, height }, frame) {
  const width = plot.clientWidth;
  const svg = shape("svg", { class: "gs-sketch", width, height, "aria-hidden": true });
  const { l = 80, r = 80, t = 100, b = 80 } = figure.layout.margin ?? {};
  const inner = { x: l, y: t, width: width - l - r, height: height - t - b };
  figure.data.forEach((trace, at) => {
    if ((trace.type ?? "scatter") !== "scatter" || trace.visible === false) return;
    const along = (letter) => frame?.arrays[bind[`data.${at}.${letter}`]]?.values ?? numbers(trace[letter]);
    const [x, y] = [scale(figure.layout, trace.xaxis ?? "x"), scale(figure.layout, trace.yaxis ?? "y")];
    const [xs, ys] = [along("x"), along("y")];
    if (!x || !y || !xs?.length || !ys?.length) return;
    const points = Array.from(xs, (value, i) => [inner.x + inner.width * x(value), inner.y + inner.height * (1 - y(ys[i]))]);
    const { color, width: pen = 2, dash } = trace.line ?? {};
    if (trace.fill === "tozeroy") {
      const floor = inner.y + inner.height * (1 - y(0));
      const closed = [[points[0][0], floor], ...points, [points.at(-1)[0], floor]];
      svg.append(shape("path", { d: path(closed), fill: trace.fillcolor, stroke: "none" }));
    }
    const look = { fill: "none", stroke: color, "stroke-width": pen, "stroke-dasharray": dash === "dash" ? "9 9" : "none" };
    svg.append(shape("path", { d: path(points), opacity: trace.opacity ?? 1, ...look }));
  });
  plot.replaceChildren(svg);
  return svg;
}

/** From a value to its share of the drawing's width or height, or nothing if the axis does not say. */
function scale(layout, name) {
  const { range, type, domain = [0, 1], overlaying, scaleanchor } = layout[name[0] + "axis" + name.slice(1)] ?? {};
  if (!range || type === "log" || scaleanchor) return undefined;
  const [from, to] = overlaying ? layout[overlaying[0] + "axis" + overlaying.slice(1)].domain ?? [0, 1] : domain;
  return (value) => from + (to - from) * Math.min(1, Math.max(0, (value - range[0]) / (range[1] - range[0])));
}

/** Gaps (NaN) lift the pen. */
function path(points) {
  let pen = "M";
  return points.map(([x, y]) => {
    if (Number.isNaN(x) || Number.isNaN(y)) return (pen = "M"), "";
    const move = `${pen}${x.toFixed(1)},${y.toFixed(1)}`;
    pen = "L";
    return move;
  }).join("");
}

/** An array as a figure's JSON holds it: plain, or base64 of its bytes. */
export function numbers(held) {
  if (!held?.bdata) return held;
  return new NUMBERS[held.dtype](Uint8Array.from(atob(held.bdata), (letter) => letter.charCodeAt(0)).buffer);
}

export function shape(tag, attributes) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
