// Looks back: a slider over the whole run that moves every panel, plays the past again, and forks from any of it.

import { icon, make } from "./dom.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64]; // times as fast as the run itself was trained
const ALWAYS = new Set(["losses", "gradients"]); // probes that the recorded scalars stand for
const TICKS = 200; // events marked at most
const HELP = "Move every panel to any moment of this run. Arrow keys: the recorded frame before or after; Home: the first; "
  + "End or Escape: back to now; space: play the past. Training goes on meanwhile.";

export class Scrubber {
  /** `player` has send(message), panels and run, and where the newest is not now, now; to fork from here also fork(iteration) and beside(iteration), and rejoin(). */
  constructor(player) {
    this.player = player;
    this.back = false; // whether the panels show the past
    this.at = this.last = 0; // iteration asked for, and the newest there is
    this.rate = 0; // iterations a second while it was trained
    this.build(player);
  }

  build(player) {
    this.slider = make("input", { type: "range", min: 0, max: 1, step: 1, value: 1, "aria-label": "Look back", title: HELP,
      input: () => this.go(Number(this.slider.value)), keydown: (event) => this.key(event) });
    this.ticks = make("div", { class: "gs-ticks" });
    this.toggle = make("button", { type: "button", class: "gs-button gs-small", click: () => this.playing ? this.stop() : this.play() });
    this.speed = make("select", { class: "gs-speed", "aria-label": "Speed of playing back", title: "1× is as fast as it was trained" },
      ...SPEEDS.map((speed) => make("option", { value: speed, selected: speed === 1 }, `${written(speed)}×`)));
    this.label = make("output", { class: "gs-at" });
    this.now = make("button", { type: "button", class: "gs-button gs-small gs-now", title: "Back to the newest frame (Escape)",
      click: () => this.live() }, "Live");
    this.fork = make("button", { type: "button", class: "gs-button gs-small", title: "A new run that starts from exactly this state; this one stays as it is",
      click: () => this.player.fork(this.moment()) }, "Fork from here");
    const parent = this.player.run?.parent;
    const beside = make("button", { type: "button", class: "gs-button gs-small",
      title: "Forks from exactly this state, and shows the fork beside this run, tied to one clock", click: () => this.player.beside(this.moment()) }, "beside it");
    const family = make("button", { type: "button", class: "gs-button gs-small", title: "This run beside the one that it is a fork of",
      click: () => this.player.beside(-1) }, "Beside its parent");
    const forks = make("div", { class: "gs-joined", role: "group", "aria-label": "Fork", hidden: this.player.run?.forks === false }, this.fork, beside);
    this.kept = make("span", { class: "gs-kept" });
    this.earlier = make("span", { class: "gs-kept gs-earlier", hidden: true });
    const track = make("div", { class: "gs-track" }, this.ticks, this.slider);
    this.root = make("div", { class: "gs-scrub", role: "group", "aria-label": "Looking back" },
      this.toggle, this.speed, track, this.label, this.now, ...(this.player.fork ? [forks] : []), ...(parent ? [family] : []), this.kept, this.earlier);
    this.show();
  }

  /** The iteration that the panels show. */
  moment() {
    return this.back ? this.shown ?? this.at : this.player.now ?? this.last;
  }

  /** A status from the server: how far the run is, what of it is kept. */
  say({ iteration, kept, events, state, d_updates, g_updates, earlier }) {
    const begun = state !== "paused" || iteration || d_updates || g_updates;
    this.recall(begun || !this.player.run.controls ? {} : earlier);
    this.last = Math.max(iteration, 0);
    this.slider.max = Math.max(this.last, 1);
    this.mark(events ?? []);
    if (kept?.room) this.keeps = kept;
    this.show();
  }

  /** What was played before of the same settings is offered, in place of what is kept of this run, until this one is played. */
  recall({ name, iteration, live }) {
    this.earlier.hidden = !name;
    this.kept.hidden = Boolean(name);
    if (!name || name === this.recalled) return;
    this.recalled = name;
    const go = make("button", { type: "button", class: "gs-verdict-link", click: () => this.player.rejoin() }, live ? "Go back to it" : "Go on from there");
    const look = make("a", { class: "gs-verdict-link", href: `./?watch=${encodeURIComponent(name)}` }, "Look at it");
    this.earlier.replaceChildren(`You have a run of these very settings, ${live ? "still here, " : ""}at iteration ${number(iteration)}. `, go, ...(live ? [] : [" · ", look]));
  }

  /** A frame was drawn: where it is, and how fast the run came there. */
  frame({ iteration, info }) {
    if (info.elapsed > 0 && iteration > 0) this.rate = iteration / info.elapsed;
    this.last = Math.max(this.last, iteration);
    this.slider.max = Math.max(this.last, 1);
    this.drawn = true;
    if (this.back) {
      this.shown = iteration;
      if (!this.playing && !this.dragging) this.at = iteration;
      const kept = new Set([...ALWAYS, ...(info.probes ?? [])]);
      this.missing = [...new Set([...this.player.panels.values()].flatMap((panel) => panel.probes))].filter((name) => !kept.has(name));
    }
    this.show();
  }

  /** Whether a frame belongs to what the reader looks at now: one may still be on its way when that changes. */
  takes({ info }) {
    return Boolean(info.replay) === this.back;
  }

  /** Ask for the frame at `iteration`, or one kept before or after it. */
  go(iteration, step = 0) {
    this.back = true;
    this.at = Math.min(Math.max(Math.round(iteration), 0), this.last);
    this.drawn = false;
    this.player.send({ type: "scrub", iteration: this.at, ...(step && { step }) });
    this.show();
  }

  live() {
    this.stop();
    if (!this.back) return;
    this.back = false;
    this.shown = undefined;
    this.player.send({ type: "live" });
    this.show();
  }

  play() {
    const from = this.back && this.at < this.last ? this.at : 0;
    this.position = from;
    this.before = performance.now();
    this.playing = setInterval(() => this.advance(), 30);
    this.go(from);
  }

  stop() {
    clearInterval(this.playing);
    this.playing = undefined;
    this.show();
  }

  advance() {
    const now = performance.now();
    this.position += ((now - this.before) / 1000) * (this.rate || 100) * Number(this.speed.value);
    this.before = now;
    if (this.position >= this.last) return this.go(this.last), this.stop();
    if (this.drawn) this.go(this.position);
  }

  /** Keys while the slider has the focus, or while the reader looks back. Returns whether it was one of ours. */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const from = this.moment();
    const act = {
      ArrowLeft: () => (this.stop(), this.go(from, -1)), ArrowRight: () => (this.stop(), this.go(from, 1)),
      Home: () => (this.stop(), this.go(0)), End: () => this.live(), Escape: () => this.live(),
      " ": () => (this.playing ? this.stop() : this.play()),
    }[event.key];
    if (!act) return false;
    act();
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  mark(events) {
    const said = JSON.stringify([events, this.last]);
    if (said === this.marked) return;
    this.marked = said;
    this.ticks.replaceChildren(...events.slice(-TICKS).map(({ iteration, what }) =>
      make("i", { style: `left:${(100 * iteration) / Math.max(this.last, 1)}%`, title: `${this.player.written?.(iteration) ?? `iteration ${number(iteration)}`}: ${what}` })));
  }

  show() {
    this.root.dataset.scrub = this.back ? "back" : "live";
    this.slider.value = this.back ? this.at : this.player.now ?? this.slider.max;
    this.slider.disabled = !this.last;
    const told = this.player.written ?? number; // where it is not iterations that the slider goes through
    this.label.textContent = this.back ? `${told(this.shown ?? this.at)} of ${told(this.last)}` : `${told(this.player.now ?? this.last)}, ${this.player.ended ? "the end" : "now"}`;
    this.slider.setAttribute("aria-valuetext", this.label.textContent);
    this.now.setAttribute("aria-pressed", !this.back);
    const symbol = this.playing ? "pause" : "play";
    if (this.toggle.dataset.symbol !== symbol) {
      this.toggle.dataset.symbol = symbol;
      this.toggle.replaceChildren(icon(symbol));
      this.toggle.title = this.playing ? "Stop playing back (space)" : "Play the past again (space, while looking back)";
      this.toggle.setAttribute("aria-label", this.playing ? "Stop playing back" : "Play back");
    }
    this.tell();
  }

  /** One line on what there is to look back on. */
  tell() {
    const { kept = 0, made = 0, bytes = 0, room = 0, thinned = "" } = this.keeps ?? {};
    const lost = this.back && this.missing?.length ? ` Not kept at this moment: ${this.missing.join(", ")}.` : "";
    const some = kept < made ? `thinned ${thinned}, ${number(made)} made` : "none thinned out";
    const text = this.keeps ? `${number(kept)} frames, ${megabytes(bytes)} of ${megabytes(room)} MB, ${some}; losses of every iteration.${lost}` : "";
    if (this.kept.textContent !== text) this.kept.textContent = this.kept.title = text;
  }

  close() {
    clearInterval(this.playing);
    this.root.remove();
  }
}

const number = (value) => value.toLocaleString("en");
const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0);
const written = (speed) => ({ 0.25: "¼", 0.5: "½" })[speed] ?? speed;
