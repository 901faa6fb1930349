//! A figure's data as CSV: a row for each mark.

use crate::json::python_float;
use crate::plot::{Axis, Figure, Marks, Panel, Point, Series};

const HEADINGS: &str = "panel,series,x,y,colour,note\n";

/// The table, lines ended by a line feed, fields quoted where RFC 4180 says so. The
/// panel is called by its x axis; categories are written by name; the lines of a note
/// are separated by `; `.
pub(super) fn csv(figure: &Figure) -> String {
    let mut out = HEADINGS.to_owned();
    for panel in &figure.panels {
        for series in &panel.series {
            rows(figure, panel, series, &mut out);
        }
    }
    out
}

fn rows(figure: &Figure, panel: &Panel, series: &Series, out: &mut String) {
    let mut row = |x: String, y: String, value: Option<f64>, note: Option<usize>| {
        let note = note.map_or_else(String::new, |note| figure.notes[note].replace('\n', "; "));
        let value = value.map_or_else(String::new, python_float);
        let fields = [&panel.x.title, &series.name, &x, &y, &value, &note].map(|text| field(text));
        out.push_str(&fields.join(","));
        out.push('\n');
    };
    let mut point = |point: &Point, value: Option<f64>| {
        row(
            exact(&panel.x, point.x),
            exact(&panel.y, point.y),
            value,
            point.note,
        );
    };
    match &series.marks {
        Marks::Points(points) => points.iter().for_each(|at| point(at, at.value)),
        Marks::Lines { lines, .. } => {
            for line in lines {
                line.points.iter().for_each(|at| point(at, line.value));
            }
        }
        Marks::Bars(bars) => {
            for bar in bars {
                let name = exact(&panel.y, bar.category as f64);
                row(python_float(bar.length), name, None, bar.note);
            }
        }
        Marks::Reference { y } => row(String::new(), python_float(*y), None, None),
    }
}

/// The category's name, or all digits of the number.
fn exact(axis: &Axis, value: f64) -> String {
    match axis.scale {
        crate::plot::Scale::Linear | crate::plot::Scale::Log => python_float(value),
        _ => axis.text(value),
    }
}

fn field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
