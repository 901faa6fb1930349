//! The value against each parameter: which ranges are good, and where the search looked.
//!
//! As in Optuna's `plot_slice`: COMPLETE trials, one panel for each parameter, the
//! colour is the trial's number, infeasible ones are grey. A trial is left out of the
//! panels of parameters that it does not have.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::figure::{Axis, Colour, ColourScale, Figure, Marks, Panel, Point, Scale, Series};
use super::input::PlotInput;
use crate::distribution::{Choice, Distribution};
use crate::error::{Error, Result};
use crate::frozen_trial::{FrozenTrial, TrialState};
use crate::suggestion::nearest;

/// A trial to show: its value and the index of its hover text.
struct Shown {
    trial: Arc<FrozenTrial>,
    value: f64,
    note: usize,
    infeasible: bool,
}

pub(super) fn figure(input: &PlotInput) -> Result<Figure> {
    let target = input.target()?;
    let mut figure = Figure {
        title: "Slice".to_owned(),
        subtitle: input.subtitle(),
        ..Figure::default()
    };
    let (mut shown, mut infinite) = (Vec::new(), 0);
    for trial in input.history.trials() {
        let value = match trial.values.get(target) {
            Some(value) if trial.state == TrialState::Complete => *value,
            _ => continue,
        };
        if value.is_finite() {
            let note = figure.note_trial(&trial);
            let infeasible = trial.violation() > 0.0;
            shown.push(Shown {
                trial,
                value,
                note,
                infeasible,
            });
        } else {
            infinite += 1;
        }
    }
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
        return Err(input.nothing("complete trial with a finite value"));
    };
    figure.colour_scale = Some(ColourScale {
        title: "Trial".to_owned(),
        whole: true,
        low: first.trial.number as f64,
        high: last.trial.number as f64,
        reversed: false,
    });
    figure.note_infinite(infinite);
    let name = input.target_name(target);
    let baseline = input.baseline()?;
    for param in chosen(input, &shown)? {
        let mut series: Vec<Series> = baseline.clone().into_iter().collect();
        series.extend(points(&shown, &param));
        figure.panels.push(Panel {
            x: Axis::new(param.as_str(), scale(&shown, &param)),
            y: Axis::new(name.as_str(), Scale::Linear),
            series,
        });
    }
    Ok(figure)
}

/// The parameters to show, by name.
fn chosen(input: &PlotInput, shown: &[Shown]) -> Result<BTreeSet<String>> {
    let all: BTreeSet<String> = shown
        .iter()
        .flat_map(|shown| {
            shown
                .trial
                .params
                .iter()
                .map(|param| param.name.to_string())
        })
        .collect();
    if all.is_empty() {
        return Err(input.nothing("complete trial with a parameter"));
    }
    let Some(wanted) = &input.options.params else {
        return Ok(all);
    };
    for name in wanted {
        if !all.contains(name) {
            return Err(Error::UnknownName {
                kind: "parameter",
                name: name.clone(),
                suggestion: nearest(name, all.iter().map(String::as_str)).map(str::to_owned),
                known: all
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(", "),
            });
        }
    }
    Ok(wanted.iter().cloned().collect())
}

/// Log where all distributions are; the choices of all, where one is categorical.
fn scale(shown: &[Shown], name: &str) -> Scale {
    let mut log = true;
    let mut whole = true;
    for distribution in distributions(shown, name) {
        match distribution {
            Distribution::Categorical(_) => return Scale::Category(categories(shown, name)),
            Distribution::Float(d) => {
                log &= d.is_log();
                whole = false;
            }
            Distribution::Int(d) => log &= d.is_log(),
        }
    }
    match (log, whole) {
        (true, _) => Scale::Log,
        (false, true) => Scale::Whole,
        (false, false) => Scale::Linear,
    }
}

fn distributions<'a>(shown: &'a [Shown], name: &'a str) -> impl Iterator<Item = &'a Distribution> {
    shown
        .iter()
        .filter_map(move |shown| Some(shown.trial.params.get(name)?.distribution.as_ref()))
}

/// The texts of all choices, in the order of the first distribution that has them.
fn categories(shown: &[Shown], name: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for distribution in distributions(shown, name) {
        if let Distribution::Categorical(d) = distribution {
            for text in d.choices().iter().map(Choice::to_string) {
                if !names.contains(&text) {
                    names.push(text);
                }
            }
        }
    }
    names
}

/// The trials that have the parameter, infeasible ones apart.
fn points(shown: &[Shown], name: &str) -> Vec<Series> {
    let scale = scale(shown, name);
    let place = |shown: &Shown| {
        let param = shown.trial.params.get(name)?;
        Some(match &scale {
            Scale::Category(names) => {
                let text = param.external().to_string();
                names.iter().position(|known| *known == text)? as f64
            }
            _ => param.value,
        })
    };
    // A value that was enqueued may be anywhere, also where a logarithm is not.
    let is_on_axis = |x: &f64| x.is_finite() && (scale != Scale::Log || *x > 0.0);
    let point = |shown: &Shown| {
        Some(Point {
            x: place(shown).filter(is_on_axis)?,
            y: shown.value,
            value: Some(shown.trial.number as f64),
            note: Some(shown.note),
        })
    };
    let groups = [
        (true, "Infeasible trial", Colour::Muted),
        (false, "Trial", Colour::Scale),
    ];
    let series = groups.into_iter().map(|(infeasible, name, colour)| {
        let group = shown.iter().filter(|shown| shown.infeasible == infeasible);
        Series {
            name: name.to_owned(),
            colour,
            marks: Marks::Points(group.filter_map(point).collect()),
        }
    });
    series
        .filter(|series| !matches!(&series.marks, Marks::Points(points) if points.is_empty()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, trial};
    use super::super::{Marks, PlotOptions, Scale};
    use crate::distribution::{
        CategoricalDistribution, Distribution, FloatDistribution, IntDistribution,
    };
    use crate::frozen_trial::{Direction, TrialState};

    #[test]
    fn a_value_that_a_logarithmic_axis_can_not_show_is_left_out() {
        let lr = Distribution::Float(FloatDistribution::new(1e-5, 0.1, true, None).unwrap());
        let trials = [1e-3, 0.0, -1.0, 2.0].into_iter().zip(0..);
        let trials = trials.map(|(value, number)| {
            let params = [("lr", &lr, value)];
            trial(number, TrialState::Complete, Some(1.0), &params)
        });
        let options = PlotOptions::default();
        let figure = testing::figure("slice", Direction::Minimize, trials, &options).unwrap();
        let Marks::Points(points) = &figure.panels[0].series[0].marks else {
            panic!("no points")
        };
        let shown: Vec<f64> = points.iter().map(|point| point.x).collect();
        assert_eq!(shown, [1e-3, 2.0]);
    }

    #[test]
    fn each_parameter_has_the_axis_of_its_distribution() {
        let lr = Distribution::Float(FloatDistribution::new(1e-5, 0.1, true, None).unwrap());
        let width = Distribution::Int(IntDistribution::new(1, 9, false, 2).unwrap());
        let kind = Distribution::Categorical(
            CategoricalDistribution::new(vec!["sgd".into(), 3_i64.into()]).unwrap(),
        );
        let trials = vec![
            trial(
                0,
                TrialState::Complete,
                Some(1.0),
                &[("lr", &lr, 1e-3), ("kind", &kind, 1.0)],
            ),
            trial(
                1,
                TrialState::Complete,
                Some(2.0),
                &[("lr", &lr, 1e-2), ("width", &width, 3.0)],
            ),
            trial(
                2,
                TrialState::Complete,
                Some(f64::INFINITY),
                &[("lr", &lr, 1e-2)],
            ),
        ];
        let figure = |params: Option<Vec<String>>| {
            let options = PlotOptions {
                params,
                ..PlotOptions::default()
            };
            testing::figure("slice", Direction::Minimize, trials.clone(), &options)
        };
        let all = figure(None).unwrap();
        let axes: Vec<_> = all.panels.iter().map(|panel| panel.x.clone()).collect();
        assert_eq!(
            axes[0].scale,
            Scale::Category(vec!["sgd".to_owned(), "3".to_owned()])
        );
        assert_eq!(
            (&axes[1].scale, axes[1].title.as_str()),
            (&Scale::Log, "lr")
        );
        assert_eq!(axes[2].scale, Scale::Whole);
        let one = figure(Some(vec!["width".to_owned()])).unwrap();
        assert_eq!(one.panels.len(), 1);
        assert_eq!(
            figure(Some(vec!["widht".to_owned()]))
                .unwrap_err()
                .to_string(),
            "no parameter is named `widht`, did you mean `width`?; the parameters are kind, lr, width"
        );
    }
}
