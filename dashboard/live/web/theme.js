// Reads the page's theme from Streamlit's CSS variables into a Plotly template.

/** The template for figures inside `root`, whose own text colour is the theme's. */
export function template(root) {
  const style = getComputedStyle(root);
  const [red, green, blue] = style.color.match(/[\d.]+/g);
  const ink = (alpha) => `rgba(${red},${green},${blue},${alpha})`;
  const axis = {
    gridcolor: ink(0.09), zerolinecolor: ink(0.16), linecolor: ink(0.25), tickcolor: ink(0.25),
    ticks: "outside", ticklen: 3, nticks: 7, tickfont: { size: 11, color: ink(0.68) },
    title: { standoff: 4, font: { size: 11, color: ink(0.68) } },
  };
  const paper = style.getPropertyValue("--st-background-color");
  return {
    layout: {
      font: { family: style.fontFamily, size: 12, color: ink(0.85) },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      xaxis: axis, yaxis: axis,
      legend: { font: { size: 11, color: ink(0.8) }, bgcolor: "rgba(0,0,0,0)" },
      hoverlabel: { bgcolor: paper, bordercolor: ink(0.25), font: { size: 12, color: ink(0.95) } },
    },
  };
}
