//! Grid, axes, tick labels and axis titles.

use std::fmt::Write as _;

use super::{Picture, round};
use crate::plot::Scale;
use crate::plot::render::layout::{MARGIN, Plot, TEXT_SIZE};
use crate::plot::render::text::escaped;

impl Picture<'_> {
    pub(super) fn axes(&mut self, plot: &Plot) {
        let (left, right) = (plot.x.from, plot.x.to);
        let (top, bottom) = (plot.y.from.min(plot.y.to), plot.y.from.max(plot.y.to));
        let theme = self.theme;
        let is_category = |scale: &Scale| matches!(scale, Scale::Category(_));
        self.line(format_args!(r#"<g stroke="{}">"#, theme.grid));
        if !is_category(&plot.panel.x.scale) {
            for tick in &plot.x.ticks {
                let x = round(plot.x.at(tick.value));
                self.line(format_args!(r#"<path d="M{x} {top}V{bottom}"/>"#));
            }
        }
        if !is_category(&plot.panel.y.scale) {
            for tick in &plot.y.ticks {
                let y = round(plot.y.at(tick.value));
                self.line(format_args!(
                    r#"<path d="M{} {y}H{}"/>"#,
                    round(left),
                    round(right)
                ));
            }
        }
        self.line(format_args!("</g>"));
        let mut path = if is_category(&plot.panel.y.scale) {
            format!("M{} {top}V{bottom}", round(left))
        } else {
            format!("M{} {bottom}H{}", round(left), round(right))
        };
        for minor in &plot.x.minor {
            let _ = write!(path, "M{} {bottom}v3", round(plot.x.at(*minor)));
        }
        if !is_category(&plot.panel.y.scale) {
            for tick in &plot.x.ticks {
                let _ = write!(path, "M{} {bottom}v5", round(plot.x.at(tick.value)));
            }
        }
        self.line(format_args!(
            r#"<path d="{path}" fill="none" stroke="{}"/>"#,
            theme.axis
        ));
        for tick in &plot.x.ticks {
            let label = escaped(&tick.label);
            if plot.x.upright {
                let (x, y) = (round(plot.x.at(tick.value) + 4.0), bottom + 9.0);
                self.line(format_args!(
                    r#"<text class="tick" transform="translate({x} {y})rotate(-90)" text-anchor="end" fill="{}">{label}</text>"#,
                    theme.faint_text
                ));
            } else {
                let x = round(plot.x.label_at(tick));
                self.line(format_args!(
                    r#"<text class="tick" x="{x}" y="{}" text-anchor="middle" fill="{}">{label}</text>"#,
                    bottom + 18.0,
                    theme.faint_text
                ));
            }
        }
        if !plot.x.title.is_empty() {
            let depth = plot.x.depth();
            self.line(format_args!(
                r#"<text x="{}" y="{}" font-size="{TEXT_SIZE}" text-anchor="middle">{}</text>"#,
                round(left.midpoint(right)),
                round(bottom + depth - 4.0),
                escaped(&plot.x.title)
            ));
        }
        if plot.y_labels {
            self.y_labels(plot, left, top.midpoint(bottom));
        }
    }

    fn y_labels(&mut self, plot: &Plot, left: f64, middle: f64) {
        for tick in &plot.y.ticks {
            self.line(format_args!(
                r#"<text class="tick" x="{}" y="{}" text-anchor="end" fill="{}">{}</text>"#,
                round(left - 8.0),
                round(plot.y.at(tick.value) + 4.2),
                self.theme.faint_text,
                escaped(&tick.label)
            ));
        }
        if !plot.y.title.is_empty() {
            self.line(format_args!(
                r#"<text transform="translate({} {})rotate(-90)" font-size="{TEXT_SIZE}" text-anchor="middle">{}</text>"#,
                MARGIN + 9.0,
                round(middle),
                escaped(&plot.y.title)
            ));
        }
    }
}
