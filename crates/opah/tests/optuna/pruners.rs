//! On the same reports, pruners decide as the real Optuna's do, and show the same values
//! at the same rungs; and trials of both race in one study.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use opah::json::Json;
use opah::storage::SqliteStorage;
use opah::{Direction, FrozenTrial, Pruner, Stop, Study, Trial};
use serde_json::{Value, json};

/// Random studies, each with several trials at a time, with ties, NaN, infinities and
/// gaps. Events are `[number, step, value]` with what is decided (null: not asked), or
/// `[number, end]`.
const CASES: &str = r"
import random, warnings
warnings.simplefilter('ignore')
import numpy
numpy.seterr(all='ignore')
draw = random.Random(0)
P = optuna.pruners

def value():
    return draw.choice([math.nan, math.inf, -math.inf]) if draw.random() < 0.1 else round(draw.random(), 1)

def reports():
    scale = draw.choice([1, 1, 40])
    return [(s * scale, value()) for s in sorted(draw.sample(range(12), draw.randint(0, 12)))]

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
        case 'patient':
            wrapped = draw.choice([None, None, 'median', 'percentile', 'successive_halving'])
            wrapped = wrapped and {'type': wrapped, 'attributes': options(wrapped)}
            return {'wrapped_pruner': wrapped, 'patience': draw.randint(0, 4),
                'min_delta': draw.choice([0.0, 0.2])}
        case 'successive_halving':
            resource = draw.choice(['auto', 1, 2, 3])
            return {'min_resource': resource, 'reduction_factor': draw.randint(2, 4),
                'min_early_stopping_rate': draw.randint(0, 2),
                'bootstrap_count': 0 if resource == 'auto' else draw.choice([0, 0, 1, 3])}
        case 'hyperband':
            resource, least = draw.choice(['auto', 3, 9, 27, 300]), draw.randint(1, 3)
            return {'min_resource': least, 'max_resource': resource,
                'reduction_factor': draw.randint(2, 4),
                'bootstrap_count': 0 if resource == 'auto' else draw.choice([0, 0, 1, 3])}

classes = {
    'median': P.MedianPruner,
    'percentile': P.PercentilePruner,
    'threshold': P.ThresholdPruner,
    'patient': P.PatientPruner,
    'successive_halving': P.SuccessiveHalvingPruner,
    'hyperband': P.HyperbandPruner,
}

def build(name, chosen):
    wrapped = chosen.get('wrapped_pruner')
    if wrapped:
        chosen = chosen | {'wrapped_pruner': build(wrapped['type'], wrapped['attributes'])}
    return classes[name](**chosen)

cases = []
for number in range(600):
    name = sorted(classes)[number % len(classes)]
    chosen = options(name)
    direction = draw.choice(['minimize', 'maximize'])
    study = optuna.create_study(study_name=f'case {number}', direction=direction,
        pruner=build(name, chosen))
    begun, running, events = 0, {}, []
    n_trials, width = draw.randint(1, 14), draw.randint(1, 4)
    while running or begun < n_trials:
        if begun < n_trials and len(running) < width:
            trial = study.ask()
            running[trial.number] = (trial, reports())
            begun += 1
            continue
        trial, left = running[draw.choice(sorted(running))]
        if left:
            step, v = left.pop(0)
            trial.report(v, step)
            decision = bool(trial.should_prune()) if draw.random() < 0.9 else None
            events.append({'number': trial.number, 'step': step, 'value': str(v), 'decision': decision})
            ended = 'pruned' if decision and draw.random() < 0.8 else None
        else:
            ended = 'failed' if draw.random() < 0.1 else 'complete'
        if ended:
            state = {'pruned': 'PRUNED', 'failed': 'FAIL', 'complete': 'COMPLETE'}[ended]
            study.tell(trial, 0.5 if ended == 'complete' else None, state=optuna.trial.TrialState[state])
            events.append({'number': trial.number, 'end': ended})
            del running[trial.number]
    rungs = [{k: json.dumps(v) for k, v in t.system_attrs.items() if k.startswith('completed_rung')}
        for t in study.trials]
    cases.append({'study': f'case {number}', 'name': name, 'options': chosen,
        'direction': direction, 'events': events, 'rungs': rungs})
print(json.dumps(cases))
";

#[test]
fn pruners_decide_as_optunas() {
    let folder = tempfile::tempdir().unwrap();
    let Some(out) = super::optuna(&folder.path().join("unused.db"), CASES) else {
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&out).unwrap();
    let mut n_stopped = BTreeMap::<&str, usize>::new();
    let mut n_rungs = 0;
    for case in &cases {
        let events = case["events"].as_array().unwrap();
        let study = replay(case, events);
        for trial in study.trials().unwrap() {
            let expected = &case["rungs"][trial.number as usize];
            assert_eq!(&rungs(&trial), expected, "{case}");
            n_rungs += expected.as_object().unwrap().len();
        }
        let stopped = events.iter().filter(|event| event["decision"] == true);
        *n_stopped.entry(case["name"].as_str().unwrap()).or_default() += stopped.count();
    }
    assert_eq!(n_stopped.len(), 6);
    assert!(
        n_stopped.values().all(|n| *n > 50) && n_rungs > 500,
        "the cases show too little: {n_stopped:?}, {n_rungs} rungs"
    );
}

/// Runs the events of a case, and compares the decisions.
fn replay(case: &Value, events: &[Value]) -> Study {
    let direction = match case["direction"].as_str() {
        Some("maximize") => Direction::Maximize,
        _ => Direction::Minimize,
    };
    let pruner = opah::pruner::build(case["name"].as_str().unwrap(), &case["options"]).unwrap();
    let study = Study::in_memory(case["study"].as_str().unwrap(), &[direction])
        .unwrap()
        .with_pruner(pruner);
    let mut trials: Vec<Trial> = Vec::new();
    let n_trials = case["rungs"].as_array().unwrap().len();
    trials.resize_with(n_trials, || study.ask().unwrap());
    for event in events {
        let trial = &mut trials[event["number"].as_u64().unwrap() as usize];
        if let Some(end) = event["end"].as_str() {
            let result = match end {
                "pruned" => Err(Stop::Pruned),
                "failed" => Err(Stop::failed("planned")),
                _ => Ok(vec![0.5]),
            };
            study.tell_result(trial, result).unwrap();
            continue;
        }
        let value: f64 = event["value"].as_str().unwrap().parse().unwrap();
        trial
            .report(event["step"].as_i64().unwrap(), value)
            .unwrap();
        if let Some(expected) = event["decision"].as_bool() {
            assert_eq!(trial.should_prune().unwrap(), expected, "{event} of {case}");
        }
    }
    study
}

/// Random studies over instances, with ties, zeros, other orders and a missing report.
const INSTANCES: &str = r"
import random, warnings
warnings.simplefilter('ignore')
draw = random.Random(1)
cases = []
for number in range(100):
    # SciPy takes a second over 13 differences with ties.
    n_steps, digits, least = draw.choice([(6, 0, 2), (20, 6, 0), (60, 6, 6), (30, 0, 14)])
    options = {'p_threshold': draw.choice([0.05, 0.1, 0.3]), 'n_startup_steps': least}
    direction = draw.choice(['minimize', 'maximize'])
    study = optuna.create_study(direction=direction, pruner=optuna.pruners.WilcoxonPruner(**options))
    trials = []
    for _ in range(4):
        trial, shift = study.ask(), draw.gauss(0, 0.7)
        steps = list(range(n_steps))
        if draw.random() < 0.5:
            draw.shuffle(steps)
        if draw.random() < 0.2:
            steps.pop()
        reports, told = [], []
        for step in steps:
            value = math.inf if draw.random() < 0.002 else round(draw.gauss(shift + step % 3, 1), digits)
            trial.report(value, step)
            told.append(value)
            reports.append([step, str(value), bool(trial.should_prune())])
        mean = sum(told) / len(told)
        study.tell(trial, mean if math.isfinite(mean) else 0.0)
        trials.append({'reports': reports, 'value': mean if math.isfinite(mean) else 0.0})
    cases.append({'options': options, 'direction': direction, 'trials': trials})
print(json.dumps(cases))
";

#[test]
fn the_wilcoxon_pruner_decides_as_optunas() {
    let folder = tempfile::tempdir().unwrap();
    let Some(out) = super::optuna(&folder.path().join("unused.db"), INSTANCES) else {
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&out).unwrap();
    let (mut n_stopped, mut n_asked) = (0, 0);
    for case in &cases {
        let direction = match case["direction"].as_str() {
            Some("maximize") => Direction::Maximize,
            _ => Direction::Minimize,
        };
        let pruner = opah::pruner::build("wilcoxon", &case["options"]).unwrap();
        let study = Study::in_memory("s", &[direction])
            .unwrap()
            .with_pruner(pruner);
        for planned in case["trials"].as_array().unwrap() {
            let mut trial = study.ask().unwrap();
            for report in planned["reports"].as_array().unwrap() {
                let value: f64 = report[1].as_str().unwrap().parse().unwrap();
                trial.report(report[0].as_i64().unwrap(), value).unwrap();
                let stopped = trial.should_prune().unwrap();
                assert_eq!(report[2], stopped, "{} {report} {case}", trial.number());
                n_stopped += usize::from(stopped);
                n_asked += 1;
            }
            let value = planned["value"].as_f64().unwrap();
            study.tell(&mut trial, &[value]).unwrap();
        }
    }
    assert!(
        n_stopped > 500 && n_asked > 4 * n_stopped,
        "{n_stopped} of {n_asked}"
    );
}

fn rungs(trial: &FrozenTrial) -> Value {
    let attrs = trial.system_attrs.iter();
    let rungs = attrs.filter(|(key, _)| key.starts_with("completed_rung"));
    rungs
        .map(|(key, value)| (key.clone(), json!(value.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Trials of 27 steps, run with Optuna: `race(study, n)`.
const RACE: &str = r"
def value(number, step):
    return ((number * 7919) % 101 + (step * 37 + number * 11) % 13) / 16
def race(study, n):
    for _ in range(n):
        trial = study.ask()
        for step in range(27):
            trial.report(value(trial.number, step), step)
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, value(trial.number, 26))
pruner = optuna.pruners.HyperbandPruner(reduction_factor=3)
";

/// The same with opah.
fn race(db: &Path, pruner: &Arc<dyn Pruner>, n_trials: usize) {
    let storage = Arc::new(SqliteStorage::open(db).unwrap());
    let study = Study::load(storage, "race")
        .unwrap()
        .with_pruner(pruner.clone());
    let value = |number: u64, step: i64| {
        ((number as i64 * 7919) % 101 + (step * 37 + number as i64 * 11) % 13) as f64 / 16.0
    };
    'trials: for _ in 0..n_trials {
        let mut trial = study.ask().unwrap();
        let number = trial.number();
        for step in 0..27 {
            trial.report(step, value(number, step)).unwrap();
            if trial.should_prune().unwrap() {
                study.tell_result(&mut trial, Err(Stop::Pruned)).unwrap();
                continue 'trials;
            }
        }
        study.tell(&mut trial, &[value(number, 26)]).unwrap();
    }
}

#[test]
fn trials_of_both_race_in_one_study() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    // What Optuna does with all trials by itself, in one process.
    let alone = format!(
        "{RACE}
study = optuna.create_study(study_name='race', pruner=pruner)
race(study, 40)
print(json.dumps([[t.state.name, t.last_step, {{k: json.dumps(v) for k, v in t.system_attrs.items()}}]
    for t in study.trials]))
optuna.create_study(study_name='race', storage=db)
"
    );
    let Some(out) = super::optuna(&db, &alone) else {
        return;
    };
    let expected: Vec<Value> = serde_json::from_str(&out).unwrap();
    let pruner = opah::pruner::build("hyperband", &json!({"reduction_factor": 3})).unwrap();
    let theirs =
        format!("{RACE}\nrace(optuna.load_study(study_name='race', storage=db, pruner=pruner), 8)");
    for round in 0..5 {
        if round % 2 == 0 {
            race(&db, &pruner, 8);
        } else {
            super::optuna(&db, &theirs);
        }
    }
    let storage = Arc::new(SqliteStorage::open(&db).unwrap());
    let trials = Study::load(storage, "race").unwrap().trials().unwrap();
    let shared: Vec<Value> = trials
        .iter()
        .map(|trial| json!([trial.state.name(), trial.last_step(), rungs(trial)]))
        .collect();
    assert_eq!(shared, expected);
    let n_pruned = expected.iter().filter(|trial| trial[0] == "PRUNED");
    assert!(n_pruned.count() > 15, "{expected:?}");
    // Who finds the number of steps remembers it with its trial, for all later ones.
    let found = trials
        .iter()
        .map(|trial| trial.system_attrs.get("opah:max_resource"));
    assert_eq!(found.flatten().collect::<Vec<_>>(), [&Json::new(&27)]);
}
