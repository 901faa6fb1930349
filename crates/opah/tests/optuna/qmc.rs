//! The points of the real Optuna's quasi-Monte Carlo sampler, in a study that runs alone.

use opah::optimize::Optimize;
use opah::{Direction, Stop, Study, Trial};
use serde_json::json;

/// Names in order, for opah takes the coordinates in that order and Optuna in the one in
/// which it was asked. (Numbers on a grid may differ where a point is halfway between two:
/// Python rounds to the even one.)
fn objective(trial: &mut Trial) -> Result<f64, Stop> {
    let mut sum = trial.suggest_float("a", -1.0..=2.0)?;
    sum += *trial.suggest_categorical("b", &[1.0, 2.0, 4.0])?;
    sum += trial.suggest_float_log("c", 1e-4..=1.0)?;
    sum += trial.suggest_int("d", -2..=4)? as f64;
    sum += trial.suggest_float_step("e", 0.0..=1.0, 0.25)?;
    sum += trial.suggest_int_log("f", 1..=1000)? as f64;
    Ok(sum)
}

#[test]
fn points_are_optunas() {
    let folder = tempfile::tempdir().unwrap();
    for qmc_type in ["sobol", "halton"] {
        let script = format!(
            r"
sampler = optuna.samplers.QMCSampler(qmc_type='{qmc_type}', seed=1)
study = optuna.create_study(sampler=sampler)
def objective(trial):
    total = trial.suggest_float('a', -1, 2) + trial.suggest_categorical('b', [1.0, 2.0, 4.0])
    total += trial.suggest_float('c', 1e-4, 1, log=True) + trial.suggest_int('d', -2, 4)
    total += trial.suggest_float('e', 0, 1, step=0.25) + trial.suggest_int('f', 1, 1000, log=True)
    return total
study.optimize(objective, n_trials=101)
print(json.dumps([list(trial.params.values()) for trial in study.trials[1:]]))
"
        );
        let Some(out) = super::optuna(&folder.path().join("unused.db"), &script) else {
            return;
        };
        let expected: Vec<Vec<f64>> = serde_json::from_str(&out).unwrap();
        let options = json!({"qmc_type": qmc_type, "seed": 1});
        let study = Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(opah::sampler::build("QMCSampler", &options).unwrap());
        study.optimize(&Optimize::trials(101), objective).unwrap();
        for (trial, expected) in study.trials().unwrap()[1..].iter().zip(&expected) {
            let values = trial.params.iter().map(|param| param.external().as_f64());
            for (value, expected) in values.zip(expected) {
                let value = value.unwrap();
                let distance = (value - expected).abs();
                assert!(
                    distance <= 1e-14 * expected.abs(),
                    "{qmc_type}, trial {}: {value} for {expected}",
                    trial.number
                );
            }
        }
    }
}
