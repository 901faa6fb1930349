//! A figure as SVG: static, but browsers show each mark's text on hover.

mod axes;
mod marks;

use std::fmt::Write as _;

use super::layout::{
    ColourBar, Entry, Layout, MARGIN, SWATCH, TEXT_SIZE, TICK_SIZE, TITLE_SIZE, layout,
};
use super::text::escaped;
use super::theme::{LIGHT, Theme};
use crate::plot::{Figure, Marks};
use marks::{REFERENCE_STROKE, share, stroke_style};

/// The width of static pictures.
const WIDTH: f64 = 860.0;

/// The SVG document.
pub(super) fn svg(figure: &Figure) -> String {
    let layout = layout(figure, WIDTH);
    let mut picture = Picture {
        out: String::new(),
        figure,
        theme: &LIGHT,
    };
    picture.all(&layout);
    picture.out
}

struct Picture<'a> {
    out: String,
    figure: &'a Figure,
    theme: &'a Theme,
}

impl Picture<'_> {
    fn line(&mut self, text: std::fmt::Arguments) {
        // Writing to a string can't fail.
        let _ = self.out.write_fmt(text);
        self.out.push('\n');
    }

    fn all(&mut self, layout: &Layout) {
        let (width, height) = (layout.width, layout.height.ceil());
        let theme = self.theme;
        self.line(format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="Inter, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif" font-size="{TICK_SIZE}" fill="{}" role="img" aria-label="{}">"#,
            theme.text,
            escaped(&self.figure.title)
        ));
        self.line(format_args!(
            r#"<rect width="{width}" height="{height}" fill="{}"/>"#,
            theme.background
        ));
        self.line(format_args!(
            r#"<text x="{MARGIN}" y="{}" font-size="{TITLE_SIZE}" font-weight="600">{}</text>"#,
            MARGIN + 16.0,
            escaped(&layout.title)
        ));
        for (at, text) in layout.subtitle.iter().enumerate() {
            let y = MARGIN + 38.0 + 18.0 * at as f64;
            self.line(format_args!(
                r#"<text x="{MARGIN}" y="{y}" font-size="{TEXT_SIZE}" fill="{}">{}</text>"#,
                theme.faint_text,
                escaped(text)
            ));
        }
        for entry in &layout.legend {
            self.entry(entry);
        }
        for plot in &layout.panels {
            self.axes(plot);
            for series in &plot.panel.series {
                self.series(plot, series);
            }
        }
        if let Some(bar) = &layout.colour_bar {
            self.colour_bar(bar);
        }
        self.out.push_str("</svg>\n");
    }

    fn entry(&mut self, entry: &Entry) {
        let (x, y) = (round(entry.x), entry.y);
        let colour = self.theme.role(entry.series.colour);
        match &entry.series.marks {
            Marks::Points(_) => self.line(format_args!(
                r#"<circle cx="{}" cy="{y}" r="4.5" fill="{colour}"/>"#,
                round(x + 9.0)
            )),
            Marks::Bars(_) => self.line(format_args!(
                r#"<rect x="{x}" y="{}" width="18" height="10" rx="2" fill="{colour}"/>"#,
                y - 5.0
            )),
            Marks::Reference { .. } => self.line(format_args!(
                r#"<path d="M{x} {y}h18" stroke="{colour}"{REFERENCE_STROKE}/>"#
            )),
            Marks::Lines { stroke, .. } => {
                let style = stroke_style(*stroke, entry.series.colour);
                self.line(format_args!(
                    r#"<path d="M{x} {y}h18" stroke="{colour}"{style}/>"#
                ));
                self.end_mark(*stroke, x + 18.0, y, &colour);
            }
        }
        self.line(format_args!(
            r#"<text x="{}" y="{}">{}</text>"#,
            round(x + SWATCH),
            y + 4.2,
            escaped(&entry.name)
        ));
    }

    fn colour_bar(&mut self, bar: &ColourBar) {
        let theme = self.theme;
        self.line(format_args!(
            r#"<linearGradient id="colours" x1="0" y1="1" x2="0" y2="0">"#
        ));
        for step in 0..=12 {
            let share = f64::from(step) / 12.0;
            let strength = if bar.scale.reversed {
                1.0 - share
            } else {
                share
            };
            let colour = theme.scaled(strength);
            self.line(format_args!(
                r#"<stop offset="{}" stop-color="{colour}"/>"#,
                round(share * 100.0) / 100.0
            ));
        }
        self.line(format_args!("</linearGradient>"));
        let height = bar.bottom - bar.top;
        self.line(format_args!(
            r#"<rect x="{}" y="{}" width="12" height="{height}" rx="2" fill="url(#colours)"/>"#,
            round(bar.x),
            bar.top
        ));
        for tick in &bar.ticks {
            let share = share(bar.scale, tick.value).unwrap_or(0.5);
            self.line(format_args!(
                r#"<text x="{}" y="{}" fill="{}">{}</text>"#,
                round(bar.x + 18.0),
                round(bar.bottom - share * height + 4.2),
                theme.faint_text,
                escaped(&tick.label)
            ));
        }
        self.line(format_args!(
            r#"<text transform="translate({} {})rotate(-90)" font-size="{TEXT_SIZE}" text-anchor="middle">{}</text>"#,
            round(bar.title_x),
            round(bar.top.midpoint(bar.bottom)),
            escaped(&bar.title)
        ));
    }
}

/// A coordinate to a hundredth of a pixel.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
