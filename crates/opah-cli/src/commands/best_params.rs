//! `opah best-params`

use anyhow::Result;
use opah_tune::retrain::BestTrial;

use crate::args::Study;
use crate::output;

/// The flags of `opah best-params`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  eval \"$(opah best-params --storage sqlite:///trial.db) ./train.sh\""
)]
pub(crate) struct Args {
    #[command(flatten)]
    study: Study,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let best = BestTrial::of(&super::load(&args.study)?)?;
    output::print(&(best.environment(quoted) + "\n"))
}

/// A text as one word of a shell.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+/:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Words as a line of a shell.
pub(crate) fn line(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{line, quoted};

    #[test]
    fn words_that_a_shell_would_split_are_quoted() {
        assert_eq!(quoted("1e-05"), "1e-05");
        assert_eq!(quoted("it's 5 o'clock"), r"'it'\''s 5 o'\''clock'");
        assert_eq!(quoted(""), "''");
        assert_eq!(line(&["a b".to_owned(), "c".to_owned()]), "'a b' c");
    }
}
