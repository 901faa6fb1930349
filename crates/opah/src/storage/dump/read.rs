//! A dump read: line by line, each error with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::sync::Arc;

use super::record::{Number, Record, Texts, Trial, VERSION};
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::frozen_trial::{
    Attrs, FrozenStudy, FrozenTrial, Param, StudyId, Timestamp, TrialId, TrialState,
};
use crate::json::Json;
use crate::storage::Snapshot;

/// What is wrong with a line.
type Parsed<T> = std::result::Result<T, String>;

/// The studies of a dump, in its order. Empty lines are passed over.
///
/// [`Error::InvalidDump`] for the first line that can't be read, and for a dump that ends
/// before a study has all its trials.
///
/// ```
/// let text = "{\"record\":\"dump\",\"version\":1}\n{\"record\":\"trial\"}\n";
/// let error = opah::storage::dump::read(text.as_bytes()).unwrap_err().to_string();
/// assert_eq!(error, "line 2: missing field `number`");
/// ```
pub fn read(input: impl BufRead) -> Result<Vec<Snapshot>> {
    let mut reader = Reader::default();
    let mut n_lines = 0;
    for line in input.lines() {
        n_lines += 1;
        let taken = line
            .map_err(|error| error.to_string())
            .and_then(|line| reader.take(n_lines, &line));
        taken.map_err(|problem| Error::InvalidDump {
            line: n_lines,
            problem,
        })?;
    }
    let ended = reader.check_last();
    let ended = ended.and_then(|()| {
        if reader.has_header {
            Ok(())
        } else {
            Err("the dump is empty".to_owned())
        }
    });
    ended.map_err(|problem| Error::InvalidDump {
        line: n_lines.max(1),
        problem,
    })?;
    Ok(reader.studies)
}

/// The trial of a line by itself.
pub(crate) fn read_trial(line: &str) -> Parsed<FrozenTrial> {
    let record: Record = serde_json::from_str(line).map_err(|error| problem(&error))?;
    match record {
        Record::Trial(trial) => Reader::default().trial(*trial),
        Record::Dump { .. } | Record::Study { .. } => Err("it is no trial".to_owned()),
    }
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    has_header: bool,
    studies: Vec<Snapshot>,
    /// The line of the last study, and how many trials it is to have.
    last: (usize, u64),
    /// Names and distributions that many trials share.
    names: BTreeSet<Arc<str>>,
    distributions: BTreeMap<String, Arc<Distribution>>,
}

impl Reader {
    fn take(&mut self, line: usize, text: &str) -> Parsed<()> {
        if text.trim().is_empty() {
            return Ok(());
        }
        let record: Record = serde_json::from_str(text).map_err(|error| problem(&error))?;
        match record {
            Record::Dump { version } if !self.has_header => {
                if version != VERSION {
                    return Err(format!(
                        "the dump has version {version}, and {VERSION} is the newest that is read; use a newer opah"
                    ));
                }
                self.has_header = true;
                Ok(())
            }
            Record::Dump { .. } => Err("a second dump begins; read each by itself".to_owned()),
            _ if !self.has_header => Err(format!(
                "the first line of a dump is {{\"record\":\"dump\",\"version\":{VERSION}}}"
            )),
            Record::Study {
                name,
                directions,
                n_trials,
                user_attrs,
                system_attrs,
            } => {
                self.check_last()?;
                if self.studies.iter().any(|known| known.study.name == name) {
                    return Err(format!("study `{name}` is there twice"));
                }
                if directions.is_empty() {
                    return Err(format!("study `{name}` has no direction"));
                }
                self.last = (line, n_trials);
                self.studies.push(Snapshot::of(FrozenStudy {
                    id: StudyId(-1),
                    name,
                    directions,
                    user_attrs: attrs(user_attrs),
                    system_attrs: attrs(system_attrs),
                }));
                Ok(())
            }
            Record::Trial(trial) => {
                let trial = self.trial(*trial)?;
                let study = self.studies.last_mut();
                let study = study.ok_or("a trial stands before the first study")?;
                let (next, n_objectives) = (study.trials.len(), study.study.directions.len());
                if trial.number != next as u64 {
                    return Err(format!(
                        "here is trial {} of study `{}`, and trial {next} is to be here",
                        trial.number, study.study.name
                    ));
                }
                check_values(&trial, n_objectives)?;
                study.trials.push(Arc::new(trial));
                Ok(())
            }
        }
    }

    /// Whether the last study has all its trials.
    fn check_last(&self) -> Parsed<()> {
        let (line, n_trials) = self.last;
        match self.studies.last() {
            Some(study) if study.trials.len() as u64 != n_trials => Err(format!(
                "study `{}`, which begins in line {line}, has {} of its {n_trials} trials; something is missing",
                study.study.name,
                study.trials.len()
            )),
            _ => Ok(()),
        }
    }

    fn trial(&mut self, trial: Trial) -> Parsed<FrozenTrial> {
        let params = trial.params.into_iter();
        let params = params.map(|(name, (Number(value), json))| self.param(name, value, json));
        Ok(FrozenTrial {
            id: TrialId(-1),
            number: trial.number,
            params: params.collect::<Parsed<_>>()?,
            state: TrialState::from_name(&trial.state).ok_or_else(|| {
                let known = TrialState::ALL.map(TrialState::name).join(", ");
                format!("`{}` is no state; the states are {known}", trial.state)
            })?,
            values: trial.values.iter().map(|Number(value)| *value).collect(),
            intermediate_values: trial
                .reports
                .iter()
                .map(|(step, Number(value))| (*step, *value))
                .collect(),
            user_attrs: attrs(trial.user_attrs),
            system_attrs: attrs(trial.system_attrs),
            datetime_start: time(trial.start.as_deref())?,
            datetime_complete: time(trial.complete.as_deref())?,
        })
    }

    fn param(&mut self, name: String, value: f64, json: String) -> Parsed<Param> {
        let distribution = if let Some(known) = self.distributions.get(&json) {
            known.clone()
        } else {
            let read = Distribution::from_json(&json);
            let read = read.map_err(|error| format!("parameter `{name}`: {error}"))?;
            let read = Arc::new(read);
            self.distributions.insert(json, read.clone());
            read
        };
        let is_choice = matches!(*distribution, Distribution::Categorical(_));
        if value.is_nan() || (is_choice && !distribution.contains(value)) {
            return Err(format!(
                "parameter `{name}`: {value} is not in {distribution}"
            ));
        }
        let name: Arc<str> = name.into();
        let name = if let Some(known) = self.names.get(&name) {
            known.clone()
        } else {
            self.names.insert(name.clone());
            name
        };
        Ok(Param {
            name,
            value,
            distribution,
        })
    }
}

/// What serde says, without the line, which is always the first.
fn problem(error: &serde_json::Error) -> String {
    let told = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match told.strip_suffix(&place) {
        Some(told) if error.column() > 0 => format!("{told} in column {}", error.column()),
        Some(told) => told.to_owned(),
        None => told,
    }
}

fn check_values(trial: &FrozenTrial, n_objectives: usize) -> Parsed<()> {
    let n_values = trial.values.len();
    let is_complete = trial.state == TrialState::Complete;
    if n_values > n_objectives || (is_complete && n_values != n_objectives) {
        return Err(format!(
            "trial {} is {} with {n_values} value(s), and the study has {n_objectives} objective(s)",
            trial.number, trial.state
        ));
    }
    if trial.values.iter().any(|value| value.is_nan()) {
        return Err(format!(
            "a value of trial {} is not a number (NaN)",
            trial.number
        ));
    }
    Ok(())
}

fn attrs(texts: Texts) -> Attrs {
    let attrs = texts.into_iter();
    attrs
        .map(|(key, text)| (key, Json::from_text(text)))
        .collect()
}

fn time(text: Option<&str>) -> Parsed<Option<Timestamp>> {
    let read = text.map(|text| {
        text.parse()
            .map_err(|_| format!("`{text}` is no time; one is 2026-11-23T12:00:00.123456Z"))
    });
    read.transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"record":"dump","version":1}"#;
    const STUDY: &str = r#"{"record":"study","name":"s","directions":["minimize"],"n_trials":1}"#;
    const TRIAL: &str = r#"{"record":"trial","number":0,"state":"COMPLETE","values":[1]}"#;

    fn read_lines(lines: &[&str]) -> Result<Vec<Snapshot>> {
        read(lines.join("\n").as_bytes())
    }

    #[test]
    fn what_is_not_known_or_not_there_is_passed_over() {
        let trial = r#"{"number":0,"mood":{"a":[1]},"state":"RUNNING","record":"trial"}"#;
        let read = read_lines(&[HEADER, "", STUDY, trial, " "]).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].study.name, "s");
        assert_eq!(read[0].trials[0].state, TrialState::Running);
        assert!(read_lines(&[HEADER]).unwrap().is_empty());
    }

    #[test]
    fn every_member_of_a_trial_is_read() {
        let trial = r#"{"record":"trial","number":0,"state":"PRUNED","values":["-Infinity"],
            "params":{"x":[0.5,"{\"name\": \"FloatDistribution\", \"attributes\": {\"low\": 0, \"high\": 1}}"]},
            "reports":[[0,"NaN"],[7,0.1]],"user_attrs":{"k":"NaN"},"system_attrs":{"l":"[1]"},
            "start":"2026-11-23T12:00:00.123456Z","complete":"2026-11-23T12:00:01Z"}"#;
        let read = read_lines(&[HEADER, STUDY, &trial.replace('\n', " ")]).unwrap();
        let trial = &read[0].trials[0];
        assert_eq!(trial.values, [f64::NEG_INFINITY]);
        assert_eq!(trial.params.get("x").unwrap().value, 0.5);
        assert!(trial.intermediate_values[&0].is_nan());
        assert_eq!(trial.last_report(), Some(0.1));
        assert_eq!(trial.user_attrs["k"].as_str(), "NaN");
        assert_eq!(trial.system_attrs["l"].as_str(), "[1]");
        let micros = trial.datetime_start.map(Timestamp::as_microsecond);
        assert_eq!(micros.map(|micros| micros % 1_000_000), Some(123_456));
        assert!(trial.datetime_complete.is_some());
    }

    #[test]
    fn a_wrong_line_is_told_with_its_number() {
        let with = |from: &str, to: &str| TRIAL.replace(from, to);
        let choice = r#""params":{"c":[2,"{\"type\": \"categorical\", \"choices\": [1, 2]}"]},"v"#;
        for (lines, told) in [
            (vec![""], "line 1: the dump is empty"),
            (
                vec![STUDY],
                r#"line 1: the first line of a dump is {"record":"dump","version":1}"#,
            ),
            (
                vec![r#"{"record":"dump","version":2}"#],
                "line 1: the dump has version 2, and 1 is the newest that is read; use a newer opah",
            ),
            (
                vec![HEADER, HEADER],
                "line 2: a second dump begins; read each by itself",
            ),
            (
                vec![HEADER, TRIAL],
                "line 2: a trial stands before the first study",
            ),
            (
                vec![HEADER, STUDY],
                "line 2: study `s`, which begins in line 2, has 0 of its 1 trials; something is missing",
            ),
            (
                vec![HEADER, STUDY, TRIAL, STUDY],
                "line 4: study `s` is there twice",
            ),
            (
                vec![HEADER, STUDY, &with("0,", "3,")],
                "line 3: here is trial 3 of study `s`, and trial 0 is to be here",
            ),
            (
                vec![HEADER, STUDY, &with("COMPLETE", "DONE")],
                "line 3: `DONE` is no state; the states are RUNNING, COMPLETE, PRUNED, FAIL, WAITING",
            ),
            (
                vec![HEADER, STUDY, &with("[1]", "[]")],
                "line 3: trial 0 is COMPLETE with 0 value(s), and the study has 1 objective(s)",
            ),
            (
                vec![HEADER, STUDY, &with("[1]", "[\"NaN\"]")],
                "line 3: a value of trial 0 is not a number (NaN)",
            ),
            (
                vec![HEADER, STUDY, &with("\"v", choice)],
                "line 3: parameter `c`: 2 is not in categorical(1, 2)",
            ),
            (
                vec![HEADER, STUDY, &with("\"v", "\"start\":\"noon\",\"v")],
                "line 3: `noon` is no time; one is 2026-11-23T12:00:00.123456Z",
            ),
        ] {
            assert_eq!(read_lines(&lines).unwrap_err().to_string(), told);
        }
        let cut = read_lines(&[HEADER, STUDY, &TRIAL[..40]]).unwrap_err();
        assert!(
            cut.to_string().starts_with("line 3: EOF while parsing"),
            "{cut}"
        );
        let unknown = read_lines(&[HEADER, r#"{"record":"draft"}"#]).unwrap_err();
        assert!(
            unknown
                .to_string()
                .starts_with("line 2: unknown variant `draft`"),
            "{unknown}"
        );
    }
}
