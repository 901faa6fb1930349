//! On the same trials, importances are the real Optuna's.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use opah::frozen_trial::{FrozenTrial, Param, TrialId};
use opah::{Direction, Distribution, History, TrialState, importance};
use serde_json::{Value, json};

/// Python that makes a random study with all kinds of parameters and shows its trials.
const STUDIES: &str = r"
import random, sys, warnings
from optuna.importance import *
warnings.simplefilter('ignore')
draw = random.Random(3)

def objective(trial):
    x = trial.suggest_float('float', -3, 5)
    lr = trial.suggest_float('float_log', 1e-5, 1e-1, log=True)
    step = trial.suggest_float('float_step', 0.0, 1.0, step=0.1)
    n = trial.suggest_int('int', -4, 200)
    few = trial.suggest_int('int_step', 1, 14, step=3)
    width = trial.suggest_int('int_log', 1, 3000, log=True)
    size = trial.suggest_int('int_log_narrow', 4, 9, log=True)
    kind = trial.suggest_categorical('choice', ['a', 'b', None, 2.5])
    trial.suggest_categorical('single', ['only'])
    trial.suggest_float('wide', -1, 1 if trial.number % 2 else 2 + trial.number // 40)
    value = x ** 2 + math.log10(lr) + step * n / 100 + abs(few - 7) + math.log(width) - size
    if kind == 'a':
        value += trial.suggest_float('of_a', 0, 10)
    elif kind is None:
        value -= trial.suggest_int('of_none', 1, 3 + trial.number % 2)
    if trial.number % 9 == 5:
        raise optuna.TrialPruned()
    if trial.number % 13 == 7:
        return math.inf
    return round(value, draw.choice([0, 6]))

def study(seed, direction, n_trials):
    made = optuna.create_study(direction=direction,
        sampler=optuna.samplers.RandomSampler(seed=seed))
    made.optimize(objective, n_trials=n_trials)
    return made

def trials(study):
    def param(trial, name):
        distribution = trial.distributions[name]
        return [distribution.to_internal_repr(trial.params[name]),
            optuna.distributions.distribution_to_json(distribution)]
    return [{'number': t.number, 'state': t.state.name,
        'value': str(t.value) if t.state.name == 'COMPLETE' else None,
        'params': {name: param(t, name) for name in t.params}} for t in study.trials]
";

const PED_ANOVA: &str = r"
cases = []
for seed in range(24):
    direction = draw.choice(['minimize', 'maximize'])
    made = study(seed, direction, draw.choice([3, 12, 40, 90]))
    for _ in range(3):
        options = {'target_quantile': draw.choice([0.1, 0.25, 0.5]),
            'region_quantile': draw.choice([1.0, 1.0, 0.8, 0.55]),
            'evaluate_on_local': draw.random() < 0.5}
        params = draw.choice([None, ['choice', 'float_log', 'of_a']])
        try:
            importances = get_param_importances(made, params=params, normalize=False,
                evaluator=PedAnovaImportanceEvaluator(**options))
        except ValueError:
            continue
        cases.append({'direction': direction, 'trials': trials(made), 'options': options,
            'params': params, 'importances': importances})
print(json.dumps(cases))
";

#[test]
fn ped_anova_is_optunas() {
    let Some(out) = super::optuna(Path::new("unused"), &(STUDIES.to_owned() + PED_ANOVA)) else {
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&out).unwrap();
    let mut n_positive = 0;
    for case in &cases {
        let expected = case["importances"].as_object().unwrap();
        let importances = importances(case, "ped_anova", &case["options"]);
        assert_eq!(importances.len(), expected.len());
        for (name, got) in importances {
            let expected = expected[&name].as_f64().unwrap();
            n_positive += usize::from(expected > 0.0);
            assert!(
                (got - expected).abs() <= 1e-9 * expected,
                "{name}: {got} instead of {expected} with {}",
                case["options"]
            );
        }
    }
    assert!(
        n_positive > 300,
        "only {n_positive} importances above 0: the cases show too little"
    );
}

const FORESTS: &str = r"
classes = {'fanova': FanovaImportanceEvaluator,
    'mean_decrease_impurity': MeanDecreaseImpurityImportanceEvaluator}
cases = []
for seed, n_trials, params in [(1, 30, None), (2, 70, None),
        # By name: given in another order, Optuna gives impurities to the wrong names.
        (3, 90, ['choice', 'float_log', 'int_step', 'of_a', 'single'])]:
    made = study(seed, 'minimize', n_trials)
    for name, evaluator in classes.items():
        runs = [get_param_importances(made, params=params, normalize=False,
            evaluator=evaluator(seed=run)) for run in range(12)]
        cases.append({'evaluator': name, 'direction': 'minimize', 'trials': trials(made),
            'params': params, 'runs': runs})
print(json.dumps(cases))
";

/// Both are random in the seed, so means over seeds are compared, with the standard
/// error that their spread gives.
#[test]
fn fanova_and_impurity_are_optunas_but_for_chance() {
    let Some(out) = super::optuna(Path::new("unused"), &(STUDIES.to_owned() + FORESTS)) else {
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&out).unwrap();
    let mut n_compared = 0;
    for case in &cases {
        let name = case["evaluator"].as_str().unwrap();
        let optunas = case["runs"].as_array().unwrap();
        let ours: Vec<_> = (0..optunas.len())
            .map(|seed| importances(case, name, &json!({ "seed": seed })))
            .collect();
        for param in optunas[0].as_object().unwrap().keys() {
            let optunas: Vec<f64> = optunas
                .iter()
                .map(|run| run[param].as_f64().unwrap())
                .collect();
            let ours: Vec<f64> = ours.iter().map(|run| run[param]).collect();
            let (mean, error) = mean_and_error(&ours);
            let (optunas_mean, optunas_error) = mean_and_error(&optunas);
            let error = error.hypot(optunas_error);
            n_compared += usize::from(error > 0.0);
            eprintln!(
                "{name:23} {param:15} {mean:.5} Optuna {optunas_mean:.5}, {:+.2} standard errors",
                (mean - optunas_mean) / error.max(f64::MIN_POSITIVE)
            );
            assert!(
                (mean - optunas_mean).abs() <= 3.0 * error,
                "{name} of {param}: {mean} instead of {optunas_mean}, standard error {error}"
            );
        }
        assert_eq!(ours[0].len(), optunas[0].as_object().unwrap().len());
    }
    assert!(
        n_compared >= 36,
        "only {n_compared} importances differ by seed"
    );
}

/// The mean and its standard error.
fn mean_and_error(runs: &[f64]) -> (f64, f64) {
    let n = runs.len() as f64;
    let mean = runs.iter().sum::<f64>() / n;
    let squares: f64 = runs.iter().map(|run| (run - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

/// opah's importances of a case, not normalised.
fn importances(case: &Value, evaluator: &str, options: &Value) -> BTreeMap<String, f64> {
    let direction = match case["direction"].as_str() {
        Some("maximize") => Direction::Maximize,
        _ => Direction::Minimize,
    };
    let params: Option<Vec<String>> = serde_json::from_value(case["params"].clone()).unwrap();
    let evaluator = importance::build(evaluator, options).unwrap();
    let found = importance::importances(
        &history(&case["trials"]),
        direction,
        evaluator.as_ref(),
        params.as_deref(),
        false,
    );
    found.unwrap().into_iter().collect()
}

fn history(trials: &Value) -> History {
    let param = |(name, shown): (&String, &Value)| Param {
        name: name.as_str().into(),
        value: shown[0].as_f64().unwrap(),
        distribution: Arc::new(Distribution::from_json(shown[1].as_str().unwrap()).unwrap()),
    };
    let trial = |shown: &Value| {
        let number = shown["number"].as_u64().unwrap();
        let value = shown["value"].as_str().map(|text| text.parse().unwrap());
        FrozenTrial {
            id: TrialId(number as i64),
            number,
            state: TrialState::from_name(shown["state"].as_str().unwrap()).unwrap(),
            values: value.into_iter().collect(),
            params: shown["params"]
                .as_object()
                .unwrap()
                .iter()
                .map(param)
                .collect(),
            intermediate_values: BTreeMap::new(),
            user_attrs: BTreeMap::new(),
            system_attrs: BTreeMap::new(),
            datetime_start: None,
            datetime_complete: None,
        }
    };
    History::of(trials.as_array().unwrap().iter().map(trial))
}
