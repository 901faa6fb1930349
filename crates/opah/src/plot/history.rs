//! The value of each trial, and the best so far: whether the search still improves.
//!
//! As in Optuna's `plot_optimization_history`, only COMPLETE trials have a point,
//! infeasible ones are grey and never the best, and the line of the best goes on
//! over trials that were pruned or failed. It is drawn for a study with several
//! objectives too, because the target's direction is known.

use super::figure::{
    Axis, Colour, Figure, Line, Marks, Panel, Point, Scale, Series, Stroke, short,
};
use super::input::PlotInput;
use crate::error::Result;
use crate::frozen_trial::TrialState;

pub(super) fn figure(input: &PlotInput) -> Result<Figure> {
    let target = input.target()?;
    let direction = input.direction(target);
    let mut figure = Figure {
        title: "Optimization history".to_owned(),
        subtitle: input.subtitle(),
        ..Figure::default()
    };
    let (mut feasible, mut infeasible, mut steps) = (Vec::new(), Vec::new(), Vec::<Point>::new());
    let (mut best, mut infinite, mut last) = (None::<f64>, 0, 0.0);
    // Where the best became infinite, if it did; its line ends there.
    let mut end = None;
    for trial in input.history.trials() {
        last = trial.number as f64;
        let value = match trial.values.get(target) {
            Some(value) if trial.state == TrialState::Complete => *value,
            _ => continue,
        };
        let is_feasible = trial.violation() == 0.0;
        let improves = best.is_none_or(|best| direction.is_better(value, best));
        if is_feasible && improves {
            best = Some(value);
        }
        if !value.is_finite() {
            infinite += 1;
            if is_feasible && improves {
                end = end.or(Some(last));
            }
            continue;
        }
        let point = Point {
            x: last,
            y: value,
            value: None,
            note: Some(figure.note_trial(&trial)),
        };
        if !is_feasible {
            infeasible.push(point);
            continue;
        }
        feasible.push(point);
        if improves {
            steps.push(point);
        }
    }
    if feasible.is_empty() && infeasible.is_empty() {
        return Err(input.nothing("complete trial with a finite value"));
    }
    let end = end.unwrap_or(last);
    if let Some(step) = steps.last().copied()
        && step.x < end
    {
        steps.push(Point { x: end, ..step });
    }
    if let Some(best) = best.filter(|best| best.is_finite()) {
        figure.subtitle.push_str(" · best ");
        figure.subtitle.push_str(&short(best));
    }
    figure.note_infinite(infinite);

    let name = input.target_name(target);
    let mut series: Vec<Series> = input.baseline()?.into_iter().collect();
    if !infeasible.is_empty() {
        series.push(Series {
            name: "Infeasible trial".to_owned(),
            colour: Colour::Muted,
            marks: Marks::Points(infeasible),
        });
    }
    if !steps.is_empty() {
        series.push(Series {
            name: "Best so far".to_owned(),
            colour: Colour::Highlight,
            marks: Marks::Lines {
                lines: vec![Line {
                    points: steps,
                    value: None,
                }],
                stroke: Stroke::Solid,
                stepped: true,
            },
        });
        series.push(Series {
            name: name.clone(),
            colour: Colour::Data,
            marks: Marks::Points(feasible),
        });
    }
    figure.panels.push(Panel {
        x: Axis::new("Trial", Scale::Whole),
        y: Axis::new(name, Scale::Linear),
        series,
    });
    Ok(figure)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, trial};
    use super::super::{Marks, PlotOptions, find};
    use crate::frozen_trial::{Direction, TrialState};

    #[test]
    fn the_best_goes_on_over_pruned_and_infinite_and_ignores_infeasible() {
        let mut trials: Vec<_> = [3.0, 1.0, f64::INFINITY, 2.0]
            .iter()
            .enumerate()
            .map(|(at, value)| trial(at as u64, TrialState::Complete, Some(*value), &[]))
            .collect();
        trials[1]
            .system_attrs
            .insert("constraints".into(), crate::json::Json::new(&[0.5]));
        trials.push(trial(4, TrialState::Pruned, Some(0.0), &[]));
        let options = PlotOptions {
            baseline: Some(2.5),
            ..PlotOptions::default()
        };
        let figure = testing::figure("history", Direction::Minimize, trials, &options).unwrap();
        let series = &figure.panels[0].series;
        let names: Vec<&str> = series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "Baseline 2.5",
                "Infeasible trial",
                "Best so far",
                "Objective value"
            ]
        );
        let Marks::Lines { lines, .. } = &series[2].marks else {
            panic!("no line")
        };
        let corners: Vec<_> = lines[0].points.iter().map(|at| (at.x, at.y)).collect();
        assert_eq!(corners, [(0.0, 3.0), (3.0, 2.0), (4.0, 2.0)]);
        assert!(figure.subtitle.ends_with(
            "5 trials: 4 complete, 1 pruned · best 2 · 1 trial with an infinite value is not shown"
        ));
    }

    #[test]
    fn the_line_ends_where_the_best_is_infinite() {
        let values = [1.0, f64::INFINITY, 2.0].iter().enumerate();
        let trials =
            values.map(|(at, value)| trial(at as u64, TrialState::Complete, Some(*value), &[]));
        let options = PlotOptions::default();
        let figure = testing::figure("history", Direction::Maximize, trials, &options).unwrap();
        let Marks::Lines { lines, .. } = &figure.panels[0].series[0].marks else {
            panic!("no line")
        };
        let corners: Vec<_> = lines[0].points.iter().map(|at| (at.x, at.y)).collect();
        assert_eq!(corners, [(0.0, 1.0), (1.0, 1.0)]);
        assert!(!figure.subtitle.contains("best"), "{}", figure.subtitle);
    }

    #[test]
    fn a_study_without_values_says_what_it_has() {
        let said = |trials| {
            testing::figure(
                "plot_optimization_history",
                Direction::Maximize,
                trials,
                &PlotOptions::default(),
            )
            .unwrap_err()
            .to_string()
        };
        assert_eq!(said(vec![]), "study `demo` has no trial yet");
        assert_eq!(
            said(vec![trial(0, TrialState::Pruned, Some(0.5), &[])]),
            "study `demo` has no complete trial with a finite value yet (1 trial: 1 pruned)"
        );
        let message = find("histroy").unwrap_err().to_string();
        assert!(message.contains("did you mean `history`?"), "{message}");
    }
}
