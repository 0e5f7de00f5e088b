// Handles for the bells of the data: dragged, added, deleted, made heavier or wider, by mouse, finger or keyboard.

import { make } from "./dom.js";
import { inside, rounded } from "./places.js";

const EVERY = 66; // ms between two words of a hand that moves
const SETTLES = 400; // ms after the last key or turn of the wheel at which it counts as let go
const TRUST = 1500; // ms for which frames that are older than the last edit are not believed
const MOST = 32;
const NUDGES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Bells {
  /** `say(rows, passing)` is called with rows [weight, x, y, sigma] as they become. */
  constructor(panel, layer, say) {
    Object.assign(this, { panel, layer, say, rows: [], told: [], handles: [], trusted: 0 });
    this.root = make("div", { class: "gs-bells", pointerdown: (event) => this.add(event) });
    this.box = make("div", { class: "gs-bellbox", hidden: true, keydown: (event) => event.key === "Escape" && this.unpick() });
    layer.append(this.root, this.box);
  }

  show(shown) {
    this.root.hidden = !shown;
    this.unpick();
  }

  /** A frame's bells, unless a hand has them, or the frame is from before the hand let go. */
  hear({ shape, values }) {
    const rows = Array.from({ length: shape[0] }, (_, at) => Array.from(values.subarray(4 * at, 4 * at + 4), short));
    const same = JSON.stringify(rows) === JSON.stringify(this.rows);
    if (this.held || (!same && performance.now() < this.trusted)) return;
    this.told = rows;
    if (!same) this.put(rows, 0);
  }

  put(rows, trust = TRUST) {
    this.rows = this.told = rows;
    this.trusted = trust && performance.now() + trust;
    this.unpick();
    this.place();
  }

  forget() {
    this.trusted = 0;
  }

  place() {
    if (this.root.hidden || this.layer.hidden) return;
    while (this.handles.length > this.rows.length) this.handles.pop().remove();
    while (this.handles.length < this.rows.length) this.root.append(this.grow());
    const { xaxis, yaxis } = this.panel.plot._fullLayout;
    const total = this.rows.reduce((sum, [weight]) => sum + weight, 0);
    this.rows.forEach(([weight, x, y, sigma], at) => {
      const handle = this.handles[at];
      const share = ((100 * weight) / total).toPrecision(2);
      handle.style.transform = `translate(${xaxis.d2p(x).toFixed(1)}px, ${yaxis.d2p(y).toFixed(1)}px)`;
      handle.style.setProperty("--wide", `${Math.max(18, 4 * (xaxis.d2p(sigma) - xaxis.d2p(0))).toFixed(1)}px`);
      handle.setAttribute("aria-label", `Mode ${at + 1} at (${x.toPrecision(3)}, ${y.toPrecision(3)}), ${share} % of the data`);
      handle.firstChild.textContent = `${share}%`;
    });
  }

  grow() {
    const at = this.handles.length;
    const handle = make("button", {
      type: "button", class: "gs-bell", title: "Drag; tap for weight, width and delete; wheel for weight; arrows and Delete by keyboard",
      pointerdown: (event) => this.grab(event, at), pointermove: (event) => this.drag(event, at),
      pointerup: (event) => this.drop(event, at), pointercancel: (event) => this.drop(event, at),
      wheel: (event) => this.turn(event, at), keydown: (event) => this.key(event, at),
      click: (event) => event.detail === 0 && this.pick(at), // by keyboard
    }, make("span", {}));
    this.handles.push(handle);
    return handle;
  }

  grab(event, at) {
    event.stopPropagation();
    if (event.button) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.held = { at, x: event.clientX, y: event.clientY, moved: false };
  }

  drag(event, at) {
    if (this.held?.at !== at) return;
    this.held.moved ||= Math.hypot(event.clientX - this.held.x, event.clientY - this.held.y) > 3;
    if (!this.held.moved) return;
    this.unpick();
    this.change(at, this.under(event));
  }

  drop(event, at) {
    if (this.held?.at !== at) return;
    const { moved } = this.held;
    this.held = null;
    if (moved) this.settle();
    else this.pick(at);
  }

  add(event) {
    if (event.button || event.target !== this.root) return;
    if (!this.box.hidden) return this.unpick();
    if (this.rows.length >= MOST) return;
    const middle = (column) => this.rows.map((row) => row[column]).sort((a, b) => a - b)[this.rows.length >> 1];
    const { x, y } = this.under(event);
    this.rows = [...this.rows, [middle(0), x, y, middle(3)]];
    this.settle();
  }

  remove(at) {
    if (this.rows.length < 2) return;
    this.rows = this.rows.filter((_, i) => i !== at);
    this.unpick();
    this.settle();
    this.handles[Math.min(at, this.rows.length - 1)].focus();
  }

  turn(event, at) {
    event.preventDefault();
    this.weigh(at, this.rows[at][0] * 1.15 ** -Math.sign(event.deltaY));
  }

  weigh(at, weight) {
    this.change(at, { weight: Number(Math.min(1e6, Math.max(1e-6, weight)).toPrecision(3)) });
    this.soon();
  }

  key(event, at) {
    const nudge = NUDGES[event.key];
    if (nudge) {
      const [, x, y] = this.rows[at];
      const [step, digits] = rounded(this.panel.plot, event.shiftKey ? 10 : 2);
      this.change(at, { x: digits(x + step * nudge[0]), y: digits(y + step * nudge[1]) });
      this.soon();
    } else if (event.key === "Delete" || event.key === "Backspace") this.remove(at);
    else if (event.key === "+" || event.key === "-") this.weigh(at, this.rows[at][0] * 1.15 ** (event.key === "+" ? 1 : -1));
    else if (event.key === "Escape") this.unpick();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The place under a mouse or a finger, or the nearest within the axes. */
  under(event) {
    const [x, y] = inside(this.panel.plot, event);
    return { x, y };
  }

  change(at, { weight, x, y, sigma }) {
    const [w, a, b, s] = this.rows[at];
    this.rows = this.rows.map((row, i) => (i === at ? [weight ?? w, x ?? a, y ?? b, sigma ?? s] : row));
    this.place();
    this.waiting ??= setTimeout(() => this.tell(true), EVERY);
  }

  soon() {
    clearTimeout(this.settling);
    this.trusted = performance.now() + TRUST;
    this.settling = setTimeout(() => this.settle(), SETTLES);
  }

  settle() {
    clearTimeout(this.settling);
    this.place();
    this.tell(false);
  }

  tell(passing) {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    this.trusted = performance.now() + TRUST;
    this.say(this.rows, passing);
    if (!passing) this.told = this.rows;
  }

  /** Opens a small box beside a bell, with what cannot be dragged. */
  pick(at) {
    const slider = (label, value, low, high, put) => {
      const input = make("input", { type: "range", min: Math.log(low), max: Math.log(high), step: "any", value: Math.log(value), "aria-label": label,
        input: () => (this.change(at, put(Number(Math.exp(input.valueAsNumber).toPrecision(3)))), this.soon()) });
      return make("label", {}, make("span", {}, label), input);
    };
    const [weight, , , sigma] = this.rows[at];
    const heaviest = Math.max(...this.rows.map((row) => row[0]));
    const [span] = rounded(this.panel.plot, 1000);
    this.box.replaceChildren(
      slider("Weight", weight, Math.min(weight, heaviest / 100), Math.max(weight, heaviest * 10), (value) => ({ weight: value })),
      slider("Width σ", sigma, Math.max(1e-3, Math.min(sigma, span / 1000)), Math.max(sigma, span / 5), (value) => ({ sigma: value })),
      make("button", { type: "button", class: "gs-act", disabled: this.rows.length < 2, click: () => this.remove(at) }, "Delete mode"),
    );
    this.box.hidden = false;
    const { xaxis, yaxis } = this.panel.plot._fullLayout;
    const right = xaxis.d2p(this.rows[at][1]) > xaxis._length / 2;
    const low = yaxis.d2p(this.rows[at][2]) > yaxis._length / 2;
    this.box.style.left = `${xaxis.d2p(this.rows[at][1]) + (right ? -16 - this.box.offsetWidth : 16)}px`;
    this.box.style.top = `${yaxis.d2p(this.rows[at][2]) + (low ? -this.box.offsetHeight : 0)}px`;
  }

  unpick() {
    this.box.hidden = true;
  }
}

/** A number as a link should hold it: the corner of a ring to a millionth. */
function short(value) {
  return Number(value.toFixed(6));
}
