//! Conversations with `opah serve --stdio`.
#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test; a skip must be seen"
)]

mod client;
mod examples;
mod kills;

use serde_json::{Value, json};

use crate::client::Client;

/// A space in which one parameter depends on another.
fn create(study: &str, seed: u64) -> Value {
    json!({
        "op": "create", "study": study, "seed": seed, "directions": ["minimize"], "budget": 30,
        "space": [
            {"name": "kernel", "type": "categorical", "choices": ["rbf", "poly"]},
            {"name": "lr", "type": "float", "low": 1e-5, "high": 1.0, "log": true},
            {"name": "degree", "type": "int", "low": 2, "high": 4, "if": {"kernel": ["poly"]}},
        ],
        "a member of tomorrow": [1, 2],
    })
}

/// Asks for a trial and tells it; the trial's number and parameters.
fn step(client: &mut Client, study: &str) -> Value {
    let asked = client.done(&json!({"op": "ask", "study": study}));
    let params = asked["params"].as_object().unwrap();
    assert_eq!(params["kernel"] == "poly", params.contains_key("degree"));
    let lr = params["lr"].as_f64().unwrap();
    assert!((1e-5..=1.0).contains(&lr), "{lr}");
    let degree = params.get("degree").and_then(Value::as_f64).unwrap_or(3.5);
    let value = (lr.log10() + 2.0).powi(2) + degree;
    let tell = json!({"op": "tell", "study": study, "trial": asked["trial"], "values": [value]});
    client.done(&tell);
    asked
}

#[test]
fn the_protocols_whole_conversation() {
    let mut client = Client::new();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        client.say(r#"{"op":"hello","protocol":1}"#),
        format!(r#"{{"ok":true,"name":"opah","protocol":1,"version":"{version}"}}"#)
    );
    assert_eq!(
        client.say(
            r#"{"op":"create","study":"s","seed":7,"directions":["minimize"],"budget":100,"space":[{"name":"x","type":"float","low":0,"high":1}]}"#
        ),
        r#"{"ok":true}"#
    );
    let asked = client.say(r#"{"op":"ask","study":"s"}"#);
    assert!(
        asked.starts_with(r#"{"ok":true,"trial":0,"params":{"x":0."#),
        "{asked}"
    );
    for line in [
        r#"{"op":"tell","study":"s","trial":0,"values":[0.25]}"#,
        r#"{"op":"close","study":"s"}"#,
        r#"{"op":"bye"}"#,
    ] {
        assert_eq!(client.say(line), r#"{"ok":true}"#);
    }
    assert!(client.hang_up().success());
}

#[test]
fn studies_side_by_side_are_as_if_they_were_alone() {
    let mut client = Client::new();
    for (study, seed) in [("a", 1), ("b", 2), ("c", 1)] {
        client.done(&create(study, seed));
    }
    let mut told = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..20 {
        for (told, study) in told.iter_mut().zip(["a", "b", "c"]) {
            told.push(step(&mut client, study));
        }
    }
    let [a, b, c] = told;
    assert_eq!(a, c);
    assert_ne!(a, b);
    client.done(&json!({"op": "close", "study": "a"}));
    client.done(&create("a", 2));
    let again: Vec<Value> = (0..20).map(|_| step(&mut client, "a")).collect();
    assert_eq!(again, b);
    assert!(client.hang_up().success());
}

#[test]
fn trials_are_asked_for_in_batches_and_told_in_any_order() {
    let mut client = Client::new();
    client.done(&create("s", 3));
    let batch = client.done(&json!({"op": "ask", "study": "s", "n": 4}));
    let trials = batch["trials"].as_array().unwrap();
    let numbers: Vec<&Value> = trials.iter().map(|trial| &trial["trial"]).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    assert!(trials.iter().all(|trial| trial["params"]["lr"].is_f64()));
    let tell = |trial: u64, more: Value| {
        let mut request = json!({"op": "tell", "study": "s", "trial": trial});
        let more = more.as_object().unwrap().clone();
        request.as_object_mut().unwrap().extend(more);
        request
    };
    client.done(&tell(2, json!({"values": [5.0]})));
    client.done(&tell(0, json!({"values": null, "state": "failed"})));
    client.done(&tell(3, json!({"state": "failed", "reason": "no memory"})));
    client.done(&tell(1, json!({"values": [4], "state": "complete"})));
    let best = client.done(&json!({"op": "best", "study": "s"}));
    assert_eq!(
        (&best["trial"], &best["values"]),
        (&json!(1), &json!([4.0]))
    );
    assert_eq!(best["params"], trials[1]["params"]);
    let params = json!({"kernel": "poly", "lr": 0.5, "degree": 4});
    let enqueued = client.done(&json!({"op": "enqueue", "study": "s", "params": params}));
    assert_eq!(enqueued["trial"], 4);
    let asked = client.done(&json!({"op": "ask", "study": "s"}));
    assert_eq!((&asked["trial"], &asked["params"]), (&json!(4), &params));
}

#[test]
fn curves_are_pruned() {
    let mut client = Client::new();
    let mut request = create("s", 5);
    request["steps"] = json!(27);
    client.done(&request);
    let mut n_pruned = 0;
    for trial in 0..20_u64 {
        let asked = client.done(&json!({"op": "ask", "study": "s"}));
        assert_eq!(asked["trial"], trial);
        let mut state = "complete";
        for step in 1..=27 {
            // Every trial is worse than those before.
            let report = json!({
                "op": "report", "study": "s", "trial": trial, "step": step, "value": trial
            });
            let reply = client.done(&report);
            if reply["prune"].as_bool().unwrap() {
                state = "pruned";
                break;
            }
        }
        let values = if state == "pruned" {
            n_pruned += 1;
            Value::Null
        } else {
            json!([trial])
        };
        let tell = json!({
            "op": "tell", "study": "s", "trial": trial, "values": values, "state": state
        });
        client.done(&tell);
    }
    assert!(n_pruned >= 10, "{n_pruned}");
    let best = client.done(&json!({"op": "best", "study": "s"}));
    assert_eq!(best["trial"], 0);
}

#[test]
fn nothing_that_is_wrong_ends_the_conversation() {
    let mut client = Client::new();
    client.done(&create("s", 0));
    let first = step(&mut client, "s");
    assert_eq!(first["trial"], 0);
    client.done(&json!({"op": "ask", "study": "s"}));
    let of_s = |request: Value| {
        let mut request = request;
        request["study"] = "s".into();
        request.to_string()
    };
    let again = create("s", 0).to_string();
    let many = format!(r#"{{"op":"ask","study":"{}"}}"#, "long".repeat(10_000));
    for (line, said) in [
        (String::new(), "a request is a JSON object"),
        ("{\"op\"".to_owned(), "a request is a JSON object"),
        ("hello".to_owned(), "the line is not JSON"),
        (
            of_s(json!({"op": "sak"})),
            "no op is named `sak`, did you mean `ask`?",
        ),
        (of_s(json!({})), "the request has no `op`"),
        (
            json!({"op": "hello", "protocol": 2}).to_string(),
            "protocol 2 is not spoken here; 1 is",
        ),
        (
            json!({"op": "ask", "study": "t"}).to_string(),
            "no study named `t` is open",
        ),
        (many, "no study named `longlong"),
        (again, "a study named `s` is open already"),
        (of_s(json!({"op": "ask", "n": 0})), "`ask`: "),
        (
            of_s(json!({"op": "tell", "trial": 0, "values": [1]})),
            "trial 0 is COMPLETE; only a running trial can be run",
        ),
        (
            of_s(json!({"op": "tell", "trial": 9, "values": [1]})),
            "no trial 9 in this study",
        ),
        (
            of_s(json!({"op": "tell", "trial": 1, "values": [1, 2]})),
            "the study has 1 objective(s), but 2 value(s) were told",
        ),
        (
            of_s(json!({"op": "tell", "trial": 1})),
            "a complete trial has `values`",
        ),
        (
            of_s(json!({"op": "tell", "trial": 1, "values": ["good"]})),
            "`tell`: \"good\" is not a number",
        ),
        (
            of_s(json!({"op": "tell", "trial": 1, "values": [1], "state": "done"})),
            "`tell`: unknown variant `done`",
        ),
        (
            of_s(json!({"op": "report", "trial": 1, "step": -1, "value": 1})),
            "step -1 can't be reported; steps are 0, 1, 2, …",
        ),
        (
            of_s(json!({"op": "enqueue", "params": {"kernle": "rbf"}})),
            "the space has no parameter `kernle`, did you mean `kernel`?",
        ),
    ] {
        let error = client.refused(&line);
        assert!(error.starts_with(said), "{line}: {error}");
    }
    for (member, value, said) in [
        ("seed", json!(-1), "`create`: invalid value: integer `-1`"),
        (
            "directions",
            json!(["minimise"]),
            "`create`: unknown variant `minimise`",
        ),
        ("directions", json!([]), "`directions` is empty"),
        (
            "space",
            json!([{"name": "x", "type": "real"}]),
            "parameter `x`: no type is named `real`",
        ),
        (
            "options",
            json!({"sampler": "cmase"}),
            "no sampler is named `cmase`, did you mean `cmaes`?",
        ),
        (
            "options",
            json!({"storage": "nowhere"}),
            "nowhere://…: unknown kind of storage",
        ),
    ] {
        let mut request = create("t", 0);
        request[member] = value;
        let error = client.refused(&request.to_string());
        assert!(error.starts_with(said), "{request}: {error}");
    }
    // Refused ones have changed nothing.
    client.done(&json!({"op": "tell", "study": "s", "trial": 1, "values": [1]}));
    assert_eq!(step(&mut client, "s")["trial"], 2);
    assert!(client.hang_up().success());
}

#[test]
fn without_stdio_it_is_said_what_there_is() {
    let refused = assert_cmd::Command::cargo_bin("opah")
        .unwrap()
        .arg("serve")
        .assert()
        .code(1);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert_eq!(
        said,
        "error: so far, opah serves standard input and output only: say `opah serve --stdio`\n"
    );
    let help = assert_cmd::Command::cargo_bin("opah")
        .unwrap()
        .args(["serve", "--help"])
        .assert()
        .success();
    let help = String::from_utf8_lossy(&help.get_output().stdout).into_owned();
    assert!(help.contains(r#"{"op":"ask","study":"s"}"#), "{help}");
}

#[test]
fn what_is_believed_is_tried_first() {
    let mut client = Client::new();
    let mut request = create("s", 1);
    request["priors"] = json!({
        "lr": {"normal": {"mean": 1e-3, "sd": 3}}, "kernel": {"weights": {"poly": 1}},
    });
    client.done(&request);
    let params = step(&mut client, "s")["params"].clone();
    assert_eq!(params["kernel"], "poly");
    assert!(
        (params["lr"].as_f64().unwrap() - 1e-3).abs() < 1e-9,
        "{params}"
    );
    let mut request = create("t", 1);
    request["priors"] = json!({"rl": {"points": [0.1]}});
    let refused = client.refused(&request.to_string());
    assert!(refused.contains("did you mean `lr`?"), "{refused}");
}
