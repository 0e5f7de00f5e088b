// The bar above the panels: play, step, restart, where the run is, and what to take away from it.

import { icon, make } from "./dom.js";
import { copy, settingsLink, watchLink } from "./links.js";
import { Share } from "./share.js";

const ENGINE =
  "how iterations are carried out: eager, operation after operation; looped, many in one call; compiled, with kernels built for this machine; all with the same results";
const COUNTS = {
  iteration: ["Iteration", "k discriminator updates, then one generator update"],
  d_updates: ["D updates", "discriminator updates so far"],
  g_updates: ["G updates", "generator updates so far"],
  iterations_per_second: ["Iterations/s", "how fast the run trains"],
  engine: ["Engine", ENGINE],
  frames: ["Frames/s", "pictures drawn here, counted in this browser"],
  elapsed: ["Elapsed", "training time"],
};
const STATES = { playing: "Playing", paused: "Paused", finished: "Finished", failed: "Failed" };

export class Transport {
  constructor({ run, controls }, send) {
    this.send = send;
    this.changes = { events: [], planned: [] };
    this.values = {};
    this.drawn = [];
    this.note = make("p", { class: "gs-note", hidden: true });
    this.spoken = make("span", { class: "gs-spoken", role: "status" });
    this.link = make("span", { class: "gs-link", hidden: true, role: "status" });
    const bar = make("div", { class: "gs-bar" }, controls ? this.steering() : this.watching(), this.counting(), this.taking(run, controls));
    this.root = make("div", { class: "gs-transport", role: "group", "aria-label": "Training" }, bar, this.link, this.note, this.spoken);
    this.show("paused");
  }

  steering() {
    this.toggle = make("button", { type: "button", class: "gs-button gs-play", "aria-keyshortcuts": "Space",
      title: "Play or pause (space)", click: () => this.playOrPause() });
    const step = (which, symbol, title, key) => make("button", { type: "button", class: "gs-button", title: `${title} (${key})`,
      "aria-label": title, "aria-keyshortcuts": key, click: () => this.send({ type: "step", which }) }, ...symbol);
    this.steps = { both: step("both", [icon("step"), make("span", {}, "Step")], "Step", "→"),
      d: step("d", ["D"], "Step D", "D"), g: step("g", ["G"], "Step G", "G") };
    const steps = make("div", { class: "gs-joined", role: "group", "aria-label": "Step" }, ...Object.values(this.steps));
    const restart = make("button", { type: "button", class: "gs-button gs-spare", title: "Start again from the same seed", "aria-label": "Restart",
      click: () => this.send({ type: "restart" }) }, icon("restart"), make("span", {}, "Restart"));
    this.slow = make("button", { type: "button", class: "gs-button gs-spare", "aria-keyshortcuts": "S", "aria-label": "Slow motion",
      title: "Slow motion: the next iteration stage by stage (S)", click: () => this.send({ type: "slow", which: this.slowed ? "leave" : "next" }) }, icon("slow"), make("span", {}, "Slow motion"));
    return make("div", { class: "gs-steer" }, this.toggle, this.freezing(), steps, this.slow, restart);
  }

  /** One player may stand still while the other one plays. */
  freezing() {
    const hold = (who, title) => make("button", { type: "button", class: "gs-button", title, "aria-label": `Freeze ${who.toUpperCase()}`,
      "aria-pressed": "false", click: () => this.send({ type: "change", what: [`frozen=${this.frozen === who ? "none" : who}`] }) }, icon("freeze"), who.toUpperCase());
    this.holds = { d: hold("d", "Freeze D: its weights stand still, G plays on"), g: hold("g", "Freeze G: its weights stand still, D plays on") };
    return make("div", { class: "gs-joined", role: "group", "aria-label": "Freeze" }, ...Object.values(this.holds));
  }

  /** Which player stands still: `d`, `g` or `none`. */
  freeze(who) {
    this.frozen = who;
    for (const [name, button] of Object.entries(this.holds ?? {})) {
      button.setAttribute("aria-pressed", name === who);
      this.steps[name].disabled = name === who;
    }
  }

  watching() {
    return make("div", { class: "gs-steer gs-watching" }, icon("eye"), make("span", {}, "You are watching this run"));
  }

  counting() {
    const counts = Object.entries(COUNTS).map(([name, [label, help]]) => {
      this.values[name] = make("dd", { "data-count": name }, "–");
      return make("div", { title: help }, make("dt", {}, label), this.values[name]);
    });
    return make("dl", { class: "gs-counts" }, ...counts);
  }

  taking(run, controls) {
    const giving = (symbol, label, help, link) => {
      const text = make("span", {}, label);
      const button = make("button", { type: "button", class: "gs-button gs-quiet", title: help, "aria-label": label, click: async () => {
        text.textContent = (await copy(link())) ? "Copied" : "Not copied";
        this.spoken.textContent = text.textContent;
        button.classList.add("gs-copied");
        setTimeout(() => ((text.textContent = label), button.classList.remove("gs-copied")), 1600);
      } }, icon(symbol), text);
      return button;
    };
    const settings = giving("link", "Copy link", "Copy a link to these settings, with every change made on the way", () => settingsLink(this.changes));
    const watch = giving("eye", "Watch link", "Copy a link for others to watch this run live", () => watchLink(run));
    this.share = new Share(run);
    return make("div", { class: "gs-take" }, ...(controls ? [settings] : []), watch, this.share.root);
  }

  playOrPause() {
    this.send({ type: this.root.dataset.state === "playing" ? "pause" : "play" });
  }

  /** A status from the server. */
  say({ state, detail, iteration, d_updates, g_updates, frozen }) {
    if (state !== this.root.dataset.state) this.spoken.textContent = `${STATES[state]} at iteration ${iteration}`;
    this.show(state);
    this.freeze(frozen);
    this.count({ iteration, d_updates, g_updates });
    this.tell(detail, state === "failed");
  }

  /** One sentence under the bar; errors interrupt a screen reader, notices do not. */
  tell(sentence, failed = false) {
    if (this.note.textContent !== sentence) this.note.textContent = sentence;
    this.note.hidden = !sentence;
    this.note.setAttribute("role", failed ? "alert" : "status");
    this.note.classList.toggle("gs-failed", failed);
  }

  connection(sentence) {
    this.link.textContent = sentence;
    this.link.hidden = !sentence;
  }

  show(state) {
    this.root.dataset.state = state;
    if (!this.toggle || this.shown === state) return;
    this.shown = state;
    const playing = state === "playing";
    this.toggle.replaceChildren(icon(playing ? "pause" : "play"), make("span", {}, playing ? "Pause" : "Play"));
    this.toggle.disabled = state === "finished"; // a failed run can go on from its last good state
  }

  count(values) {
    for (const [name, value] of Object.entries(values).filter(([name]) => this.values[name])) {
      const text = written(name, value);
      if (this.values[name].textContent === text) continue;
      this.values[name].textContent = text;
      if (name === "engine") this.values[name].parentElement.title = value.includes(":") ? `${ENGINE}. Here ${value}` : ENGINE;
    }
  }

  /** A frame was drawn: count it, and what it says of the run. */
  frame({ iteration, info }) {
    const now = performance.now();
    this.slowed = Boolean(info.slow);
    this.slow?.setAttribute("aria-pressed", this.slowed);
    this.drawn = [...this.drawn.filter((at) => now - at < 2000), now];
    this.count({ ...info, iteration, frames: this.rate(now) });
  }

  /** Frames a second over the last two seconds; falls to nothing when none come. */
  rate(now = performance.now()) {
    const recent = this.drawn.filter((at) => now - at < 2000);
    return recent.length < 2 ? 0 : ((recent.length - 1) * 1000) / Math.max(now - recent[0], 1);
  }
}

function written(name, value) {
  if (value === undefined || value === null || Number.isNaN(value)) return "–";
  if (name === "elapsed") return clock(value);
  if (name === "engine") return value.split(":")[0]; // after it comes why
  if (name === "frames") return value.toFixed(value < 10 ? 1 : 0);
  return Number(value.toFixed(value < 10 && name === "iterations_per_second" ? 1 : 0)).toLocaleString("en");
}

function clock(seconds) {
  const [minutes, hours] = [Math.floor(seconds / 60) % 60, Math.floor(seconds / 3600)];
  const two = (number) => String(number).padStart(2, "0");
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(Math.floor(seconds % 60))}`;
}
