//! A file to which the program adds rows: lines of JSON, or CSV with headings.
//!
//! Each row that has a number under the key is a report. Rows without one are passed over, as
//! many programs write rows of several kinds into one file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::metric::{MetricFile, in_json, missing};
use super::output::Lines;

/// What was read of a file.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// So many bytes.
    n_read: u64,
    lines: Lines,
    /// The column of the key, or that there is none, once the headings of a CSV file are read.
    column: Option<Result<usize, String>>,
    /// What is wrong with the last row that was passed over.
    problem: Option<String>,
}

impl Rows {
    /// The values of the rows that are new. A last one without an end of line is still being
    /// written, unless the program is over.
    pub(super) fn new_values(
        &mut self,
        file: &MetricFile,
        folder: &Path,
        is_over: bool,
    ) -> Vec<f64> {
        let path = file.path(folder);
        let mut lines = match self.new_lines(&path) {
            Ok(lines) => lines,
            // The program makes it when it likes.
            Err(error) => {
                self.problem = Some(error.to_string());
                return Vec::new();
            }
        };
        if is_over {
            lines.extend(self.lines.last());
        }
        let mut values = Vec::new();
        for line in lines.iter().filter(|line| !line.trim().is_empty()) {
            match self.value(line, file) {
                Ok(value) => values.extend(value),
                Err(problem) => self.problem = Some(problem),
            }
        }
        values
    }

    /// Why there is no value.
    pub(super) fn problem(&self, file: &MetricFile, folder: &Path) -> String {
        let problem = self.problem.as_deref().unwrap_or("it has no row");
        format!("{}: {problem}", file.path(folder).display())
    }

    fn new_lines(&mut self, path: &Path) -> io::Result<Vec<String>> {
        let mut file = File::open(path)?;
        if file.metadata()?.len() < self.n_read {
            // It was begun anew.
            *self = Self::default();
        }
        file.seek(SeekFrom::Start(self.n_read))?;
        let mut bytes = Vec::new();
        self.n_read += file.read_to_end(&mut bytes)? as u64;
        Ok(self.lines.push(&bytes))
    }

    /// The value in a row; `None` of the headings.
    fn value(&mut self, line: &str, file: &MetricFile) -> Result<Option<f64>, String> {
        let key = file.key();
        if !file.is_table() {
            return in_json(line, key).map(Some);
        }
        let cells = cells(line)?;
        let Some(column) = self.column.clone() else {
            let headings = || cells.iter().map(str::trim);
            let found = headings().position(|heading| heading == key);
            let found = found.ok_or_else(|| missing(key, headings()));
            self.column = Some(found.clone());
            return found.map(|_| None);
        };
        let column = column?;
        let cell = cells.get(column).unwrap_or_default().trim();
        let number = cell.parse::<f64>();
        let number = number.map_err(|_| format!("`{key}` is `{cell}`, which is no number"));
        number.map(Some)
    }
}

/// The cells of a row in which no cell has an end of line.
fn cells(line: &str) -> Result<csv::StringRecord, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(line.as_bytes());
    let row = reader
        .records()
        .next()
        .unwrap_or_else(|| Ok(csv::StringRecord::new()));
    row.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn rows_are_read_as_they_come() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.csv");
        let file = MetricFile::new("m.csv:acc, dev").unwrap();
        let mut rows = Rows::default();
        let mut read = |text: &str, is_over: bool| {
            fs::write(&path, text).unwrap();
            rows.new_values(&file, folder.path(), is_over)
        };
        let mut text = "epoch,\"acc, dev\"\n0,0.5\n1,".to_owned();
        assert_eq!(read(&text, false), [0.5]);
        text += "0.75\n2,\n3,nan\n";
        let read_now = read(&text, false);
        assert_eq!(read_now[0], 0.75);
        assert!(read_now[1].is_nan() && read_now.len() == 2);
        text += "4,1";
        assert_eq!(read(&text, false), [0.0; 0]);
        assert_eq!(read(&text, true), [1.0]);
    }

    #[test]
    fn what_is_missing_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let told = |name: &str, text: Option<&str>| {
            let file = MetricFile::new(&format!("{name}:acc")).unwrap();
            if let Some(text) = text {
                fs::write(folder.path().join(name), text).unwrap();
            }
            let mut rows = Rows::default();
            assert_eq!(rows.new_values(&file, folder.path(), true), [0.0; 0]);
            rows.problem(&file, folder.path())
        };
        assert!(told("a.csv", None).contains("a.csv: No such file or directory"));
        assert!(told("b.csv", Some("")).ends_with("b.csv: it has no row"));
        let no_column = told("c.csv", Some("epoch,ac\n1,2\n"));
        assert!(
            no_column.contains("there is no `acc`; did you mean `ac`?"),
            "{no_column}"
        );
        let no_number = told("d.csv", Some("acc\nmuch\n"));
        assert!(
            no_number.ends_with("`acc` is `much`, which is no number"),
            "{no_number}"
        );
        let no_key = told("e.jsonl", Some("{\"loss\": 1}\n"));
        assert!(
            no_key.contains("there is no `acc` (there is loss)"),
            "{no_key}"
        );
    }

    #[test]
    fn rows_of_several_kinds_may_stand_in_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let text = "{\"loss\": 1}\n{\"acc\": 0.5}\n\n{\"loss\": 2}\n{\"acc\": NaN}\n{\"acc\": 0.7}";
        fs::write(folder.path().join("m.jsonl"), text).unwrap();
        let file = MetricFile::new("m.jsonl:acc").unwrap();
        let mut rows = Rows::default();
        let values = rows.new_values(&file, folder.path(), true);
        assert_eq!(values.len(), 3);
        assert_eq!((values[0], values[2]), (0.5, 0.7));
    }
}
