// Writes verdicts: what is the matter since when, two numbers with their floors, the chart that proves it, one thing to try.

import { make } from "./dom.js";
import { settingsLink } from "./links.js";

const MARKS = { healthy: "✓", "too-early": "…" };
const UNSEEN = { name: "too-early", title: "Too early to say", says: "Not enough has been seen yet.", since: 0, numbers: [] };
const words = new TextDecoder();

/** The tool of the panel "health". The list of verdicts comes as JSON in the array `health`. */
export function attach(panel) {
  const strip = new Strip(panel);
  return { frame: (frame) => strip.frame(frame), close: () => strip.root.remove() };
}

class Strip {
  constructor(panel) {
    this.panel = panel;
    this.tabs = make("div", { class: "gs-verdict-tabs", role: "group", "aria-label": "Verdicts" });
    this.body = make("div", { class: "gs-verdict-body" });
    this.spoken = make("span", { class: "gs-spoken", role: "status" });
    this.root = make("div", { class: "gs-verdicts" }, this.tabs, this.body, this.spoken);
    panel.root.classList.add("gs-health");
    panel.root.append(this.root);
    this.show([UNSEEN]);
  }

  frame({ iteration, arrays }) {
    if (!arrays.health) return;
    this.panel.root.dataset.iteration = iteration;
    const said = words.decode(arrays.health.values);
    if (said !== this.said) this.show(JSON.parse((this.said = said)));
  }

  /** Draws these verdicts; the one that the reader had opened stays open. */
  show(verdicts) {
    if (!verdicts.length) verdicts = [UNSEEN];
    this.verdicts = verdicts;
    if (!verdicts.some(({ name }) => name === this.open)) this.open = verdicts[0].name;
    this.tab();
    const open = verdicts.find(({ name }) => name === this.open);
    this.detail(open);
    // What stands is kept and only its numbers change, so that a click never falls between two drawings.
    this.facts.forEach((slot, at) => (slot.textContent = rounded(open.numbers[at].value)));
    if (this.proof) this.proof.textContent = `Show the chart at ${open.seen.toLocaleString("en")}`;
  }

  tab() {
    const key = JSON.stringify([this.open, this.verdicts.map(({ name, since }) => [name, since])]);
    if (key === this.tabbed) return;
    this.tabbed = key;
    this.panel.root.dataset.verdict = this.verdicts.map(({ name }) => name).join(" ");
    this.spoken.textContent = this.verdicts.map(({ title }) => title).join(", ");
    this.tabs.replaceChildren(...this.verdicts.map(({ name, title, since, sick }) => make("button", {
      type: "button", class: `gs-verdict ${sick ? "gs-sick" : "gs-calm"}`, "aria-pressed": `${name === this.open}`,
      click: () => ((this.open = name), this.show(this.verdicts)),
    }, make("b", { "aria-hidden": "true" }, MARKS[name] ?? "▲"), make("span", {}, title), make("small", {}, since ? `since ${since.toLocaleString("en")}` : ""))));
  }

  detail({ name, says, numbers, panel, cure, since }) {
    const key = JSON.stringify([name, says, panel, cure, since]);
    if (key === this.detailed) return;
    this.detailed = key;
    this.facts = numbers.map(() => make("b", {}));
    const facts = numbers.flatMap(({ what, floor }, at) => [make("span", { class: "gs-fact" },
      `${what} `, this.facts[at], floor ? ` (perfect: ${floor.map(rounded).join(" to ")})` : ""), " "]);
    this.proof = panel ? make("button", { type: "button", class: "gs-verdict-link", click: () => this.prove(panel) }) : null;
    const first = make("p", {}, `${says} `, ...facts, ...(panel ? [this.proof] : []));
    this.body.replaceChildren(first, ...(cure ? [this.remedy(cure, since)] : []));
  }

  remedy(cure, since) {
    const { change, expect, within, restart } = cure;
    const title = restart ? "Opens a run of its own that begins with the change: it cannot be made in the middle"
      : "Opens a run of its own that is this one up to here, and then makes the change";
    const trial = this.panel.player.run.controls ? [make("a", { class: "gs-verdict-link", target: "_blank", rel: "noopener", href: "#", title,
      click: (event) => (event.currentTarget.href = restart ? anew(change) : this.fork(cure, since)) },
    restart ? "from the start, in a new tab" : "in a new tab")] : restart ? ["from the start"] : [];
    return make("p", {}, "Try ", make("code", {}, change), " ", ...trial, `: ${expect}, within ${within.toLocaleString("en")} iterations.`);
  }

  /** This run's own link with one more change, at the iteration where it stands: the same run until then, bit for bit. */
  fork({ change, rewind }, since) {
    const iteration = rewind ? Math.floor(since / 2) : Number(this.panel.root.dataset.iteration ?? 0);
    const past = this.panel.player.transport.changes.events.filter((event) => event.iteration <= iteration);
    const url = new URL(settingsLink({ events: [...past, { iteration, what: change }], planned: [] }));
    url.searchParams.set("play", "1");
    return url.href;
  }

  prove(name) {
    const shown = this.panel.player.panels.get(name)?.root;
    if (!shown) return;
    shown.scrollIntoView({ block: "center" });
    shown.classList.add("gs-proof");
    setTimeout(() => shown.classList.remove("gs-proof"), 2500);
  }
}

/** This page's settings with one more, from the first iteration on. */
function anew(change) {
  const url = new URL(settingsLink({ events: [], planned: [] }));
  const [address, value] = change.split("=");
  for (const key of [...url.searchParams.keys()]) if (key.startsWith(`${address}.`)) url.searchParams.delete(key);
  url.searchParams.set(address, value);
  url.searchParams.set("play", "1");
  return url.href;
}

function rounded(value) {
  if (value === null) return "–";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en");
  return size >= 0.01 || size === 0 ? `${Number(value.toPrecision(2))}` : value.toExponential(0);
}
