//! What a person or a program sees of a search while it runs.

mod json;
pub(crate) mod keepsakes;
mod lines;
mod live;
pub(crate) mod summary;

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::ValueEnum;
use opah_tune::event::Observer;
use serde_json::{Map, Value};

/// How a search is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A live view on a terminal, and elsewhere a line per trial; a summary at the end
    Text,
    /// One JSON object a line, on standard output
    Json,
}

/// The view for a format and the terminal at hand.
pub(crate) fn view(format: Format, quiet: bool) -> Box<dyn Observer + Send> {
    match format {
        _ if quiet => Box::new(|_: &_| {}),
        Format::Json => Box::new(json::JsonLines),
        Format::Text if io::stderr().is_terminal() => Box::new(live::Live::default()),
        Format::Text => Box::new(lines::Lines),
    }
}

/// Parameters as a line: `lr=0.1 encoder=cnn`.
fn spelled(params: &Map<String, Value>) -> String {
    let value = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => short(number.as_f64().unwrap_or(f64::NAN)),
        other => other.to_string(),
    };
    let each = params
        .iter()
        .map(|(name, given)| format!("{name}={}", value(given)));
    each.collect::<Vec<_>>().join(" ")
}

/// A number to four decimals; one below 0.001 or from a million on to four digits and a power
/// of ten.
pub(crate) fn short(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-3..1e6).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    format!("{value:.4}")
}

/// A duration as `1h02m`, `3m05s` or `4.2s`.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1}s", duration.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_short() {
        assert_eq!(short(0.853_219), "0.8532");
        assert_eq!(short(0.000_012_346), "1.235e-5");
        assert_eq!(short(0.0), "0.0000");
        assert_eq!(span(Duration::from_millis(4_234)), "4.2s");
        assert_eq!(span(Duration::from_secs(185)), "3m05s");
        assert_eq!(span(Duration::from_mins(62)), "1h02m");
    }
}
