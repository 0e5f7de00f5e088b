// Photographs a panel, frame after frame as they are asked for: dashboard/export/camera.py is at the other end.

import { decode } from "./frame.js";
import { Panel } from "./panel.js";
import { picture } from "./picture.js";
import { template } from "./theme.js";

const stage = document.getElementById("stage");
const send = (name, body) => fetch(name, { method: "POST", body });

try {
  const { spec, events, format, scale, caption } = await (await fetch("job")).json();
  const panel = new Panel(spec, { look() {}, send() {}, run: { controls: false } });
  panel.mark(events);
  stage.append(panel.root);
  for (let first = true; ; first = false) {
    const answer = await fetch("frame");
    if (answer.status === 204) break;
    const frame = decode(await answer.arrayBuffer());
    if (first) panel.sketch(frame), await panel.open(template(stage));
    panel.near = true; // nobody scrolls here
    await panel.draw(frame);
    const taken = await fetch(await picture(panel, format, { scale, caption }));
    await send("shot", await taken.blob());
  }
} catch (wrong) {
  await send("wrong", String(wrong.stack ?? wrong));
}
