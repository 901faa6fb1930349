//! Every variable that a trial's program finds in its environment, and the file with its
//! parameters.
//!
//! | variable | what it holds |
//! | --- | --- |
//! | `lr` | the parameter `lr`, if its name can be a variable's; it wins over one that was there |
//! | `OPAH_PARAM_LR` | the same, in capitals, with `_` for what a variable's name can't have |
//! | `OPAH_PARAMS` | the path of a JSON file: an object with the parameters by name |
//! | `OPAH_TRIAL_NUMBER` | the trial's number |
//! | `OPAH_TRIAL_DIR` | the absolute path of its own directory |
//! | `OPAH_STUDY`, `OPAH_STORAGE` | what `opah report` needs; the URL is whole, a password in it included, as without it the program could not report |

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use opah::ParamValue;
use serde_json::{Map, Value};

use crate::hparams::Space;

/// The folder and the files of one trial, in its directory; absolute paths.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The program's own folder, in which opah writes nothing.
    pub(super) own: PathBuf,
    /// The parameters as JSON.
    pub(super) params: PathBuf,
    /// What the program prints.
    pub(super) log: PathBuf,
    /// Which process runs the trial, as long as one does.
    pub(super) process: PathBuf,
}

impl Place {
    pub(super) fn of(directory: &Path) -> Self {
        // It can't fail for a path that is not empty where there is a current directory.
        let root = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        Self {
            own: root.join("run"),
            params: root.join("params.json"),
            log: root.join("log.txt"),
            process: root.join("process"),
        }
    }
}

/// What is the same for all trials.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    study: String,
    /// The storage's URL, with an absolute path if it has one.
    storage: String,
    /// All parameters, also those that a trial goes without.
    names: Vec<Arc<str>>,
}

impl Common {
    pub(crate) fn new(study: String, storage: &str, space: &Space) -> Self {
        Self {
            study,
            storage: absolute(storage),
            names: space.names().cloned().collect(),
        }
    }
}

/// The URL as a program in another directory can use it.
fn absolute(url: &str) -> String {
    let file = opah::storage::file_of(url).and_then(|file| std::path::absolute(file).ok());
    match (file, url.split_once(":///")) {
        (Some(file), Some((scheme, _))) => format!("{scheme}:///{}", file.display()),
        (Some(file), None) => file.display().to_string(),
        (None, _) => url.to_owned(),
    }
}

/// What is set, and what is removed if it is there.
pub(super) fn variables(
    common: &Common,
    number: u64,
    values: &[(Arc<str>, ParamValue)],
    place: &Place,
) -> Vec<(String, Option<OsString>)> {
    let mut variables = Vec::new();
    for name in &common.names {
        let found = values.iter().find(|(known, _)| known == name);
        let value = found.map(|(_, value)| OsString::from(value.to_string()));
        if is_variable(name) {
            variables.push((name.to_string(), value.clone()));
        }
        variables.push((format!("OPAH_PARAM_{}", capitals(name)), value));
    }
    let own = [
        ("OPAH_PARAMS", place.params.clone().into_os_string()),
        ("OPAH_TRIAL_NUMBER", number.to_string().into()),
        ("OPAH_TRIAL_DIR", place.own.clone().into_os_string()),
        ("OPAH_STUDY", common.study.clone().into()),
        ("OPAH_STORAGE", common.storage.clone().into()),
    ];
    variables.extend(own.map(|(name, value)| (name.to_owned(), Some(value))));
    variables
}

/// The parameters that the program can tell apart only by its file, as their names become the
/// same variable.
pub(super) fn warnings(names: &[Arc<str>]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let twin = names[..at]
            .iter()
            .find(|other| capitals(other) == capitals(name));
        if let Some(twin) = twin {
            warnings.push(format!(
                "both `{twin}` and `{name}` are the environment variable OPAH_PARAM_{}, which has \
                 the value of the latter",
                capitals(name)
            ));
        }
    }
    warnings
}

/// The content of the file with the parameters.
pub(super) fn params(values: &[(Arc<str>, ParamValue)]) -> String {
    let values = values.iter();
    let object: Map<String, Value> = values
        .map(|(name, value)| (name.to_string(), value.to_json()))
        .collect();
    format!("{:#}\n", Value::Object(object))
}

fn is_variable(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

fn capitals(name: &str) -> String {
    let capital = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    name.chars().map(capital).collect()
}

#[cfg(test)]
mod tests {
    use opah::Choice;

    use super::*;

    #[test]
    fn parameters_become_variables_and_a_file() {
        let names: Vec<Arc<str>> = ["lr", "a-b", "a b", "momentum"].map(Arc::from).to_vec();
        let values: Vec<(Arc<str>, ParamValue)> = vec![
            (names[0].clone(), ParamValue::Float(1e-5)),
            (
                names[1].clone(),
                ParamValue::Categorical(Choice::Bool(true)),
            ),
            (names[2].clone(), ParamValue::Categorical("é\n".into())),
        ];
        let common = Common {
            study: "s".to_owned(),
            storage: "sqlite:////t.db".to_owned(),
            names,
        };
        let found = variables(&common, 3, &values, &Place::of(Path::new("/r/trial_3")));
        let shown: Vec<String> = found
            .iter()
            .map(|(name, value)| {
                let value = value.as_ref().map(|value| value.to_string_lossy());
                format!("{name} {value:?}")
            })
            .collect();
        assert_eq!(
            shown,
            [
                "lr Some(\"1e-05\")",
                "OPAH_PARAM_LR Some(\"1e-05\")",
                "OPAH_PARAM_A_B Some(\"true\")",
                "OPAH_PARAM_A_B Some(\"é\\n\")",
                "momentum None",
                "OPAH_PARAM_MOMENTUM None",
                "OPAH_PARAMS Some(\"/r/trial_3/params.json\")",
                "OPAH_TRIAL_NUMBER Some(\"3\")",
                "OPAH_TRIAL_DIR Some(\"/r/trial_3/run\")",
                "OPAH_STUDY Some(\"s\")",
                "OPAH_STORAGE Some(\"sqlite:////t.db\")",
            ]
        );
        assert_eq!(warnings(&common.names).len(), 1);
        assert_eq!(absolute("sqlite:////t.db"), "sqlite:////t.db");
        assert!(absolute("journal:///t.log").ends_with("/t.log"));
        assert_ne!(absolute("journal:///t.log"), "journal:///t.log");
        assert_eq!(absolute("postgres://u:p@h/d"), "postgres://u:p@h/d");
        assert_eq!(
            params(&values),
            "{\n  \"lr\": 0.00001,\n  \"a-b\": true,\n  \"a b\": \"é\\n\"\n}\n"
        );
    }
}
