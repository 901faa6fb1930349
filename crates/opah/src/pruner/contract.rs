//! What every pruner in [`PRUNERS`](super::PRUNERS) must pass.

use serde_json::json;

use super::PRUNERS;
use crate::error::Result;
use crate::frozen_trial::Direction;
use crate::study::Study;

#[test]
fn a_trial_without_reports_runs_on() -> Result<()> {
    for entry in PRUNERS {
        let pruner = super::build(entry.name, &json!({}))?;
        let study = Study::in_memory("s", &[Direction::Minimize])?.with_pruner(pruner);
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
            let pruner = super::build(entry.name, &json!({}))?;
            let study = Study::in_memory("s", &[direction])?.with_pruner(pruner);
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
fn unknown_options_are_refused() {
    for entry in PRUNERS {
        let error = super::build(entry.name, &json!({"no_such_option": 1})).unwrap_err();
        assert!(error.to_string().contains("no_such_option"), "{error}");
    }
}
