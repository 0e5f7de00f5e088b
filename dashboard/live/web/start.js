// A click in any of a panel's subplots chooses the point to start from.

/** `attach(panel)`: sends {type: "start", at: [x, y]} to the page. */
export function attach(panel) {
  const choose = (event) => {
    const at = pointUnder(panel.plot, event);
    if (at) panel.player.send({ type: "start", at: at.map((value) => Number(value.toFixed(2))) });
  };
  panel.plot.classList.add("gs-startable");
  panel.plot.addEventListener("click", choose);
  return { close: () => panel.plot.removeEventListener("click", choose) };
}

/** The point under a mouse event or a touch in the axes of whichever subplot it is in, or nothing. */
function pointUnder(plot, { clientX, clientY }) {
  const { left, top } = plot.getBoundingClientRect();
  for (const { xaxis, yaxis } of Object.values(plot._fullLayout._plots)) {
    const [right, down] = [clientX - left - xaxis._offset, clientY - top - yaxis._offset];
    if (right >= 0 && down >= 0 && right <= xaxis._length && down <= yaxis._length) return [xaxis.p2d(right), yaxis.p2d(down)];
  }
  return undefined;
}
