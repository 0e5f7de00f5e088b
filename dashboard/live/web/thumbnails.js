// Small pictures on a canvas, without axes: samples, a curve, bars, arrows. Arrays are as a frame has them.

const LENGTH = 0.22; // of the picture: the longest arrow

/** Samples (n, 2) as dots in a window [[low, high], [low, high]]; of one number as a histogram of how many lie where. */
export function dots(canvas, { shape: [n, dim], values }, range, colour) {
  if (dim === 1) return crowd(canvas, values, range, colour);
  const [context, place] = [brush(canvas, colour), into(canvas, range)];
  context.globalAlpha = 0.7;
  for (let i = 0; i < n; i++) {
    const [x, y] = place(values[2 * i], values[2 * i + 1]);
    context.fillRect(x - 1.25, y - 1.25, 2.5, 2.5);
  }
}

/** Arrows from samples (n, 2) along their pull, the longest of a fixed length. */
export function arrows(canvas, { shape: [n, dim], values }, pull, range, colour) {
  const [context, place] = [brush(canvas, colour), into(canvas, range)];
  const size = (i) => Math.hypot(...pull.values.subarray(dim * i, dim * i + dim));
  let longest = 0;
  for (let i = 0; i < n; i++) longest = Math.max(longest, size(i) || 0);
  if (!longest) return;
  const unit = (LENGTH * canvas.clientHeight) / longest;
  for (let i = 0; i < n; i += 4) {
    const [dx, dy] = dim === 1 ? [pull.values[i], 0] : pull.values.subarray(2 * i, 2 * i + 2);
    const [x, y] = dim === 1 ? [place(values[i], 0)[0], canvas.clientHeight * (0.15 + ((i * 0.137) % 0.7))] : place(values[2 * i], values[2 * i + 1]);
    stroke(context, [[x, y], [x + unit * dx, y - unit * dy]]);
    context.fillRect(x + unit * dx - 1.5, y - unit * dy - 1.5, 3, 3);
  }
}

/** Lines through points (n, 2); a gap lifts the pen. */
export function lines(canvas, { values }, range, colour) {
  const [context, place] = [brush(canvas, colour), into(canvas, range)];
  context.lineWidth = 0.7;
  context.beginPath();
  for (let i = 0, down = false; i < values.length; i += 2) {
    const [x, y] = place(values[i], values[i + 1]);
    if (down && x === x) context.lineTo(x, y);
    else context.moveTo(x, y);
    down = x === x;
  }
  context.stroke();
}

/** Heights (m,) between 0 and 1 over the whole width. */
export function curve(canvas, { values }, colour) {
  const { clientWidth: width, clientHeight: height } = canvas;
  stroke(brush(canvas, colour), Array.from(values, (value, i) => [(i * width) / (values.length - 1), (1 - value) * (height - 2) + 1]));
}

/** Shares (rows, bins), a row a colour. */
export function bars(canvas, { shape: [rows, bins], values }, colours) {
  const most = Math.max(...values) || 1;
  for (let row = 0; row < rows; row++) {
    stand(brush(canvas, colours[row]), canvas, values.subarray(row * bins, (row + 1) * bins), most);
  }
}

function crowd(canvas, values, { values: [low, high] }, colour) {
  const bins = new Float32Array(40);
  for (const value of values) {
    const at = Math.floor(((value - low) / (high - low)) * bins.length);
    if (at >= 0 && at < bins.length) bins[at] += 1;
  }
  stand(brush(canvas, colour), canvas, bins, Math.max(...bins) || 1);
}

function stand(context, { clientWidth: width, clientHeight: height }, shares, most) {
  context.globalAlpha = 0.6;
  const wide = width / shares.length;
  shares.forEach((share, i) => context.fillRect(i * wide, height - (share / most) * height, wide, (share / most) * height));
}

function brush(canvas, colour) {
  const context = canvas.getContext("2d");
  Object.assign(context, { fillStyle: colour, strokeStyle: colour, lineWidth: 1.2, globalAlpha: 1 });
  return context;
}

function stroke(context, points) {
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}

/** The largest square in the middle of the picture. */
export function square({ clientWidth: width, clientHeight: height }) {
  const side = Math.min(width, height);
  return { x: (width - side) / 2, y: (height - side) / 2, side };
}

/** From a window's numbers to pixels of the picture. A window of two axes is a square, as large as there is room for. */
function into(canvas, { values: [left, right, low, high] }) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (low === undefined) return (x) => [((x - left) / (right - left)) * width, height / 2];
  const { x: over, y: down, side } = square(canvas);
  return (x, y) => [over + ((x - left) / (right - left)) * side, down + (1 - (y - low) / (high - low)) * side];
}
