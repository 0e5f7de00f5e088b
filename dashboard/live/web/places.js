// Between a chart's numbers and the page's pixels, for what lies over a chart or answers the mouse.

/** Pixels from the plot's upper left corner of the point (x, y) of a figure's first axes. */
export function toPixels(plot, x, y) {
  const { xaxis, yaxis } = plot._fullLayout;
  return [xaxis._offset + xaxis.d2p(x), yaxis._offset + yaxis.d2p(y)];
}

/** The point of the first axes under a mouse event or a touch, or nothing if that is beside them. */
export function toPoint(plot, { clientX, clientY }) {
  const { xaxis, yaxis } = plot._fullLayout;
  const { left, top } = plot.getBoundingClientRect();
  const [right, down] = [clientX - left - xaxis._offset, clientY - top - yaxis._offset];
  if (right < 0 || down < 0 || right > xaxis._length || down > yaxis._length) return undefined;
  return [xaxis.p2d(right), yaxis.p2d(down)];
}

/** The point of the first axes under a mouse or a finger, or the nearest to it; rounded so that links stay short. */
export function inside(plot, { clientX, clientY }) {
  const { xaxis, yaxis } = plot._fullLayout;
  const { left, top } = plot.getBoundingClientRect();
  const within = (at, length) => Math.min(Math.max(at, 0), length);
  const [, digits] = rounded(plot, 1);
  const x = xaxis.p2d(within(clientX - left - xaxis._offset, xaxis._length));
  return [digits(x), digits(yaxis.p2d(within(clientY - top - yaxis._offset, yaxis._length)))];
}

/** `parts` thousandths of what the x-axis spans, and a function that rounds to a step that nobody can see. */
export function rounded(plot, parts) {
  const [low, high] = plot._fullLayout.xaxis.range;
  const places = Math.max(0, Math.ceil(-Math.log10(Math.abs(high - low) / 1000)));
  return [(parts * Math.abs(high - low)) / 1000, (value) => Number(value.toFixed(places))];
}
