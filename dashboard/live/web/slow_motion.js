// Slow motion: one iteration as the stages it is made of, lit up one after the other in a small graph of both players.
//
// It shows itself when the run's frames say that the run is in slow motion, and goes when they no longer do.

import { make } from "./dom.js";
import { png } from "./frame.js";
import { arrows, bars, curve, dots, lines, square } from "./thumbnails.js";

const PACE = 2200; // ms a stage stays when stages follow by themselves
const [REAL, FAKE, D] = ["#0072b2", "#d55e00", "#009e73"];
// A place on the graph: its name, what it is, and whose colour it has.
const NODES = {
  z: ["z", "noise"], g: ["G", "generator", FAKE], fake: ["G(z)", "generated", FAKE], real: ["x", "real samples", REAL],
  d: ["D", "discriminator", D], scores: ["D(·)", "scores"], d_loss: ["D's loss", "to be low", D], g_loss: ["G's loss", "to be low", FAKE],
};
const EDGES = ["z-g", "g-fake", "fake-d", "real-d", "d-scores", "scores-d_loss", "scores-g_loss"];
const BACK = ["d_loss-d", "g_loss-g"]; // what a gradient goes along
// What a stage lights: of D's turn, of G's.
const LIT = {
  draw: { d: "z real", g: "z" },
  generate: { d: "z z-g g g-fake fake", g: "z z-g g g-fake fake" },
  judge: { d: "fake fake-d real real-d d d-scores scores", g: "fake fake-d d d-scores scores" },
  loss: { d: "scores scores-d_loss d_loss", g: "scores scores-g_loss g_loss" },
  gradient: { d: "d_loss d_loss-d d", g: "g_loss g_loss-g fake g" },
  update: { d: "d", g: "g g-fake fake" },
  own: { both: "d g" },
  whole: { both: "z g fake real d scores d_loss g_loss" },
};

export class SlowMotion {
  /** `ask(which)` goes on (`next`), `back`, or leaves; without it there is only something to see. */
  constructor(ask, changed) {
    Object.assign(this, { ask, changed, open: false });
    this.nodes = Object.fromEntries(Object.entries(NODES).map(([name, [title, help, colour]]) => [name, node(name, title, help, colour)]));
    this.edges = Object.fromEntries([...EDGES, ...BACK].map((name) => [name, svg("path", { class: BACK.includes(name) ? "gs-back" : "" })]));
    this.wires = svg("svg", { class: "gs-wires", "aria-hidden": true });
    this.wires.append(svg("defs", {}), ...Object.values(this.edges));
    this.graph = make("div", { class: "gs-graph" }, this.wires, ...Object.values(this.nodes).map(({ root }) => root));
    this.sentence = make("p", { class: "gs-told", role: "status" });
    this.chips = make("ol", { class: "gs-chips" });
    const button = (text, title, click) => make("button", { type: "button", class: "gs-button", title, click }, text);
    this.auto = button("Auto", "Go on by itself, a stage every two seconds", () => this.drift(!this.timer));
    this.auto.setAttribute("aria-pressed", "false");
    const steer = ask ? [button("◂ Back", "The stage before (←)", () => ask("back")), button("Next ▸", "The next stage (→)", () => this.next()), this.auto,
      button("Finish", "Play the rest of this iteration and leave slow motion (S)", () => ask("leave"))] : [];
    const head = make("header", {}, make("h3", {}, "Slow motion"), this.chips, ...steer);
    this.root = make("section", { class: "gs-slow", "aria-label": "Slow motion", hidden: true }, head, this.graph, this.sentence);
    this.sizes = new ResizeObserver(() => this.open && this.wire());
    this.sizes.observe(this.graph);
  }

  get probes() {
    return this.open ? ["stages"] : [];
  }

  next() {
    this.ask("next");
  }

  /** Stages follow by themselves, or no longer do. */
  drift(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.next(), PACE) : undefined;
    this.auto.setAttribute("aria-pressed", Boolean(on));
  }

  /** Whether a key was meant for slow motion. */
  key(code) {
    if (!this.open || !this.ask) return false;
    const which = { ArrowRight: "next", ArrowLeft: "back", KeyS: "leave" }[code];
    if (which) this.ask(which);
    return Boolean(which);
  }

  frame({ info: { slow, d_updates, g_updates }, arrays }) {
    if (Boolean(slow) !== this.open) this.show(Boolean(slow));
    if (!slow) return;
    this.list(slow);
    this.light(slow.stages[slow.at]);
    this.sentence.textContent = slow.sentence;
    this.nodes.d.text.textContent = `update ${d_updates.toLocaleString("en")}`;
    this.nodes.g.text.textContent = `update ${g_updates.toLocaleString("en")}`;
    this.fill(slow, arrays);
  }

  show(open) {
    this.open = open;
    this.root.hidden = !open;
    if (open) this.root.dataset.stage = "";
    else this.drift(false);
    this.wire();
    this.changed();
  }

  /** The stages as a row of small words, of which one is lit. */
  list({ stages, at }) {
    const said = stages.map(({ who, label, ahead }) => `${who}${ahead}${label}`).join();
    if (said !== this.listed) {
      this.listed = said;
      this.chips.replaceChildren(...stages.map(({ who, label, ahead }) => make("li", { class: `gs-of-${who}${ahead ? " gs-ahead" : ""}` }, label)));
    }
    [...this.chips.children].forEach((chip, i) => {
      chip.classList.toggle("gs-done", i < at);
      if (i === at) chip.setAttribute("aria-current", "step");
      else chip.removeAttribute("aria-current");
    });
    const lit = this.chips.children[at];
    this.chips.scrollTo({ left: lit.offsetLeft - this.chips.clientWidth / 2 + lit.clientWidth / 2 });
    this.root.dataset.stage = at;
  }

  light({ name, who }) {
    const lit = new Set((LIT[name][who] ?? LIT[name].d).split(" "));
    for (const [at, { root }] of Object.entries(this.nodes)) root.classList.toggle("gs-lit", lit.has(at));
    for (const [at, edge] of Object.entries(this.edges)) edge.classList.toggle("gs-lit", lit.has(at));
  }

  fill({ stages, at, loss, weights }, arrays) {
    const { name, who } = stages[at];
    const of = (array) => arrays[`slow_${array}`];
    const draw = (place, paint) => this.paint(place, paint);
    const ink = getComputedStyle(this.root).color;
    draw("z", of("z") && ((canvas) => dots(canvas, of("z"), of("z_range"), ink)));
    draw("real", picture(of("real_tiles")) ?? (of("real") && ((canvas) => dots(canvas, of("real"), of("range"), REAL))));
    draw("fake", picture(of("fake_tiles")) ?? (of("fake") && ((canvas) => {
      const moved = name === "update" && who === "g";
      dots(canvas, moved ? of("moved") : of("fake"), of("range"), FAKE);
      if (of("pull") && name === "gradient") arrows(canvas, of("fake"), of("pull"), of("range"), ink);
    })));
    draw("g", of("g") && ((canvas) => lines(canvas, of("g"), of("range"), FAKE)));
    draw("d", picture(of("d_image")) ?? (of("d") && ((canvas) => curve(canvas, of("d"), D))));
    draw("scores", of("scores") && ((canvas) => bars(canvas, of("scores"), [REAL, FAKE])));
    for (const player of ["d", "g"]) {
      const pictured = player === "g" ? of("g") : of("d_image") ?? of("d");
      this.nodes[player].note.textContent = pictured ? "" : `${weights[player].toLocaleString("en")} weights`;
    }
    for (const player of ["d", "g"]) this.number(`${player}_loss`, who === player ? loss : null, at === 0 && stages.length > 1);
  }

  /** A node's thumbnail; without one it stays empty. */
  paint(place, paint) {
    const { canvas } = this.nodes[place];
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = devicePixelRatio || 1;
    Object.assign(canvas, { width: width * scale, height: height * scale });
    canvas.getContext("2d").scale(scale, scale);
    if (paint && width) paint(canvas);
  }

  /** A node's number: one that did not come stays, unless it belongs to what is over. */
  number(place, value, clear) {
    const { text } = this.nodes[place];
    if (value !== null) text.textContent = value;
    else if (clear) text.textContent = "";
  }

  /** Lines between the nodes, where they are now. */
  wire() {
    const { clientWidth, clientHeight } = this.graph;
    this.wires.setAttribute("viewBox", `0 0 ${clientWidth} ${clientHeight}`);
    for (const [name, edge] of Object.entries(this.edges)) {
      const [from, to] = name.split("-").map((at) => this.nodes[at].root);
      edge.setAttribute("d", BACK.includes(name) ? around(from, to, name === "d_loss-d") : across(from, to));
    }
  }

  close() {
    this.drift(false);
    this.sizes.disconnect();
    this.root.remove();
  }
}

function node(name, title, help, colour) {
  const canvas = make("canvas", { "aria-hidden": true });
  const [text, note] = [make("output", {}), make("small", {})];
  const root = make("div", { class: "gs-node", "data-node": name, title: help, style: colour ? `--own: ${colour}` : "" }, make("b", {}, title), canvas, text, note);
  return { root, canvas, text, note };
}

const picture = (array) => array && ((canvas) => {
  const image = new Image();
  image.onload = () => {
    const { x, y, side } = square(canvas);
    Object.assign(canvas.getContext("2d"), { imageSmoothingEnabled: false }).drawImage(image, x, y, side, side);
  };
  image.src = png(array);
});

const middle = ({ offsetTop, offsetHeight }) => offsetTop + offsetHeight / 2;

/** From one node's right side to another one's left. */
function across(from, to) {
  const [x, y, right, down] = [from.offsetLeft + from.offsetWidth, middle(from), to.offsetLeft, middle(to)];
  const bend = (right - x) / 2;
  return `M${x},${y}C${x + bend},${y} ${right - bend},${down} ${right},${down}`;
}

/** Back from one node to an earlier one, above or below what lies between. */
function around(from, to, above) {
  const edge = ({ offsetTop, offsetHeight }) => (above ? offsetTop : offsetTop + offsetHeight);
  const [x, left] = [from, to].map(({ offsetLeft, offsetWidth }) => offsetLeft + offsetWidth / 2);
  const bend = (above ? Math.min : Math.max)(edge(from), edge(to)) + (above ? -16 : 16);
  return `M${x},${edge(from)}C${x},${bend} ${x},${bend} ${(x + left) / 2},${bend}S${left},${bend} ${left},${edge(to)}`;
}

function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
