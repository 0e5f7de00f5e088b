// Changes the words of a figure's annotation where they stand: Plotly lays the whole figure out anew for one (45 ms).

const WORDS = /^layout\.annotations\.(\d+)\.text$/;
const MOVES = { center: 0.5, right: 1 }; // how far words that grew must begin further left, in parts of what they grew

/** True if `path` names an annotation's words and they are `value` now; false where Plotly has to put them there. */
export function rewrite(plot, path, value) {
  const index = path.match(WORDS)?.[1];
  if (index === undefined) return false;
  const { visible, xanchor } = plot._fullLayout.annotations[index];
  const node = plot.querySelector(`.annotation[data-index="${index}"] text.annotation-text`);
  if (visible !== false && (!node || node.childElementCount)) return false;
  plot.layout.annotations[index].text = plot._fullLayout.annotations[index].text = String(value);
  if (visible === false || node.textContent === String(value)) return true;
  const before = node.getComputedTextLength();
  node.textContent = value;
  const shift = (MOVES[xanchor] ?? 0) * (before - node.getComputedTextLength());
  if (shift) node.setAttribute("x", Number(node.getAttribute("x")) + shift);
  return true;
}
