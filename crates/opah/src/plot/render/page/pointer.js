// Hover texts and zoom.

const shownNumber = (axis, value) => (kind(axis) === "category" ? axis.scale.category[value] : Number(value.toPrecision(6)));
function listen(surface, plot, svg) {
  const { panel, x, y, spots, halo } = plot;
  let start = null, box = null;
  const here = (event) => { const frame = svg.getBoundingClientRect(); return [event.clientX - frame.left, event.clientY - frame.top]; };
  const hide = () => { tooltip.hidden = true; halo.replaceChildren(); };
  const show = (event) => {
    const [px, py] = here(event);
    let best = null, distance = 28 * 28;
    for (const spot of spots) {
      const away = spot.bar ? (py >= spot.top && py <= spot.bottom ? 0 : Infinity) : (spot.x - px) ** 2 + (spot.y - py) ** 2;
      if (away <= distance) [best, distance] = [spot, away];
    }
    hide();
    if (!best) return;
    const note = figure.notes[(best.bar ?? best.point).note] ?? "";
    const [head, ...rest] = note.split("\n");
    const bold = document.createElement("b");
    bold.textContent = head || best.name;
    // A line's point is described by its place; the note says what the line is.
    const spot = best.point && best.point.value === undefined && kind(panel.x) !== "category" ? [`${panel.x.title} ${shownNumber(panel.x, best.point.x)}: ${shownNumber(panel.y, best.point.y)}`] : [];
    tooltip.replaceChildren(bold, ["", ...(panel.x.title === "Trial" ? [] : spot), ...rest].join("\n"));
    tooltip.hidden = false;
    if (best.point) element(halo, "circle", { cx: best.x, cy: best.y, r: 7, fill: "none", stroke: best.colour, "stroke-width": 2 });
    const { offsetWidth: wide, offsetHeight: tall } = tooltip;
    tooltip.style.left = `${Math.max(4, event.clientX + 16 + wide > innerWidth ? event.clientX - 16 - wide : event.clientX + 16)}px`;
    tooltip.style.top = `${Math.max(4, Math.min(event.clientY + 12, innerHeight - tall - 8))}px`;
  };
  // A range that digits can't tell apart, or that no number reaches, is not shown.
  const zoom = (axis, scale, low, high) => {
    const target = axis === "y" && plot.shared ? 0 : plot.index;
    const [from, to] = [low, high].map((end) => place(scale, end));
    const enough = to - from > 1e-10 * Math.max(Math.abs(from), Math.abs(to));
    if (enough && Number.isFinite(to - from)) zoomed[target][axis] = [low, high];
  };
  surface.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch") return show(event);
    if (event.button !== 0) return;
    surface.setPointerCapture(event.pointerId);
    start = here(event);
    hide();
    box = element(svg, "rect", { fill: theme.data, "fill-opacity": 0.12, stroke: theme.data, "pointer-events": "none" });
  });
  const corners = (event) => {
    const [px, py] = here(event);
    const within = (scale, pixel) => Math.min(Math.max(pixel, Math.min(scale.from, scale.to)), Math.max(scale.from, scale.to));
    return [[start[0], within(x, px)].sort((a, b) => a - b), [start[1], within(y, py)].sort((a, b) => a - b)];
  };
  surface.addEventListener("pointermove", (event) => {
    if (!start) return show(event);
    const [[left, right], [up, down]] = corners(event);
    for (const [key, value] of Object.entries({ x: left, y: up, width: right - left, height: down - up })) box.setAttribute(key, value);
  });
  surface.addEventListener("pointerup", (event) => {
    if (!start) return;
    const [[left, right], [up, down]] = corners(event);
    start = null;
    box.remove();
    if (right - left < 6 || down - up < 6) return;
    zoom("x", x, valueAt(x, left), valueAt(x, right));
    zoom("y", y, ...[valueAt(y, up), valueAt(y, down)].sort((a, b) => a - b));
    draw();
  });
  surface.addEventListener("pointerleave", hide);
  surface.addEventListener("dblclick", () => { zoomed.forEach((axes) => { delete axes.x; delete axes.y; }); draw(); });
  surface.addEventListener("wheel", (event) => {
    event.preventDefault();
    hide();
    const grow = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004), [px, py] = here(event);
    for (const [axis, scale, pixel] of [["x", x, px], ["y", y, py]]) {
      zoom(axis, scale, ...[scale.from, scale.to].map((end) => valueAt(scale, pixel + (end - pixel) * grow)));
    }
    draw();
  }, { passive: false });
}
