//! TPE is the real Optuna's: the same densities, the same good and bad trials, and the
//! same distribution of suggestions.

use std::fmt::Write as _;
use std::sync::Arc;

use opah::context::{Context, Saved};
use opah::frozen_trial::{FrozenTrial, Param, StudyId, Timestamp};
use opah::json::Json;
use opah::sampler::TpeSampler;
use opah::sampler::tpe::parzen::{Observation, Parzen, Weighting};
use opah::sampler::tpe::split::Split;
use opah::storage::{MemoryStorage, TrialStart, TrialUpdate};
use opah::{Direction, Distribution, History, Sampler, SearchSpace, Storage, TrialState};
use serde_json::{Value, json};

fn cases(script: &str) -> Option<Vec<Value>> {
    let folder = tempfile::tempdir().unwrap();
    let out = super::optuna(&folder.path().join("unused.db"), script)?;
    Some(serde_json::from_str(&out).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn space(value: &Value) -> SearchSpace {
    let parameters = value.as_object().unwrap().iter();
    parameters
        .map(|(name, text)| {
            let distribution = Distribution::from_json(text.as_str().unwrap()).unwrap();
            (name.as_str().into(), Arc::new(distribution))
        })
        .collect()
}

/// Spaces of all kinds with 0 to 150 observations, densities at 12 points. Cells are not
/// narrower than a 400th of a bandwidth, where Optuna's masses, differences of close
/// numbers, still have twelve digits. Where values on small grids are tied, the kernels
/// get the bandwidths of the rule in `docs/samplers/tpe.md` before Optuna computes the
/// density.
const DENSITIES: &str = r"
import warnings
import numpy as np
from optuna.distributions import *
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_weights
warnings.simplefilter('ignore')
rng = np.random.RandomState(0)
options = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)
F, I, C = FloatDistribution, IntDistribution, CategoricalDistribution
kinds = {
    'a': F(-2.0, 5.0), 'b': F(1e-6, 1e-1, log=True), 'c': F(0.0, 100.0, step=0.25),
    'd': I(0, 400), 'e': I(1, 300, log=True), 'f': C(['x', 'y', 'z']), 'g': I(-400, 400, step=2),
    'h': I(1, 5), 'i': F(0.0, 1.0, step=0.125), 'j': I(1, 30, log=True), 'k': C([None, True]),
}
spaces = ['a', 'b', 'c', 'd', 'e', 'f', 'ab', 'abcdefg', 'cdeg', 'h', 'ahijk', 'abcdefghijk']
tied = set('hij')

def draw(d, n):
    if isinstance(d, C): return rng.randint(len(d.choices), size=n).astype(float)
    if d.step is None:
        u = rng.uniform(np.log(d.low) if d.log else d.low, np.log(d.high) if d.log else d.high, size=n)
        return np.exp(u) if d.log else u
    count = round((d.high - d.low) / d.step) + 1
    return d.low + d.step * rng.choice(count, size=n, replace=count < n)

def gap_rule(mu, low, high):
    if len(mu) == 0: return mu
    order = np.argsort(mu, kind='stable')
    v = mu[order]
    left, right = np.diff(v, prepend=v[0]), np.diff(v, append=v[-1])
    if len(mu) == 1: left, right = mu - low, high - mu
    sigma = np.empty(len(mu))
    sigma[order] = np.maximum(left, right)
    return np.clip(sigma, (high - low) / min(100, len(mu) + 2), high - low)

cases = []
for names in spaces:
    for n in [0, 1, 2, 5, 24, 25, 40, 150]:
        space = {k: kinds[k] for k in names}
        observed = {k: draw(d, n) for k, d in space.items()}
        estimator = _ParzenEstimator(observed, space, options)
        mixture = estimator._mixture_distribution
        if tied & set(names):
            dists = []
            for k, d in zip(names, mixture.distributions):
                if k in tied:
                    sigma = gap_rule(d.mu[:-1], d.adapted_low, d.adapted_high)
                    d = d._replace(sigma=np.append(sigma, d.sigma[-1]))
                dists.append(d)
            estimator._mixture_distribution = mixture._replace(distributions=dists)
        inside = {k: draw(d, 4) for k, d in space.items()}
        drawn = estimator.sample(rng, 8)
        points = {k: np.append(inside[k], drawn[k]) for k in names}
        cases.append({'n': n, 'space': {k: distribution_to_json(d) for k, d in space.items()},
            'observed': {k: v.tolist() for k, v in observed.items()},
            'points': {k: v.tolist() for k, v in points.items()},
            'log_pdf': estimator.log_pdf(points).tolist()})
print(json.dumps(cases))
";

#[test]
fn log_densities_are_optunas_to_twelve_digits() {
    let Some(cases) = cases(DENSITIES) else {
        return;
    };
    assert_eq!(cases.len(), 96);
    for case in &cases {
        let space = space(&case["space"]);
        let columns = |of: &Value| -> Vec<Vec<f64>> {
            space
                .iter()
                .map(|(name, _)| numbers(&of[name.as_ref()]))
                .collect()
        };
        let observed = columns(&case["observed"]);
        let n = case["n"].as_u64().unwrap();
        let observations: Vec<Observation> = (0..n)
            .map(|number| Observation {
                number,
                values: observed
                    .iter()
                    .map(|column| column[number as usize])
                    .collect(),
            })
            .collect();
        let mut estimate = Parzen::new(&space, Weighting::OlderLighter);
        estimate.change(&[], &observations);
        let got = estimate.log_density(&columns(&case["points"]));
        for (got, expected) in got.iter().zip(numbers(&case["log_pdf"])) {
            assert!(
                (got - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                "{got} is not {expected} in {} with {n} observations",
                case["space"]
            );
        }
    }
}

/// Random histories with ties, infinities, NaN reports and constraints. Of three objectives,
/// the values are no round numbers: Optuna's volumes, sums in another order, break a tie of
/// two gains by their last bit.
const SPLITS: &str = r"
import random, warnings
warnings.simplefilter('ignore')
from optuna.samplers._tpe.sampler import _split_trials, default_gamma, default_gamma_multiobjective
from optuna.trial import TrialState as S, create_trial
draw = random.Random(1)
nan, inf = float('nan'), float('inf')

def value(): return draw.choice([round(draw.uniform(-1, 1), 1), round(draw.uniform(-1, 1), 1), 0.0, -0.0, inf, -inf])
def report(): return nan if draw.random() < 0.2 else value()
def encoded(v): return str(v)

def several(n_objectives, odd, known):
    if known and draw.random() < 0.1: return draw.choice(known)
    values = [draw.uniform(-1, 1) for _ in range(n_objectives)]
    if n_objectives == 2 and draw.random() < 0.5: values = [round(v, 1) for v in values]
    if draw.random() < odd: values[draw.randrange(n_objectives)] = draw.choice([inf, -inf, 0.0, -0.0])
    return values

cases = []
one = [['minimize'], ['maximize']]
more = [['minimize', 'maximize'], ['maximize', 'minimize', 'minimize']]
for n in [0, 1, 2, 9, 10, 11, 30, 30, 60, 60, 90, 120, 240, 260, 400]:
  for directions in one + more + more:
    n_objectives = len(directions)
    study = optuna.create_study(directions=directions)
    records, known = [], []
    rates = [draw.random() for _ in range(3)]
    odd = draw.choice([0, 0, 0.02, 0.2])
    for _ in range(n):
        state = S.PRUNED if draw.random() < rates[0] else S.COMPLETE
        if draw.random() < 0.1: state = draw.choice([S.RUNNING, S.FAIL])
        has_reports = state == S.PRUNED and n_objectives == 1
        reports = {s: report() for s in draw.sample(range(6), draw.randint(0, 6))} if has_reports else {}
        constraints = {}
        if draw.random() < rates[1] and state != S.RUNNING:
            constraints = {'a': round(draw.uniform(-1, 1), 1), 'b': round(draw.uniform(-1, 1), 1)}
        values = [value()] if n_objectives == 1 else several(n_objectives, odd, known)
        known.append(values)
        values = values if state == S.COMPLETE else None
        study.add_trial(create_trial(state=state, values=values, intermediate_values=reports, constraints=constraints))
        records.append({'state': state.name, 'values': [encoded(v) for v in values or []], 'constraints': constraints,
            'reports': [[s, encoded(r)] for s, r in sorted(reports.items())]})
    trials = [t for t in study.get_trials(deepcopy=False) if t.state != S.FAIL]
    observed = sum(t.state != S.RUNNING for t in trials)
    gamma = default_gamma if n_objectives == 1 else default_gamma_multiobjective
    below, above = _split_trials(study, trials, gamma(observed))
    cases.append({'directions': directions, 'trials': records,
        'below': [t.number for t in below], 'above': [t.number for t in above]})
print(json.dumps(cases))
";

#[test]
fn the_same_trials_are_good() {
    let Some(cases) = cases(SPLITS) else {
        return;
    };
    for case in &cases {
        let directions: Vec<Direction> =
            serde_json::from_value(case["directions"].clone()).unwrap();
        let storage = MemoryStorage::default();
        let study = storage.create_study("s", &directions).unwrap();
        for record in case["trials"].as_array().unwrap() {
            storage.create_trial(study, &start(record)).unwrap();
        }
        let split = Split::of(&history(&storage, study), &directions);
        let expected: (Vec<u64>, Vec<u64>) = (
            serde_json::from_value(case["below"].clone()).unwrap(),
            serde_json::from_value(case["above"].clone()).unwrap(),
        );
        assert_eq!((split.good, split.bad), expected, "{case}");
    }
}

fn history(storage: &dyn Storage, study: StudyId) -> History {
    let mut history = History::default();
    history.refresh(storage, study).unwrap();
    history
}

fn start(record: &Value) -> TrialStart {
    let float = |value: &Value| -> f64 { value.as_str().unwrap().parse().unwrap() };
    let reports = record["reports"].as_array().unwrap().iter();
    let constraints = record["constraints"].as_object().unwrap().iter();
    TrialStart {
        state: TrialState::from_name(record["state"].as_str().unwrap()).unwrap(),
        values: record["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(float)
            .collect(),
        update: TrialUpdate {
            reports: reports
                .map(|pair| (pair[0].as_i64().unwrap(), float(&pair[1])))
                .collect(),
            system_attrs: constraints
                .map(|(name, value)| (format!("constraints:{name}"), Json::new(value)))
                .collect(),
            ..TrialUpdate::default()
        },
        datetime_start: Some(Timestamp::UNIX_EPOCH),
        datetime_complete: None,
    }
}

/// Histories with one running trial, and what Optuna would suggest, many times: of
/// many times 24 candidates, each 24 are compared. Values on grids are not tied, so that
/// Optuna's bandwidths depend on nothing but them.
const SUGGESTIONS: &str = r"
import warnings
import numpy as np
from optuna.distributions import *
from optuna.trial import TrialState as S, create_trial
warnings.simplefilter('ignore')
rng = np.random.RandomState(3)
F, I, C = FloatDistribution, IntDistribution, CategoricalDistribution
space = {'a': F(-2.0, 5.0), 'b': F(1e-6, 1e-1, log=True), 'c': F(0.0, 50.0, step=0.5),
    'd': I(0, 1000), 'e': I(1, 2000, log=True), 'f': C(['x', 'y', 'z'])}

repeats, suggested, compare = 1000, {}, optuna.samplers.TPESampler._compare
def compare_each_24(samples, scores):
    best = scores.reshape(repeats, 24).argmax(axis=1) + 24 * np.arange(repeats)
    suggested.update({k: v[best].tolist() for k, v in samples.items()})
    return compare(samples, scores)
optuna.samplers.TPESampler._compare = compare_each_24

def grid(low, count, step): return low + step * rng.permutation(count)

cases = []
one, two = ['minimize'], ['minimize', 'maximize']
for directions, multivariate, n, names in [(one, True, 70, 'abcdef'), (one, True, 25, 'abf'), (one, False, 40, 'ae'),
        (two, None, 400, 'ab'), (two, True, 400, 'ab')]:
    columns = {'a': rng.uniform(-2, 5, n), 'b': 10 ** rng.uniform(-6, -1, n), 'c': grid(0, 101, 0.5)[:n],
        'd': grid(0, 1001, 1)[:n].astype(int), 'e': np.unique(np.exp(rng.uniform(0, 7.6, 4 * n)).astype(int)),
        'f': rng.choice(['x', 'y', 'z'], n)}
    columns['e'] = rng.permutation(columns['e'])[:n]
    sampler = optuna.samplers.TPESampler(
        seed=1, multivariate=multivariate, n_ei_candidates=24 * repeats)
    study, records = optuna.create_study(sampler=sampler, directions=directions), []
    used = {k: space[k] for k in names}
    for i in range(n):
        params = {k: columns[k][i].item() for k in names}
        value = (params['a'] - 1) ** 2 + (0 if params.get('f') == 'x' else 1) + abs(np.log10(params.get('b', 1e-3)) + 3)
        state = S.RUNNING if i == n // 2 else S.COMPLETE
        values = [value, params['a'] - value][:len(directions)] if state == S.COMPLETE else []
        study.add_trial(create_trial(state=state, values=values or None, params=params, distributions=used))
        records.append({'state': state.name, 'values': [str(v) for v in values], 'reports': [],
            'constraints': {}, 'params': {k: used[k].to_internal_repr(v) for k, v in params.items()}})
    trial = study._storage.get_trial(study.ask()._trial_id)
    groups = [used] if sampler._is_multivariate(study) else [{k: d} for k, d in used.items()]
    suggested.clear()
    for group in groups:
        sampler._sample(study, trial, group)
    cases.append({'directions': directions, 'multivariate': multivariate, 'trials': records, 'drawn': dict(suggested),
        'space': {k: distribution_to_json(d) for k, d in used.items()}})
print(json.dumps(cases))
";

#[test]
fn suggestions_are_distributed_as_optunas() {
    let Some(cases) = cases(SUGGESTIONS) else {
        return;
    };
    let mut problems = String::new();
    for case in &cases {
        let space = space(&case["space"]);
        let storage = MemoryStorage::default();
        let directions: Vec<Direction> =
            serde_json::from_value(case["directions"].clone()).unwrap();
        let study = storage.create_study("s", &directions).unwrap();
        for record in case["trials"].as_array().unwrap() {
            let mut start = start(record);
            start.update.params = params(&space, record);
            storage.create_trial(study, &start).unwrap();
        }
        let trial = storage
            .create_trial(study, &TrialStart::running(Timestamp::UNIX_EPOCH))
            .unwrap();
        let history = history(&storage, study);
        let n_draws = numbers(&case["drawn"]["a"]).len();
        let drawn: Vec<Vec<f64>> = (0..n_draws)
            .map(|seed| {
                let options = json!({"seed": seed, "multivariate": case["multivariate"]});
                suggestion(&options, &directions, &history, &trial, &space)
            })
            .collect();
        // The quantile at 0.001 of Kolmogorov and Smirnov's statistic.
        let limit = 1.95 * (2.0 / n_draws as f64).sqrt();
        for (at, (name, _)) in space.iter().enumerate() {
            let ours = drawn.iter().map(|values| values[at]).collect();
            let distance = kolmogorov_smirnov(ours, numbers(&case["drawn"][name.as_ref()]));
            if distance > limit {
                writeln!(
                    problems,
                    "{name} of {}: {distance} > {limit}",
                    case["space"]
                )
                .unwrap();
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

fn params(space: &SearchSpace, record: &Value) -> Vec<Param> {
    let params = space.iter().map(|(name, distribution)| Param {
        name: name.clone(),
        value: record["params"][name.as_ref()].as_f64().unwrap(),
        distribution: distribution.clone(),
    });
    params.collect()
}

fn suggestion(
    options: &Value,
    directions: &[Direction],
    history: &History,
    trial: &FrozenTrial,
    space: &SearchSpace,
) -> Vec<f64> {
    let sampler: TpeSampler = serde_json::from_value(options.clone()).unwrap();
    let saved = Saved::default();
    let context = Context::new("s", directions, trial, history, &saved);
    let joint = sampler.relative_search_space(&context);
    let drawn = sampler.sample_relative(&context, &joint).unwrap();
    let value = |(name, distribution): (&Arc<str>, &Arc<Distribution>)| {
        let found = drawn.iter().find(|(known, _)| known == name);
        match found {
            Some((_, value)) => *value,
            None => sampler
                .sample_independent(&context, name, distribution)
                .unwrap(),
        }
    };
    space.iter().map(value).collect()
}

/// The largest distance of the two samples' distribution functions.
fn kolmogorov_smirnov(mut a: Vec<f64>, mut b: Vec<f64>) -> f64 {
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let share = |sorted: &[f64], value: f64| {
        sorted.partition_point(|known| *known <= value) as f64 / sorted.len() as f64
    };
    let values = a.iter().chain(&b);
    values
        .map(|value| (share(&a, *value) - share(&b, *value)).abs())
        .fold(0.0, f64::max)
}
