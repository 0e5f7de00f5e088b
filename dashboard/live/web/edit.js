// Edits the data on the stage by hand: bells are moved while the game is played, or a law is drawn from nothing.
//
// The worker hears of a moving hand some times a second; where the hand lets go is the change that is kept.

import { Bells } from "./bells.js";
import { make, segments } from "./dom.js";
import { Draft } from "./draft.js";

const WAYS = ["Off", "Move modes", "Draw modes", "Brush"];
const HELP = {
  "Move modes": "Drag a mode; tap beside them to add one; tap one for its weight, its width, or to delete it",
  "Draw modes": "Tap where modes shall be, then apply",
  Brush: "Paint where real samples shall lie, then apply",
};

export function attach(panel) {
  return panel.player.run.controls ? new Edit(panel) : {};
}

class Edit {
  constructor(panel) {
    this.panel = panel;
    this.probes = ["bells"];
    this.layer = make("div", { class: "gs-edit", hidden: true, role: "group", "aria-label": "Data, to be edited by hand" });
    this.bells = new Bells(panel, this.layer, (rows, passing) => this.move(rows, passing));
    this.draft = new Draft(panel, this.layer, () => this.refresh());
    this.before = []; // what undo goes back to
    this.bar = this.build();
    panel.plot.append(this.layer);
    panel.root.querySelector("header h3").after(this.bar);
    this.choose(0);
  }

  build() {
    const act = (label, click) => make("button", { type: "button", class: "gs-act", click }, label);
    this.acts = { undo: act("Undo", () => this.undo()), clear: act("Clear", () => this.draft.clear()), apply: act("Apply", () => this.apply()) };
    this.ways = segments("Edit the data", WAYS, (at) => this.choose(at));
    this.buttons = [...this.ways.children];
    return make("div", { class: "gs-editing" }, make("span", {}, "Edit data"), this.ways, ...Object.values(this.acts));
  }

  choose(at) {
    this.way = WAYS[at];
    this.buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === at));
    this.layer.hidden = this.way === "Off";
    this.layer.title = HELP[this.way] ?? "";
    this.bells.show(this.way === "Move modes");
    this.draft.take(this.way);
    this.place();
    this.refresh();
  }

  refresh() {
    const drawing = this.way === "Draw modes" || this.way === "Brush";
    this.buttons[1].disabled = !this.bells.rows.length;
    this.acts.undo.hidden = this.way === "Off";
    this.acts.clear.hidden = this.acts.apply.hidden = !drawing;
    this.acts.undo.disabled = drawing ? this.draft.empty : !this.before.length;
    this.acts.clear.disabled = this.acts.apply.disabled = this.draft.empty;
  }

  /** Bells as they are now: `passing` while the hand still moves. */
  move(rows, passing) {
    const what = [`data.modes=${written(rows)}`];
    if (!this.moving) {
      this.moving = true;
      this.before.push(this.bells.told);
      this.panel.player.edit(["data=plane-mixture"], false); // bells of a ring or a grid become one's own, where they stand
    }
    this.panel.player.edit(what, passing);
    this.moving = passing;
    this.refresh();
  }

  undo() {
    if (this.way !== "Move modes") return this.draft.undo();
    const rows = this.before.pop();
    this.bells.put(rows);
    this.panel.player.edit([`data.modes=${written(rows)}`], false);
    this.refresh();
  }

  apply() {
    this.panel.player.edit(this.draft.settings(), false);
    this.before = [];
    this.draft.clear();
    this.bells.forget();
    this.choose(this.way === "Brush" ? 0 : 1);
  }

  frame({ arrays }) {
    if (!arrays.bells) return;
    this.bells.hear(arrays.bells);
    if (this.way === "Move modes" && !this.bells.rows.length) this.choose(0);
    this.refresh();
  }

  place() {
    const { xaxis, yaxis } = this.panel.plot._fullLayout;
    const at = { left: xaxis._offset, top: yaxis._offset, width: xaxis._length, height: yaxis._length };
    for (const [side, value] of Object.entries(at)) this.layer.style[side] = `${value}px`;
    this.bells.place();
    this.draft.place();
  }

  close() {
    this.layer.remove();
    this.bar.remove();
  }
}

/** Rows as a knob reads them. */
function written(rows) {
  return rows.map((row) => row.join(":")).join(",");
}
