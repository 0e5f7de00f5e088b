// One panel: a Plotly figure, its header, and the arrays that fill it. Knows nothing of what they mean.

import { plain, png, same } from "./frame.js";
import { EventLines } from "./events.js";
import { Layers } from "./layers.js";
import { linkPoints } from "./linked.js";
import { painted, plotly } from "./plotly.js";
import { Ranges } from "./ranges.js";
import { sketch } from "./sketch.js";
import { rewrite } from "./words.js";
import { icon, make, segments } from "./dom.js";
import { Swift } from "./swift.js";

const UNSEEN = 3000; // ms between two pictures of a panel that is off the screen
const CONFIG = { displayModeBar: false, doubleClick: false, showTips: false };
const MOVES = { frame: { duration: 0, redraw: false }, transition: { duration: 0 }, mode: "immediate" };
// `animate` without redraw moves lines and bars at half the cost of `restyle`; everything else needs the redraw.
const ANIMATED = { scatter: ["x", "y"], bar: ["x", "y"] };

export class Panel {
  /** `player` has look(), send(message) and run: what a panel may ask of the page around it. */
  constructor(spec, player) {
    this.spec = spec;
    this.player = player;
    this.binds = Object.entries(spec.bind).map(([path, name]) => target(path, name, spec.figure));
    this.chosen = spec.views.map((group) => group[0]);
    this.last = {}; // array by name, as drawn
    this.zoomed = new Set(); // axes that the reader has zoomed by hand
    this.events = [];
    this.own = 0; // relayouts of ours under way: what they move was not moved by hand
    this.busy = Promise.resolve(); // Plotly's calls on one figure follow each other
    const bound = new Set(this.binds.filter((bind) => bind.axis).map((bind) => bind.axis));
    this.ranges = new Ranges(spec.figure, this.binds, bound);
    this.tools = []; // what answers the mouse: modules named by the panel, see `equip`
    this.build();
    // The window is not the only thing that resizes a panel: the sidebar does.
    this.sizes = new ResizeObserver(() => this.resize());
    this.near = true; // on the screen, or about to be scrolled there
    this.sights = new IntersectionObserver(([seen]) => this.sight(seen.isIntersecting), { rootMargin: "80px" });
    this.sights.observe(this.root);
  }

  build() {
    const { name, title, help, height, span, views, sentence } = this.spec;
    this.plot = make("div", { class: "gs-plot", role: "img", "aria-label": `${title}: ${help}`, style: `min-height:${height}px` });
    const controls = views.map((group, at) => segments(title, group.map((view) => view.label), (index) => {
      this.chosen[at] = group[index];
      this.choose(group[index]);
      this.player.look();
    }));
    this.layers = new Layers(sentence, (layer) => this.toggle(layer));
    this.offer = () => controls.forEach((control, at) => (control.hidden = views[at].length < 2 || !this.layers.shows(this.chosen[at].layer)));
    this.offer();
    const explained = sentence.length ? this.layers.root : make("p", { title: help }, help);
    const head = make("header", {}, make("h3", {}, title), this.saving(), ...controls, explained);
    this.root = make("section", { class: "gs-panel", "data-panel": name, "data-span": span, "aria-label": title }, head, this.plot);
  }

  /** Two small buttons that save the chart as it stands. */
  saving() {
    const take = (format) => make("button", { type: "button", title: `Save this chart as ${format.toUpperCase()}`, "aria-label": `${this.spec.title}: save as ${format.toUpperCase()}`,
      click: async () => this.Plotly && (await import("./picture.js")).save(this, format) }, format.toUpperCase());
    return make("div", { class: "gs-saving", role: "group", "aria-label": `${this.spec.title}: save` }, icon("down"), take("svg"), take("png"));
  }

  get probes() {
    const views = this.chosen.filter(({ layer }) => this.layers.shows(layer));
    return [...this.spec.probes, ...[this.layers, ...views, ...this.tools].flatMap(({ probes }) => probes ?? [])];
  }

  /** First picture: the figure's own curves, and a frame's if one is there. Comes `after` the panel before it. */
  open(template, after) {
    return this.queue(async () => {
      this.Plotly = await plotly;
      await after;
      const frame = this.early;
      const { data, layout } = this.filled(frame);
      const dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom"; // a finger scrolls the page
      const dressed = { dragmode, ...layout, template, height: undefined };
      this.plot.replaceChildren();
      await this.Plotly.newPlot(this.plot, data, dressed, CONFIG);
      this.lines = new EventLines(this.plot, this.spec.timeline);
      this.lines.show(this.events);
      await this.equip();
      this.swift?.draw(this.plot, this.last);
      this.plot.on("plotly_relayout", (change) => (this.place(), this.own || this.keepZoom(change)));
      this.plot.on("plotly_doubleclick", () => this.unzoom());
      linkPoints(this.Plotly, this.plot, (job) => this.queue(job));
      this.sizes.observe(this.plot);
      if (frame) this.root.dataset.iteration = frame.iteration;
      await painted();
    });
  }

  /** Loads the tools that the panel names. A module's `attach(panel)` returns {probes, frame(frame), place(), close()}, each optional. */
  async equip() {
    const modules = await Promise.all(this.spec.tools.map((name) => import(`./${name}.js`)));
    this.tools = modules.map((module) => module.attach(this));
    if (this.tools.length) this.player.look();
  }

  /** Puts what lies over the chart where its axes are now. */
  place() {
    this.lines.place();
    this.swift?.draw(this.plot, this.last);
    for (const tool of this.tools) tool.place?.();
  }

  /** The figure with its chosen views and a frame's arrays in place. */
  filled(frame) {
    const figure = structuredClone(this.spec.figure);
    const put = (at, changes) => Object.entries(changes).forEach(([path, value]) => assign(at, path.split("."), value));
    for (const { relayout, restyle } of this.chosen) put(figure.layout, relayout), put(figure, restyle);
    for (const { shown, parts } of this.layers.all) {
      if (!shown) for (const part of parts) put(figure, { [part + ".visible"]: false });
    }
    // A curve that has no points yet would have no entry in the legend, and get none later.
    for (const { path, animated } of this.binds) if (animated) put(figure, { [path]: [null] });
    if (this.spec.swift) this.swift = new Swift(figure, this.binds);
    if (!frame) return figure;
    for (const { path, name, animated } of this.fresh(frame).filter((bind) => !this.quick(bind))) {
      if (!animated || this.last[name].values.length) put(figure, { [path]: drawable(path, this.last[name]) });
    }
    put(figure.layout, this.ranges.fit(this.last, figure.layout, this.held()));
    return figure;
  }

  /** The binds whose arrays differ from what is drawn; from now on they count as drawn. */
  fresh(frame) {
    const fresh = this.binds.filter(({ name }) => frame.arrays[name] && !same(frame.arrays[name], this.last[name]));
    // `animate` leaves new bars unpainted, so another number of bars needs the redraw.
    const moved = ({ name, bars }) => !bars || frame.arrays[name].values.length === this.last[name]?.values.length;
    const marked = fresh.map((bind) => ({ ...bind, animated: bind.animated && moved(bind) }));
    for (const { name } of fresh) this.last[name] = frame.arrays[name];
    return marked;
  }

  /** What can be shown before Plotly is there. A chart that another run left is kept: the next frame moves it. */
  sketch(frame) {
    if (this.Plotly) return;
    this.early = frame ?? this.early;
    sketch(this.plot, this.spec, this.early);
    if (this.early) this.root.dataset.iteration = this.early.iteration;
  }

  /** A panel off the screen is drawn now and then, with the newest of the frames that it let pass. */
  draw(frame) {
    if (!this.near && performance.now() - this.drawnAt < UNSEEN) {
      this.passed = frame;
      this.later ??= setTimeout(() => this.catchUp(), UNSEEN);
      return Promise.resolve();
    }
    this.drawnAt = performance.now();
    this.passed = undefined;
    return this.put(frame);
  }

  sight(near) {
    this.near = near;
    if (near) this.catchUp();
  }

  catchUp() {
    clearTimeout(this.later);
    this.later = undefined;
    if (this.passed) this.put(this.passed);
    this.passed = undefined;
  }

  put(frame) {
    if (!this.Plotly) this.sketch(frame);
    return this.queue(async () => {
      for (const tool of this.tools) tool.frame?.(frame);
      if (!this.binds.some(({ name }) => frame.arrays[name])) return;
      await this.show(this.fresh(frame));
      this.root.dataset.iteration = this.moment(frame);
    });
  }

  /** The iteration of what is drawn: the nets may have been asked before the scalars were read. */
  moment({ iteration, arrays, info }) {
    const drawn = this.binds.filter(({ name }) => arrays[name]).map(({ name }) => info?.earlier?.[name] ?? iteration);
    return Math.min(...drawn);
  }

  async show(fresh) {
    this.swift?.draw(this.plot, this.last, new Set(fresh.map(({ name }) => name)));
    const binds = fresh.filter((bind) => !this.quick(bind));
    const layout = {};
    for (const { path, name, axis } of binds.filter((bind) => bind.trace === undefined)) {
      const value = drawable(path, this.last[name]);
      if (!this.held().has(axis) && !rewrite(this.plot, path, value)) layout[plotlyPath(path)] = value;
    }
    Object.assign(layout, this.ranges.fit(this.last, this.plot.layout, this.held()));
    if (Object.keys(layout).length) await this.relayout(layout);
    const moves = binds.filter((bind) => bind.trace !== undefined && this.seen(bind));
    if (moves.length) await (moves.every((bind) => bind.animated) ? this.animate() : this.restyle(moves));
  }

  /** Whether Plotly has nothing to do with it. */
  quick({ name }) {
    return this.swift?.names.has(name) ?? false;
  }

  /** Whether a trace is visible. One that is not takes its array without being drawn, for when it will be. */
  seen({ trace, path, name }) {
    const visible = (this.plot.data[trace].visible ?? true) === true;
    if (!visible) assign(this.plot, path.split("."), drawable(path, this.last[name]));
    return visible;
  }

  /** Moves every bound curve: `animate` takes those that it is not given off the subplots where it draws nothing. */
  animate() {
    const traces = new Map();
    for (const bind of this.binds) {
      const { trace, attribute, name } = bind;
      if (!bind.animated || this.quick(bind) || !this.last[name]?.values.length || !this.seen(bind)) continue;
      // Plain arrays: `animate` walks typed ones number by number (measured: 43 against 50 ms of CPU a frame).
      traces.set(trace, { ...traces.get(trace), [attribute]: Array.from(this.last[name].values) });
    }
    return this.Plotly.animate(this.plot, { data: [...traces.values()], traces: [...traces.keys()] }, MOVES);
  }

  restyle(binds) {
    const traces = [...new Set(binds.map((bind) => bind.trace))];
    const update = {};
    for (const { trace, attribute, path, name } of binds) {
      update[attribute] ??= traces.map(() => undefined); // undefined leaves a trace as it is
      update[attribute][traces.indexOf(trace)] = drawable(path, this.last[name]);
    }
    return this.Plotly.restyle(this.plot, update, traces);
  }

  async relayout(changes) {
    this.own += 1;
    await this.Plotly.relayout(this.plot, changes);
    this.own -= 1;
  }

  choose({ relayout, restyle }) {
    const changes = [...Object.entries(relayout).map(([path, value]) => ["layout." + path, value]), ...Object.entries(restyle)];
    return this.change(changes.map(([path, value]) => (path.endsWith(".visible") ? [path, this.visible(path)] : [path, value])));
  }

  toggle({ parts }) {
    this.offer();
    this.player.look();
    return this.change(parts.map((part) => [part + ".visible", this.visible(part + ".visible")]));
  }

  /** Whether a part of the figure is to be seen: the figure or a view says so, and its layer is shown. */
  visible(path) {
    const said = this.chosen.map(({ relayout, restyle }) => restyle[path] ?? relayout[path.replace("layout.", "")]);
    const wanted = said.findLast((value) => value !== undefined) ?? at(this.spec.figure, path.split(".")) ?? true;
    return wanted && !this.layers.hides(path.replace(".visible", ""));
  }

  /** Changes [path, value] of the figure: what a reader chose. */
  change(changes) {
    return this.queue(async () => {
      this.ranges.forget();
      const traces = changes.filter(([path]) => path.startsWith("data."));
      const layout = changes.filter(([path]) => path.startsWith("layout."));
      await this.relayout(Object.fromEntries(layout.map(([path, value]) => [plotlyPath(path), value])));
      for (const [path, value] of traces) {
        const [, trace, ...attribute] = path.split(".");
        await this.Plotly.restyle(this.plot, { [attribute.join(".")]: [value] }, [Number(trace)]);
      }
      this.swift?.draw(this.plot, this.last); // what was hidden let the last frames pass
      await this.show([]);
    });
  }

  mark(events) {
    this.events = events;
    this.lines?.show(events); // else drawn with the first picture
  }

  dress(template) {
    this.queue(() => this.relayout({ template }));
  }

  resize() {
    if (this.resizing) return;
    this.resizing = true;
    this.queue(async () => {
      this.resizing = false;
      const { width, height } = this.plot._fullLayout;
      const { offsetWidth, offsetHeight } = this.plot;
      if (!offsetWidth || (offsetWidth === width && offsetHeight === height)) return;
      await this.Plotly.Plots.resize(this.plot);
      this.place();
    });
  }

  /** Axes not to be moved by arrays: zoomed by hand, or fixed by a view. */
  held() {
    const fixed = this.chosen.flatMap((view) => Object.keys(view.relayout)).filter((path) => path.endsWith(".range"));
    return new Set([...this.zoomed, ...fixed.map((path) => path.split(".")[0])]);
  }

  keepZoom(change) {
    for (const path of Object.keys(change)) if (path.includes(".range")) this.zoomed.add(path.split(".")[0]);
  }

  unzoom() {
    const home = {};
    for (const axis of this.zoomed) {
      const { range } = this.spec.figure.layout[axis] ?? {};
      home[axis + (range ? ".range" : ".autorange")] = range ?? true;
    }
    this.zoomed.clear();
    this.ranges.forget();
    this.queue(async () => {
      await this.relayout(home);
      await this.show(this.binds.filter((bind) => bind.axis && this.last[bind.name]));
    });
  }

  queue(job) {
    this.busy = this.busy.then(job).catch((wrong) => console.error(`panel ${this.spec.name}:`, wrong));
    return this.busy;
  }

  close() {
    this.sizes.disconnect();
    this.sights.disconnect();
    clearTimeout(this.later);
    for (const tool of this.tools) tool.close?.();
    this.queue(() => this.Plotly?.purge(this.plot));
    this.root.remove();
  }
}

/** What a path like `data.0.y` or `layout.xaxis.range` points at. */
function target(path, name, figure) {
  const [kind, first, ...rest] = path.split(".");
  if (kind === "layout") return { path, name, axis: rest[0] === "range" ? first : undefined };
  const attribute = rest.join(".");
  const type = figure.data[first].type ?? "scatter";
  const animated = ANIMATED[type]?.includes(attribute) ?? false;
  return { path, name, trace: Number(first), attribute, animated, bars: type === "bar" };
}

export function drawable(path, array) {
  if (path.endsWith(".source") && array.shape.length > 1) return png(array);
  const value = plain(array);
  return path.startsWith("layout.") && value.length ? Array.from(value) : value;
}

/** `layout.shapes.0.x0` as Plotly writes it: `shapes[0].x0`. */
function plotlyPath(path) {
  return path.replace("layout.", "").replace(/\.(\d+)/g, "[$1]");
}

/** What lies at a path, or nothing. */
function at(figure, steps) {
  return steps.reduce((inner, step) => inner?.[step], figure);
}

export function assign(at, steps, value) {
  for (const step of steps.slice(0, -1)) at = at[step] ??= {};
  at[steps.at(-1)] = value;
}
