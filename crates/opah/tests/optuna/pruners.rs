//! On the same reports, pruners decide as the real Optuna's do.

use opah::{Direction, Study};
use serde_json::Value;

/// Random histories with ties, NaN and gaps; reports are `[step, value or null for NaN]`.
const CASES: &str = r"
import random, warnings
warnings.simplefilter('ignore')
draw = random.Random(0)
nan = float('nan')

def reports():
    steps = sorted(draw.sample(range(8), draw.randint(0, 8)))
    return [(s, nan if draw.random() < 0.1 else round(draw.random(), 1)) for s in steps]

def encoded(reports):
    return [[s, None if v != v else v] for s, v in reports]

def common():
    return {'n_warmup_steps': draw.randint(0, 3), 'interval_steps': draw.randint(1, 3)}

def startup():
    return common() | {'n_startup_trials': draw.randint(0, 5), 'n_min_trials': draw.randint(1, 4)}

def options(name):
    match name:
        case 'median':
            return startup()
        case 'percentile':
            return startup() | {'percentile': draw.choice([0.0, 10.0, 25.0, 33.0, 75.0, 100.0])}
        case 'threshold':
            return common() | draw.choice([{'lower': 0.2}, {'upper': 0.7}, {'lower': 0.1, 'upper': 0.9}])

classes = {
    'median': optuna.pruners.MedianPruner,
    'percentile': optuna.pruners.PercentilePruner,
    'threshold': optuna.pruners.ThresholdPruner,
}
cases = []
for number in range(300):
    name = draw.choice(sorted(classes))
    chosen = options(name)
    direction = draw.choice(['minimize', 'maximize'])
    study = optuna.create_study(direction=direction, pruner=classes[name](**chosen))
    complete = [reports() for _ in range(draw.randint(0, 8))]
    for trial_reports in complete:
        trial = study.ask()
        for step, value in trial_reports:
            trial.report(value, step)
        study.tell(trial, 0.5)
    running, decisions = reports(), []
    trial = study.ask()
    for step, value in running:
        trial.report(value, step)
        decisions.append(bool(trial.should_prune()))
    cases.append({'name': name, 'options': chosen, 'direction': direction,
        'complete': [encoded(r) for r in complete], 'running': encoded(running),
        'decisions': decisions})
print(json.dumps(cases))
";

#[test]
fn pruners_decide_as_optunas() {
    let folder = tempfile::tempdir().unwrap();
    let Some(out) = super::optuna(&folder.path().join("unused.db"), CASES) else {
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&out).unwrap();
    let mut n_pruned = 0;
    for case in &cases {
        let decisions = decide(case);
        n_pruned += decisions.iter().filter(|pruned| **pruned).count();
        let expected: Vec<bool> = serde_json::from_value(case["decisions"].clone()).unwrap();
        assert_eq!(decisions, expected, "{case}");
    }
    assert!(
        n_pruned > 100,
        "only {n_pruned} decisions to stop: the cases show too little"
    );
}

/// What opah decides after each report of the running trial.
fn decide(case: &Value) -> Vec<bool> {
    let direction = match case["direction"].as_str() {
        Some("maximize") => Direction::Maximize,
        _ => Direction::Minimize,
    };
    let pruner = opah::pruner::build(case["name"].as_str().unwrap(), &case["options"]).unwrap();
    let study = Study::in_memory("same", &[direction])
        .unwrap()
        .with_pruner(pruner);
    for complete in case["complete"].as_array().unwrap() {
        let mut trial = study.ask().unwrap();
        for (step, value) in reports(complete) {
            trial.report(step, value).unwrap();
        }
        study.tell(&mut trial, &[0.5]).unwrap();
    }
    let mut trial = study.ask().unwrap();
    let decision = |(step, value)| {
        trial.report(step, value).unwrap();
        trial.should_prune().unwrap()
    };
    reports(&case["running"]).map(decision).collect()
}

fn reports(encoded: &Value) -> impl Iterator<Item = (i64, f64)> {
    let pairs = encoded.as_array().unwrap().iter();
    pairs.map(|pair| {
        (
            pair[0].as_i64().unwrap(),
            pair[1].as_f64().unwrap_or(f64::NAN),
        )
    })
}
