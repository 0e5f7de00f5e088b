// Reads grids of numbers under the pointer, from the arrays that frames bring: no question goes to the server.

import { make } from "./dom.js";
import { toPoint } from "./places.js";

/** The panel's `hover` says {window, probes, rows: [[label, array]]}: grids (rows, columns) over the window, y going up. */
export function attach(panel) {
  const { window, probes, rows } = panel.spec.hover;
  let area = window; // until a frame says that data were edited
  const card = make("dl", { class: "gs-hover", role: "status", hidden: true });
  const arrays = {};
  let point; // under the pointer, in the chart's numbers
  const tool = { probes: [], frame, place: show, close };

  function frame(drawn) {
    for (const [, name] of rows) arrays[name] = drawn.arrays[name] ?? arrays[name];
    const { window_x, window_y } = drawn.arrays;
    if (window_x && window_y) area = [window_x.values, window_y.values];
    show();
  }

  function show() {
    card.hidden = !point;
    if (!point) return;
    const [x, y] = point;
    const read = rows.map(([label, name]) => [label, arrays[name] && at(arrays[name], area, x, y)]);
    const lines = [["x, y", `${written(x)}, ${written(y)}`], ...read.map(([label, value]) => [label, written(value)])];
    card.replaceChildren(...lines.flatMap(([label, value]) => [make("dt", {}, label), make("dd", {}, value)]));
  }

  /** The grids are asked for from the moment the pointer nears the chart until it leaves the panel. */
  function want(names) {
    if (names.length === tool.probes.length) return;
    tool.probes = names;
    panel.player.look();
  }

  const moved = (event) => {
    want(probes);
    point = toPoint(panel.plot, event);
    if (point) follow(event);
    show();
  };
  const left = () => {
    want([]);
    point = undefined;
    show();
  };

  /** Beside the pointer, on the side where there is room. */
  function follow({ clientX, clientY }) {
    const box = panel.plot.getBoundingClientRect();
    const [right, down] = [clientX - box.left, clientY - box.top];
    const [beside, above] = [right > 200 ? "calc(-100% - 14px)" : "14px", down > 130 ? "calc(-100% - 10px)" : "14px"];
    card.style.transform = `translate(${right}px, ${down}px) translate(${beside}, ${above})`;
  }

  const nears = () => want(probes);
  const heard = { pointermove: moved, pointerdown: moved };
  for (const [name, act] of Object.entries(heard)) panel.plot.addEventListener(name, act);
  panel.root.addEventListener("pointerenter", nears);
  panel.root.addEventListener("pointerleave", left);
  panel.plot.append(card);

  function close() {
    for (const [name, act] of Object.entries(heard)) panel.plot.removeEventListener(name, act);
    panel.root.removeEventListener("pointerenter", nears);
    panel.root.removeEventListener("pointerleave", left);
    card.remove();
  }

  return tool;
}

/** A grid's value at (x, y): between the centres of four cells where all are known, else of the cell itself. */
export function at({ shape: [rows, columns], values }, [[left, right], [low, high]], x, y) {
  const across = ((x - left) / (right - left)) * columns - 0.5;
  const up = ((y - low) / (high - low)) * rows - 0.5;
  const cell = (row, column) => values[clamp(row, rows) * columns + clamp(column, columns)];
  if (across < -0.5 || up < -0.5 || across > columns - 0.5 || up > rows - 0.5) return undefined;
  const [column, row] = [Math.floor(across), Math.floor(up)];
  const [s, t] = [across - column, up - row];
  const mean = (1 - t) * ((1 - s) * cell(row, column) + s * cell(row, column + 1)) + t * ((1 - s) * cell(row + 1, column) + s * cell(row + 1, column + 1));
  return !Number.isNaN(mean) ? mean : cell(Math.round(up), Math.round(across));
}

function clamp(index, size) {
  return Math.min(size - 1, Math.max(0, index));
}

function written(value) {
  if (value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return "∞";
  if (value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 10_000)) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}
