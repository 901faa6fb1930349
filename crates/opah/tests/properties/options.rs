//! The options under which each sampler and pruner is tried, and what some samplers need
//! of a space.

use std::sync::Arc;

use opah::{Distribution, Pruner, Sampler};
use serde_json::{Map, Value, json};

use crate::space::{Parameter, float};

/// The sampler with one of the sets of options under which it is tried.
pub(crate) fn sampler(
    name: &str,
    variant: usize,
    seed: u64,
    space: &[Parameter],
) -> Arc<dyn Sampler> {
    let mut options = one_of(sampler_options(name, space), variant);
    options["seed"] = seed.into();
    opah::sampler::build(name, &options).unwrap()
}

/// The pruner with one of the sets of options under which it is tried.
pub(crate) fn pruner(name: &str, variant: usize) -> Arc<dyn Pruner> {
    opah::pruner::build(name, &one_of(pruner_options(name), variant)).unwrap()
}

/// The space, as far as the sampler can search it: only of finitely many values, those
/// that try every one.
pub(crate) fn searchable(sampler: &str, space: &[Parameter]) -> Vec<Parameter> {
    let mut space = space.to_vec();
    for parameter in &mut space {
        let is_continuous = match &parameter.distribution {
            Distribution::Float(d) => d.step().is_none(),
            _ => false,
        };
        if sampler == "brute_force" && is_continuous && !parameter.distribution.is_single() {
            parameter.distribution = float(-1.0, 1.0, false, Some(0.25));
        }
    }
    space
}

fn one_of(mut all: Vec<Value>, variant: usize) -> Value {
    let n = all.len();
    all.swap_remove(variant % n)
}

fn sampler_options(name: &str, space: &[Parameter]) -> Vec<Value> {
    match name {
        "grid" => vec![json!({"search_space": grid(space)})],
        "partial_fixed" => ["tpe", "qmc", "cmaes"]
            .map(|base| json!({"fixed_params": first_fixed(space), "base_sampler": {"type": base}}))
            .to_vec(),
        "qmc" => vec![
            json!({}),
            json!({"scramble": true}),
            json!({"qmc_type": "halton"}),
            json!({"qmc_type": "halton", "scramble": true}),
        ],
        "tpe" => vec![
            json!({}),
            json!({"multivariate": false}),
            json!({"group": true, "n_startup_trials": 3}),
            json!({"constant_liar": false, "n_startup_trials": 0, "n_ei_candidates": 1}),
        ],
        "gp" => vec![
            json!({}),
            json!({"deterministic_objective": true, "n_startup_trials": 3}),
            json!({"independent_sampler": {"type": "tpe"}, "warn_independent_sampling": true}),
        ],
        "cmaes" => vec![
            json!({}),
            json!({"with_margin": true}),
            json!({"use_separable_cma": true}),
            json!({"lr_adapt": true}),
            json!({"restart_strategy": "bipop", "popsize": 4}),
            json!({"warm_start": true, "n_startup_trials": 8}),
            json!({"consider_pruned_trials": true, "popsize": 2}),
        ],
        // Small, so that there are several generations.
        "nsga2" | "nsga3" => ["uniform", "blxalpha", "sbx", "vsbx", "spx", "undx"]
            .map(|crossover| {
                json!({
                    "population_size": 4,
                    "crossover": {"type": crossover, "attributes": {}},
                    "mutation": {"type": "polynomial", "attributes": {}},
                    "mutation_prob": 0.3,
                })
            })
            .to_vec(),
        _ => vec![json!({})],
    }
}

/// Both ends of every parameter.
fn grid(space: &[Parameter]) -> Map<String, Value> {
    let values = |parameter: &Parameter| {
        let ends = parameter.ends();
        ends.map(|end| parameter.distribution.to_external(end).to_json())
            .to_vec()
    };
    space
        .iter()
        .map(|parameter| (parameter.name.clone(), values(parameter).into()))
        .collect()
}

/// The first parameter at its highest value, where others may depend on it.
fn first_fixed(space: &[Parameter]) -> Map<String, Value> {
    let first = space.iter().take(1);
    let fixed = first.map(|parameter| {
        let [_, highest] = parameter.ends();
        let value = parameter.distribution.to_external(highest).to_json();
        (parameter.name.clone(), value)
    });
    fixed.collect()
}

fn pruner_options(name: &str) -> Vec<Value> {
    match name {
        "median" => vec![
            json!({"n_startup_trials": 1}),
            json!({}),
            json!({"n_startup_trials": 0, "n_warmup_steps": 2, "interval_steps": 3}),
        ],
        "percentile" => vec![
            json!({"n_startup_trials": 1}),
            json!({"percentile": 0.0, "n_min_trials": 3}),
            json!({"percentile": 100.0, "n_startup_trials": 0}),
        ],
        "threshold" => vec![
            json!({"lower": -1.0}),
            json!({"upper": 1.0, "n_warmup_steps": 2, "interval_steps": 3}),
            json!({"lower": -1e300, "upper": 1e300}),
        ],
        "patient" => vec![
            json!({}),
            json!({"patience": 0}),
            json!({"wrapped_pruner": {"type": "median"}, "patience": 2, "min_delta": 0.5}),
        ],
        "forecast" => vec![
            json!({}),
            json!({"probability": 1.0, "n_neighbors": 1, "n_startup_trials": 1, "n_warmup_steps": 0}),
            json!({"probability": 0.0, "interval_steps": 3}),
        ],
        "successive_halving" => vec![
            json!({}),
            json!({"min_resource": 1, "reduction_factor": 2, "bootstrap_count": 1}),
            json!({"min_early_stopping_rate": 1}),
        ],
        "hyperband" => vec![
            json!({}),
            json!({"max_resource": 9}),
            json!({"max_resource": 27, "reduction_factor": 2, "bootstrap_count": 1}),
        ],
        "dominance_halving" => vec![
            json!({}),
            json!({"min_resource": 1, "reduction_factor": 2, "n_min_trials": 0}),
            json!({"min_resource": 2, "reduction_factor": 3, "min_early_stopping_rate": 1}),
        ],
        "wilcoxon" => vec![
            json!({}),
            json!({"p_threshold": 1.0, "n_startup_steps": 0}),
            json!({"p_threshold": 0.0}),
        ],
        _ => vec![json!({})],
    }
}
