// Plays walks that the page has computed already: panels, a bar to move along the iterations, and no connection.

import { icon, make } from "./dom.js";
import { decodeText } from "./frame.js";
import { copy } from "./links.js";
import { Panel } from "./panel.js";
import { template } from "./theme.js";

const SECONDS = 5; // from the first iteration to the last
const TYPING = "input, textarea, select, [contenteditable], [role=slider], [role=combobox], [role=radio], [role=option]";
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/** Called by Streamlit on every rerun and on every change of theme. */
export function play(component) {
  const parent = component.parentElement;
  const lab = (parent.lab ??= new Lab(parent));
  lab.take(component);
  const turn = ++lab.turns;
  return () => turn === lab.turns && lab.close(parent);
}

class Lab {
  constructor(parent) {
    this.turns = 0;
    this.panels = new Map();
    this.at = this.end = 0;
    this.grid = make("div", { class: "gs-grid" });
    this.root = make("div", { class: "gs" }, this.bar(), this.grid);
    parent.append(this.root);
    this.keys = (event) => this.key(event);
    window.addEventListener("keydown", this.keys);
  }

  bar() {
    this.toggle = make("button", { type: "button", class: "gs-button gs-play", "aria-keyshortcuts": "Space",
      title: "Play or pause (space)", click: () => this.playOrPause() });
    const step = make("button", { type: "button", class: "gs-button", title: "One iteration (→)", click: () => this.step() },
      icon("step"), make("span", {}, "Step"));
    const back = make("button", { type: "button", class: "gs-button", title: "Back to the start", click: () => this.go(0) },
      icon("restart"), make("span", {}, "Restart"));
    this.scrub = make("input", { type: "range", class: "gs-walked", min: 0, max: 0, value: 0, "aria-label": "Iteration",
      input: () => this.go(Number(this.scrub.value)) });
    this.count = make("dd", { "data-count": "iteration" }, "0");
    const counts = make("dl", { class: "gs-counts" }, make("div", {}, make("dt", {}, "Iteration"), this.count));
    const text = make("span", {}, "Copy link");
    const link = make("button", { type: "button", class: "gs-button gs-quiet", "aria-label": "Copy link", title: "Copy a link to this bench",
      click: async () => {
        text.textContent = (await copy(location.href)) ? "Copied" : "Not copied";
        setTimeout(() => (text.textContent = "Copy link"), 1600);
      } }, icon("link"), text);
    const inner = make("div", { class: "gs-bar" }, make("div", { class: "gs-steer" }, this.toggle, step, back), counts, this.scrub,
      make("div", { class: "gs-take" }, link));
    this.transport = make("div", { class: "gs-transport", role: "group", "aria-label": "Walks" }, inner);
    return this.transport;
  }

  /** Take what the page says now. A new start is walked from its beginning; whatever else changed is shown where it was. */
  take({ data, setTriggerValue }) {
    this.trigger = setTriggerValue;
    this.arrange(data.panels);
    if (data.walks !== this.walks) {
      const atEnd = this.at === this.end;
      this.walks = data.walks;
      this.arrays = decodeText(data.walks).arrays;
      this.end = data.iterations;
      this.scrub.max = this.end;
      if (this.chosen && !STILL.matches) this.run(0);
      else this.go(atEnd || this.chosen ? this.end : Math.min(this.at, this.end), this.playing);
      this.chosen = false;
    }
    this.cut = new Set(data.cut);
    this.dress();
    this.draw();
  }

  /** Panels as the page lists them. One whose figure is the same as before is kept. */
  arrange(specs) {
    const wanted = new Map(specs.map((spec) => [spec.name, JSON.stringify(spec)]));
    if (JSON.stringify([...wanted]) === this.arranged) return;
    this.arranged = JSON.stringify([...wanted]);
    for (const [name, panel] of this.panels) {
      if (wanted.get(name) !== JSON.stringify(panel.spec)) panel.close(), this.panels.delete(name);
    }
    const known = this.panels;
    this.panels = new Map(specs.map((spec) => [spec.name, known.get(spec.name) ?? this.add(spec)]));
    this.grid.append(...[...this.panels.values()].map((panel) => panel.root));
  }

  add(spec) {
    const panel = new Panel(spec, this);
    this.opening = panel.open(template(this.root), this.opening);
    return panel;
  }

  /** The arrays at this iteration: of walks, what was walked by now under their name, and the last point as `now_NAME`. */
  frame() {
    const arrays = {};
    for (const [name, array] of Object.entries(this.arrays)) {
      if (!this.cut.has(name)) arrays[name] = array;
      else {
        arrays[name] = part(array, 0, this.at + 1);
        arrays[`now_${name}`] = part(array, this.at, this.at + 1);
      }
    }
    return { iteration: this.at, arrays };
  }

  /** Draws this iteration; while a drawing is under way, only the newest is remembered. */
  draw() {
    if (this.drawing) return this.drawing;
    const at = [this.at, this.walks];
    this.drawing = Promise.all([...this.panels.values()].map((panel) => panel.draw(this.frame()))).then(() => {
      this.drawing = undefined;
      if (at[0] !== this.at || at[1] !== this.walks) this.draw();
    });
    return this.drawing;
  }

  go(at, playing = false) {
    this.at = at;
    this.playing = playing;
    this.scrub.value = at;
    this.count.textContent = `${at} of ${this.end}`;
    this.show(playing ? "playing" : at === this.end ? "finished" : "paused");
    if (this.cut) this.draw();
  }

  /** From an iteration to the last one, at a pace that suits the eye; a slow browser skips iterations. */
  run(from) {
    const [begun, walks] = [performance.now(), this.walks];
    this.go(from, true);
    const on = async () => {
      if (!this.playing || this.walks !== walks) return;
      const at = Math.min(this.end, from + Math.floor(((performance.now() - begun) / (SECONDS * 1000)) * this.end));
      if (at !== this.at) this.go(at, at < this.end);
      await this.drawing;
      requestAnimationFrame(on);
    };
    requestAnimationFrame(on);
  }

  playOrPause() {
    if (this.playing) this.go(this.at);
    else this.run(this.at === this.end ? 0 : this.at);
  }

  step() {
    this.go(this.at === this.end ? 0 : this.at + 1);
  }

  /** A panel's tool asks for another start: it is marked at once, the walks come with the page's answer. */
  send({ type, at }) {
    if (type !== "start") return;
    this.chosen = true;
    this.arrays = { ...this.arrays, start_x: number(at[0]), start_y: number(at[1]) };
    this.go(this.at);
    this.trigger("start", at);
  }

  look() {} // what panels ask of a live player: here all arrays are there

  show(state) {
    if (this.transport.dataset.state === state) return;
    this.transport.dataset.state = state;
    const playing = state === "playing";
    this.toggle.replaceChildren(icon(playing ? "pause" : "play"), make("span", {}, playing ? "Pause" : "Play"));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.target.closest?.(TYPING)) return;
    if (event.code === "Space" && !event.target.closest?.("button, a, summary")) event.repeat || this.playOrPause();
    else if (event.code === "ArrowRight") this.step();
    else return;
    event.preventDefault();
  }

  /** Follow the page's theme. */
  dress() {
    const now = template(this.root);
    if (JSON.stringify(now) === JSON.stringify(this.dressed)) return;
    if (this.dressed) for (const panel of this.panels.values()) panel.dress(now);
    this.dressed = now;
  }

  close(parent) {
    this.playing = false;
    window.removeEventListener("keydown", this.keys);
    for (const panel of this.panels.values()) panel.close();
    this.root.remove();
    delete parent.lab;
  }
}

const part = ({ values }, from, to) => ({ shape: [to - from], values: values.subarray(from, to) });
const number = (value) => ({ shape: [1], values: Float64Array.of(value) });
