//! A figure as data: what is shown, not how it is drawn.
//!
//! Coordinates are finite. On a category axis a coordinate is the index of the
//! category. Colours are roles; the themes of `render/theme.rs` give each its hue.

use serde::{Deserialize, Serialize};

/// One or several panels under a title.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The heading.
    pub title: String,
    /// A line under it: the study, how many trials, what is left out.
    pub subtitle: String,
    /// In reading order.
    pub panels: Vec<Panel>,
    /// What the colour values of [`Colour::Scale`] series mean.
    pub colour_scale: Option<ColourScale>,
    /// Hover texts, several lines each, that marks point to by index: a trial shown in
    /// six panels is described once.
    pub notes: Vec<String>,
}

/// A pair of axes with what is drawn between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Panel {
    /// From left to right.
    pub x: Axis,
    /// From bottom to top; categories from top to bottom.
    pub y: Axis,
    /// The first lies at the bottom.
    pub series: Vec<Series>,
}

/// One axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// What is measured.
    pub title: String,
    /// How values become distances.
    pub scale: Scale,
}

/// How the values of an axis become distances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Evenly.
    Linear,
    /// Evenly, and only whole numbers are labelled.
    Whole,
    /// By the logarithm; all values are positive.
    Log,
    /// One place for each of these names.
    Category(Vec<String>),
}

/// Marks of one kind that are shown and hidden together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name in the legend; series of the same name share an entry.
    pub name: String,
    /// How it is coloured.
    pub colour: Colour,
    /// What is drawn.
    pub marks: Marks,
}

/// A colour by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// The data.
    Data,
    /// What the reader looks for.
    Highlight,
    /// What should stand back, such as infeasible trials.
    Muted,
    /// A line to compare with.
    Reference,
    /// Each mark by its own value, on the figure's [`ColourScale`].
    Scale,
}

/// The meaning of colour values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColourScale {
    /// What is measured.
    pub title: String,
    /// Only whole numbers are labelled.
    pub whole: bool,
    /// The smallest value.
    pub low: f64,
    /// The greatest value.
    pub high: f64,
    /// Whether `low` has the strongest colour, because small is good.
    pub reversed: bool,
}

/// What a series draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marks {
    /// A dot for each.
    Points(Vec<Point>),
    /// Lines through points.
    Lines {
        /// Each on its own.
        lines: Vec<Line>,
        /// How they are stroked.
        stroke: Stroke,
        /// Whether a value holds until the next point, instead of a straight connection.
        stepped: bool,
    },
    /// Horizontal bars from 0, one for each category of the y axis.
    Bars(Vec<Bar>),
    /// A horizontal line across the panel.
    Reference {
        /// Where it crosses the y axis.
        y: f64,
    },
}

/// A place in a panel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// In units of the x axis.
    pub x: f64,
    /// In units of the y axis.
    pub y: f64,
    /// The colour value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<f64>,
    /// The index of the hover text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<usize>,
}

/// Points in order, connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// At least one; a single point is drawn as a dot.
    pub points: Vec<Point>,
    /// The colour value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<f64>,
}

/// How a line is stroked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stroke {
    /// In one go.
    Solid,
    /// Thinner, in dashes, with a cross at the end: it was cut short.
    Cut,
    /// In dots: it goes on.
    Dotted,
}

/// A bar from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// The index of the category.
    pub category: usize,
    /// Its length, not negative.
    pub length: f64,
    /// The text at its end.
    pub label: String,
    /// The index of the hover text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<usize>,
}

impl Figure {
    /// Adds a hover text; its index.
    pub(crate) fn note(&mut self, text: String) -> usize {
        self.notes.push(text);
        self.notes.len() - 1
    }
}

impl Panel {
    /// The number of points of all lines.
    pub(crate) fn n_line_points(&self) -> usize {
        let points = self.series.iter().map(|series| match &series.marks {
            Marks::Lines { lines, .. } => lines.iter().map(|line| line.points.len()).sum(),
            _ => 0,
        });
        points.sum()
    }
}

impl Axis {
    /// An axis with this title and scale.
    pub fn new(title: impl Into<String>, scale: Scale) -> Self {
        Self {
            title: title.into(),
            scale,
        }
    }

    /// The value as a person reads it: the category's name, or the number.
    pub fn text(&self, value: f64) -> String {
        match &self.scale {
            Scale::Category(names) => names.get(value as usize).cloned().unwrap_or_default(),
            Scale::Whole => format!("{value}"),
            Scale::Linear | Scale::Log => short(value),
        }
    }
}

/// A number with at most six significant digits.
///
/// ```
/// assert_eq!(opah::plot::short(0.123_456_789), "0.123457");
/// assert_eq!(opah::plot::short(-2.5e-9), "-2.5e-9");
/// assert_eq!(opah::plot::short(128.0), "128");
/// ```
pub fn short(value: f64) -> String {
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    if rounded != 0.0 && !(1e-4..1e9).contains(&rounded.abs()) {
        format!("{rounded:e}")
    } else {
        format!("{rounded}")
    }
}
