// The panels of one run: kept while their figures stay the same, dressed in the page's theme.

import { make } from "./dom.js";
import { Panel } from "./panel.js";
import { template } from "./theme.js";

export class Board {
  constructor(grid) {
    this.panels = new Map();
    this.grid = make("div", { class: grid });
  }

  look() {} // asked for when other probes are needed than before

  /** Panels as the page lists them. One whose figure is the same as before, but for what frames write, is kept. */
  arrange(specs) {
    const wanted = new Map(specs.map((spec) => [spec.name, drawn(spec)]));
    if (JSON.stringify([...wanted]) === this.arranged) return;
    this.arranged = JSON.stringify([...wanted]);
    for (const [name, panel] of this.panels) {
      if (wanted.get(name) !== drawn(panel.spec)) panel.close(), this.panels.delete(name);
    }
    const known = this.panels;
    this.panels = new Map(specs.map((spec) => [spec.name, known.get(spec.name) ?? this.add(spec)]));
    let place = this.grid.firstChild; // what stands right is not moved: it would lose the focus
    for (const { root } of this.panels.values()) {
      if (root === place) place = place.nextSibling;
      else this.grid.insertBefore(root, place);
    }
    this.look();
  }

  add(spec) {
    const panel = new Panel(spec, this);
    this.opening = panel.open(template(this.grid), this.opening);
    return panel;
  }

  /** Follow the page's theme. */
  dress() {
    const now = template(this.grid);
    if (JSON.stringify(now) === JSON.stringify(this.dressed)) return;
    if (this.dressed) for (const panel of this.panels.values()) panel.dress(now);
    this.dressed = now;
  }

  close() {
    for (const panel of this.panels.values()) panel.close();
    this.grid.remove();
  }
}

/** What a panel looks like before any frame has come: what frames write into its figure does not count. */
function drawn(spec) {
  const figure = structuredClone(spec.figure);
  for (const path of Object.keys(spec.bind)) {
    const steps = path.split(".");
    const owner = steps.slice(0, -1).reduce((at, step) => at?.[step], figure);
    if (owner) delete owner[steps.at(-1)];
  }
  const hover = spec.hover && { ...spec.hover, window: undefined }; // frames say it too
  return JSON.stringify({ ...spec, figure, hover });
}
