// Plotly as an export has it: on the page already, or packed into the file itself. Stands for the player's module of this name.

import { text } from "./unpack.js";

/** After the browser has painted what is there. */
export const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

export const plotly = painted().then(async () => {
  if (!window.Plotly) document.head.append(Object.assign(document.createElement("script"), { textContent: await text("plotly") }));
  return window.Plotly;
});
