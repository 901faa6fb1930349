//! What every pruner in [`PRUNERS`](super::PRUNERS) must pass.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{PRUNERS, Pruner};
use crate::error::Result;
use crate::frozen_trial::Direction;
use crate::registry::Entry;
use crate::study::Study;

/// The entry with its defaults, as far as it has one for every option.
fn build(entry: &Entry<dyn Pruner>) -> Result<Arc<dyn Pruner>> {
    let options = match entry.name {
        "threshold" => json!({"lower": -1000.0}),
        _ => json!({}),
    };
    super::build(entry.name, &options)
}

#[test]
fn a_trial_without_reports_runs_on() -> Result<()> {
    for entry in PRUNERS {
        let study = Study::in_memory("s", &[Direction::Minimize])?.with_pruner(build(entry)?);
        for value in [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] {
            let mut trial = study.ask()?;
            trial.report(0, value)?;
            study.tell(&mut trial, &[value])?;
        }
        assert!(!study.ask()?.should_prune()?, "{}", entry.name);
    }
    Ok(())
}

#[test]
fn the_best_trial_so_far_runs_on() -> Result<()> {
    for entry in PRUNERS {
        for direction in [Direction::Minimize, Direction::Maximize] {
            let study = Study::in_memory("s", &[direction])?.with_pruner(build(entry)?);
            for number in 0..20 {
                let value = -direction.to_loss(f64::from(number));
                let mut trial = study.ask()?;
                for step in 0..10 {
                    trial.report(step, value)?;
                    assert!(!trial.should_prune()?, "{} at {step}", entry.name);
                }
                study.tell(&mut trial, &[value])?;
            }
        }
    }
    Ok(())
}

#[test]
fn pruners_that_are_asked_again_say_the_same() -> Result<()> {
    for entry in PRUNERS {
        let study = Study::in_memory("s", &[Direction::Minimize])?.with_pruner(build(entry)?);
        for number in 0..8 {
            let mut trial = study.ask()?;
            for step in 0..8 {
                trial.report(step, f64::from((number * 5 + 3) % 8) + step as f64)?;
                let decision = trial.should_prune()?;
                // A rung is entered once: who was asked is not asked again.
                if !study.pruner.saves_state() {
                    assert_eq!(trial.should_prune()?, decision, "{}", entry.name);
                }
            }
            study.tell(&mut trial, &[0.0])?;
        }
    }
    Ok(())
}

#[test]
fn a_report_and_what_is_remembered_of_it_are_written_together() -> Result<()> {
    for entry in PRUNERS {
        let pruner = build(entry)?;
        let waits = pruner.saves_state();
        let study = Study::in_memory("s", &[Direction::Minimize])?.with_pruner(pruner);
        let stored = || study.history().map(|all| all.get(0).cloned());
        let mut trial = study.ask()?;
        trial.report(1, 0.5)?;
        let reported = stored()?.and_then(|trial| trial.last_step());
        assert_eq!(
            reported,
            if waits { None } else { Some(1) },
            "{}",
            entry.name
        );
        trial.should_prune()?;
        assert_eq!(stored()?.as_deref(), Some(trial.frozen()), "{}", entry.name);
        // Without a decision, the next report or the end writes it.
        trial.report(2, 0.5)?;
        trial.report(3, 0.5)?;
        let reported = stored()?.and_then(|trial| trial.last_step());
        assert_eq!(reported, Some(if waits { 2 } else { 3 }), "{}", entry.name);
        study.tell(&mut trial, &[0.5])?;
        assert_eq!(stored()?.as_deref(), Some(trial.frozen()), "{}", entry.name);
    }
    Ok(())
}

#[test]
fn of_several_objectives_a_pruner_judges_or_refuses() -> Result<()> {
    for entry in PRUNERS {
        let pruner = build(entry)?;
        let takes_several = pruner.takes_several_objectives();
        let directions = [Direction::Minimize, Direction::Maximize];
        let study = Study::in_memory("s", &directions)?.with_pruner(pruner);
        for number in 0..20 {
            let mut trial = study.ask()?;
            for step in 0..10 {
                // Better in the second objective, worse in the first.
                let values = [f64::from(number), f64::from(number)];
                trial.report_values(step, &values)?;
                match trial.should_prune() {
                    Ok(decision) => assert!(takes_several && !decision, "{}", entry.name),
                    Err(error) => assert!(
                        !takes_several && error.to_string().contains("is for one objective"),
                        "{}: {error}",
                        entry.name
                    ),
                }
            }
            study.tell(&mut trial, &[0.0, 0.0])?;
        }
    }
    Ok(())
}

#[test]
fn wrong_options_are_refused_by_name() {
    for entry in PRUNERS {
        let error = super::build(entry.name, &json!({"no_such_option": 1})).unwrap_err();
        assert!(error.to_string().contains("no_such_option"), "{error}");
    }
    let cases: &[(&str, Value, &str)] = &[
        (
            "percentile",
            json!({"percentile": 101.0}),
            "`percentile` must be from 0 to 100, but it is 101",
        ),
        (
            "percentile",
            json!({"percentile": -0.5}),
            "`percentile` must be from 0 to 100, but it is -0.5",
        ),
        (
            "percentile",
            json!({"n_min_trials": 0}),
            "`n_min_trials` must be at least 1, but it is 0",
        ),
        (
            "median",
            json!({"interval_steps": 0}),
            "`interval_steps` must be at least 1, but it is 0",
        ),
        (
            "median",
            json!({"n_warmup_steps": -1}),
            "`n_warmup_steps`: invalid value: integer `-1`, expected u32",
        ),
        (
            "threshold",
            json!({}),
            "`lower`, `upper` or both must be given",
        ),
        (
            "threshold",
            json!({"lower": 2.0, "upper": 1.5}),
            "`lower` must not be above `upper`, but they are 2 and 1.5",
        ),
        (
            "patient",
            json!({"patience": -1}),
            "`patience`: invalid value: integer `-1`, expected usize",
        ),
        (
            "patient",
            json!({"min_delta": -0.1}),
            "`min_delta` must not be negative, but it is -0.1",
        ),
        (
            "patient",
            json!({"wrapped_pruner": {"type": "medium"}}),
            "`wrapped_pruner`: no pruner is named `medium`, did you mean `median`?; the pruners \
             are ALL",
        ),
        (
            "patient",
            json!({"wrapped_pruner": {"type": "threshold", "attributes": {}}}),
            "`wrapped_pruner`: invalid options for pruner `threshold`: `lower`, `upper` or both \
             must be given",
        ),
        (
            "successive_halving",
            json!({"reduction_factor": 1}),
            "`reduction_factor` must be at least 2, but it is 1",
        ),
        (
            "successive_halving",
            json!({"min_resource": 0}),
            "`min_resource`: 0 is neither a whole number from 1 on nor \"auto\"",
        ),
        (
            "successive_halving",
            json!({"bootstrap_count": 3}),
            "`bootstrap_count` needs a number as `min_resource`, but they are 3 and \"auto\"",
        ),
        (
            "hyperband",
            json!({"min_resource": 0}),
            "`min_resource` must be at least 1, but it is 0",
        ),
        (
            "hyperband",
            json!({"max_resource": "always"}),
            "`max_resource`: \"always\" is neither a whole number from 1 on nor \"auto\"",
        ),
        (
            "hyperband",
            json!({"min_resource": 9, "max_resource": 8}),
            "`max_resource` must not be below `min_resource`, but they are 8 and 9",
        ),
        (
            "hyperband",
            json!({"reduction_factor": 0}),
            "`reduction_factor` must be at least 2, but it is 0",
        ),
        (
            "hyperband",
            json!({"bootstrap_count": 1}),
            "`bootstrap_count` needs a number as `max_resource`, but they are 1 and \"auto\"",
        ),
        (
            "dominance_halving",
            json!({"reduction_factor": 1}),
            "`reduction_factor` must be at least 2, but it is 1",
        ),
        (
            "wilcoxon",
            json!({"p_threshold": 1.5}),
            "`p_threshold` must be from 0 to 1, but it is 1.5",
        ),
    ];
    let all: Vec<&str> = PRUNERS.iter().map(|entry| entry.name).collect();
    for (name, options, expected) in cases {
        let error = super::build(name, options).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("invalid options for pruner `{name}`: {expected}")
                .replace("ALL", &all.join(", "))
        );
    }
}

#[test]
fn options_that_were_not_built_by_name_are_refused_when_they_are_used() -> Result<()> {
    let halving = super::SuccessiveHalvingPruner {
        reduction_factor: 1,
        ..super::SuccessiveHalvingPruner::default()
    };
    let median = super::MedianPruner {
        n_min_trials: 0,
        ..super::MedianPruner::default()
    };
    let cases: [(Arc<dyn Pruner>, &str); 2] = [
        (
            Arc::new(halving),
            "`successive_halving`: `reduction_factor` must be at least 2, but it is 1",
        ),
        (
            Arc::new(median),
            "`median`: `n_min_trials` must be at least 1, but it is 0",
        ),
    ];
    for (pruner, expected) in cases {
        let study = Study::in_memory("s", &[Direction::Minimize])?.with_pruner(pruner);
        let error = study.ask()?.should_prune().unwrap_err().to_string();
        assert_eq!(error, format!("invalid options for pruner {expected}"));
    }
    Ok(())
}
