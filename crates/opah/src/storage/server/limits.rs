//! What Optuna's tables on a server can't hold, refused before it is sent.

use super::url::Kind;
use crate::frozen_trial::Param;
use crate::storage::TrialUpdate;

/// The characters of a name: of a study, a parameter or an attribute.
const NAME_LIMIT: usize = 512;

/// The bytes of MySQL's type for texts.
const MYSQL_TEXT_LIMIT: usize = 65_535;

/// What is wrong with a name, if anything is; `what` it names comes first.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), String> {
    let length = name.chars().count();
    if length > NAME_LIMIT {
        let start: String = name.chars().take(20).collect();
        return Err(format!(
            "{what} `{start}…` has {length} characters; a database server keeps at most {NAME_LIMIT}"
        ));
    }
    check_characters(what, name, name)
}

fn check_characters(what: &str, name: &str, text: &str) -> Result<(), String> {
    if text.contains('\0') {
        let name = name.replace('\0', "\\0");
        return Err(format!(
            "{what} `{name}` has the character NUL, which a database server does not keep"
        ));
    }
    Ok(())
}

/// The same of a text that goes with a name.
pub(super) fn check_text(kind: Kind, what: &str, name: &str, text: &str) -> Result<(), String> {
    check_name(what, name)?;
    check_characters(what, name, text)?;
    if kind == Kind::MySql && text.len() > MYSQL_TEXT_LIMIT {
        return Err(format!(
            "{what} `{name}` takes {} bytes as JSON; Optuna's tables on MySQL keep at most {MYSQL_TEXT_LIMIT}",
            text.len()
        ));
    }
    Ok(())
}

/// The same of a parameter with its distribution.
pub(super) fn check_param(kind: Kind, param: &Param) -> Result<(), String> {
    let json = param.distribution.to_json();
    check_text(kind, "parameter", &param.name, &json)
}

/// The same of everything in an update.
pub(super) fn check_update(
    kind: Kind,
    update: &TrialUpdate,
    distributions: &[String],
) -> Result<(), String> {
    for (param, json) in update.params.iter().zip(distributions) {
        check_text(kind, "parameter", &param.name, json)?;
    }
    for (step, _) in &update.reports {
        if i32::try_from(*step).is_err() {
            return Err(format!(
                "step {step} can't be kept; Optuna's tables on a database server end at {}",
                i32::MAX
            ));
        }
    }
    for (key, json) in update.user_attrs.iter().chain(&update.system_attrs) {
        check_text(kind, "attribute", key, json.as_str())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    #[test]
    fn what_does_not_fit_is_named() {
        let long = "é".repeat(513);
        let error = check_name("study", &long).unwrap_err();
        assert!(error.contains("has 513 characters"), "{error}");
        assert_eq!(check_name("study", &"é".repeat(512)), Ok(()));
        assert!(check_name("study", "a\0b").unwrap_err().contains("`a\\0b`"));
        let update = TrialUpdate {
            user_attrs: vec![("k".to_owned(), Json::new(&"x".repeat(65_534)))],
            ..TrialUpdate::default()
        };
        assert_eq!(check_update(Kind::Postgres, &update, &[]), Ok(()));
        let error = check_update(Kind::MySql, &update, &[]).unwrap_err();
        assert!(error.contains("attribute `k` takes 65536 bytes"), "{error}");
        let update = TrialUpdate {
            reports: vec![(1 << 31, 0.5)],
            ..TrialUpdate::default()
        };
        assert!(check_update(Kind::Postgres, &update, &[]).is_err());
    }
}
