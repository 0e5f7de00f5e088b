// Loads Plotly once per page, from the same folder as this module.

/** After the browser has painted what is there. */
export const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

/** Once the page around has been drawn, or after a while. */
async function settled() {
  for (let tries = 0; tries < 40 && !document.querySelector("[data-test-script-state=notRunning]"); tries++) await pause(20);
  await new Promise((done) => requestIdleCallback(done, { timeout: 400 }));
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** The library. Reading it blocks the page for half a second, so the first picture and the knobs are painted first. */
export const plotly = painted().then(settled).then(() => window.Plotly ?? load(new URL("plotly.min.js", import.meta.url).href));

function load(src) {
  return new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src });
    script.onload = () => done(window.Plotly);
    script.onerror = () => failed(new Error("plotly.min.js could not be loaded"));
    document.head.append(script);
  });
}
