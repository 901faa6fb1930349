//! JSON that is typed as an argument, or stands in a file that is named there as `@FILE`.

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value};

/// The value of `flag`. What is wrong with it is told as `place:line:column: …`.
pub(crate) fn value(flag: &str, given: &str) -> Result<Value> {
    let (place, text) = match given.strip_prefix('@') {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("can't read the file of {flag}, {file}"))?;
            (file, text)
        }
        None => (flag, given.to_owned()),
    };
    opah_tune::parse_json(&text).map_err(|problem| anyhow!("{place}:{problem}"))
}

/// The value of `flag`, which must be an object.
pub(crate) fn object(flag: &str, given: &str) -> Result<Map<String, Value>> {
    match value(flag, given)? {
        Value::Object(fields) => Ok(fields),
        other => bail!("{flag} must be a JSON object, `{{\"name\": …}}`, not {other}"),
    }
}
