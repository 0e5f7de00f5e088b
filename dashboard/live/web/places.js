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
