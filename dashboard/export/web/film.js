// The moments that a replay carries: frames from the pool of arrays, curves cut off where the moment is.

import { decode } from "./frame.js";

export class Film {
  /** `buffer` holds what dashboard/export/packing.py packed. */
  constructor(buffer) {
    const { iteration, info, arrays } = decode(buffer);
    this.end = iteration;
    this.pool = (at) => arrays[at];
    this.frames = info.frames;
    this.lines = Object.entries(info.lines).map(([name, [x, y]]) => ({ name, x: arrays[x].values, y: arrays[y].values }));
    this.always = Object.fromEntries(Object.entries(info.always).map(([name, at]) => [name, arrays[at]]));
    const timed = this.frames.findLast(({ info: { elapsed } }) => elapsed > 0);
    this.rate = timed ? timed.iteration / timed.info.elapsed : 100; // iterations a second while it was trained
  }

  get length() {
    return this.frames.length;
  }

  iteration(at) {
    return this.frames[at].iteration;
  }

  /** The number of the newest moment that is not after `iteration`, or of the first. */
  before(iteration) {
    return Math.max(0, first(this.frames, (frame) => frame.iteration > iteration) - 1);
  }

  /** {iteration, info, arrays}, as a frame from the server is. */
  frame(at) {
    const { iteration, info, arrays } = this.frames[at];
    const filled = { ...this.always };
    for (const [name, where] of Object.entries(arrays)) filled[name] = this.pool(where);
    for (const { name, x, y } of this.lines) {
      const end = first(x, (value) => value > iteration);
      filled[`${name}_t`] = { shape: [end], values: x.subarray(0, end) };
      filled[name] = { shape: [end], values: y.subarray(0, end) };
    }
    return { iteration, info, arrays: filled };
  }
}

/** Where in a sorted list something begins to be true. */
function first(list, holds) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
