//! How much each parameter matters: a bar for each, its share to two decimals.
//!
//! As in Optuna's `plot_param_importances`; the numbers are those of
//! [`crate::importance`]. For a study with several objectives the target's values are
//! taken as if it were the only one.

use std::sync::Arc;

use super::figure::{Axis, Bar, Colour, Figure, Marks, Panel, Scale, Series};
use super::input::PlotInput;
use crate::error::Result;
use crate::frozen_trial::{FrozenTrial, TrialState};
use crate::history::History;
use crate::importance::{self, EVALUATORS};
use crate::registry;

pub(super) fn figure(input: &PlotInput) -> Result<Figure> {
    let target = input.target()?;
    let direction = input.direction(target);
    let options = input.options;
    let name = options.evaluator.as_deref().unwrap_or("fanova");
    let entry = registry::find("evaluator", EVALUATORS, name)?;
    let evaluator = importance::build(name, &options.evaluator_options)?;
    let params = options.params.as_deref();
    if input.history.complete().next().is_none() {
        return Err(input.nothing("complete trial"));
    }
    let history = of_target(input.history, target);
    let shares = importance::importances(&history, direction, &*evaluator, params, true)?;
    let caveats = importance::caveats(&history, direction, &*evaluator, params)?;

    let mut figure = Figure {
        title: "Parameter importances".to_owned(),
        subtitle: format!("{} · by {}", input.subtitle(), entry.name),
        ..Figure::default()
    };
    for caveat in caveats {
        figure.subtitle.push_str(" · ");
        figure.subtitle.push_str(&caveat);
    }
    let mut bars = Vec::new();
    for (category, (name, share)) in shares.iter().enumerate() {
        bars.push(Bar {
            category,
            length: *share,
            label: format!("{share:.2}"),
            note: Some(figure.note(format!("{name}\nimportance {share:.4}"))),
        });
    }
    let names = shares.into_iter().map(|(name, _)| name).collect();
    figure.panels.push(Panel {
        x: Axis::new(
            format!("Importance for {}", lower_first(&input.target_name(target))),
            Scale::Linear,
        ),
        y: Axis::new("", Scale::Category(names)),
        series: vec![Series {
            name: "Importance".to_owned(),
            colour: Colour::Data,
            marks: Marks::Bars(bars),
        }],
    });
    Ok(figure)
}

/// The complete trials with the target's value as their only one.
fn of_target(history: &History, target: usize) -> History {
    let complete = history.trials().into_iter().filter_map(|trial| {
        let value = *trial.values.get(target)?;
        let only = |trial: Arc<FrozenTrial>| FrozenTrial {
            values: vec![value],
            ..Arc::unwrap_or_clone(trial)
        };
        (trial.state == TrialState::Complete).then(|| only(trial))
    });
    History::of(complete)
}

/// The default name in the middle of a sentence; any other as it is.
fn lower_first(name: &str) -> String {
    name.strip_prefix("Objective")
        .map_or_else(|| name.to_owned(), |rest| format!("objective{rest}"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, trial};
    use super::super::{Marks, PlotOptions, Scale};
    use crate::distribution::{Distribution, FloatDistribution};
    use crate::frozen_trial::{Direction, TrialState};

    #[test]
    fn bars_are_sorted_shares_with_two_decimals() {
        let unit = Distribution::Float(FloatDistribution::new(0.0, 1.0, false, None).unwrap());
        let trials = (0..40_u32).map(|number| {
            let (x, y) = (
                f64::from(number * 7 % 40) / 40.0,
                f64::from(number * 11 % 40) / 40.0,
            );
            let params = [("b", &unit, x), ("a", &unit, y)];
            trial(number.into(), TrialState::Complete, Some(x * x), &params)
        });
        let options = PlotOptions {
            target_name: Some("loss".to_owned()),
            ..PlotOptions::default()
        };
        let figure =
            testing::figure("param_importances", Direction::Minimize, trials, &options).unwrap();
        let panel = &figure.panels[0];
        assert_eq!(panel.x.title, "Importance for loss");
        assert_eq!(panel.y.scale, Scale::Category(vec!["b".into(), "a".into()]));
        let Marks::Bars(bars) = &panel.series[0].marks else {
            panic!("no bars")
        };
        assert!((bars[0].length + bars[1].length - 1.0).abs() < 1e-12);
        assert_eq!(bars[0].label, format!("{:.2}", bars[0].length));
        assert!(bars[0].length > bars[1].length);
    }
}
