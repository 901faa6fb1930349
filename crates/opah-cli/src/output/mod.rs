//! What is written to the terminal, but for bars and for the predictions that `opah predict`
//! streams.

pub(crate) mod yaml;

use std::io::{self, IsTerminal, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use opah::json::Json;
use serde_json::{Map, Value};

use crate::args::FormatName;

/// Rows under headings; a cell is a JSON value, null where there is none.
pub(crate) struct Rows {
    pub(crate) headings: Vec<String>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// The directions of a study in a line.
pub(crate) fn directions(directions: &[opah::Direction]) -> String {
    let names: Vec<String> = directions.iter().map(ToString::to_string).collect();
    names.join(", ")
}

impl Rows {
    /// Writes the rows to standard output. A reader that has gone away is no error.
    pub(crate) fn print(&self, format: FormatName) -> anyhow::Result<()> {
        let text = match format {
            FormatName::Table => self.table(),
            FormatName::Csv => self.csv()?,
            FormatName::Json => serde_json::to_string_pretty(&self.objects())? + "\n",
            FormatName::Yaml => yaml::document(&self.objects()),
        };
        print(&text)
    }

    /// The rows as a table for people.
    pub(crate) fn table(&self) -> String {
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_BORDERS_ONLY)
            .set_header(&self.headings);
        if io::stdout().is_terminal() {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        for row in &self.rows {
            table.add_row(row.iter().map(cell));
        }
        for (at, column) in table.column_iter_mut().enumerate() {
            if self.rows.iter().any(|row| row[at].is_number()) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n")
    }

    fn csv(&self) -> anyhow::Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.headings)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(cell))?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }

    /// The rows as objects, by heading.
    pub(crate) fn objects(&self) -> Value {
        let object = |row: &Vec<Value>| -> Value {
            let cells = row.iter().cloned();
            Value::Object(self.headings.iter().cloned().zip(cells).collect())
        };
        self.rows.iter().map(object).collect()
    }
}

/// Writes one thing with its parts to standard output: JSON on one line as Python spells it,
/// the parts of parts with names of their own (`params_x`) in a table.
pub(crate) fn print_record(record: &Map<String, Value>, format: FormatName) -> anyhow::Result<()> {
    match format {
        FormatName::Json => print(&format!("{}\n", Json::new(record).as_str())),
        FormatName::Yaml => print(&yaml::document(&Value::Object(record.clone()))),
        FormatName::Table | FormatName::Csv => {
            let (headings, row) = flat(record).into_iter().unzip();
            let rows = vec![row];
            Rows { headings, rows }.print(format)
        }
    }
}

/// The record with the parts of its parts beside the others.
pub(crate) fn flat(record: &Map<String, Value>) -> Map<String, Value> {
    let mut flat = Map::new();
    for (name, value) in record {
        let Value::Object(parts) = value else {
            flat.insert(name.clone(), value.clone());
            continue;
        };
        for (part, value) in parts {
            flat.insert(format!("{name}_{part}"), value.clone());
        }
    }
    flat
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            opah::json::python_float(number.as_f64().unwrap_or(f64::NAN))
        }
        other => other.to_string(),
    }
}

/// Writes a text to standard output.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    // Flushed, because a last line without its end would else be written at exit, unseen.
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a line for people to standard error.
pub(crate) fn note(line: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes a warning to standard error.
pub(crate) fn warn(text: &str) {
    note(&format!("warning: {text}"));
}

/// Writes an error and its causes to standard error.
pub(crate) fn complain(error: &anyhow::Error) {
    note(&format!("error: {}", with_causes(error)));
}

/// An error and its causes, without those that only repeat what was said before them.
pub(crate) fn with_causes(error: &anyhow::Error) -> String {
    let mut told = error.to_string();
    let mut last = told.clone();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if told.contains(&cause) || cause.contains(&last) {
            continue;
        }
        told = format!("{told}: {cause}");
        last = cause;
    }
    told
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::with_causes;

    #[test]
    fn a_cause_that_was_told_already_is_not_repeated() {
        let cause = || anyhow!("Error code 5: database is locked");
        for (error, told) in [
            (cause(), "Error code 5: database is locked"),
            (cause().context("database is locked"), "database is locked"),
            (
                cause().context("database is locked").context("a.db: wait"),
                "a.db: wait: database is locked",
            ),
            (
                anyhow!("no such file").context("can't read a: no such file"),
                "can't read a: no such file",
            ),
            (anyhow!("b").context("a"), "a: b"),
        ] {
            assert_eq!(with_causes(&error), told);
        }
    }
}
