//! Where everything of a figure goes, in pixels from the top left corner.
//!
//! From top to bottom: title, subtitle, legend, rows of panels. The colour bar stands
//! at the right. Panels with the same y axis share its labels. Texts are measured, and
//! shortened where there is no room. `figure.js` has the same rules.

use super::text::{shortened, width, wrapped};
use super::ticks::{self, Tick};
use crate::plot::{Axis, ColourScale, Figure, Marks, Panel, Scale, Series};

/// The distance of everything from the edge.
pub(super) const MARGIN: f64 = 24.0;
/// Font sizes.
pub(super) const TITLE_SIZE: f64 = 18.0;
pub(super) const TEXT_SIZE: f64 = 12.5;
pub(super) const TICK_SIZE: f64 = 12.0;
/// The room of an axis title, and of a row of the legend.
const LINE: f64 = 22.0;
/// Between panels.
const GAP: f64 = 26.0;
/// Upright labels are at most this long.
const UPRIGHT: f64 = 110.0;
/// Between the left end of a legend's entry and its text.
pub(super) const SWATCH: f64 = 26.0;

/// A figure of a given width, laid out.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) title: String,
    pub(super) subtitle: Vec<String>,
    pub(super) legend: Vec<Entry<'a>>,
    pub(super) panels: Vec<Plot<'a>>,
    pub(super) colour_bar: Option<ColourBar<'a>>,
}

/// A line of the legend; its middle is at `y`.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) name: String,
    pub(super) series: &'a Series,
}

/// A panel in its place.
#[derive(Debug)]
pub(super) struct Plot<'a> {
    pub(super) panel: &'a Panel,
    pub(super) x: Ruler,
    pub(super) y: Ruler,
    /// Whether the labels and the title of the y axis are drawn here.
    pub(super) y_labels: bool,
}

/// An axis in its place.
#[derive(Debug, Clone)]
pub(super) struct Ruler {
    log: bool,
    low: f64,
    high: f64,
    /// The pixels of the low and of the high end.
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) ticks: Vec<Tick>,
    /// Unlabelled places between them.
    pub(super) minor: Vec<f64>,
    pub(super) title: String,
    /// Whether the labels of an x axis stand upright because there is no room.
    pub(super) upright: bool,
}

/// The colour scale in its place.
#[derive(Debug)]
pub(super) struct ColourBar<'a> {
    pub(super) scale: &'a ColourScale,
    pub(super) x: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) ticks: Vec<Tick>,
    pub(super) title: String,
    pub(super) title_x: f64,
}

impl Ruler {
    fn new(axis: &Axis, values: &[f64], from: f64, to: f64) -> Self {
        let log = axis.scale == Scale::Log;
        let [low, high] = match &axis.scale {
            Scale::Category(names) => [-0.5, names.len() as f64 - 0.5],
            _ => ticks::range(values.iter().copied(), &axis.scale),
        };
        Self {
            log,
            low,
            high,
            from,
            to,
            ticks: Vec::new(),
            minor: if log {
                ticks::minor(low, high)
            } else {
                Vec::new()
            },
            title: String::new(),
            upright: false,
        }
    }

    /// The pixel of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        let place = |value: f64| if self.log { value.log10() } else { value };
        let (low, high) = (place(self.low), place(self.high));
        self.from + (place(value) - low) / (high - low) * (self.to - self.from)
    }

    /// The centre of a label so that it stays within the axis, give or take a little.
    pub(super) fn label_at(&self, tick: &Tick) -> f64 {
        let half = width(&tick.label, TICK_SIZE) / 2.0;
        let (low, high) = (self.from.min(self.to) - 12.0, self.from.max(self.to) + 12.0);
        let centre = self.at(tick.value).min(high - half);
        centre.max(low + half)
    }

    fn numbers(&self, axis: &Axis, most: usize) -> Vec<Tick> {
        match axis.scale {
            Scale::Log => ticks::log(self.low, self.high, most),
            _ => ticks::linear(self.low, self.high, most, axis.scale == Scale::Whole),
        }
    }

    /// Chooses the ticks of a y axis; categories may be at most `room` wide.
    fn label_y(&mut self, axis: &Axis, room: f64) {
        let length = (self.to - self.from).abs();
        self.ticks = match &axis.scale {
            Scale::Category(names) => categories(names, length / 14.0, room),
            _ => self.numbers(axis, ((length / 46.0) as usize).max(5)),
        };
        self.title = shortened(&axis.title, TEXT_SIZE, length);
    }

    /// Chooses the ticks of an x axis so that labels do not touch.
    fn label_x(&mut self, axis: &Axis) {
        let length = self.to - self.from;
        self.title = shortened(&axis.title, TEXT_SIZE, length + 12.0);
        if let Scale::Category(names) = &axis.scale {
            self.ticks = categories(names, f64::INFINITY, length);
            if !self.has_room() {
                self.upright = true;
                self.ticks = categories(names, length / 14.0, UPRIGHT);
            }
            return;
        }
        for most in (2..=((length / 56.0) as usize).max(5)).rev() {
            self.ticks = self.numbers(axis, most);
            if self.has_room() {
                return;
            }
        }
        self.ticks.truncate(1);
    }

    fn has_room(&self) -> bool {
        let ends = |tick: &Tick| {
            let (centre, half) = (self.label_at(tick), width(&tick.label, TICK_SIZE) / 2.0);
            (centre - half, centre + half)
        };
        self.ticks
            .windows(2)
            .all(|pair| ends(&pair[0]).1 + 8.0 <= ends(&pair[1]).0)
    }

    fn widest_label(&self) -> f64 {
        let widths = self.ticks.iter().map(|tick| width(&tick.label, TICK_SIZE));
        widths.fold(0.0, f64::max)
    }

    /// What the labels and the title need below the axis.
    pub(super) fn depth(&self) -> f64 {
        let labels = if self.upright {
            self.widest_label() + 8.0
        } else {
            20.0
        };
        labels + if self.title.is_empty() { 0.0 } else { LINE }
    }
}

/// At most `most` of the names, evenly apart, each at most `room` wide.
fn categories(names: &[String], most: f64, room: f64) -> Vec<Tick> {
    let stride = (names.len() as f64 / most).ceil().max(1.0) as usize;
    let named = names.iter().enumerate().step_by(stride);
    named
        .map(|(at, name)| Tick {
            value: at as f64,
            label: shortened(name, TICK_SIZE, room),
        })
        .collect()
}

/// Lays out `figure` at `width` pixels.
pub(super) fn layout(figure: &Figure, width: f64) -> Layout<'_> {
    let room = width - 2.0 * MARGIN;
    let title = shortened(&figure.title, TITLE_SIZE, room);
    let subtitle = wrapped(&figure.subtitle, TEXT_SIZE, room);
    let mut top = MARGIN + 30.0 + 18.0 * subtitle.len() as f64;
    let legend = legend(figure, room, top);
    if let Some(last) = legend.last() {
        top = last.y + LINE / 2.0;
    }
    top += 10.0;

    let colour_bar = figure
        .colour_scale
        .as_ref()
        .map(|scale| colour_bar(scale, width, top, row_height(figure)));
    let right = match &colour_bar {
        Some(bar) => bar.x - GAP,
        None => width - MARGIN,
    };
    let panels = grid(figure, width, right, top);
    let bottom = |plot: &Plot| plot.y.from.max(plot.y.to) + plot.x.depth();
    let height = panels.iter().map(bottom).fold(top, f64::max) + MARGIN - 4.0;
    Layout {
        width,
        height,
        title,
        subtitle,
        legend,
        panels,
        colour_bar,
    }
}

/// The series by name, the topmost first; nothing if there is just one.
fn legend(figure: &Figure, room: f64, top: f64) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry> = Vec::new();
    let all = figure
        .panels
        .iter()
        .flat_map(|panel| panel.series.iter().rev());
    let (mut x, mut y) = (MARGIN, top + LINE / 2.0);
    for series in all {
        if entries.iter().any(|entry| entry.series.name == series.name) {
            continue;
        }
        let name = shortened(&series.name, TICK_SIZE, room - SWATCH);
        let length = SWATCH + width(&name, TICK_SIZE) + 20.0;
        if x > MARGIN && x + length > MARGIN + room + 20.0 {
            (x, y) = (MARGIN, y + LINE);
        }
        entries.push(Entry { x, y, name, series });
        x += length;
    }
    if entries.len() < 2 {
        entries.clear();
    }
    entries
}

fn colour_bar(scale: &ColourScale, right: f64, top: f64, height: f64) -> ColourBar<'_> {
    let height = height.min(220.0);
    let ticks = if scale.low < scale.high {
        ticks::linear(scale.low, scale.high, 6, scale.whole)
    } else {
        vec![Tick {
            value: scale.low,
            label: crate::plot::short(scale.low),
        }]
    };
    let labels = ticks.iter().map(|tick| width(&tick.label, TICK_SIZE));
    let labels = labels.fold(0.0, f64::max);
    ColourBar {
        scale,
        x: right - MARGIN - LINE - labels - 6.0 - 12.0,
        top,
        bottom: top + height,
        ticks,
        title: shortened(&scale.title, TEXT_SIZE, height),
        title_x: right - MARGIN - 4.0,
    }
}

/// The panels in rows of at most three.
fn grid(figure: &Figure, width: f64, right: f64, top: f64) -> Vec<Plot<'_>> {
    let panels = &figure.panels;
    let columns = match panels.len() {
        0..=3 => panels.len().max(1),
        4 => 2,
        _ => 3,
    };
    let shared = panels.windows(2).all(|pair| pair[0].y == pair[1].y);
    let shared_values: Vec<f64> = panels.iter().flat_map(y_values).collect();
    let height = row_height(figure);
    let mut plots = Vec::new();
    let mut top = top;
    for row in panels.chunks(columns) {
        let ruler = |panel: &Panel| {
            let own: Vec<f64> = y_values(panel).collect();
            let values = if shared { &shared_values } else { &own };
            let (from, to) = match panel.y.scale {
                Scale::Category(_) => (top, top + height),
                _ => (top + height, top),
            };
            let mut y = Ruler::new(&panel.y, values, from, to);
            y.label_y(&panel.y, width * 0.34);
            y
        };
        let rulers: Vec<Ruler> = row.iter().map(ruler).collect();
        let beside = |y: &Ruler| {
            let title = if y.title.is_empty() { 0.0 } else { LINE };
            title + y.widest_label() + 10.0
        };
        let beside = rulers.iter().map(beside).fold(0.0, f64::max);
        let labelled = if shared { 1 } else { columns };
        let gaps = GAP * (columns - 1) as f64;
        let length = (right - MARGIN - gaps - beside * labelled as f64) / columns as f64;
        let mut left = MARGIN;
        let mut depth = 0.0_f64;
        for (column, (panel, y)) in row.iter().zip(rulers).enumerate() {
            let y_labels = column == 0 || !shared;
            if y_labels {
                left += beside;
            }
            let values: Vec<f64> = x_values(panel, length).collect();
            let mut x = Ruler::new(&panel.x, &values, left, left + length);
            if has_bars(panel) {
                (x.low, x.high) = (0.0, values.iter().copied().fold(0.0, f64::max));
            }
            x.label_x(&panel.x);
            depth = depth.max(x.depth());
            plots.push(Plot {
                panel,
                x,
                y,
                y_labels,
            });
            left += length + GAP;
        }
        top += height + depth + 18.0;
    }
    plots
}

fn row_height(figure: &Figure) -> f64 {
    match &figure.panels[..] {
        [panel] => match &panel.y.scale {
            Scale::Category(names) => (names.len() as f64 * 32.0).clamp(64.0, 1600.0),
            _ => 350.0,
        },
        _ => 200.0,
    }
}

fn has_bars(panel: &Panel) -> bool {
    let is_bars = |series: &Series| matches!(series.marks, Marks::Bars(_));
    panel.series.iter().any(is_bars)
}

/// The x values of all marks; for bars with room for their labels.
fn x_values(panel: &Panel, length: f64) -> impl Iterator<Item = f64> {
    let values = panel
        .series
        .iter()
        .flat_map(move |series| match &series.marks {
            Marks::Points(points) => points.iter().map(|point| point.x).collect(),
            Marks::Lines { lines, .. } => lines
                .iter()
                .flat_map(|line| &line.points)
                .map(|point| point.x)
                .collect(),
            Marks::Bars(bars) => bars
                .iter()
                .map(|bar| {
                    let label = width(&bar.label, TICK_SIZE) + 12.0;
                    bar.length.max(1e-9) / (1.0 - (label / length).min(0.5))
                })
                .collect(),
            Marks::Reference { .. } => Vec::new(),
        });
    values.collect::<Vec<_>>().into_iter()
}

/// The y values of all marks.
fn y_values(panel: &Panel) -> impl Iterator<Item = f64> {
    panel.series.iter().flat_map(|series| match &series.marks {
        Marks::Points(points) => points.iter().map(|point| point.y).collect::<Vec<_>>(),
        Marks::Lines { lines, .. } => lines
            .iter()
            .flat_map(|line| &line.points)
            .map(|point| point.y)
            .collect(),
        Marks::Bars(_) => Vec::new(),
        Marks::Reference { y } => vec![*y],
    })
}
