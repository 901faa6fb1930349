// Draws the figure in #data as SVG in #figure, with hover texts, zoom and dark colours.
// Layout, ticks and marks follow layout.rs, ticks.rs and svg.rs.
const { figure, light, dark } = JSON.parse(document.getElementById("data").textContent);
const main = document.getElementById("figure");
const tooltip = document.getElementById("tooltip");
const darkQuery = matchMedia("(prefers-color-scheme: dark)");
const hidden = new Set(); // names of series
const zoomed = figure.panels.map(() => ({})); // ranges that the reader chose, by axis
let theme, plots;

// Layout.

function scaleOf(axis, values, from, to, chosen) {
  const names = kind(axis) === "category" ? axis.scale.category : null;
  const log = axis.scale === "log";
  const [low, high] = chosen ?? (names ? [-0.5, names.length - 0.5] : range(values, axis.scale));
  return { low, high, log, names, whole: axis.scale === "whole", from, to, ticks: [], title: "" };
}
function labelCentre(scale, tick) {
  const half = width(tick.label, TICK) / 2;
  return Math.max(scale.from - 12 + half, Math.min(scale.to + 12 - half, at(scale, tick.value)));
}
function labelX(scale, axis) {
  const length = scale.to - scale.from;
  const hasRoom = () => scale.ticks.every((tick, i) => i === 0 || labelCentre(scale, scale.ticks[i - 1]) + width(scale.ticks[i - 1].label, TICK) / 2 + 8
    <= labelCentre(scale, tick) - width(tick.label, TICK) / 2);
  scale.title = shortened(axis.title, TEXT, length + 12);
  if (scale.names) {
    scale.ticks = categories(scale, Infinity, length);
    scale.upright = !hasRoom();
    if (scale.upright) scale.ticks = categories(scale, length / 14, UPRIGHT);
  } else {
    for (let most = Math.max(5, Math.floor(length / 56)); most >= 2; most--) {
      scale.ticks = numbers(scale, most);
      if (hasRoom()) break;
      if (most === 2) scale.ticks = scale.ticks.slice(0, 1);
    }
  }
  scale.depth = (scale.upright ? widest(scale) + 8 : 20) + (scale.title ? LINE : 0);
}
const widest = (scale) => Math.max(0, ...scale.ticks.map((tick) => width(tick.label, TICK)));
function labelY(scale, axis, room) {
  const length = Math.abs(scale.to - scale.from);
  scale.ticks = scale.names ? categories(scale, length / 14, room) : numbers(scale, Math.max(5, Math.floor(length / 46)));
  scale.title = shortened(axis.title, TEXT, length);
}
const pointsOf = ({ marks }) => marks.points ?? marks.lines?.lines.flatMap((line) => line.points) ?? [];
const yValues = (panel) => panel.series.flatMap((series) => (series.marks.reference ? [series.marks.reference.y] : pointsOf(series).map((point) => point.y)));
const xValues = (panel, length) => panel.series.flatMap((series) => series.marks.bars?.map((bar) =>
  Math.max(bar.length, 1e-9) / (1 - Math.min(0.5, (width(bar.label, TICK) + 12) / length))) ?? pointsOf(series).map((point) => point.x));

function draw() {
  theme = darkQuery.matches ? dark : light;
  const total = Math.max(320, main.clientWidth), room = total - 2 * MARGIN;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  main.replaceChildren(svg);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", figure.title);
  element(svg, "text", { x: MARGIN, y: MARGIN + 16, "font-size": TITLE, "font-weight": 600, fill: theme.text }, shortened(figure.title, TITLE, room));
  const subtitle = wrapped(figure.subtitle, TEXT, room);
  subtitle.forEach((text, i) => element(svg, "text", { x: MARGIN, y: MARGIN + 38 + 18 * i, "font-size": TEXT, fill: theme.faint_text }, text));
  let top = drawLegend(svg, room, MARGIN + 30 + 18 * subtitle.length) + 10;

  const { panels } = figure;
  const most = total < 640 ? 1 : total < 820 ? 2 : 3;
  const columns = Math.min(most, panels.length === 4 ? 2 : panels.length);
  const single = panels.length === 1;
  const names = single && kind(panels[0].y) === "category" ? panels[0].y.scale.category : null;
  const height = !single ? 200 : names ? Math.min(1600, Math.max(64, names.length * 32)) : 350;
  const right = figure.colour_scale ? drawColourBar(svg, total, top, Math.min(220, height)) - GAP : total - MARGIN;
  const shared = panels.every((panel) => JSON.stringify(panel.y) === JSON.stringify(panels[0].y));
  const all = panels.flatMap(yValues);
  plots = [];
  for (let start = 0; start < panels.length; start += columns) {
    const row = panels.slice(start, start + columns);
    const ys = row.map((panel, i) => {
      const down = kind(panel.y) === "category";
      const y = scaleOf(panel.y, shared ? all : yValues(panel), down ? top : top + height, down ? top + height : top, zoomed[shared ? 0 : start + i].y);
      labelY(y, panel.y, total * 0.34);
      return y;
    });
    const beside = Math.max(...ys.map((y) => (y.title ? LINE : 0) + widest(y) + 10));
    const length = (right - MARGIN - GAP * (columns - 1) - beside * (shared ? 1 : columns)) / columns;
    let left = MARGIN, depth = 0;
    row.forEach((panel, i) => {
      const labelled = i === 0 || !shared;
      if (labelled) left += beside;
      const values = xValues(panel, length);
      const bars = panel.series.some((series) => series.marks.bars);
      const chosen = zoomed[start + i].x ?? (bars ? [0, Math.max(...values)] : null);
      const x = scaleOf(panel.x, values, left, left + length, chosen);
      labelX(x, panel.x);
      depth = Math.max(depth, x.depth);
      const plot = { panel, index: start + i, shared, x, y: ys[i], top, bottom: top + height, spots: [] };
      plots.push(plot);
      drawPlot(svg, plot, labelled);
      left += length + GAP;
    });
    top += height + depth + 18;
  }
  const bottom = top - 18 + MARGIN - 4;
  for (const [key, value] of Object.entries({ width: total, height: Math.ceil(bottom), "font-size": TICK, fill: theme.text })) svg.setAttribute(key, value);
}

// Drawing.

const DASHES = { solid: "none", cut: "4 3", dotted: "0.5 4" };
const WIDTHS = { solid: 1.6, cut: 1.1, dotted: 1.8 };
const REFERENCE = { "stroke-width": 1.6, "stroke-dasharray": "1.5 4", "stroke-linecap": "round", fill: "none" };
const strokeOf = (stroke, colour) => ({
  "stroke-width": colour === "highlight" ? 2.4 : WIDTHS[stroke], "stroke-dasharray": DASHES[stroke],
  "stroke-linecap": stroke === "dotted" ? "round" : "butt", "stroke-linejoin": "round", fill: "none",
});
const role = (colour) => (colour === "scale" ? theme.scale[3] : theme[colour]);
function strength(value) {
  const { low, high, reversed } = figure.colour_scale;
  const span = high / 2 - low / 2;
  const share = span > 0 ? (value / 2 - low / 2) / span : 0.5;
  return reversed ? 1 - share : share;
}
function mixed(share) {
  const spot = Math.min(1, Math.max(0, share)) * (theme.scale.length - 1);
  const i = Math.min(Math.floor(spot), theme.scale.length - 2);
  const [from, to] = [theme.scale[i], theme.scale[i + 1]].map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
  return `rgb(${from.map((channel, c) => Math.round(channel + (to[c] - channel) * (spot - i)))})`;
}
const paint = (colour, value) => (colour === "scale" && value !== undefined && figure.colour_scale ? mixed(strength(value)) : role(colour));
function endMark(parent, stroke, x, y, colour) {
  if (stroke === "cut") element(parent, "path", { d: `M${x} ${y}m-3.5 -3.5l7 7m0 -7l-7 7`, stroke: colour, "stroke-width": 1.8, "stroke-linecap": "round" });
  if (stroke === "dotted") element(parent, "circle", { cx: x, cy: y, r: 4, fill: theme.background, stroke: colour, "stroke-width": 1.6 });
}

function drawLegend(svg, room, top) {
  const byName = new Map();
  for (const series of figure.panels.flatMap((panel) => [...panel.series].reverse())) if (!byName.has(series.name)) byName.set(series.name, series);
  if (byName.size < 2) return top;
  let x = MARGIN, y = top + LINE / 2;
  for (const [name, { colour, marks }] of byName) {
    const text = shortened(name, TICK, room - SWATCH), length = SWATCH + width(text, TICK) + 20;
    if (x > MARGIN && x + length > MARGIN + room + 20) [x, y] = [MARGIN, y + LINE];
    const entry = element(svg, "g", { class: hidden.has(name) ? "legend off" : "legend", tabindex: 0, role: "button", "aria-pressed": !hidden.has(name) });
    element(entry, "rect", { x: x - 4, y: y - 11, width: length - 12, height: LINE, fill: "transparent" });
    if (marks.points) element(entry, "circle", { cx: x + 9, cy: y, r: 4.5, fill: role(colour) });
    else if (marks.bars) element(entry, "rect", { x, y: y - 5, width: 18, height: 10, rx: 2, fill: role(colour) });
    else element(entry, "path", { d: `M${x} ${y}h18`, stroke: role(colour), ...(marks.reference ? REFERENCE : strokeOf(marks.lines.stroke, colour)) });
    if (marks.lines) endMark(entry, marks.lines.stroke, x + 18, y, role(colour));
    element(entry, "text", { x: x + SWATCH, y: y + 4.2 }, text);
    const toggle = () => { if (!hidden.delete(name)) hidden.add(name); draw(); };
    entry.addEventListener("click", toggle);
    entry.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); toggle(); } });
    x += length;
  }
  return y + LINE / 2;
}

function drawColourBar(svg, total, top, height) {
  const scale = figure.colour_scale;
  const ticks = scale.low < scale.high ? linear(scale.low, scale.high, 6, scale.whole) : [{ value: scale.low, label: String(Number(scale.low.toPrecision(6))) }];
  const x = total - MARGIN - LINE - widest({ ticks }) - 18, bottom = top + height;
  const gradient = element(svg, "linearGradient", { id: "colours", x1: 0, y1: 1, x2: 0, y2: 0 });
  for (let i = 0; i <= 12; i++) element(gradient, "stop", { offset: i / 12, "stop-color": mixed(scale.reversed ? 1 - i / 12 : i / 12) });
  element(svg, "rect", { x, y: top, width: 12, height, rx: 2, fill: "url(#colours)" });
  for (const { value, label } of ticks) {
    const share = scale.reversed ? 1 - strength(value) : strength(value);
    element(svg, "text", { x: x + 18, y: bottom - share * height + 4.2, fill: theme.faint_text }, label);
  }
  const middle = `translate(${total - MARGIN - 4} ${top + height / 2})rotate(-90)`;
  element(svg, "text", { transform: middle, "font-size": TEXT, "text-anchor": "middle" }, shortened(scale.title, TEXT, height));
  return x;
}

function drawPlot(svg, plot, labelled) {
  const { panel, index, x, y, top, bottom } = plot;
  const clip = element(element(svg, "clipPath", { id: `clip${index}` }), "rect", { x: x.from - 5, y: top - 5, width: x.to - x.from + 10, height: bottom - top + 10 });
  const grid = element(svg, "g", { stroke: theme.grid });
  let axis = y.names ? `M${x.from} ${top}V${bottom}` : `M${x.from} ${bottom}H${x.to}`;
  for (const tick of x.ticks) {
    const spot = at(x, tick.value);
    if (!x.names) element(grid, "path", { d: `M${spot} ${top}V${bottom}` });
    if (!y.names) axis += `M${spot} ${bottom}v5`;
    const style = { class: "tick", fill: theme.faint_text };
    if (x.upright) element(svg, "text", { transform: `translate(${spot + 4} ${bottom + 9})rotate(-90)`, "text-anchor": "end", ...style }, tick.label);
    else element(svg, "text", { x: labelCentre(x, tick), y: bottom + 18, "text-anchor": "middle", ...style }, tick.label);
  }
  for (const tick of y.ticks) {
    const spot = at(y, tick.value);
    if (!y.names) element(grid, "path", { d: `M${x.from} ${spot}H${x.to}` });
    if (labelled) element(svg, "text", { class: "tick", x: x.from - 8, y: spot + 4.2, "text-anchor": "end", fill: theme.faint_text }, tick.label);
  }
  if (x.log && decades(x.low, x.high).length <= 7) {
    for (const decade of decades(x.low, x.high)) for (let n = 2; n < 10; n++) {
      const value = scaled(n, decade);
      if (value >= x.low && value <= x.high) axis += `M${at(x, value)} ${bottom}v3`;
    }
  }
  element(svg, "path", { d: axis, fill: "none", stroke: theme.axis });
  element(svg, "text", { x: (x.from + x.to) / 2, y: bottom + x.depth - 4, "font-size": TEXT, "text-anchor": "middle" }, x.title);
  if (labelled) element(svg, "text", { transform: `translate(${MARGIN + 9} ${(top + bottom) / 2})rotate(-90)`, "font-size": TEXT, "text-anchor": "middle" }, y.title);
  const marks = element(svg, "g", { "clip-path": `url(#${clip.parentNode.id})` });
  for (const series of panel.series) if (!hidden.has(series.name)) drawSeries(marks, plot, series);
  plot.halo = element(svg, "g", { "clip-path": `url(#${clip.parentNode.id})`, "pointer-events": "none" });
  listen(element(svg, "rect", { class: "surface", x: x.from, y: top, width: x.to - x.from, height: bottom - top, fill: "transparent" }), plot, svg);
}

function drawSeries(parent, plot, { name, colour, marks }) {
  const { panel, x, y, spots } = plot;
  const spot = (point, value) => {
    const made = { x: at(x, point.x), y: at(y, point.y), point, name, colour: paint(colour, value) };
    spots.push(made);
    return made;
  };
  if (marks.points) {
    const r = marks.points.length > 1000 ? 2.2 : marks.points.length > 200 ? 3 : figure.panels.length > 1 ? 3.6 : 4.2;
    const group = element(parent, "g", { "fill-opacity": 0.85, stroke: theme.background, "stroke-width": 0.8 });
    for (const point of marks.points) {
      const made = spot(point, point.value);
      element(group, "circle", { class: "mark", cx: made.x, cy: made.y, r, fill: made.colour });
    }
  } else if (marks.lines) {
    const { lines, stroke, stepped } = marks.lines;
    const dots = !stepped && panel.series.filter((other) => other.marks.lines).flatMap(pointsOf).length <= 500;
    for (const line of lines) {
      const made = line.points.map((point) => spot(point, line.value));
      const d = made.map((m, i) => (i === 0 ? `M${m.x} ${m.y}` : stepped ? `H${m.x}V${m.y}` : `L${m.x} ${m.y}`)).join("");
      element(parent, "path", { d, stroke: made[0].colour, ...strokeOf(stroke, colour) });
      if (dots || made.length === 1) for (const m of made) element(parent, "circle", { class: "mark", cx: m.x, cy: m.y, r: 2.2, fill: m.colour });
      endMark(parent, stroke, made.at(-1).x, made.at(-1).y, made[0].colour);
    }
  } else if (marks.bars) {
    const thickness = Math.min(26, (at(y, 1) - at(y, 0)) * 0.64);
    for (const bar of marks.bars) {
      const middle = at(y, bar.category), end = at(x, bar.length);
      element(parent, "rect", { class: "mark", x: x.from, y: middle - thickness / 2, width: Math.max(1, end - x.from), height: thickness, rx: 2, fill: role(colour) });
      element(parent, "text", { x: Math.max(x.from, end) + 7, y: middle + 4.2, "font-weight": 600 }, bar.label);
      spots.push({ bar, top: middle - thickness / 2, bottom: middle + thickness / 2 });
    }
  } else {
    const spot = at(y, marks.reference.y);
    element(parent, "path", { d: `M${x.from} ${spot}H${x.to}`, stroke: role(colour), ...REFERENCE });
  }
}

// The page is read from top to bottom: begin.
document.getElementById("hint").hidden = false;
darkQuery.addEventListener("change", draw);
addEventListener("resize", draw);
draw();
