//! Generations, survivors and children.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::context::Saved;
use crate::frozen_trial::Direction::{Maximize, Minimize};
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};
use crate::history::History;
use crate::sampler::build;
use crate::study::{Stop, Study};
use crate::trial::Trial;

mod fronts;
mod options;

const CROSSOVERS: [&str; 6] = ["uniform", "blxalpha", "sbx", "vsbx", "spx", "undx"];

fn study(name: &str, options: &Value, directions: &[Direction]) -> Study {
    let sampler = build(name, options).unwrap();
    Study::in_memory("s", directions)
        .unwrap()
        .with_sampler(sampler)
}

/// A study's trials as they are, in the form in which a storage gives them.
fn trials(study: &Study) -> Vec<FrozenTrial> {
    let trials = study.trials().unwrap();
    trials
        .iter()
        .map(|trial| FrozenTrial::clone(trial))
        .collect()
}

/// Numbers and a choice, of which one brings another number.
fn begin(trial: &mut Trial) -> crate::Result<[f64; 2]> {
    let x = trial.suggest_float("x", 0.0..=1.0)?;
    let lr = trial.suggest_float_log("lr", 1e-5..=1.0)?;
    let n = trial.suggest_int("n", 1..=9)?;
    let kind = *trial.suggest_categorical("kind", &["a", "b"])?;
    if kind == "b" {
        trial.suggest_float_step("half", 0.0..=2.0, 0.5)?;
    }
    Ok([x + lr, (1.0 - x) * n as f64])
}

fn generation(trial: &FrozenTrial) -> Option<u64> {
    GENERATION_ATTRS
        .iter()
        .find_map(|attr| generation::of(trial, attr))
}

#[test]
fn generations_follow_one_another() {
    for name in ["nsga2", "nsga3"] {
        let study = study(
            name,
            &json!({"population_size": 4, "seed": 1}),
            &[Minimize, Maximize],
        );
        for number in 0..18 {
            let mut trial = study.ask().unwrap();
            let values = begin(&mut trial).unwrap();
            let told = match number {
                // Trials without values make no generation full.
                1 | 6 => study.tell_result(&mut trial, Err(Stop::failed("planned"))),
                _ => study.tell(&mut trial, &values),
            };
            told.unwrap();
        }
        let got: Vec<_> = trials(&study).iter().filter_map(generation).collect();
        assert_eq!(
            got,
            [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3],
            "{name}"
        );
    }
}

/// `NSGAIIElitePopulationSelectionStrategy`, Optuna 5.0.0, on trials 0 to 23 with the values
/// `(i·(7919 + 104729·j) mod 10007) mod 23` and, perhaps, the constraint `i mod 7 - 3`.
#[test]
fn survivors_are_optunas() {
    for (is_constrained, population_size, expected) in [
        (false, 2, vec![21, 0]),
        (false, 5, vec![0, 21, 17, 4, 14]),
        (false, 9, vec![0, 21, 17, 4, 14, 23, 9, 22, 19]),
        (
            false,
            14,
            vec![0, 21, 17, 4, 14, 23, 9, 22, 19, 15, 3, 20, 13, 18],
        ),
        (
            false,
            20,
            vec![
                0, 21, 3, 4, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23, 5,
            ],
        ),
        (true, 2, vec![21, 0]),
        (true, 5, vec![0, 21, 17, 8, 23]),
        (true, 9, vec![0, 21, 17, 8, 23, 14, 15, 16, 9]),
        (
            true,
            14,
            vec![0, 21, 3, 7, 8, 9, 14, 15, 16, 17, 22, 23, 1, 2],
        ),
        (
            true,
            20,
            vec![
                0, 21, 3, 7, 8, 9, 14, 15, 16, 17, 22, 23, 1, 2, 10, 4, 11, 18, 5, 12,
            ],
        ),
    ] {
        let study = Study::in_memory("s", &[Minimize, Minimize]).unwrap();
        for i in 0..24_u64 {
            let value = |j: u64| ((i * (7_919 + 104_729 * j) % 10_007) % 23) as f64;
            let mut trial = study.ask().unwrap();
            trial.note(Nsga2Sampler::ATTR, &Json::new(&0));
            if is_constrained {
                let constraint = (i % 7) as f64 - 3.0;
                trial.note("constraints:c", &Json::from_f64(constraint.max(-1.0)));
            }
            study.tell(&mut trial, &[value(0), value(1)]).unwrap();
        }
        let sampler = Nsga2Sampler {
            population_size,
            ..Nsga2Sampler::default()
        };
        let trial = study.ask().unwrap();
        let (history, saved) = (study.history().unwrap(), Saved::default());
        let context = study.context(trial.frozen(), &history, 0, &saved);
        let parents = sampler
            .memory
            .with::<Nsga2Sampler, _>(&context, |seen| seen.parents(1, &sampler));
        let numbers: Vec<u64> = parents.iter().map(|parent| parent.trial.number).collect();
        assert_eq!(numbers, expected, "{is_constrained}, {population_size}");
    }
}

#[test]
fn survivors_of_nsga3_are_whole_fronts_and_a_part_of_the_next() {
    let study = study(
        "nsga3",
        &json!({"population_size": 6, "seed": 2}),
        &[Minimize; 3],
    );
    for number in 0..40 {
        let mut trial = study.ask().unwrap();
        let [x, y] = begin(&mut trial).unwrap();
        let values = [
            x,
            y,
            if number % 9 == 4 {
                f64::INFINITY
            } else {
                (x - y).abs()
            },
        ];
        study.tell(&mut trial, &values).unwrap();
    }
    let sampler = Nsga3Sampler {
        population_size: 6,
        ..Nsga3Sampler::default()
    };
    let directions = study.directions().to_vec();
    let all: Vec<Individual> = study
        .trials()
        .unwrap()
        .into_iter()
        .map(|trial| Individual {
            losses: Arc::new(crate::multi_objective::losses(&trial.values, &directions)),
            violation: 0.0,
            trial,
        })
        .collect();
    let fronts = generation::fronts(&all);
    let survivors = sampler.survivors(&all, 0);
    assert_eq!(survivors.len(), 6);
    let mut n_left = 6;
    for front in fronts {
        let n_surviving = front.iter().filter(|at| survivors.contains(at)).count();
        assert_eq!(n_surviving, front.len().min(n_left));
        n_left -= n_surviving;
    }
    assert_eq!(survivors, sampler.survivors(&all, 0));
}

/// What the sampler suggests for a trial, if it gets these trials.
fn suggestion(sampler: &dyn Sampler, trials: &[FrozenTrial], trial: &FrozenTrial) -> Draw {
    let (history, saved) = (History::of(trials.to_vec()), Saved::default());
    let context = Context::new("s", &[Minimize, Maximize], trial, &history, &saved);
    let space = sampler.relative_search_space(&context);
    sampler.sample_relative(&context, &space).unwrap()
}

#[test]
fn a_fresh_sampler_draws_what_one_that_saw_the_study_grow_did() {
    for name in ["nsga2", "nsga3"] {
        let options = json!({"population_size": 5, "seed": 3});
        let study = study(name, &options, &[Minimize, Maximize]);
        let mut running: Vec<Trial> = Vec::new();
        let mut n_drawn = 0;
        for number in 0..120_usize {
            let mut trial = study.ask().unwrap();
            let before = trials(&study);
            let values = begin(&mut trial).unwrap();
            if number % 5 == 0 {
                // In another order, as another process may have seen it.
                let reversed: Vec<FrozenTrial> = before.into_iter().rev().collect();
                let asked = study.trial(trial.number()).unwrap();
                let fresh = build(name, &options).unwrap();
                for (parameter, value) in suggestion(fresh.as_ref(), &reversed, asked.frozen()) {
                    // The trial may have taken another branch.
                    if let Some(param) = trial.frozen().params.get(&parameter) {
                        assert_eq!(param.value, value, "{name}: {parameter} of {number}");
                        n_drawn += 1;
                    }
                }
            }
            if number % 4 == 1 {
                trial.note("constraints:c", &Json::new(&(number % 3)));
            }
            trial.set_user_attr("values", &Json::new(&values));
            running.push(trial);
            // Trials end late and in another order.
            if running.len() > 1 + number % 7 {
                let mut trial = running.swap_remove(number % running.len());
                let values: [f64; 2] = trial.frozen().user_attrs["values"].parse().unwrap();
                study.tell(&mut trial, &values).unwrap();
            }
        }
        assert!(n_drawn > 40, "{name}: {n_drawn}");
    }
}

#[test]
fn an_interrupted_search_goes_on_as_if_it_had_not_been() {
    let run = |name: &str, is_interrupted: bool| {
        let options = json!({"population_size": 6, "seed": 4});
        let mut study = study(name, &options, &[Minimize, Maximize]);
        for number in 0..40 {
            let mut trial = study.ask().unwrap();
            let mut values = begin(&mut trial).unwrap();
            if is_interrupted && number % 3 == 0 {
                if number % 2 == 0 {
                    // As another process finds it.
                    trial.flush().unwrap();
                    trial = study.trial(number).unwrap();
                }
                study.release(trial.frozen(), &[]).unwrap();
                study = study.with_sampler(build(name, &options).unwrap());
                trial = study.ask().unwrap();
                values = begin(&mut trial).unwrap();
            }
            study.tell(&mut trial, &values).unwrap();
        }
        let all = trials(&study).into_iter();
        all.map(|trial| (generation(&trial), trial.params))
            .collect::<Vec<_>>()
    };
    for name in ["nsga2", "nsga3"] {
        assert_eq!(run(name, true), run(name, false), "{name}");
    }
}

#[test]
fn a_late_result_of_an_old_generation_still_counts() {
    let options =
        json!({"population_size": 2, "seed": 5, "crossover_prob": 0.0, "mutation_prob": 0.0});
    let study = study("nsga2", &options, &[Minimize]);
    let ask = || {
        let mut trial = study.ask().unwrap();
        let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
        (trial, x)
    };
    let (mut late, best) = ask();
    for _ in 0..5 {
        let (mut trial, _) = ask();
        study.tell(&mut trial, &[1.0]).unwrap();
    }
    study.tell(&mut late, &[0.0]).unwrap();
    let drawn: Vec<f64> = (0..20).map(|_| ask().1).collect();
    assert!(drawn.contains(&best), "{drawn:?} has no {best}");
}

#[test]
fn without_crossover_and_mutation_children_are_copies() {
    let options =
        json!({"population_size": 5, "crossover_prob": 0.0, "mutation_prob": 0.0, "seed": 6});
    let study = study("nsga2", &options, &[Minimize, Maximize]);
    let mut known: Vec<Vec<(String, f64)>> = Vec::new();
    for number in 0..30 {
        let mut trial = study.ask().unwrap();
        let values = begin(&mut trial).unwrap();
        study.tell(&mut trial, &values).unwrap();
        let params = trial.frozen().params.iter();
        let params = params.filter(|param| param.name.as_ref() != "half");
        let params: Vec<_> = params
            .map(|param| (param.name.to_string(), param.value))
            .collect();
        if number >= 5 {
            assert!(known.contains(&params), "trial {number}");
        }
        known.push(params);
    }
}

#[test]
fn if_all_is_mutated_uniformly_it_is_random_search() {
    let params = |name: &str, options: &Value| {
        let study = study(name, options, &[Minimize, Maximize]);
        for _ in 0..20 {
            let mut trial = study.ask().unwrap();
            let values = begin(&mut trial).unwrap();
            study.tell(&mut trial, &values).unwrap();
        }
        trials(&study)
            .into_iter()
            .map(|trial| trial.params)
            .collect::<Vec<_>>()
    };
    let random = params("random", &json!({"seed": 7}));
    for name in ["nsga2", "nsga3"] {
        let options = json!({"population_size": 4, "mutation_prob": 1.0, "seed": 7});
        assert_eq!(params(name, &options), random, "{name}");
    }
}
