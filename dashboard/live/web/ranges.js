// Widens axes that have no range of their own when the arrays outgrow them: rarely, so that nothing jumps.

const SLACK = { x: [0, 0.5], y: [0.12, 0.18] }; // room left below and above, in parts of what the data spans

export class Ranges {
  /** `binds` are the panel's {trace, attribute, name}; `bound` holds the axes whose range an array sets. */
  constructor(figure, binds, bound) {
    this.axes = new Map();
    this.family = [this]; // with those of the same figure of other runs: they share their axes, and the first one leads
    for (const { trace, attribute, name } of binds) {
      if (attribute !== "x" && attribute !== "y") continue;
      const shape = figure.data[trace];
      const key = attribute + "axis" + (shape[attribute + "axis"] ?? attribute).slice(1);
      if (figure.layout[key]?.range || bound.has(key)) continue;
      const axis = this.axes.get(key) ?? { letter: attribute, names: new Set(), zero: false, range: null };
      axis.names.add(name);
      axis.zero ||= figure.layout[key]?.rangemode === "tozero" || (shape.type === "bar" && attribute === "y");
      this.axes.set(key, axis);
    }
  }

  /** {"yaxis.range": [low, high]} for the axes that must change; `held` ones are left alone. */
  fit(arrays, layout, held) {
    const changes = {};
    for (const [key, axis] of this.axes) {
      if (held.has(key)) continue;
      const log = layout[key]?.type === "log";
      axis.extent = extent(axis, arrays, log);
      const all = this.family.map(({ axes }) => axes.get(key)).filter((one) => one?.extent);
      const [low, high] = [Math.min(...all.map(({ extent }) => extent[0])), Math.max(...all.map(({ extent }) => extent[1]))];
      const led = this.family[0].axes.get(key)?.range;
      if (led && led !== axis.range && suits(led, low, high)) {
        changes[key + ".range"] = axis.range = led;
        continue;
      }
      if (low > high || suits(axis.range, low, high)) continue;
      const span = high - low || Math.abs(high) * 0.2 || 1;
      const [below, above] = SLACK[axis.letter];
      axis.range = [axis.zero && !log && low === 0 ? 0 : low - below * span, high + above * span];
      changes[key + ".range"] = axis.range;
    }
    return changes;
  }

  forget() {
    for (const axis of this.axes.values()) axis.range = null;
  }
}

function extent(axis, arrays, log) {
  let [low, high] = axis.zero && !log ? [0, 0] : [Infinity, -Infinity];
  for (const name of axis.names) {
    for (const value of arrays[name]?.values ?? []) {
      const at = log ? Math.log10(value) : value;
      if (Number.isFinite(at)) [low, high] = [Math.min(low, at), Math.max(high, at)];
    }
  }
  return [low, high];
}

function suits(range, low, high) {
  return range && low >= range[0] && high <= range[1] && (high === low || high - low > (range[1] - range[0]) / 3);
}
