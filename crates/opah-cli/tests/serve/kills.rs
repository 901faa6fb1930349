//! Conversations whose process is killed: nothing that it has answered is lost, and the search
//! is the one that was not interrupted.

use std::path::Path;

use opah::sampler::SAMPLERS;
use serde_json::{Value, json};

use crate::client::Client;

/// Enough for every sampler to learn from its own trials, with [`options`].
const N_TRIALS: usize = 12;

/// Options by which a sampler begins early to learn; the points of the grid.
fn options(sampler: &str) -> Value {
    match sampler {
        "grid" => json!({"search_space": {
            "x": [0, 0.25, 1], "lr": [0.1, 0.5], "n": [1, 5], "kind": ["a", "b"], "degree": [2, 4],
        }}),
        "tpe" => json!({"n_startup_trials": 4}),
        "cmaes" => json!({"popsize": 3}),
        "nsga2" | "nsga3" => json!({"population_size": 4}),
        _ => json!({}),
    }
}

/// Opens the study, or goes on with it; `brute_force` is for finite spaces only.
fn open(client: &mut Client, sampler: &str, storage: &str) {
    let mut x = json!({"name": "x", "type": "float", "low": 0, "high": 1});
    let mut lr = json!({"name": "lr", "type": "float", "low": 0.1, "high": 1});
    if sampler == "brute_force" {
        x["step"] = json!(0.25);
        lr["step"] = json!(0.1);
    } else {
        lr["log"] = json!(true);
    }
    client.done(&json!({
        "op": "create", "study": "s", "seed": 7, "directions": ["minimize"], "budget": N_TRIALS,
        "space": [
            x,
            lr,
            {"name": "n", "type": "int", "low": 1, "high": 5},
            {"name": "kind", "type": "categorical", "choices": ["a", "b"]},
            {"name": "degree", "type": "int", "low": 2, "high": 4, "if": {"kind": ["b"]}},
        ],
        "options": {
            "sampler": sampler, "sampler_options": options(sampler), "storage": storage,
        },
    }));
}

/// The trial's number and parameters.
fn ask(client: &mut Client) -> Value {
    client.done(&json!({"op": "ask", "study": "s"}))
}

fn tell(client: &mut Client, asked: &Value) {
    let number = |name: &str| asked["params"][name].as_f64().unwrap_or(3.5);
    let value = (number("x") - 0.3).powi(2)
        + (number("lr") - 0.2).abs()
        + number("n") / 4.0
        + number("degree") / 8.0;
    client.done(&json!({
        "op": "tell", "study": "s", "trial": asked["trial"], "values": [value],
    }));
}

/// What is asked for in one conversation, in memory.
fn uninterrupted(sampler: &str) -> Vec<Value> {
    let mut client = Client::new();
    open(&mut client, sampler, "memory:");
    let trials = (0..N_TRIALS).map(|_| {
        let asked = ask(&mut client);
        tell(&mut client, &asked);
        asked
    });
    let trials = trials.collect();
    assert!(client.hang_up().success());
    trials
}

fn url(folder: &Path, sampler: &str) -> String {
    format!(
        "sqlite:///{}",
        folder.join(format!("{sampler}.db")).display()
    )
}

#[test]
fn a_search_that_is_killed_after_every_trial_is_the_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    for sampler in SAMPLERS.iter().map(|entry| entry.name) {
        let storage = url(folder.path(), sampler);
        let trials = (0..N_TRIALS).map(|_| {
            let mut client = Client::new();
            open(&mut client, sampler, &storage);
            let asked = ask(&mut client);
            tell(&mut client, &asked);
            client.kill();
            asked
        });
        let trials: Vec<Value> = trials.collect();
        assert_eq!(trials, uninterrupted(sampler), "{sampler}");
    }
}

/// The program that runs the trials lives on, and tells the next process what came of the
/// trial that it had from the last one.
#[test]
fn a_search_that_is_killed_while_every_trial_runs_is_the_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    for sampler in SAMPLERS.iter().map(|entry| entry.name) {
        let storage = url(folder.path(), sampler);
        let mut trials: Vec<Value> = Vec::new();
        for _ in 0..N_TRIALS {
            let mut client = Client::new();
            open(&mut client, sampler, &storage);
            if let Some(last) = trials.last() {
                tell(&mut client, last);
            }
            trials.push(ask(&mut client));
            client.kill();
        }
        assert_eq!(trials, uninterrupted(sampler), "{sampler}");
    }
}

#[test]
fn a_trial_whose_process_was_killed_runs_until_it_is_told_and_no_other_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let storage = url(folder.path(), "auto");
    let mut killed = Client::new();
    open(&mut killed, "auto", &storage);
    let lost = ask(&mut killed);
    killed.kill();
    // One that ends in order gives back what it has not told.
    let mut second = Client::new();
    open(&mut second, "auto", &storage);
    let given_back = ask(&mut second);
    assert_eq!(
        (&lost["trial"], &given_back["trial"]),
        (&json!(0), &json!(1))
    );
    assert_ne!(lost["params"], given_back["params"]);
    assert!(second.hang_up().success());
    let mut third = Client::new();
    open(&mut third, "auto", &storage);
    assert_eq!(ask(&mut third), given_back);
    assert_eq!(ask(&mut third)["trial"], 2);
    tell(&mut third, &lost);
    let best = third.done(&json!({"op": "best", "study": "s"}));
    assert_eq!(
        (&best["trial"], &best["params"]),
        (&lost["trial"], &lost["params"])
    );
    assert!(third.hang_up().success());
}
