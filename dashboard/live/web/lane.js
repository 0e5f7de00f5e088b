// One of the runs that are shown side by side: its connection, its panels, and where it stands.

import { Board } from "./board.js";
import { Clocks, COLUMNS, ITERATION } from "./clocks.js";
import { make } from "./dom.js";
import { decode } from "./frame.js";
import { Socket } from "./socket.js";

const STATES = { playing: "Playing", paused: "Paused", finished: "Recorded", failed: "Failed" };

export class Lane extends Board {
  /** `together` has clock, share(frame, lane), drew(lane), heard(), cure(...), open(run) and probes. */
  constructor(about, together) {
    super("gs-lane");
    Object.assign(this, { together, back: false, state: "", epoch: undefined, events: [], clocks: new Clocks(about.table) });
    this.newest = this.clocks.rows.at(-1); // iteration, D updates, milliseconds
    this.build();
    together.grid.append(this.head, this.grid); // on the page, where the theme can be read
    this.take(about);
    this.connect();
  }

  build() {
    this.badge = make("b", { class: "gs-badge" });
    this.pen = make("span", { class: "gs-pen", "aria-hidden": "true" });
    this.name = make("span", { class: "gs-lane-name" });
    this.counts = make("span", { class: "gs-lane-counts" });
    this.opener = make("button", { type: "button", class: "gs-act", click: () => this.together.open(this.run.run) }, "Open");
    this.note = make("p", { class: "gs-lane-note", role: "status" });
    const title = make("div", { class: "gs-lane-title" }, this.badge, this.pen, this.name, this.opener);
    this.head = make("section", { class: "gs-lane-head" }, title, this.counts, this.note);
  }

  /** What the page says of this run now. */
  take({ run, key, controls, letter, dash, name, title, aim, panels }) {
    this.run = { run, key, controls };
    Object.assign(this, { letter, aim });
    this.badge.textContent = letter;
    this.pen.innerHTML = `<svg width="34" height="8"><line x1="0" x2="34" y1="4" y2="4" stroke="currentColor" stroke-width="2.5" stroke-dasharray="${dash}"/></svg>`;
    this.name.textContent = name;
    this.name.title = title;
    this.opener.title = controls ? "On its own page, with all its knobs" : "On a page of its own";
    this.head.setAttribute("aria-label", `${letter}: ${name}`);
    Object.assign(this.head.dataset, { lane: letter, run });
    this.grid.style.setProperty("--letter", `"${letter}"`);
    this.arrange(panels);
    this.tell();
  }

  /** Where the panels of this lane stand among those of the others: row by row, and in each row lane by lane. */
  place(lane) {
    this.head.style.order = lane;
    [...this.panels.values()].forEach(({ root }, row) => (root.style.order = 10 * (row + 1) + lane));
    for (const { style } of [this.head, this.grid]) {
      style.setProperty("--of2", (lane % 2) + 1);
      style.setProperty("--of4", lane + 1);
    }
  }

  connect() {
    const url = new URL(`live/ws/${encodeURIComponent(this.run.run)}`, document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    if (this.run.key) url.searchParams.set("key", this.run.key);
    this.socket = new Socket(url.href, {
      frame: (buffer) => this.draw(buffer),
      said: (message) => this.hear(message),
      opened: () => this.reach(),
      lost: () => this.tell("Connection lost – reconnecting"),
      blocked: () => this.tell("The live connection could not be opened: without it runs cannot be shown side by side."),
    });
  }

  reach() {
    this.look();
    this.tell();
    if (this.back) this.send({ type: "scrub", iteration: this.asked }); // the server has forgotten where we were
  }

  send(message) {
    this.socket?.send(message);
  }

  look() {
    const probes = [...this.panels.values()].flatMap((panel) => panel.probes);
    this.send({ type: "look", probes: [...new Set([...probes, ...this.together.probes])] });
  }

  cure(verdict, iteration) {
    this.together.cure(this.run.run, verdict, iteration);
  }

  /** Whether it is ours and has not yet said what it does. */
  get silent() {
    return !this.state && this.run.controls;
  }

  /** Where the run itself stands, by the clock that ties the lanes. */
  get latest() {
    return this.newest[COLUMNS[this.together.clock]];
  }

  /** The moment that is shown, by that clock. */
  get shows() {
    return this.shown ? this.clocks.read(this.shown.iteration, ITERATION, COLUMNS[this.together.clock]) : 0;
  }

  /** The iteration at which that clock says `value`, also one that is to come. */
  at(value) {
    return Math.max(0, Math.floor(this.clocks.read(value, COLUMNS[this.together.clock], ITERATION) + 1e-6));
  }

  /** Show a moment of the past, by iteration, or with `step` the frame kept before or after it. */
  seek(asked, step = 0) {
    const iteration = Math.min(asked, this.newest[ITERATION]); // one that has ended stands at its end
    if (this.back && this.asked === iteration && !step) return;
    Object.assign(this, { back: true, asked: iteration, waits: true });
    this.send({ type: "scrub", iteration, ...(step && { step }) });
  }

  live() {
    if (!this.back) return;
    this.back = this.waits = false;
    this.send({ type: "live" });
  }

  async draw(buffer) {
    const frame = decode(buffer);
    if (Boolean(frame.info.replay) === this.back) {
      this.shown = frame;
      this.waits = false;
      if (!this.back) this.stands(frame.iteration, frame.info.d_updates, frame.info.elapsed);
      this.together.share(frame, this);
      await Promise.all([...this.panels.values()].map((panel) => panel.draw(frame)));
      this.tell();
      this.together.drew(this);
    }
    this.send({ type: "drawn" });
  }

  stands(iteration, d_updates = this.newest[1], elapsed = 0) {
    if (iteration < this.newest[0]) return;
    if (elapsed) this.clocks.add(iteration, d_updates, elapsed);
    this.newest = [iteration, d_updates, this.clocks.read(iteration, ITERATION, COLUMNS.seconds)];
  }

  hear(message) {
    if (message.type === "error") return this.tell(message.message);
    if (message.type !== "status") return;
    if (this.epoch !== undefined && message.epoch !== this.epoch) {
      this.clocks = new Clocks();
      this.newest = [0, 0, 0];
    }
    const { epoch, state, detail, iteration, d_updates, events, loading } = message;
    Object.assign(this, { epoch, state, detail, events, loading });
    this.stands(iteration, d_updates);
    for (const panel of this.panels.values()) panel.mark(events);
    this.head.dataset.laneState = state;
    this.tell();
    this.together.heard();
  }

  /** What stands under the lane's name: where it is, what it waits for, what was expected of it. */
  tell(said = this.state === "finished" ? "" : this.detail ?? "") {
    const { iteration = 0, info = {} } = this.shown ?? {};
    const ended = this.state === "finished" || this.state === "failed";
    const end = ended && this.shown && iteration >= this.newest[0] ? ", its end" : "";
    const seconds = this.clocks.read(iteration, ITERATION, COLUMNS.seconds) / 1000;
    const counts = `iteration ${number(iteration)}${end} · ${number(info.d_updates ?? 0)} D updates · ${seconds.toFixed(1)} s`;
    write(this.counts, `${this.loading ? "Loading" : STATES[this.state] ?? "Opening"} · ${counts}`);
    Object.assign(this.head.dataset, { iteration, dUpdates: info.d_updates ?? 0 });
    write(this.note, [this.hope(iteration), said].filter(Boolean).join(" "));
    this.note.hidden = !this.note.textContent;
    this.head.classList.toggle("gs-ill", this.state === "failed");
  }

  /** What a cure was said to do, and by when. */
  hope(iteration) {
    if (!this.aim?.change) return "";
    const { change, expect, at, by } = this.aim;
    const left = by - iteration;
    const when = left > 0 ? `by iteration ${number(by)}, ${number(Math.min(left, by - at))} from here` : `by iteration ${number(by)}, which is past: see the verdict`;
    return `${change} since ${number(at)}. Expected: ${expect}, ${when}.`;
  }

  close() {
    this.socket.close();
    this.head.remove();
    super.close();
  }
}

const number = (value) => value.toLocaleString("en");

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
