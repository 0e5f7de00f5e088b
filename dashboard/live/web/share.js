// The Share menu: links, files that the server makes beside everything else, and the run as a script.

import { icon, make } from "./dom.js";
import { copy } from "./links.js";

const ASK = 400; // ms between two questions how far an export is
const KINDS = {
  ".html": ["Replay", "One HTML file that plays this run anywhere, offline"],
  ".gif": ["GIF", "The chart chosen here as a film"],
  ".mp4": ["MP4", "The chart chosen here as a film, smaller and finer"],
  ".parquet": ["Parquet", "Every iteration's losses, scores and gradients, for pandas"],
  ".tfevents": ["TensorBoard", "Every iteration's scalars and the samples, as an event file"],
};
const WORDS = { waiting: "waits for its turn", working: "is being made", ready: "is ready", failed: "could not be made", stopped: "was stopped" };

/** Called by Streamlit where a page has no player: the menu stands open there. */
export function play({ parentElement, data }) {
  const said = JSON.stringify(data);
  if (parentElement.shared === said) return;
  parentElement.shared = said;
  const charts = data.charts.map(([name, title]) => ({ name, title }));
  const watch = () => new URL(`./?watch=${encodeURIComponent(data.run)}`, document.baseURI).href;
  const menu = new Menu(data.run, () => charts, [["Copy link", "Copy a link to this recording", watch]]);
  menu.choose();
  parentElement.querySelector(".gs-sharing")?.remove(); // what else is in there are the looks
  parentElement.append(make("div", { class: "gs gs-sharing" }, menu.root));
}

/** A button that opens the menu. `charts()` are the panels {name, title} that can be filmed. */
export class Share {
  constructor(run) {
    this.charts = () => [];
    this.menu = new Menu(run, () => this.charts(), []);
    this.button = make("button", { type: "button", class: "gs-button gs-quiet", "aria-label": "Share", "aria-expanded": "false",
      title: "A replay to mail, films, numbers, code", click: () => this.toggle(this.menu.root.hidden) }, icon("share"), make("span", {}, "Share"));
    this.menu.root.hidden = true;
    this.root = make("div", { class: "gs-share", keydown: (event) => this.key(event) }, this.button, this.menu.root);
    this.away = (event) => !this.root.contains(event.target) && this.toggle(false);
  }

  toggle(open) {
    this.menu.root.hidden = !open;
    this.button.setAttribute("aria-expanded", open);
    if (open) this.menu.choose();
    if (open) document.addEventListener("pointerdown", this.away);
    else document.removeEventListener("pointerdown", this.away);
  }

  key(event) {
    if (!this.menu.root.hidden) event.stopPropagation(); // its keys are not those of the player
    if (event.key !== "Escape" || this.menu.root.hidden) return;
    this.toggle(false);
    this.button.focus();
  }
}

class Menu {
  constructor(run, charts, links) {
    Object.assign(this, { run, charts });
    this.chart = make("select", { class: "gs-speed", "aria-label": "Chart to film" });
    this.jobs = make("div", { class: "gs-jobs", role: "status" });
    const give = (ending) => make("button", { type: "button", class: "gs-button gs-small", title: KINDS[ending][1], click: () => this.export(ending) }, KINDS[ending][0]);
    const csv = make("a", { class: "gs-button gs-small", href: this.address(`live/scalars/${run}.csv`), download: true, title: "Every step's losses as a CSV file", "aria-label": "Losses CSV" }, "CSV");
    const code = make("button", { type: "button", class: "gs-button gs-small", title: "A PyTorch script of its own with the same losses", click: () => this.code() }, "Show the code");
    const copied = links.map(([label, title, href]) => make("button", { type: "button", class: "gs-button gs-small", title,
      click: async (event) => this.flash(event.currentTarget, (await copy(href())) ? "Copied" : "Not copied", label) }, label));
    const row = (label, help, ...what) => make("div", { class: "gs-give" }, make("b", {}, label), make("span", {}, ...what), make("small", {}, help));
    this.root = make("div", { class: "gs-menu", role: "group", "aria-label": "Share" },
      ...(links.length ? [row("Link", "opens this recording on this server", ...copied)] : []),
      row("Replay", "one file, all charts, plays offline", give(".html")),
      row("Film", "of one chart, as it changed; a single picture: SVG and PNG on the chart itself", this.chart, give(".gif"), give(".mp4")),
      row("Numbers", "every iteration", csv, give(".parquet"), give(".tfevents")),
      row("Code", "a PyTorch script with the same losses", code), this.jobs);
  }

  /** Offers the charts that there are now. */
  choose() {
    const chosen = this.chart.value;
    this.chart.replaceChildren(...this.charts().map(({ name, title }) => make("option", { value: name, selected: name === chosen }, title)));
  }

  address(path) {
    return new URL(path, document.baseURI).href;
  }

  async export(ending) {
    const film = ending === ".gif" || ending === ".mp4";
    const line = new Line(`${KINDS[ending][0]}${film ? ` of ${this.chart.selectedOptions[0]?.textContent ?? ""}` : ""}`);
    this.jobs.prepend(line.root);
    try {
      const said = { to: ending, panel: film ? this.chart.value : "", theme: this.theme() };
      const answer = await fetch(this.address(`live/share/${encodeURIComponent(this.run)}`), { method: "POST", body: JSON.stringify(said) });
      if (!answer.ok) throw new Error(await answer.text());
      await line.follow(this.address(`live/exports/${(await answer.json()).job}`));
    } catch (wrong) {
      line.say("failed", wrong.message);
    }
  }

  theme() {
    const [red, green, blue] = getComputedStyle(this.root).color.match(/[\d.]+/g).map(Number);
    return red + green + blue > 384 ? "dark" : "light"; // light letters
  }

  async code() {
    const answer = await fetch(this.address(`live/share/${encodeURIComponent(this.run)}/code`)).catch((wrong) => ({ ok: false, text: () => wrong.message }));
    const text = await answer.text();
    const close = make("button", { type: "button", class: "gs-button gs-small", click: () => dialog.close() }, "Close");
    const take = make("button", { type: "button", class: "gs-button gs-small gs-main", click: async () => this.flash(take, (await copy(text)) ? "Copied" : "Not copied", "Copy") }, "Copy");
    const saved = make("a", { class: "gs-button gs-small", download: `${this.run}.py`, href: URL.createObjectURL(new Blob([text], { type: "text/x-python" })) }, "Save .py");
    const head = make("header", {}, make("h3", {}, answer.ok ? "This run as a script" : "No script for this run"), ...(answer.ok ? [take, saved] : []), close);
    const told = answer.ok ? make("p", {}, "Needs PyTorch alone, draws the same numbers in the same order: its losses are those of the recording.") : "";
    const dialog = make("dialog", { class: "gs-code", close: () => dialog.remove(), keydown: (event) => event.stopPropagation() }, head, told, make(answer.ok ? "pre" : "p", { tabindex: 0 }, text));
    this.root.append(dialog);
    dialog.showModal();
  }

  flash(button, text, label) {
    button.textContent = text;
    setTimeout(() => (button.textContent = label), 1600);
  }
}

/** One export: how far it is, a way to stop it, the file in the end. */
class Line {
  constructor(title) {
    this.title = title;
    this.text = make("span", {});
    this.bar = make("progress", { max: 1, "aria-label": title });
    this.act = make("button", { type: "button", class: "gs-button gs-small", click: () => this.stop() }, "Stop");
    this.root = make("div", { class: "gs-job" }, this.text, this.bar, this.act);
    this.say("waiting");
  }

  async follow(address) {
    this.at = address;
    for (;;) {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error(await answer.text());
      const { state, done, of, what, why, bytes } = await answer.json();
      this.say(state, why ?? (state === "ready" && bytes ? `${(bytes / 1e6).toFixed(1)} MB` : of ? `${done} of ${of} ${what}` : ""), of ? done / of : undefined);
      if (state === "ready") this.ready();
      if (state !== "waiting" && state !== "working") return;
      await new Promise((done) => setTimeout(done, ASK));
    }
  }

  say(state, detail = "", share) {
    this.root.dataset.job = state;
    this.text.textContent = `${this.title} ${WORDS[state]}${detail ? `: ${detail}` : ""}`;
    this.text.title = this.text.textContent;
    if (share !== undefined) this.bar.value = share;
    const over = state === "failed" || state === "stopped";
    this.bar.hidden = over || state === "ready";
    this.act.hidden = over;
  }

  ready() {
    const link = make("a", { class: "gs-button gs-small", href: `${this.at}/file`, download: true }, "Save");
    this.act.replaceWith(link);
    this.act = link;
    link.click();
  }

  async stop() {
    if (this.at) await fetch(this.at, { method: "DELETE" });
  }
}
