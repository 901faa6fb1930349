//! A line per trial on standard error, for logs.

use std::time::Duration;

use opah::TrialState;
use opah_tune::event::{Beginning, Best, Event, Observer};
use serde_json::Value;

use super::{short, span, spelled};
use crate::output;

/// Writes a line per trial.
pub(super) struct Lines;

impl Observer for Lines {
    fn observe(&self, event: &Event) {
        if let Some(line) = line(event) {
            output::note(&line);
        }
    }
}

/// An event as a line; `None` for those that need none.
pub(super) fn line(event: &Event) -> Option<String> {
    match event {
        Event::SearchStarted(started) => Some(beginning(started)),
        Event::Note { text } => Some(format!("warning: {text}")),
        Event::WarmStart {
            from,
            n_trials,
            priors,
        } => {
            let of = match priors.join(", ") {
                none if none.is_empty() => String::new(),
                names => format!("; where its good ones were is the prior of {names}"),
            };
            Some(format!(
                "warm start: the best {n_trials} points of {from} are tried first{of}"
            ))
        }
        Event::SamplerChosen { text } => Some(format!("auto: {text}")),
        Event::TrialStarted { number, params } => {
            Some(format!("trial {number} begins: {}", spelled(params)))
        }
        Event::TrialFinished {
            number,
            state,
            value,
            reason,
            seconds,
            best,
        } => {
            let took = span(Duration::from_secs_f64(*seconds));
            Some(match (state, value, reason) {
                (TrialState::Fail, _, reason) => {
                    let reason = reason.as_deref().unwrap_or("no reason is known");
                    format!("trial {number} failed after {took}: {reason}")
                }
                (TrialState::Pruned, value, _) => {
                    let last =
                        value.map_or_else(String::new, |value| format!(" at {}", short(value)));
                    format!(
                        "trial {number} pruned{last} after {took}{}",
                        so_far(*best, *number)
                    )
                }
                (_, value, _) => {
                    let value = value.map_or_else(|| "no value".to_owned(), short);
                    format!(
                        "trial {number}: {value} in {took}{}",
                        so_far(*best, *number)
                    )
                }
            })
        }
        Event::TrialInterrupted { number } => Some(format!(
            "trial {number} interrupted; it is run again when the search goes on"
        )),
        Event::TrialLength { .. } | Event::Batch { .. } | Event::Epoch { .. } => None,
    }
}

fn so_far(best: Option<Best>, number: u64) -> String {
    match best {
        Some(best) if best.number == number => ", the best so far".to_owned(),
        Some(best) => format!(" (best: {} of trial {})", short(best.value), best.number),
        None => String::new(),
    }
}

/// What is searched for, by what and where.
fn beginning(beginning: &Beginning) -> String {
    let Beginning {
        study,
        storage,
        metric,
        direction,
        sampler,
        seed,
        pruner,
        is_default_pruner,
        n_finished,
        n_trials,
        jobs,
        threads,
        best,
        ..
    } = beginning;
    let name = |algorithm: &Value| algorithm["type"].as_str().unwrap_or("none").to_owned();
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let progress = if *n_finished > 0 {
        let best = best.map_or_else(String::new, |best| {
            format!(", the best {} of trial {}", short(best.value), best.number)
        });
        format!("going on: {n_finished} of {n_trials} trials are finished{best}")
    } else {
        format!("{} to run", plural(*n_trials, "trial"))
    };
    let each = threads.map_or_else(String::new, |n| format!(" of {}", plural(n, "thread")));
    format!(
        "study `{study}` in {storage}\n{direction} {metric}; sampler {}, seed {seed}; pruner {}{}; {}{each} at a time\n{progress}",
        name(sampler),
        name(pruner),
        if *is_default_pruner {
            " (Optuna's default)"
        } else {
            ""
        },
        plural(*jobs, "trial")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_are_told_in_a_line() {
        let finished = |state, value, reason: Option<&str>| {
            line(&Event::TrialFinished {
                number: 3,
                state,
                value,
                reason: reason.map(str::to_owned),
                seconds: 61.0,
                best: Some(Best {
                    number: 2,
                    value: 0.9,
                }),
            })
            .unwrap()
        };
        assert_eq!(
            finished(TrialState::Complete, Some(0.85), None),
            "trial 3: 0.8500 in 1m01s (best: 0.9000 of trial 2)"
        );
        assert_eq!(
            finished(TrialState::Pruned, Some(0.5), None),
            "trial 3 pruned at 0.5000 after 1m01s (best: 0.9000 of trial 2)"
        );
        assert_eq!(
            finished(TrialState::Fail, None, Some("the loss is NaN")),
            "trial 3 failed after 1m01s: the loss is NaN"
        );
    }
}
