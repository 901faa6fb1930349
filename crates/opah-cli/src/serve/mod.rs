//! `opah serve`: other programs drive studies by lines of JSON.
//!
//! `protocol.rs` says what a line may be, `space.rs` what a declared search space is,
//! `options.rs` with what a study is served, and `studies.rs` what each request does. Here
//! lines come and go.

mod options;
mod protocol;
mod space;
mod studies;

use std::io::{self, BufRead, Write};

use anyhow::{Context as _, Result};

use crate::output;
use protocol::{Reply, Request};
use studies::Studies;

/// Answers each line of `requests` with a line of `replies`, until `bye` or the end. What is
/// wrong with a request is answered too; only what hinders the conversation itself is an error.
pub(crate) fn converse(requests: impl BufRead, replies: impl Write) -> Result<()> {
    let mut studies = Studies::default();
    let ended = answer_lines(&mut studies, requests, replies);
    studies.close();
    ended
}

fn answer_lines(
    studies: &mut Studies,
    mut requests: impl BufRead,
    mut replies: impl Write,
) -> Result<()> {
    let (mut line, mut text) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        let n_bytes = requests.read_until(b'\n', &mut line);
        if n_bytes.context("can't read the next request")? == 0 {
            return Ok(());
        }
        let request = Request::parse(&line);
        let is_last = matches!(request, Ok(Request::Bye));
        let reply = match request.and_then(|request| studies.answer(request)) {
            Ok(body) => Reply::from(body),
            Err(error) => Reply::error(output::with_causes(&error)),
        };
        text.clear();
        serde_json::to_writer(&mut text, &reply)?;
        text.push(b'\n');
        match replies.write_all(&text).and_then(|()| replies.flush()) {
            Ok(()) if !is_last => {}
            Ok(()) => return Ok(()),
            // Who asked has gone away.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(error).context("can't write the reply"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::converse;

    /// The replies to these requests.
    fn replies(requests: &[Value]) -> Vec<Value> {
        let lines: Vec<String> = requests.iter().map(ToString::to_string).collect();
        let lines = lines.join("\n");
        let mut replies = Vec::new();
        converse(lines.as_bytes(), &mut replies).unwrap();
        let replies = String::from_utf8(replies).unwrap();
        let replies = replies
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        replies.collect()
    }

    fn create(name: &str, more: &Value) -> Value {
        let mut request = json!({
            "op": "create", "study": name, "seed": 7, "directions": ["minimize"],
            "space": [{"name": "x", "type": "float", "low": 0, "high": 1}],
        });
        let more = more.as_object().unwrap().clone();
        request.as_object_mut().unwrap().extend(more);
        request
    }

    #[test]
    fn a_last_line_without_an_end_is_answered_and_none_after_bye() {
        let mut replies = Vec::new();
        converse(&b"{\"op\":\"hello\"}"[..], &mut replies).unwrap();
        assert!(replies.starts_with(b"{\"ok\":true,\"name\":\"opah\""));
        let mut replies = Vec::new();
        converse(&b"{\"op\":\"bye\"}\n{\"op\":\"hello\"}\n"[..], &mut replies).unwrap();
        assert_eq!(replies, b"{\"ok\":true}\n");
    }

    #[test]
    fn a_batch_is_as_large_as_was_asked_for_unless_nothing_is_left_to_try() {
        let grid = json!({"options": {
            "sampler": "grid", "sampler_options": {"search_space": {"x": [0.25, 0.5, 0.75]}}
        }});
        let ask = json!({"op": "ask", "study": "s", "n": 2});
        let said = replies(&[create("s", &grid), ask.clone(), ask.clone(), ask]);
        assert_eq!(said[1]["trials"].as_array().unwrap().len(), 2);
        assert_eq!(said[2]["trials"].as_array().unwrap().len(), 1);
        assert_eq!(said[3]["error"], "the sampler has nothing left to try");
        let many = json!({"op": "ask", "study": "s", "n": 1_000_000});
        let said = replies(&[create("s", &json!({})), many]);
        assert_eq!(
            said[1]["error"],
            "1000000 trials are too many at once; the most is 10000"
        );
    }

    #[test]
    fn a_value_that_is_no_number_fails_the_trial_and_an_infinite_one_counts() {
        let ask = json!({"op": "ask", "study": "s"});
        let tell = |trial: u64, value: Value| json!({"op": "tell", "study": "s", "trial": trial, "values": [value]});
        let said = replies(&[
            create("s", &json!({"options": {"sampler": "random"}})),
            ask.clone(),
            tell(0, Value::Null),
            json!({"op": "best", "study": "s"}),
            ask,
            tell(1, json!("-inf")),
            json!({"op": "best", "study": "s"}),
        ]);
        assert_eq!(said[2], json!({"ok": true}));
        assert_eq!(
            said[3]["error"],
            "study `s` has no feasible complete trial yet (of 1)"
        );
        assert_eq!(said[6]["trial"], 1);
        assert_eq!(said[6]["params"], said[4]["params"]);
        assert_eq!(said[6]["values"], json!(["-Infinity"]));
    }

    #[test]
    fn the_best_of_several_objectives_are_a_front() {
        let several = json!({"directions": ["minimize", "maximize"]});
        let mut requests = vec![create("s", &several)];
        for (trial, values) in [[1.0, 1.0], [0.0, 0.0], [2.0, 0.5]].iter().enumerate() {
            requests.push(json!({"op": "ask", "study": "s"}));
            requests.push(json!({"op": "tell", "study": "s", "trial": trial, "values": values}));
        }
        requests.push(json!({"op": "best", "study": "s"}));
        let said = replies(&requests);
        let front = said[7]["trials"].as_array().unwrap();
        let numbers: Vec<&Value> = front.iter().map(|best| &best["trial"]).collect();
        assert_eq!(numbers, [0, 1]);
        assert_eq!(front[0]["values"], json!([1.0, 1.0]));
    }

    #[test]
    fn trials_of_several_objectives_report_a_value_for_each_and_are_pruned() {
        let several = json!({"directions": ["minimize", "maximize"], "options": {
            "pruner": "dominance_halving",
            "pruner_options": {"min_resource": 1, "reduction_factor": 2},
        }});
        let report = |trial: u64, reported: Value| {
            let mut request = json!({"op": "report", "study": "s", "trial": trial, "step": 1});
            let reported = reported.as_object().unwrap().clone();
            request.as_object_mut().unwrap().extend(reported);
            request
        };
        let said = replies(&[
            create("s", &several),
            json!({"op": "ask", "study": "s", "n": 4}),
            report(0, json!({"values": [1, 1]})),
            report(1, json!({"values": [2, 2]})),
            report(2, json!({"values": [null, "inf"]})),
            report(3, json!({"value": 3})),
            report(3, json!({"value": 3, "values": [3, 0]})),
            report(3, json!({"values": [3]})),
            report(3, json!({})),
            report(3, json!({"values": [3, 0]})),
        ]);
        for reply in &said[2..5] {
            assert_eq!(reply["prune"], false, "{reply}");
        }
        for (at, error) in [
            (
                5,
                "a report of a study with several directions has `values`, a list with one for each",
            ),
            (6, "a report has `value` or `values`, not both"),
            (7, "the study has 2 objective(s), but 1 value(s) were told"),
            (
                8,
                "a report of a study with several directions has `values`, a list with one for each",
            ),
        ] {
            assert_eq!(said[at]["error"], error);
        }
        assert_eq!(said[9]["prune"], true);
        let of_one = replies(&[
            create("s", &json!({})),
            json!({"op": "ask", "study": "s"}),
            report(0, json!({})),
            report(0, json!({"value": 1, "values": [1]})),
            report(0, json!({"values": [1]})),
        ]);
        assert_eq!(of_one[2]["error"], "a report has a `value`");
        assert_eq!(
            of_one[3]["error"],
            "a report has `value` or `values`, not both"
        );
        assert_eq!(of_one[4]["prune"], false);
    }

    #[test]
    fn a_stored_study_goes_on_with_what_was_asked_for_and_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:///{}", folder.path().join("trial.db").display());
        let create = create("s", &json!({"options": {"storage": url}}));
        let ask = json!({"op": "ask", "study": "s"});
        let tell = json!({"op": "tell", "study": "s", "trial": 0, "values": [1]});
        let first = replies(&[create.clone(), ask.clone(), tell.clone(), ask.clone()]);
        let then = replies(&[create.clone(), ask.clone(), tell]);
        assert_eq!(first[3]["trial"], 1);
        assert_eq!(first[3], then[1]);
        assert_eq!(
            then[2]["error"],
            "trial 0 is COMPLETE; only a running trial can be run"
        );
        let mut other = create;
        other["directions"] = json!(["maximize"]);
        assert_eq!(
            replies(&[other])[0]["error"],
            "study `s` is there, and its directions are minimize, not maximize"
        );
    }
}
