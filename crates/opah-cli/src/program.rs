//! The flags of `opah tune` that are about a command: its words, its search space, and how its
//! trials run.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args as Group;
use opah_tune::executor::command::{self, Metric, MetricFile, Numbered, Pattern};
use opah_tune::hparams::Source;

/// A command to be tuned.
#[derive(Debug, Group)]
pub(crate) struct Program {
    /// The search space of a command, in a file as `HPARAM_PATH`
    #[arg(long = "space", value_name = "FILE", requires = "words")]
    space_file: Option<PathBuf>,
    /// A parameter of a command: `lr=float(1e-5, 0.1, log)`, `n=int(1, 64, step=8)`,
    /// `opt=cat(adam, sgd)`, perhaps with a condition, `m=float(0, 1) if opt == "sgd"`; given
    /// once for each
    #[arg(
        long = "param",
        value_name = "NAME=TYPE(…)",
        requires = "words",
        conflicts_with = "space_file"
    )]
    params: Vec<String>,
    /// Take what this regular expression finds in lines of standard output, in its group
    /// `value` or its first; the last one is the trial's value [default: the last number on
    /// standard output]
    #[arg(
        long,
        value_name = "PATTERN",
        requires = "words",
        conflicts_with_all = ["metric_file", "metric_glob"],
        value_parser = Pattern::new
    )]
    metric_regex: Option<Pattern>,
    /// Take the value from a file in the trial's folder, and a key in it, e.g.
    /// `metrics.json:best_validation_accuracy`; of JSON lines (`.jsonl`) and CSV each row is a
    /// step, and the last one counts
    #[arg(
        long,
        value_name = "FILE:KEY",
        requires = "words",
        conflicts_with = "metric_glob",
        value_parser = MetricFile::new
    )]
    metric_file: Option<MetricFile>,
    /// Take the values of steps from such files as they come, e.g.
    /// `metrics_epoch_*.json:validation_accuracy`; the last one is the trial's
    #[arg(long, value_name = "FILES:KEY", requires = "words", value_parser = Numbered::new)]
    metric_glob: Option<Numbered>,
    /// Stop a trial after so many seconds; it has failed
    #[arg(long, value_name = "SECONDS", requires = "words", value_parser = seconds)]
    trial_timeout: Option<Duration>,
    /// Give a command that is stopped so many seconds to end, before it is killed
    #[arg(
        long,
        value_name = "SECONDS",
        requires = "words",
        default_value = "10",
        value_parser = seconds
    )]
    grace: Duration,
    /// Keep so many bytes of what a trial prints; `k`, `M` and `G` may follow
    #[arg(
        long,
        value_name = "BYTES",
        requires = "words",
        default_value = "10M",
        value_parser = bytes
    )]
    log_limit: u64,
    /// Leave an interrupted trial its files, for a command that goes on from them
    #[arg(long, requires = "words")]
    continue_trials: bool,
    /// The command, with `{NAME}` where the value of a parameter goes, `{dir}` for the trial's
    /// folder, `{number}` for its number, `{params}` for a JSON file with its parameters, and
    /// `{{lr}}` for the text `{lr}`
    #[arg(last = true, value_name = "COMMAND")]
    words: Vec<String>,
}

impl Program {
    /// A flag that is given although there is no command it could be about.
    pub(crate) fn misplaced(&self) -> Option<&'static str> {
        let flags = [
            ("--space", self.space_file.is_some()),
            ("--param", !self.params.is_empty()),
            ("--metric-regex", self.metric_regex.is_some()),
            ("--metric-file", self.metric_file.is_some()),
            ("--metric-glob", self.metric_glob.is_some()),
            ("--trial-timeout", self.trial_timeout.is_some()),
            ("--continue-trials", self.continue_trials),
        ];
        let given = flags.into_iter().find(|(_, is_given)| *is_given);
        given
            .map(|(flag, _)| flag)
            .filter(|_| self.words.is_empty())
    }

    /// The command, and how its trials run.
    pub(crate) fn program(&self) -> command::Program {
        let pattern = self.metric_regex.clone().map(Metric::Pattern);
        let file = self.metric_file.clone().map(Metric::File);
        let files = self.metric_glob.clone().map(Metric::Numbered);
        command::Program {
            words: self.words.clone(),
            metric: pattern.or(file).or(files).unwrap_or(Metric::LastNumber),
            trial_timeout: self.trial_timeout,
            grace: self.grace,
            log_limit: self.log_limit,
            continues: self.continue_trials,
        }
    }

    /// Its search space.
    pub(crate) fn space(&self) -> Source {
        let file = self.space_file.clone().map(Source::File);
        file.unwrap_or_else(|| Source::Inline(self.params.clone()))
    }
}

/// Seconds, perhaps with a fraction.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// A number of bytes, perhaps with a unit.
fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'M')) => (&text[..at], 1 << 20),
        Some((at, 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1_u64),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "not a whole number, as in 500k or 10M".to_owned())?;
    number
        .checked_mul(unit)
        .ok_or_else(|| "more than there can be".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read() {
        assert_eq!(bytes("0"), Ok(0));
        assert_eq!(bytes("500k"), Ok(512_000));
        assert_eq!(bytes("10M"), Ok(10 << 20));
        assert_eq!(bytes("2G"), Ok(2 << 30));
        for wrong in ["", "k", "-1", "1.5M", "10 M", "20000000000G"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert!(seconds("-1").is_err() && seconds("nan").is_err());
    }
}
