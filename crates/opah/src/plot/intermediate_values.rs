//! The learning curve of each trial: what pruning cut off, and whether it was right.
//!
//! As in Optuna's `plot_intermediate_values`, COMPLETE, PRUNED and RUNNING trials are
//! shown and infeasible ones are grey. Unlike there, the colour is the final value
//! (the last report of a trial that has none), so that one sees which curves led to
//! good ends. A report that is NaN or infinite leaves a gap.

use std::sync::Arc;

use super::figure::{
    Axis, Colour, ColourScale, Figure, Line, Marks, Panel, Point, Scale, Series, Stroke,
};
use super::input::PlotInput;
use crate::error::Result;
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};

/// The groups of curves, from the bottom to the top.
const GROUPS: [(&str, TrialState, Stroke); 3] = [
    ("Pruned", TrialState::Pruned, Stroke::Cut),
    ("Complete", TrialState::Complete, Stroke::Solid),
    ("Running", TrialState::Running, Stroke::Dotted),
];

pub(super) fn figure(input: &PlotInput) -> Result<Figure> {
    let target = input.target()?;
    let trials = input.history.trials();
    let mut figure = Figure {
        title: "Intermediate values".to_owned(),
        subtitle: input.subtitle(),
        ..Figure::default()
    };
    let baseline = input.baseline()?;
    let mut series = Vec::new();
    let mut finals = Vec::new();
    for infeasible in [true, false] {
        for (name, state, stroke) in GROUPS {
            let group = trials
                .iter()
                .filter(|trial| trial.state == state && (trial.violation() > 0.0) == infeasible);
            let mut lines = Vec::new();
            for trial in group {
                let value = final_value(trial, target);
                let pieces = curve(&mut figure, trial, value);
                if !infeasible && !pieces.is_empty() {
                    finals.extend(value);
                }
                lines.extend(pieces);
            }
            if lines.is_empty() {
                continue;
            }
            let (name, colour) = if infeasible {
                ("Infeasible", Colour::Muted)
            } else {
                (name, Colour::Scale)
            };
            series.push(Series {
                name: name.to_owned(),
                colour,
                marks: Marks::Lines {
                    lines,
                    stroke,
                    stepped: false,
                },
            });
        }
    }
    if series.is_empty() {
        return Err(input.nothing("trial that reported an intermediate value"));
    }
    let low = finals.iter().copied().fold(f64::INFINITY, f64::min);
    let high = finals.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    figure.colour_scale = (low <= high).then(|| ColourScale {
        title: "Final value".to_owned(),
        whole: false,
        low,
        high,
        reversed: input.direction(target) == Direction::Minimize,
    });
    series.splice(0..0, baseline);
    figure.panels.push(Panel {
        x: Axis::new("Step", Scale::Whole),
        y: Axis::new(
            input
                .options
                .target_name
                .clone()
                .unwrap_or_else(|| "Intermediate value".to_owned()),
            Scale::Linear,
        ),
        series,
    });
    Ok(figure)
}

/// The objective value, or the last finite report.
fn final_value(trial: &FrozenTrial, target: usize) -> Option<f64> {
    let told = match trial.state {
        TrialState::Complete => trial.values.get(target).copied(),
        _ => None,
    };
    let mut reports = trial.intermediate_values.values().rev().copied();
    told.filter(|value| value.is_finite())
        .or_else(|| reports.find(|value| value.is_finite()))
}

/// The trial's reports as lines, a new one after each gap.
fn curve(figure: &mut Figure, trial: &Arc<FrozenTrial>, value: Option<f64>) -> Vec<Line> {
    if !trial.intermediate_values.values().any(|at| at.is_finite()) {
        return Vec::new();
    }
    let note = Some(figure.note_trial(trial));
    let reports: Vec<(i64, f64)> = trial
        .intermediate_values
        .iter()
        .map(|(step, value)| (*step, *value))
        .collect();
    let pieces = reports.split(|(_, report)| !report.is_finite());
    let line = |piece: &[(i64, f64)]| Line {
        points: piece
            .iter()
            .map(|(step, report)| Point {
                x: *step as f64,
                y: *report,
                value: None,
                note,
            })
            .collect(),
        value,
    };
    pieces.filter(|piece| !piece.is_empty()).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, trial};
    use super::super::{Marks, PlotOptions, Stroke};
    use crate::frozen_trial::{Direction, TrialState};

    #[test]
    fn a_report_that_is_no_number_leaves_a_gap() {
        let mut pruned = trial(0, TrialState::Pruned, None, &[]);
        for (step, value) in [0.4, 0.3, f64::NAN, 0.2, f64::INFINITY].iter().enumerate() {
            pruned.intermediate_values.insert(step as i64, *value);
        }
        let mut running = trial(1, TrialState::Running, None, &[]);
        running.intermediate_values.insert(0, 0.7);
        let figure = testing::figure(
            "intermediate_values",
            Direction::Minimize,
            vec![pruned, running],
            &PlotOptions::default(),
        )
        .unwrap();
        let Marks::Lines { lines, stroke, .. } = &figure.panels[0].series[0].marks else {
            panic!("no line")
        };
        assert_eq!(*stroke, Stroke::Cut);
        let sizes: Vec<usize> = lines.iter().map(|line| line.points.len()).collect();
        assert_eq!(sizes, [2, 1]);
        let scale = figure.colour_scale.unwrap();
        assert_eq!((scale.low, scale.high, scale.reversed), (0.2, 0.7, true));
    }

    #[test]
    fn a_study_without_reports_is_told_what_it_lacks() {
        let trials = vec![trial(0, TrialState::Complete, Some(1.0), &[])];
        let error = testing::figure(
            "intermediate-values",
            Direction::Minimize,
            trials,
            &PlotOptions::default(),
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "study `demo` has no trial that reported an intermediate value yet (1 trial: 1 complete)"
        );
    }
}
