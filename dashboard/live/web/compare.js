// Plays two to four runs side by side: one transport, one slider, and one clock that ties them.

import { COLUMNS, ITERATION } from "./clocks.js";
import { icon, make, segments } from "./dom.js";
import { Lane } from "./lane.js";
import { Overlays } from "./overlays.js";
import { MOVING, PRESSING, TYPING } from "./player.js";
import { Scrubber } from "./scrubber.js";

const CLOCKS = { iteration: "Iteration", d_updates: "D updates", seconds: "Training time" };
const SLACK = { iteration: 10, d_updates: 10, seconds: 150 }; // by which runs that play may be apart, in the clock's own unit,
const AHEAD = 0.25; // and in seconds of playing
const FAR = 4; // times that much: then the one that is ahead is shown where the others are, instead of where it is
const REMIND = 400; // ms after which a run is told anew to wait
const LANDING = 8000; // ms that runs have to come to one moment before they pause

/** Called by Streamlit on every rerun and on every change of theme. */
export function compare(component) {
  const parent = component.parentElement;
  const together = (parent.together ??= new Together(parent));
  together.take(component);
  const turn = ++together.turns;
  return () => turn === together.turns && together.close(parent);
}

class Together {
  constructor(parent) {
    Object.assign(this, { turns: 0, lanes: new Map(), panels: new Map(), clock: "iteration", now: 0, speed: 0 });
    this.overlays = new Overlays(this);
    this.scrubber = new Scrubber(this);
    this.written = (value) => written(this.clock, value);
    this.grid = make("div", { class: "gs-abreast" }, this.overlays.grid);
    this.root = make("div", { class: "gs gs-together" }, this.bar(), this.grid);
    parent.append(this.root);
    this.keys = (event) => this.key(event);
    window.addEventListener("keydown", this.keys);
    this.ticking = setInterval(() => this.remind(), REMIND);
  }

  bar() {
    this.toggle = make("button", { type: "button", class: "gs-button gs-play", "aria-keyshortcuts": "Space",
      title: "Play or pause all (space)", click: () => this.playOrPause() });
    this.stepper = make("button", { type: "button", class: "gs-button", "aria-keyshortcuts": "→", title: "One iteration of each (→)",
      click: () => this.step() }, icon("step"), make("span", {}, "Step"));
    this.count = make("dd", { "data-count": "clock" }, "–");
    this.counted = make("dt", {}, "");
    const counts = make("dl", { class: "gs-counts" }, make("div", {}, this.counted, this.count));
    this.choice = segments("Clocks tied by", Object.values(CLOCKS), (at) => this.setState("clock", Object.keys(CLOCKS)[at]));
    const tied = make("div", { class: "gs-tied" }, make("span", {}, "Tied by"), this.choice);
    const bar = make("div", { class: "gs-bar" }, make("div", { class: "gs-steer" }, this.toggle, this.stepper), counts, tied);
    this.transport = make("div", { class: "gs-transport", role: "group", "aria-label": "All runs" }, bar, this.scrubber.root);
    return this.transport;
  }

  /** Take what the page says now; runs that were here before stay, connection included. */
  take({ data, setStateValue, setTriggerValue }) {
    this.setState = setStateValue;
    this.trigger = setTriggerValue;
    const other = data.clock !== this.clock;
    this.clock = data.clock;
    [...this.choice.children].forEach((button, at) => button.setAttribute("aria-pressed", Object.keys(CLOCKS)[at] === this.clock));
    for (const [run, lane] of this.lanes) if (!data.runs.some((about) => about.run === run)) lane.close(), this.lanes.delete(run);
    const known = this.lanes;
    this.lanes = new Map();
    for (const about of data.runs) {
      const lane = known.get(about.run);
      lane?.take(about);
      this.lanes.set(about.run, lane ?? new Lane(about, this));
    }
    this.arrange();
    if (other) this.retime();
    this.overlays.arrange(data.overlays);
    this.overlays.mark();
    for (const board of [...this.lanes.values(), this.overlays]) board.dress();
    this.show();
    this.overlays.draw();
  }

  /** One row for each kind of panel, one column for each run; panels of one kind share the ranges of their axes. */
  arrange() {
    const lanes = [...this.lanes.values()];
    this.grid.dataset.lanes = lanes.length;
    this.grid.classList.toggle("gs-wide", lanes.some((lane) => lane.panels.has("plane"))); // a stage with its key beside it takes room
    lanes.forEach((lane, at) => {
      lane.place(at);
      this.grid.append(lane.head, lane.grid);
      for (const [name, panel] of lane.panels) panel.ranges.family = lanes.flatMap((one) => one.panels.get(name)?.ranges ?? []);
    });
  }

  /** Another clock ties them now: what is looked at stays what the first one shows. */
  retime() {
    const first = [...this.lanes.values()][0];
    this.scrubber.last = this.furthest;
    if (this.scrubber.back && first) this.scrubber.at = this.scrubber.shown = Math.round(first.shows);
    this.speed = 0;
    this.scrubber.marked = undefined;
    this.tie();
  }

  get probes() {
    return this.overlays?.probes ?? [];
  }

  look() {
    for (const lane of this.lanes.values()) lane.look();
  }

  /** How far the longest of them is, by their clock. */
  get furthest() {
    return Math.max(0, ...[...this.lanes.values()].map((lane) => lane.latest));
  }

  /** Ranges that frames bring are those of all runs together: what is drawn beside each other is drawn to one scale. */
  share(frame, lane) {
    for (const [name, panel] of lane.panels) {
      for (const { path, name: bound } of panel.binds) {
        if (!path.endsWith(".range") || !frame.arrays[bound]) continue;
        const others = [...this.lanes.values()].filter((one) => one !== lane && one.panels.has(name));
        const all = [frame, ...others.map(({ shown }) => shown)].map((one) => one?.arrays[bound]).filter(Boolean).map(({ own, values }) => own ?? values);
        const values = Float64Array.of(Math.min(...all.map((one) => one[0])), Math.max(...all.map((one) => one[1])));
        frame.arrays[bound] = { shape: [2], values, own: frame.arrays[bound].own ?? frame.arrays[bound].values };
      }
    }
  }

  /** Where all of them are shown: as far as the slowest that plays, or that could; if none can, the end of the longest. */
  present() {
    const lanes = [...this.lanes.values()];
    const silent = lanes.every((lane) => lane.silent) ? lanes : []; // ours, but not heard yet
    const of = (state) => lanes.filter((lane) => lane.state === state);
    const going = [of("playing"), of("paused"), silent].find((some) => some.length);
    return going ? Math.min(...going.map((lane) => lane.latest)) : this.furthest;
  }

  /** Whether nothing is to come: all are recordings. */
  get ended() {
    return this.lanes.size > 0 && [...this.lanes.values()].every((lane) => lane.state === "finished");
  }

  get playing() {
    return [...this.lanes.values()].some((lane) => lane.state === "playing");
  }

  get slack() {
    return this.playing ? SLACK[this.clock] + AHEAD * this.speed : 0;
  }

  /** Brings every lane to the one moment: to the slider's, or to now. */
  tie() {
    const { back, at } = this.scrubber;
    if (!back) this.pace();
    if (this.landing) this.land();
    for (const lane of this.lanes.values()) {
      if (back) lane.seek(lane.at(at));
      else if (lane.latest > this.now + FAR * this.slack) lane.seek(lane.at(this.now));
      else lane.live();
    }
    this.show();
  }

  /** Where now is, and how fast it goes. */
  pace() {
    const [at, now] = [performance.now(), this.present()];
    const passed = (at - (this.paced ?? at)) / 1000;
    if (passed > 0.4 || this.paced === undefined) {
      if (this.paced !== undefined) this.speed += 0.5 * (Math.max(0, now - this.from) / passed - this.speed);
      [this.paced, this.from] = [at, now];
    }
    this.now = now;
  }

  /** Those that play wait for each other: one that is ahead trains no further, for a moment. */
  remind() {
    const playing = this.mine.filter((lane) => lane.state === "playing");
    if (this.landing) this.land();
    if (playing.length > 1) for (const lane of playing) this.hold(lane);
  }

  hold(lane) {
    const until = this.landing?.at ?? this.present() + this.slack;
    lane.send({ type: "wait", iteration: lane.at(until) });
  }

  /** Pausing: all play on to one moment a little ahead, and no further, so that they rest at the very same one. */
  pause() {
    const lanes = this.mine.filter((lane) => lane.state === "playing");
    const at = Math.max(...lanes.map((lane) => lane.latest)) + Math.ceil(AHEAD * this.speed) + 1;
    this.landing = { lanes, at, until: performance.now() + (lanes.length > 1 ? LANDING : 0) };
    for (const lane of this.mine) if (!lanes.includes(lane)) lane.send({ type: "pause" }); // one that is about to play
    for (const lane of lanes) this.hold(lane);
    this.land();
  }

  /** Pauses those that are there; where one had gone too far already, the others follow. All rest if that takes too long. */
  land() {
    const { landing } = this;
    const lanes = landing.lanes.filter((lane) => lane.state === "playing" || lane.state === "paused");
    const late = performance.now() > landing.until;
    landing.at = Math.max(landing.at, ...lanes.map((lane) => lane.latest));
    const there = (lane) => late || lane.newest[ITERATION] >= lane.at(landing.at);
    for (const lane of lanes) {
      if (lane.state === "playing" && there(lane)) lane.send({ type: "pause" });
      if (!there(lane)) this.hold(lane);
      if (lane.state === "paused" && !there(lane)) lane.send({ type: "play" });
    }
    if (lanes.every((lane) => lane.state === "paused" && there(lane))) this.landing = undefined;
  }

  drew(lane) {
    const { scrubber } = this;
    if (scrubber.back) {
      if (this.stepping === lane) {
        this.stepping = undefined;
        scrubber.at = Math.round(lane.shows);
        this.tie();
      }
      this.settle();
    } else {
      this.tie();
      if (this.playing) this.remind();
    }
    this.overlays.draw();
    this.show();
  }

  /** Once all lanes show the moment asked for, the slider may go on. Its pace is that of the longest run. */
  settle() {
    const lanes = [...this.lanes.values()];
    if (!this.scrubber.back || lanes.some((lane) => lane.waits)) return;
    const longest = lanes.reduce((one, other) => (other.latest > one.latest ? other : one));
    const elapsed = longest.clocks.read(this.scrubber.at, COLUMNS[this.clock], COLUMNS.seconds) / 1000;
    this.scrubber.frame({ iteration: this.scrubber.at, info: { elapsed, probes: [] } });
  }

  heard() {
    const lanes = [...this.lanes.values()];
    const column = COLUMNS[this.clock];
    const events = lanes.flatMap(({ letter, clocks, events }) => events.map(({ iteration, what }) => (
      { iteration: Math.round(clocks.read(iteration, ITERATION, column)), what: `${letter}: ${what}` })));
    this.overlays.mark();
    this.tie();
    this.scrubber.say({ iteration: Math.ceil(this.furthest), events });
    const said = JSON.stringify(lanes.map(({ events }) => events));
    if (this.said !== undefined && said !== this.said) this.setState("changed", performance.now()); // the page tells what differs
    if (lanes.every(({ state }) => state)) this.said = said;
  }

  /** What the slider asks for. */
  send({ type, iteration, step }) {
    const [first] = this.lanes.values();
    if (type === "scrub" && step) {
      this.stepping = first;
      first.seek(first.at(iteration), step);
    } else if (!this.stepping || type === "live") {
      this.stepping = undefined;
      this.tie();
      this.settle();
    }
  }

  get mine() {
    return [...this.lanes.values()].filter(({ run }) => run.controls);
  }

  playOrPause() {
    if (this.scrubber.back) this.scrubber.live();
    if (this.landing) return (this.landing.until = 0), this.land(); // asked twice: at once
    if (this.playing) return this.pause();
    for (const lane of this.mine) {
      if (this.mine.length > 1) this.hold(lane); // before it plays: one that is ahead shall not move at all
      lane.send({ type: "play" });
    }
  }

  /** One iteration of each that stands at the moment shown. */
  step() {
    for (const lane of this.mine) if (lane.latest <= this.now) lane.send({ type: "step", which: "both" });
  }

  open(run) {
    this.trigger("open", run);
  }

  cure(run, verdict, iteration) {
    this.trigger("cure", { run, verdict, iteration });
  }

  show() {
    const state = this.playing ? "playing" : this.mine.length ? "paused" : "finished";
    const { back, shown, at } = this.scrubber;
    this.counted.textContent = CLOCKS[this.clock];
    this.count.textContent = written(this.clock, back ? shown ?? at : this.now);
    if (!back) this.scrubber.show();
    if (this.transport.dataset.state === state) return;
    this.transport.dataset.state = state;
    const playing = state === "playing";
    this.toggle.replaceChildren(icon(playing ? "pause" : "play"), make("span", {}, playing ? "Pause" : "Play"));
    this.toggle.hidden = this.stepper.hidden = state === "finished"; // recordings: the slider's own button plays them
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const inside = (selector) => event.target.closest?.(selector);
    if (inside(TYPING) || inside(MOVING)) return;
    if (this.scrubber.back && this.scrubber.key(event)) return;
    if (event.code === "Space" && !inside(PRESSING)) event.repeat || (this.mine.length ? this.playOrPause() : this.scrubber.toggle.click());
    else if (event.code === "ArrowRight") this.step();
    else return;
    event.preventDefault();
  }

  close(parent) {
    clearInterval(this.ticking);
    window.removeEventListener("keydown", this.keys);
    this.scrubber.close();
    for (const board of [...this.lanes.values(), this.overlays]) board.close();
    this.root.remove();
    delete parent.together;
  }
}

function written(clock, value) {
  return clock === "seconds" ? `${(value / 1000).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} s` : Math.round(value).toLocaleString("en");
}
