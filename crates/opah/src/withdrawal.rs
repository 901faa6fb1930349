//! Finished trials that do not count any more: deleted ones, and those that another one
//! corrects.
//!
//! A finished trial never changes, and neither Optuna's tables nor its journals can take one
//! away. So it stays as it is, and an attribute of its study says that it is withdrawn, since
//! when and why. A [`History`](crate::history::History) passes it over; Optuna, which knows
//! nothing of it, does not. Each trial has an attribute of its own, so that two who withdraw
//! trials at the same moment do not overwrite each other.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::frozen_trial::{FrozenStudy, Timestamp};
use crate::json::Json;

/// The system attributes of a study that withdraw a trial begin so; its number follows.
const PREFIX: &str = "opah:withdrawn:";

/// The system attribute of a trial that corrects another one: the other one's number.
pub const CORRECTS_ATTR: &str = "opah:corrects";

/// Why a trial does not count, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// In words; empty if nobody said why.
    pub reason: String,
    /// When it was withdrawn; `None` if that can't be read.
    pub time: Option<Timestamp>,
}

impl Withdrawal {
    /// The stored form; that of `None` takes a withdrawal back.
    pub(crate) fn to_json(withdrawal: Option<&Self>) -> Json {
        let stored = withdrawal.map(|withdrawal| {
            let time = withdrawal.time.map(|time| time.to_string());
            json!({"reason": withdrawal.reason, "time": time})
        });
        Json::new(&stored)
    }

    fn of_json(json: &Json) -> Option<Self> {
        let stored = json.to_value();
        if stored.is_null() {
            return None;
        }
        let text = |key: &str| stored.get(key).and_then(Value::as_str);
        Some(Self {
            reason: text("reason").unwrap_or_default().to_owned(),
            time: text("time").and_then(|time| time.parse().ok()),
        })
    }
}

/// The system attribute of a study that withdraws the trial of this number.
pub(crate) fn withdrawn_attr(number: u64) -> String {
    format!("{PREFIX}{number}")
}

impl FrozenStudy {
    /// The withdrawn trials, by number.
    pub fn withdrawn(&self) -> BTreeMap<u64, Withdrawal> {
        let attrs = self.system_attrs.iter();
        attrs
            .filter_map(|(key, json)| {
                let number = key.strip_prefix(PREFIX)?.parse().ok()?;
                Some((number, Withdrawal::of_json(json)?))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen_trial::{Attrs, StudyId};

    #[test]
    fn what_is_noted_is_read_and_null_takes_it_back() {
        let withdrawal = Withdrawal {
            reason: "the \"wrong\" data".to_owned(),
            time: Some(Timestamp::UNIX_EPOCH),
        };
        let attrs = [
            (3, Withdrawal::to_json(Some(&withdrawal))),
            (4, Withdrawal::to_json(None)),
            (12, Json::from_text("true")),
        ];
        let mut system_attrs: Attrs = attrs
            .into_iter()
            .map(|(number, json)| (withdrawn_attr(number), json))
            .collect();
        system_attrs.insert("opah:withdrawn:x".to_owned(), Json::from_text("true"));
        let study = FrozenStudy {
            id: StudyId(0),
            name: "s".to_owned(),
            directions: Vec::new(),
            user_attrs: Attrs::new(),
            system_attrs,
        };
        let unexplained = Withdrawal {
            reason: String::new(),
            time: None,
        };
        assert_eq!(
            study.withdrawn(),
            BTreeMap::from([(3, withdrawal), (12, unexplained)])
        );
    }
}
