// Loads Plotly once per page, from the same folder as this module.

/** After the browser has painted what is there. */
export const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

/** The library. Reading it blocks the page for most of a second, so the empty panels are painted first. */
export const plotly = painted().then(() => window.Plotly ?? load(new URL("plotly.min.js", import.meta.url).href));

function load(src) {
  return new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src });
    script.onload = () => done(window.Plotly);
    script.onerror = () => failed(new Error("plotly.min.js could not be loaded"));
    document.head.append(script);
  });
}
