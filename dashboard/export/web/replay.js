// Plays a recording from inside the file itself: the panels of the live page, a slider, and nothing to connect to.

import { icon, make } from "./dom.js";
import { Film } from "./film.js";
import { Panel } from "./panel.js";
import { template } from "./theme.js";
import { bytes } from "./unpack.js";

const PACES = Array.from({ length: 21 }, (_, at) => 2 ** (at - 8)); // times as fast as it was trained
const LONGEST = 300, SHORTEST = 2, SUITS = 15; // seconds that the whole run may take to pass
const TICKS = 200; // events marked at most
const TYPING = "input:not([type=range]), textarea, select, [contenteditable]";

export async function play(root, facts) {
  try {
    new Replay(root, facts, new Film(await bytes("film")));
  } catch (wrong) {
    root.textContent = `This replay could not be opened: ${wrong.message}. A browser of 2023 or later can open it.`;
    throw wrong;
  }
}

class Replay {
  constructor(root, { run, panels, events }, film) {
    Object.assign(this, { root, film, run: { run, controls: false }, at: film.length - 1 });
    this.bar = this.transport(events);
    this.grid = make("div", { class: "gs-grid" });
    root.replaceChildren(this.grid, this.bar);
    this.panels = new Map(panels.map((spec) => [spec.name, new Panel(spec, this)]));
    for (const panel of this.panels.values()) {
      this.grid.append(panel.root);
      panel.mark(events);
      panel.sketch(film.frame(this.at));
      this.opening = panel.open(template(root), this.opening);
    }
    window.addEventListener("keydown", (event) => this.key(event));
    document.querySelector(".gs-dress").addEventListener("click", () => this.dress());
    this.go(this.at);
  }

  transport(events) {
    this.toggle = make("button", { type: "button", class: "gs-button gs-play", "aria-keyshortcuts": "Space", title: "Play or stop (space)",
      click: () => (this.playing ? this.stop() : this.play()) });
    const step = (by, label, key) => make("button", { type: "button", class: `gs-button gs-step${by < 0 ? " gs-back" : ""}`, "aria-label": label,
      title: `${label} (${key})`, click: () => this.step(by) }, icon("step"));
    this.speed = make("select", { class: "gs-speed", "aria-label": "Speed", title: "1× is as fast as it was trained; the time is that of the whole run (+ and −)" },
      ...this.paces().map(([pace, seconds, suits]) => make("option", { value: pace, selected: suits }, `${written(pace)}× · ${clock(seconds)}`)));
    this.slider = make("input", { type: "range", min: 0, max: Math.max(this.film.end, 1), step: 1, "aria-label": "Moment of the run",
      input: () => (this.stop(), this.go(this.film.before(Number(this.slider.value)), Number(this.slider.value))) });
    const ticks = events.slice(-TICKS).map(({ iteration, what }) => make("i", { title: `iteration ${number(iteration)}: ${what}`,
      style: `left:${(100 * iteration) / Math.max(this.film.end, 1)}%` }));
    const track = make("div", { class: "gs-track" }, make("div", { class: "gs-ticks" }, ...ticks), this.slider);
    this.label = make("output", { class: "gs-at" });
    return make("div", { class: "gs-transport gs-film", role: "group", "aria-label": "Replay" },
      this.toggle, make("div", { class: "gs-joined" }, step(-1, "The frame before", "←"), step(1, "The next frame", "→")), this.speed, track, this.label);
  }

  /** The speeds at which the whole run passes in a time that somebody would wait: [times, seconds, whether it is the first choice]. */
  paces() {
    const whole = this.film.end / this.film.rate || 1;
    const all = PACES.map((pace) => [pace, whole / pace]);
    const fit = all.filter(([, seconds]) => seconds >= SHORTEST && seconds <= LONGEST);
    const known = fit.length ? fit : [[1, whole]];
    const off = ([, seconds]) => Math.abs(Math.log(seconds / SUITS));
    const best = known.reduce((a, b) => (off(b) < off(a) ? b : a));
    return known.map((one) => [...one, one === best]);
  }

  /** Shows a moment; the slider stands where the hand put it. */
  go(at, position = this.film.iteration(at)) {
    this.at = at;
    this.slider.value = position;
    const [iteration, end] = [this.film.iteration(at), this.film.end].map(number);
    this.label.replaceChildren(make("b", {}, iteration), ` of ${end}`);
    this.slider.setAttribute("aria-valuetext", `iteration ${iteration} of ${end}`);
    this.show();
    this.draw();
  }

  /** While a drawing is under way, only the newest moment is remembered. */
  draw() {
    if (this.drawing) return;
    const at = this.at;
    const frame = this.film.frame(at);
    this.drawing = Promise.all([...this.panels.values()].map((panel) => panel.draw(frame))).then(() => {
      this.drawing = undefined;
      this.root.dataset.iteration = frame.iteration;
      if (at !== this.at) this.draw();
    });
  }

  play() {
    const last = this.film.length - 1;
    let position = this.at === last ? 0 : this.film.iteration(this.at);
    let before = performance.now();
    const turn = (this.playing = {});
    const on = () => {
      if (this.playing !== turn) return;
      const now = performance.now();
      if (!this.drawing) {
        position += ((now - before) / 1000) * this.film.rate * Number(this.speed.value);
        before = now;
        const at = this.film.before(position);
        if (at === last) return this.stop(), this.go(last);
        this.go(at, Math.min(position, this.film.end));
      }
      requestAnimationFrame(on);
    };
    this.go(this.film.before(position), position);
    requestAnimationFrame(on);
  }

  stop() {
    this.playing = undefined;
    this.show();
  }

  step(by) {
    this.stop();
    this.go(Math.min(Math.max(this.at + by, 0), this.film.length - 1));
  }

  pace(by) {
    const at = this.speed.selectedIndex + by;
    if (at >= 0 && at < this.speed.options.length) this.speed.selectedIndex = at;
  }

  show() {
    const state = this.playing ? "playing" : "paused";
    if (this.bar.dataset.state === state) return;
    this.bar.dataset.state = state;
    this.toggle.replaceChildren(icon(this.playing ? "pause" : "play"), make("span", {}, this.playing ? "Pause" : "Play"));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPING)) return;
    if (event.key === " " && event.target.closest?.("button, a, summary")) return;
    const act = {
      " ": () => event.repeat || this.toggle.click(), ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1),
      Home: () => (this.stop(), this.go(0)), End: () => (this.stop(), this.go(this.film.length - 1)),
      "+": () => this.pace(1), "-": () => this.pace(-1), t: () => this.dress(),
    }[event.key];
    if (!act) return;
    act();
    event.preventDefault();
  }

  dress() {
    const page = document.documentElement;
    const dark = page.dataset.theme ? page.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    page.dataset.theme = dark ? "light" : "dark";
    for (const panel of this.panels.values()) panel.dress(template(this.root));
  }

  look() {} // what panels ask of a live player: here all that there is is there

  send() {}
}

const number = (value) => value.toLocaleString("en");
const written = (pace) => (pace >= 1 ? pace : pace === 0.5 ? "½" : pace === 0.25 ? "¼" : `1/${1 / pace}`);
const clock = (seconds) => (seconds < 60 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} min`);
