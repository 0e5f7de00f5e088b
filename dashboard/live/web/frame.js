// Reads a frame's bytes into named arrays, without copying; gancore/observe/frame.py writes them.

const VIEWS = { "<f4": Float32Array, "<f8": Float64Array, "<i4": Int32Array, "|u1": Uint8Array };

/** {iteration, info, arrays: {name: {shape, values}}} from an ArrayBuffer. */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = {};
  for (const [name, { dtype, shape, offset }] of Object.entries(head.arrays)) {
    const count = shape.reduce((product, side) => product * side, 1);
    arrays[name] = { shape, values: new VIEWS[dtype](buffer, 4 + length + offset, count) };
  }
  return { ...head, arrays };
}

/** A frame that travelled as base64 text, inside the page itself. */
export function decodeText(text) {
  return decode(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

/** Whether two arrays hold the same numbers. A gap (NaN) equals a gap. */
export function same(a, b) {
  if (!a || !b || a.values.length !== b.values.length || a.shape.join() !== b.shape.join()) return false;
  const [left, right] = [a.values, b.values];
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i] && (left[i] === left[i] || right[i] === right[i])) return false;
  }
  return true;
}

/** An array as Plotly takes it: a number, a typed array, or rows of typed arrays. */
export function plain({ shape, values }) {
  if (shape.length === 0) return values[0];
  if (shape.length === 1) return values;
  const width = values.length / shape[0];
  return Array.from({ length: shape[0] }, (_, row) => values.subarray(row * width, (row + 1) * width));
}

/** (height, width) grey or (height, width, 3 or 4) colour bytes, as a PNG data URI. */
export function png({ shape: [height, width, depth = 1], values }) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true }); // in memory: a GPU would have to hand it back
  const image = context.createImageData(width, height);
  for (let i = 0, pixel = 0; pixel < height * width; pixel++, i += depth) {
    image.data[4 * pixel] = values[i];
    image.data[4 * pixel + 1] = values[depth < 3 ? i : i + 1];
    image.data[4 * pixel + 2] = values[depth < 3 ? i : i + 2];
    image.data[4 * pixel + 3] = depth === 4 ? values[i + 3] : 255;
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}
