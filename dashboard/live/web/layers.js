// The sentence under a panel's title: words of it are buttons that show or hide what they name in the figure.

import { make } from "./dom.js";

export class Layers {
  /** `sentence` is text and layers {words, parts, probes, colour, shown} in turn; `changed(layer)` hears of every press. */
  constructor(sentence, changed) {
    this.all = sentence.filter((part) => part.words).map((layer) => ({ ...layer }));
    const rest = [...this.all];
    const words = sentence.map((part) => (part.words ? this.button(rest.shift(), changed) : part));
    this.root = make("p", { class: "gs-sentence" }, ...words);
  }

  button(layer, changed) {
    const say = () => {
      button.setAttribute("aria-pressed", layer.shown);
      button.title = layer.shown ? "Hide" : "Show";
    };
    const press = () => ((layer.shown = !layer.shown), say(), changed(layer));
    const button = make("button", { type: "button", style: `--layer:${layer.colour}`, click: press }, layer.words);
    say();
    return button;
  }

  get probes() {
    return this.all.flatMap(({ shown, probes }) => (shown ? probes : []));
  }

  /** Whether a part of the figure, such as `data.1`, belongs to a layer that is hidden. */
  hides(part) {
    return this.all.some(({ shown, parts }) => !shown && parts.includes(part));
  }

  /** Whether the layer of these words is shown; what belongs to none always is. */
  shows(words) {
    return this.all.every((layer) => layer.shown || layer.words !== words);
  }
}
