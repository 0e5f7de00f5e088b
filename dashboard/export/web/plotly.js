// Plotly as a replay brings it: packed into the file itself. Stands for the player's module of this name.

import { text } from "./unpack.js";

/** After the browser has painted what is there. */
export const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

export const plotly = painted().then(() => text("plotly")).then((source) => {
  document.head.append(Object.assign(document.createElement("script"), { textContent: source }));
  return window.Plotly;
});
