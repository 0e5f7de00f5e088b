// Writes verdicts: what is the matter since when, two numbers with their floors, the chart that proves it, one thing to try.

import { make } from "./dom.js";
import { settingsLink } from "./links.js";

const MARKS = { healthy: "✓", "too-early": "…" };
const UNSEEN = { name: "too-early", title: "Too early to say", says: "Not enough has been seen yet.", since: 0, numbers: [] };
const words = new TextDecoder();

/** The tool of the panel "health". The list of verdicts comes as JSON in the array `health`. */
export function attach(panel) {
  const strip = new Strip(panel);
  return { frame: (frame) => strip.frame(frame), close: () => strip.close() };
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
    this.sizes = new ResizeObserver(([{ contentRect }]) => this.keepRoom(contentRect));
    this.sizes.observe(this.root);
    this.show([UNSEEN]);
  }

  /** What a verdict took stays its own after it is gone: the page below moves once, and not to and fro. Another width wraps anew. */
  keepRoom({ width, height }) {
    this.root.style.minHeight = width === this.width ? `${height}px` : "";
    this.width = width;
  }

  close() {
    this.sizes.disconnect();
    this.root.remove();
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
    this.body.replaceChildren(first, ...(cure ? [this.remedy(name, cure, since)] : []));
  }

  /** What to try, and a way to do so where there is one: in a fork, from here or from where it was still sound, or from the start. */
  remedy(name, { change, expect, within, rewind, restart }, since) {
    const way = restart ? this.anew(change) : this.apply(name, rewind ? Math.floor(since / 2) : undefined);
    return make("p", {}, "Try ", make("code", {}, change), " ", ...way, ` Expect: ${expect}, within ${within.toLocaleString("en")} iterations.`);
  }

  /** A button that makes the change in a fork, from `from` or else from where the run stands. */
  apply(name, from) {
    const { player, root } = this.panel;
    if (!player.cure || player.run?.forks === false) return [];
    const title = "A fork of this run, bit for bit the same up to there, makes this change and is shown beside it";
    return [make("button", { type: "button", class: "gs-act gs-cure", title, click: () => player.cure(name, from ?? Number(root.dataset.iteration ?? 0)) },
      from === undefined ? "Apply to a fork" : `Apply to a fork from ${from.toLocaleString("en")}`)];
  }

  /** A link to a run of its own that begins with the change: it cannot be made in the middle. */
  anew(change) {
    if (!this.panel.player.run?.controls) return ["from the start."];
    return [make("a", { class: "gs-verdict-link", target: "_blank", rel: "noopener", href: "#", click: (event) => (event.currentTarget.href = begun(change)) },
      "from the start, in a new tab")];
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
function begun(change) {
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
