//! Trials read from Optuna's tables, in one statement and so of one moment, however many
//! there are. What can't be read is left out, with a warning.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::connection::{Answer, Connection, Value};
use crate::frozen_trial::{Attrs, FrozenTrial, Param, Params, StudyId, TrialId, TrialState};
use crate::json::Json;
use crate::storage::encoding::{Shared, number_or_problem, param_problem, values_problem};

/// What one row of the statement tells.
const PARAM: i64 = 0;
const TRIAL: i64 = 1;
const VALUE: i64 = 2;
const REPORT: i64 = 3;
const USER_ATTR: i64 = 4;
const SYSTEM_ATTR: i64 = 5;
const STUDY: i64 = 6;

/// Smaller than any id of a server's.
pub(super) const BEFORE_ALL: i64 = i32::MIN as i64;
/// Greater than any id of a server's.
pub(super) const AFTER_ALL: i64 = i32::MAX as i64;

/// What is kept from one reading to the next. Nothing is locked while a thread waits for the
/// server, but for the rare question whose a number is.
#[derive(Debug, Default)]
pub(super) struct Reader {
    shared: Mutex<Shared>,
    /// Whose a number is, to notice when another trial has it too.
    owners: Mutex<BTreeMap<(StudyId, u64), TrialId>>,
    /// What was skipped, and why.
    warnings: Mutex<BTreeSet<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while rows are read leaves at most an entry more than before.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reader {
    /// The trials of a study with an id greater than `after` and those named, by id.
    pub(super) fn trials(
        &self,
        connection: &mut dyn Connection,
        study: StudyId,
        after: i64,
        named: &[i64],
    ) -> Answer<Vec<FrozenTrial>> {
        let mut batch = Batch::default();
        let mut ids = named.to_vec();
        let (sql, values) = if after == BEFORE_ALL {
            let sql = statement(connection.text_cast(), None);
            (sql, vec![Value::Int(study.0)])
        } else {
            if after != AFTER_ALL {
                let new = "SELECT trial_id FROM trials WHERE study_id = $1 AND trial_id > $2";
                let values = [study.0, after].map(Value::Int);
                connection.query(new, &values, &mut |row| ids.extend(row[0].as_int()))?;
            }
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            // By their ids: whatever the server believes of the tables, it reads no others.
            let sql = statement(connection.text_cast(), Some("= ANY($2)"));
            (sql, vec![Value::Int(study.0), Value::Ids(&ids)])
        };
        let mut shared = None;
        connection.query(&sql, &values, &mut |row| {
            batch.read(row, shared.get_or_insert_with(|| lock(&self.shared)));
        })?;
        drop(shared);
        let Batch {
            drafts,
            study_name,
            n_objectives,
        } = batch;
        let mut trials = Vec::new();
        for (id, mut draft) in drafts {
            let Some(head) = draft.head else {
                continue;
            };
            let warn = |problem: &str| {
                format!(
                    "study `{study_name}`: the trial with id {} is skipped: {problem}",
                    id.0
                )
            };
            let (number, state) = match head {
                Ok(head) => head,
                Err(problem) => {
                    self.warn(warn(&problem));
                    continue;
                }
            };
            draft.trial.number = number;
            draft.trial.state = state;
            for late in &draft.late {
                let warning = format!(
                    "study `{study_name}`: of the trial with id {}, {late}",
                    id.0
                );
                self.warn(warning);
            }
            let problem = draft.problem;
            let problem = problem.or_else(|| values_problem(&draft.trial, n_objectives));
            let problem = match problem {
                None => self.number_problem(connection, study, &draft.trial)?,
                problem => problem,
            };
            match problem {
                None => {
                    draft.trial.params.shrink();
                    trials.push(draft.trial);
                }
                Some(problem) => {
                    self.warn(warn(&problem));
                }
            }
        }
        Ok(trials)
    }

    pub(super) fn warn(&self, warning: String) {
        lock(&self.warnings).insert(warning);
    }

    /// What was skipped so far, and why.
    pub(super) fn warnings(&self) -> Vec<String> {
        lock(&self.warnings).iter().cloned().collect()
    }

    /// The trial that had a number first keeps it.
    fn number_problem(
        &self,
        connection: &mut dyn Connection,
        study: StudyId,
        trial: &FrozenTrial,
    ) -> Answer<Option<String>> {
        let mut owners = lock(&self.owners);
        let owner = owners.entry((study, trial.number)).or_insert(trial.id);
        if *owner == trial.id {
            return Ok(None);
        }
        let mut is_there = false;
        let sql =
            "SELECT trial_id FROM trials WHERE trial_id = $1 AND study_id = $2 AND number = $3";
        let values = [owner.0, study.0, trial.number as i64].map(Value::Int);
        connection.query(sql, &values, &mut |_| is_there = true)?;
        if !is_there {
            *owner = trial.id;
            return Ok(None);
        }
        Ok(Some(format!(
            "its number {} is that of the trial with id {}",
            trial.number, owner.0
        )))
    }
}

/// The statement for a whole study, or for the trials whose ids are so.
fn statement(text: &str, ids: Option<&str>) -> String {
    let (trials, details) = match ids {
        None => (
            String::new(),
            "JOIN trials t ON t.trial_id = r.trial_id WHERE t.study_id = $1".to_owned(),
        ),
        Some(ids) => (
            format!(" AND t.trial_id {ids}"),
            format!("WHERE r.trial_id {ids}"),
        ),
    };
    // The first rows have a value in every column but the times, which tells the types.
    format!(
        "SELECT {PARAM}, r.trial_id, 0, r.param_name, r.param_value, r.distribution_json, NULL, NULL
         FROM trial_params r {details}
         UNION ALL
         SELECT {TRIAL}, t.trial_id, t.number, t.state{text}, NULL, NULL, t.datetime_start, t.datetime_complete
         FROM trials t WHERE t.study_id = $1{trials}
         UNION ALL
         SELECT {VALUE}, r.trial_id, r.objective, r.value_type{text}, r.value, NULL, NULL, NULL
         FROM trial_values r {details}
         UNION ALL
         SELECT {REPORT}, r.trial_id, r.step, r.intermediate_value_type{text}, r.intermediate_value, NULL, NULL, NULL
         FROM trial_intermediate_values r {details}
         UNION ALL
         SELECT {USER_ATTR}, r.trial_id, 0, r.key, NULL, r.value_json, NULL, NULL
         FROM trial_user_attributes r {details}
         UNION ALL
         SELECT {SYSTEM_ATTR}, r.trial_id, 0, r.key, NULL, r.value_json, NULL, NULL
         FROM trial_system_attributes r {details}
         UNION ALL
         SELECT {STUDY}, s.study_id, (SELECT count(*) FROM study_directions d WHERE d.study_id = s.study_id),
         s.study_name, NULL, NULL, NULL, NULL FROM studies s WHERE s.study_id = $1"
    )
}

/// The rows of one reading, which come in any order.
#[derive(Default)]
struct Batch {
    drafts: BTreeMap<TrialId, Draft>,
    study_name: String,
    n_objectives: usize,
}

/// What is known of a trial while its rows are read.
struct Draft {
    trial: FrozenTrial,
    /// Its number and state, or why it has none.
    head: Option<Result<(u64, TrialState), String>>,
    /// What is left out of it.
    late: Vec<String>,
    /// Why it can't be read.
    problem: Option<String>,
}

impl Draft {
    fn new(id: TrialId) -> Self {
        let trial = FrozenTrial {
            id,
            number: 0,
            state: TrialState::Running,
            values: Vec::new(),
            params: Params::default(),
            intermediate_values: BTreeMap::new(),
            user_attrs: Attrs::new(),
            system_attrs: Attrs::new(),
            datetime_start: None,
            datetime_complete: None,
        };
        Self {
            trial,
            head: None,
            late: Vec::new(),
            problem: None,
        }
    }

    fn read_trial(&mut self, number: Value, state: &str, start: Value, complete: Value) {
        let mut time = |value: Value, what: &str| match value {
            Value::Time(time) => Some(time),
            Value::Null => None,
            other => {
                let text = other.as_text().unwrap_or_default();
                let late = format!("the time of its {what} is left out: `{text}` is no time");
                self.late.push(late);
                None
            }
        };
        self.trial.datetime_start = time(start, "begin");
        self.trial.datetime_complete = time(complete, "end");
        let number = number
            .as_int()
            .and_then(|number| u64::try_from(number).ok());
        let number = number.ok_or_else(|| "it has no number".to_owned());
        let state = TrialState::from_name(state).ok_or_else(|| format!("`{state}` is no state"));
        self.head = Some(number.and_then(|number| Ok((number, state?))));
    }

    fn read_param(
        &mut self,
        name: &str,
        value: Value,
        json: Value,
        shared: &mut Shared,
    ) -> Result<(), String> {
        let in_param = |problem: String| format!("parameter `{name}`: {problem}");
        let json = json.as_text().unwrap_or_default();
        let distribution = shared.distribution(json).map_err(in_param)?;
        let value = value.as_float();
        let value = value.ok_or_else(|| in_param("it has no value".to_owned()))?;
        if let Some(problem) = param_problem(&distribution, value) {
            return Err(in_param(problem));
        }
        self.trial.params.insert(Param {
            name: shared.name(name),
            value,
            distribution,
        });
        Ok(())
    }

    fn read_value(&mut self, objective: Value, value: Value, kind: &str) -> Result<(), String> {
        let objective = objective.as_int();
        let objective = objective.and_then(|objective| u16::try_from(objective).ok());
        let objective = objective.ok_or_else(|| "that is no number of an objective".to_owned())?;
        let objective = usize::from(objective);
        let values = &mut self.trial.values;
        if values.len() <= objective {
            values.resize(objective + 1, f64::NAN);
        }
        values[objective] = number_or_problem(value.as_float(), kind)?;
        Ok(())
    }
}

impl Batch {
    fn read(&mut self, row: &[Value], shared: &mut Shared) {
        let &[
            Value::Int(kind),
            Value::Int(id),
            place,
            name,
            value,
            text,
            start,
            complete,
        ] = row
        else {
            return;
        };
        let name = name.as_text().unwrap_or_default();
        if kind == STUDY {
            name.clone_into(&mut self.study_name);
            self.n_objectives = place.as_int().unwrap_or(0) as usize;
            return;
        }
        let id = TrialId(id);
        let draft = self.drafts.entry(id).or_insert_with(|| Draft::new(id));
        let json = || Json::from_text(text.as_text().unwrap_or("null"));
        let (table, read) = match kind {
            TRIAL => {
                draft.read_trial(place, name, start, complete);
                return;
            }
            USER_ATTR => {
                draft.trial.user_attrs.insert(name.to_owned(), json());
                return;
            }
            SYSTEM_ATTR => {
                draft.trial.system_attrs.insert(name.to_owned(), json());
                return;
            }
            PARAM => ("trial_params", draft.read_param(name, value, text, shared)),
            VALUE => ("trial_values", draft.read_value(place, value, name)),
            _ => {
                let step = place.as_int().unwrap_or(0);
                let number = number_or_problem(value.as_float(), name);
                let read = number.map(|number| {
                    draft.trial.intermediate_values.insert(step, number);
                });
                ("trial_intermediate_values", read)
            }
        };
        if let Err(problem) = read {
            let problem = format!("a row of `{table}` can't be read: {problem}");
            draft.problem.get_or_insert(problem);
        }
    }
}
