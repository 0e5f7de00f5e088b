// Makes elements: the few shapes of control that the player has.

/** An element with attributes and children; true is an empty attribute, false and undefined are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const PATHS = {
  play: "M7 4.5v15l13-7.5z",
  pause: "M6 4.5h4.5v15H6zM13.5 4.5H18v15h-4.5z",
  step: "M5 4.5v15l10-7.5zM16.5 4.5H19v15h-2.5z",
  freeze: "M12 2.500v19M3.800 7.200l16.400 9.600M20.200 7.200 3.800 16.800M9.500 4.500 12 7l2.500-2.500M9.500 19.500 12 17l2.500 2.500",
  slow: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 8v4.500l3 2",
  restart: "M12 5V1.5L6.5 6.500 12 11.500V7.500a5.500 5.500 0 1 1-5.500 5.500H4a8 8 0 1 0 8-8z",
  link: "M10.600 13.400a1 1 0 0 1 0-1.400l3.500-3.500a3.500 3.500 0 0 1 5 5l-2 2M13.400 10.600a1 1 0 0 1 0 1.400l-3.500 3.500a3.500 3.500 0 0 1-5-5l2-2",
  eye: "M2 12s3.600-6.500 10-6.500S22 12 22 12s-3.600 6.500-10 6.500S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  share: "M12 15V4M7.500 8.500 12 4l4.500 4.500M6 12H4.500v8h15v-8H18",
  down: "M12 4v10M7.500 10.500 12 15l4.500-4.500M5 19.500h14",
};
const OUTLINED = new Set(["link", "eye", "down", "share", "freeze", "slow"]);

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("gs-icon", ...(OUTLINED.has(name) ? ["gs-outline"] : []));
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A row of buttons of which one is pressed. */
export function segments(label, names, choose) {
  const press = (chosen) => buttons.forEach((button, at) => button.setAttribute("aria-pressed", at === chosen));
  const buttons = names.map((name, at) => make("button", { type: "button", click: () => (press(at), choose(at)) }, name));
  press(0);
  return make("div", { class: "gs-segments", role: "group", "aria-label": `${label}: view` }, ...buttons);
}
