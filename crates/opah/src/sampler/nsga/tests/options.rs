//! Options and operators: what may be chosen, and what is refused.

use super::*;

#[test]
fn every_crossover_stays_in_the_domain_whatever_the_values() {
    for crossover in CROSSOVERS {
        for mutation in [json!(null), json!("polynomial")] {
            let options = json!({
                "population_size": 3, "crossover": crossover, "mutation": mutation,
                "mutation_prob": 0.5, "seed": 8,
            });
            let study = study("nsga3", &options, &[Minimize, Maximize]);
            for number in 0..40 {
                let mut trial = study.ask().unwrap();
                let [x, y] = begin(&mut trial).unwrap();
                let values = match number % 5 {
                    1 => [f64::INFINITY, y],
                    2 => [f64::NEG_INFINITY, f64::INFINITY],
                    3 => [1e308, -1e308],
                    _ => [x, y],
                };
                study.tell(&mut trial, &values).unwrap();
            }
            for trial in trials(&study) {
                assert_eq!(trial.state, TrialState::Complete);
                for param in &trial.params {
                    assert!(
                        param.distribution.contains(param.value),
                        "{crossover}: {param:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn operators_have_names_and_options() {
    let options = json!({
        "crossover": {"type": "SBXCrossover", "attributes": {"eta": 5.0}},
        "mutation": {"type": "polynomial"},
    });
    let sampler: Nsga2Sampler = registry::configured(&options).unwrap();
    assert!(matches!(&sampler.crossover, Some(Crossover::Sbx(it)) if it.eta == Some(5.0)));
    assert!(matches!(&sampler.mutation, Some(Mutation::Polynomial(it)) if it.eta == 20.0));
    let again = serde_json::to_value(&sampler).unwrap();
    let again: Nsga2Sampler = serde_json::from_value(again).unwrap();
    assert!(matches!(&again.crossover, Some(Crossover::Sbx(it)) if it.eta == Some(5.0)));
    for crossover in CROSSOVERS {
        build("nsga2", &json!({"crossover": crossover, "mutation": null})).unwrap();
    }
    build("NSGAIISampler", &json!({})).unwrap();
    build(
        "NSGAIIISampler",
        &json!({"reference_points": [[1.0, 0.0], [0.0, 1.0]]}),
    )
    .unwrap();
}

#[test]
fn wrong_options_are_refused_by_name() {
    let cases: BTreeMap<&str, Value> = BTreeMap::from([
        (
            "`population_size` must be at least 2",
            json!({"population_size": 1}),
        ),
        (
            "`population_size` must be at least 3",
            json!({"population_size": 2, "crossover": "undx"}),
        ),
        (
            "`mutation_prob` must be from 0 to 1",
            json!({"mutation_prob": 1.5}),
        ),
        (
            "`crossover_prob` must be from 0 to 1",
            json!({"crossover_prob": -0.5}),
        ),
        (
            "`swapping_prob` must be from 0 to 1",
            json!({"swapping_prob": 2.0}),
        ),
        (
            "`crossover`: unknown variant `sbs`",
            json!({"crossover": "sbs"}),
        ),
        (
            "`crossover`: unknown field `etta`",
            json!({"crossover": {"type": "sbx", "attributes": {"etta": 1.0}}}),
        ),
        (
            "`eta` must be finite and not negative",
            json!({"mutation": {"type": "polynomial", "attributes": {"eta": -1.0}}}),
        ),
        (
            "`use_child_gene_prob` must be above 0",
            json!({"crossover": {"type": "vsbx", "attributes": {"use_child_gene_prob": 0.0}}}),
        ),
    ]);
    for (expected, options) in &cases {
        for name in ["nsga2", "nsga3"] {
            let error = build(name, options).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
    for (expected, options) in [
        (
            "`dividing_parameter` must be at least 1",
            json!({"dividing_parameter": 0}),
        ),
        (
            "`reference_points` must be points",
            json!({"reference_points": [[0.0, 0.0]]}),
        ),
        (
            "`reference_points` must be points",
            json!({"reference_points": []}),
        ),
    ] {
        let error = build("nsga3", &options).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn reference_points_that_do_not_fit_the_study_are_refused() {
    for (options, expected) in [
        (
            json!({"reference_points": [[1.0, 0.0, 0.0]]}),
            "a reference point of sampler `nsga3` has 3 number(s), but study `s` has 2 objective(s)",
        ),
        (
            json!({"dividing_parameter": 1_000_000}),
            "`dividing_parameter` 1000000 makes more than 100000 reference points for the 2 \
             objective(s) of study `s`; use a smaller one",
        ),
    ] {
        let study = study("nsga3", &options, &[Minimize, Maximize]);
        let error = begin(&mut study.ask().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
