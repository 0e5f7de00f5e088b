// Plays a run: frames from a WebSocket onto panels, the reader's wishes back.

import { Board } from "./board.js";
import { make } from "./dom.js";
import { decode, decodeText } from "./frame.js";
import { plannedChanges, showLink } from "./links.js";
import { Scrubber } from "./scrubber.js";
import { SlowMotion } from "./slow_motion.js";
import { Socket } from "./socket.js";
import { Transport } from "./transport.js";

// Where keys have a meaning of their own: both keys, and the space bar alone.
export const TYPING = "input, textarea, select, [contenteditable]";
export const MOVING = "[role=slider], [role=combobox], [role=tab], [role=radio], [role=menuitem], [role=option]";
export const PRESSING = "button, a, summary";

/** Called by Streamlit on every rerun and on every change of theme. */
export function play(component) {
  const parent = component.parentElement;
  const player = (parent.player ??= new Player(parent));
  player.take(component);
  const turn = ++player.turns;
  return () => turn === player.turns && player.close(parent);
}

class Player extends Board {
  constructor(parent) {
    super("gs-grid");
    this.turns = 0;
    this.root = make("div", { class: "gs" }, this.grid);
    parent.append(this.root);
    this.keys = (event) => this.key(event);
    window.addEventListener("keydown", this.keys);
    this.ticking = setInterval(() => this.transport?.count({ frames: this.transport.rate() }), 1000);
  }

  /** Take what the page says now; what has not changed stays as it is, connection included. */
  take({ data, setStateValue, setTriggerValue }) {
    this.setState = setStateValue;
    this.fork = (iteration) => setTriggerValue("fork", iteration);
    this.beside = (iteration) => setTriggerValue("beside", iteration);
    this.cure = (verdict, iteration) => setTriggerValue("cure", { verdict, iteration });
    this.rejoin = () => setTriggerValue("rejoin", true);
    const { panels, first, ...run } = data;
    const another = JSON.stringify(run) !== JSON.stringify(this.run);
    const frame = first ? decodeText(first) : undefined;
    if (another) this.follow(run);
    this.arrange(panels);
    if (another) for (const panel of this.panels.values()) frame ? panel.draw(frame) : panel.sketch();
    this.dress();
  }

  follow(run) {
    this.run = run;
    this.socket?.close();
    this.transport?.root.remove();
    this.transport = new Transport(run, (message) => this.socket.send(message));
    this.transport.share.charts = () => [...this.panels.values()].map(({ spec }) => spec).filter(({ bind }) => Object.keys(bind).length);
    this.slow?.close();
    this.slow = new SlowMotion(run.controls && ((which) => this.socket.send({ type: "slow", which })), () => this.look());
    this.root.prepend(this.transport.root, this.slow.root);
    this.scrubber?.close();
    this.scrubber = new Scrubber(this);
    this.transport.root.append(this.scrubber.root);
    this.epoch = undefined;
    this.connect();
  }

  connect() {
    const url = new URL(`live/ws/${encodeURIComponent(this.run.run)}`, document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    if (this.run.key) url.searchParams.set("key", this.run.key);
    this.socket?.close();
    this.socket = new Socket(url.href, {
      frame: (buffer) => this.draw(buffer),
      said: (message) => this.hear(message),
      opened: () => this.reach(),
      lost: (tries) => this.transport.connection(tries < 6 ? "Connection lost – reconnecting"
        : "Connection lost – still trying; reload the page if this lasts"),
      blocked: () => this.giveUp(),
    });
  }

  reach() {
    this.transport.connection("");
    this.look();
    if (this.scrubber.back) this.scrubber.go(this.scrubber.at); // the server has forgotten where we were
    this.root.classList.remove("gs-offline");
    if (this.offline) this.setState("offline", (this.offline = false));
  }

  giveUp() {
    this.offline = true;
    this.root.classList.add("gs-offline");
    const retry = make("button", { type: "button", class: "gs-button", click: () => this.connect() }, "Try again");
    this.transport.connection("The live connection could not be opened, so this page draws once a second instead.");
    this.transport.link.append(" ", retry);
    this.setState("offline", true);
  }

  send(message) {
    this.socket.send(message);
  }

  /** Sets knobs, each `address=value`; a hand that is still moving them is `passing`. The page's widgets follow in the end. */
  edit(what, passing) {
    this.edited ||= !passing;
    this.socket.send({ type: "change", what, passing });
  }

  look() {
    const probes = new Set([...this.panels.values(), this.slow].flatMap((panel) => panel.probes));
    this.socket.send({ type: "look", probes: [...probes] });
  }

  add(spec) {
    const panel = super.add(spec);
    panel.mark(this.transport.changes.events);
    return panel;
  }

  async draw(buffer) {
    const frame = decode(buffer);
    if (this.scrubber.takes(frame)) {
      await Promise.all([...this.panels.values()].map((panel) => panel.draw(frame)));
      if (!this.scrubber.back) this.slow.frame(frame), this.transport.frame(frame);
      this.scrubber.frame(frame);
    }
    this.socket.send({ type: "drawn" });
  }

  hear(message) {
    if (message.type === "error") return this.transport.tell(message.message);
    if (message.type !== "status") return;
    const restarted = this.epoch !== undefined && message.epoch !== this.epoch;
    if (restarted && this.run.controls) this.setState("epoch", message.epoch); // the page's settings are the run's again
    this.epoch = message.epoch;
    this.transport.say(message);
    if (restarted) this.scrubber.live();
    this.scrubber.say(message);
    this.change(message, restarted);
  }

  /** What was changed on the way: lines on the panels, and a true address bar. A restart forgets it. */
  change({ events, iteration }, restarted) {
    const planned = restarted ? [] : plannedChanges(iteration, events);
    const changes = { events, planned };
    if (JSON.stringify(changes) === JSON.stringify(this.transport.changes) && !restarted) return;
    this.transport.changes = changes;
    for (const panel of this.panels.values()) panel.mark(events);
    if (this.run.controls) showLink(changes);
    if (this.edited && !restarted) this.setState("edited", performance.now());
    this.edited = false;
  }

  key(event) {
    if (this.scrubber.back && !event.target.closest?.(TYPING) && this.scrubber.key(event)) return;
    if (!this.run.controls || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const inside = (selector) => event.target.closest?.(selector);
    if (inside(TYPING) || inside(MOVING)) return;
    if (event.code === "Space" && !inside(PRESSING)) event.repeat || this.transport.playOrPause();
    else if (this.slow.key(event.code)) event.preventDefault();
    else if (event.code === "KeyS") this.transport.slow.click();
    else if (event.code === "ArrowRight") this.socket.send({ type: "step", which: "both" });
    else if (event.key === "d" || event.key === "g") event.repeat || this.transport.steps[event.key].click();
    else return;
    event.preventDefault();
  }

  close(parent) {
    this.socket.close();
    this.slow.close();
    this.scrubber.close();
    clearInterval(this.ticking);
    window.removeEventListener("keydown", this.keys);
    super.close();
    this.root.remove();
    delete parent.player;
  }
}
