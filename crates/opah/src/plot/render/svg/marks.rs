//! Points, lines, bars and reference lines.

use std::fmt::Write as _;

use super::{Picture, round};
use crate::plot::render::layout::Plot;
use crate::plot::render::text::escaped;
use crate::plot::{Bar, Colour, ColourScale, Line, Marks, Point, Series, Stroke};

/// Up to this many points of the lines of a panel have dots.
const MOST_DOTS: usize = 500;

impl Picture<'_> {
    pub(super) fn series(&mut self, plot: &Plot, series: &Series) {
        let role = self.theme.role(series.colour);
        match &series.marks {
            Marks::Points(points) => {
                let radius = radius(points.len(), self.figure.panels.len());
                self.line(format_args!(
                    r#"<g fill="{role}" fill-opacity="0.85" stroke="{}" stroke-width="0.8">"#,
                    self.theme.background
                ));
                for point in points {
                    self.dot(plot, series.colour, point, point.value, radius);
                }
                self.line(format_args!("</g>"));
            }
            Marks::Lines {
                lines,
                stroke,
                stepped,
            } => {
                let dots = !stepped && plot.panel.n_line_points() <= MOST_DOTS;
                for line in lines {
                    self.curve(plot, series.colour, line, *stroke, *stepped, dots);
                }
            }
            Marks::Bars(bars) => {
                for bar in bars {
                    self.bar(plot, bar, &role);
                }
            }
            Marks::Reference { y } => {
                let y = round(plot.y.at(*y));
                self.line(format_args!(
                    r#"<path d="M{} {y}H{}" stroke="{role}"{REFERENCE_STROKE}><title>{}</title></path>"#,
                    round(plot.x.from),
                    round(plot.x.to),
                    escaped(&series.name)
                ));
            }
        }
    }

    fn dot(&mut self, plot: &Plot, colour: Colour, point: &Point, value: Option<f64>, r: f64) {
        let fill = match colour {
            Colour::Scale => format!(r#" fill="{}""#, self.colour(value)),
            _ => String::new(),
        };
        let (x, y) = (round(plot.x.at(point.x)), round(plot.y.at(point.y)));
        match point.note {
            Some(note) => self.line(format_args!(
                r#"<circle cx="{x}" cy="{y}" r="{r}"{fill}><title>{}</title></circle>"#,
                escaped(&self.figure.notes[note])
            )),
            None => self.line(format_args!(r#"<circle cx="{x}" cy="{y}" r="{r}"{fill}/>"#)),
        }
    }

    fn curve(
        &mut self,
        plot: &Plot,
        colour: Colour,
        line: &Line,
        stroke: Stroke,
        stepped: bool,
        dots: bool,
    ) {
        let paint = match colour {
            Colour::Scale => self.colour(line.value),
            fixed => self.theme.role(fixed),
        };
        let mut path = String::new();
        for (at, point) in line.points.iter().enumerate() {
            let (x, y) = (round(plot.x.at(point.x)), round(plot.y.at(point.y)));
            let _ = match (at, stepped) {
                (0, _) => write!(path, "M{x} {y}"),
                (_, true) => write!(path, "H{x}V{y}"),
                (_, false) => write!(path, "L{x} {y}"),
            };
        }
        let style = stroke_style(stroke, colour);
        self.line(format_args!(
            r#"<path d="{path}" stroke="{paint}"{style}/>"#
        ));
        if dots || line.points.len() == 1 {
            self.line(format_args!(r#"<g fill="{paint}">"#));
            for point in &line.points {
                self.dot(plot, Colour::Data, point, None, 2.2);
            }
            self.line(format_args!("</g>"));
        }
        if let Some(end) = line.points.last() {
            let (x, y) = (plot.x.at(end.x), plot.y.at(end.y));
            self.end_mark(stroke, x, y, &paint);
        }
    }

    /// A cross where a line was cut, a ring where it goes on.
    pub(super) fn end_mark(&mut self, stroke: Stroke, x: f64, y: f64, colour: &str) {
        let (x, y) = (round(x), round(y));
        match stroke {
            Stroke::Solid => {}
            Stroke::Cut => self.line(format_args!(
                r#"<path d="M{x} {y}m-3.5 -3.5l7 7m0 -7l-7 7" stroke="{colour}" stroke-width="1.8" stroke-linecap="round"/>"#
            )),
            Stroke::Dotted => self.line(format_args!(
                r#"<circle cx="{x}" cy="{y}" r="4" fill="{}" stroke="{colour}" stroke-width="1.6"/>"#,
                self.theme.background
            )),
        }
    }

    fn bar(&mut self, plot: &Plot, bar: &Bar, colour: &str) {
        let step = plot.y.at(1.0) - plot.y.at(0.0);
        let thickness = (step * 0.64).min(26.0);
        let (middle, end) = (plot.y.at(bar.category as f64), plot.x.at(bar.length));
        let title = bar.note.map_or_else(String::new, |note| {
            format!("<title>{}</title>", escaped(&self.figure.notes[note]))
        });
        self.line(format_args!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" rx="2" fill="{colour}">{title}</rect>"#,
            round(plot.x.from),
            round(middle - thickness / 2.0),
            round((end - plot.x.from).max(1.0)),
            round(thickness)
        ));
        self.line(format_args!(
            r#"<text x="{}" y="{}" font-weight="600">{}</text>"#,
            round(end + 7.0),
            round(middle + 4.2),
            escaped(&bar.label)
        ));
    }

    /// The colour of a value on the figure's scale.
    fn colour(&self, value: Option<f64>) -> String {
        let Some((value, scale)) = value.zip(self.figure.colour_scale.as_ref()) else {
            return self.theme.role(Colour::Scale);
        };
        let share = share(scale, value).unwrap_or(0.5);
        self.theme
            .scaled(if scale.reversed { 1.0 - share } else { share })
    }
}

/// How far `value` is from the low to the high end; none if these are equal.
pub(super) fn share(scale: &ColourScale, value: f64) -> Option<f64> {
    let width = scale.high / 2.0 - scale.low / 2.0;
    (width > 0.0).then(|| (value / 2.0 - scale.low / 2.0) / width)
}

/// How reference lines are stroked.
pub(super) const REFERENCE_STROKE: &str =
    r#" stroke-width="1.6" stroke-dasharray="1.5 4" stroke-linecap="round" fill="none""#;

pub(super) fn stroke_style(stroke: Stroke, colour: Colour) -> String {
    let (width, dashes) = match (stroke, colour) {
        (Stroke::Solid, Colour::Highlight) => (2.4, ""),
        (Stroke::Solid, _) => (1.6, ""),
        (Stroke::Cut, _) => (1.1, r#" stroke-dasharray="4 3""#),
        (Stroke::Dotted, _) => (1.8, r#" stroke-dasharray="0.5 4" stroke-linecap="round""#),
    };
    format!(r#" stroke-width="{width}"{dashes} stroke-linejoin="round" fill="none""#)
}

/// The radius of one of `count` dots in one of `panels`.
fn radius(count: usize, panels: usize) -> f64 {
    match (count, panels) {
        (0..=200, 0..=1) => 4.2,
        (0..=200, _) => 3.6,
        (201..=1000, _) => 3.0,
        _ => 2.2,
    }
}
