//! What `opah explain` says to people.

use opah::TrialState;
use opah::explain::{Explanation, Improvement, Prediction, Proposer};

use super::comparison;
use crate::search::short;

/// Sentences, then a table of the trial beside those that are like it.
pub(super) fn text(explanation: &Explanation, objectives: &[String]) -> String {
    let lines = lines(explanation, objectives);
    let widths = lines.iter().map(|(label, _)| label.chars().count());
    let width = widths.max().unwrap_or(0);
    let lines = lines
        .into_iter()
        .map(|(label, line)| format!("  {label:<width$}  {line}\n"));
    let text = headline(explanation) + &lines.collect::<Vec<String>>().concat();
    if explanation.params.is_empty() {
        return text;
    }
    text + &comparison::table(explanation, objectives).table()
}

fn headline(explanation: &Explanation) -> String {
    let proposed = match &explanation.proposer {
        Proposer::Queue => "was enqueued with its values".to_owned(),
        Proposer::Model => "was proposed by the model of `gp`".to_owned(),
        Proposer::StartUp => {
            "was proposed by `gp` before it had a model, to spread over the space".to_owned()
        }
        Proposer::Sampler(name) => format!("was proposed by `{name}`"),
        Proposer::Unknown => {
            "was proposed by a sampler that the study does not remember".to_owned()
        }
    };
    let finished = match explanation.n_finished {
        1 => "1 trial had finished".to_owned(),
        n => format!("{n} trials had finished"),
    };
    let running = match explanation.n_running {
        0 => String::new(),
        1 => ", 1 was running".to_owned(),
        n => format!(", {n} were running"),
    };
    let number = explanation.trial.number;
    let opinion = if explanation.proposer != Proposer::Model && explanation.outlook.is_ok() {
        "A Gaussian process of those trials says:\n"
    } else {
        ""
    };
    format!("Trial {number} {proposed}; {finished}{running}.\n{opinion}")
}

/// Labels and what is to be said.
fn lines(explanation: &Explanation, objectives: &[String]) -> Vec<(String, String)> {
    let trial = &explanation.trial;
    let mut lines = Vec::new();
    if let Err(reason) = explanation.outlook {
        lines.push(("prediction".to_owned(), format!("none: {reason}")));
    }
    let outlook = explanation.outlook.as_ref().ok();
    for (at, objective) in objectives.iter().enumerate() {
        let prediction = outlook.and_then(|outlook| outlook.predictions.get(at));
        let predicted = prediction.map(|prediction| {
            let Prediction {
                predicted,
                low,
                high,
                ..
            } = *prediction;
            format!(
                "predicted {} (95 %: {})",
                short(predicted),
                interval(low, high)
            )
        });
        let is_complete = trial.state == TrialState::Complete;
        let became = trial.values.get(at).filter(|_| is_complete).map(|value| {
            let inside = prediction.map_or("", |prediction| {
                if prediction.is_inside(*value) {
                    ", inside"
                } else {
                    ", outside"
                }
            });
            format!("became {}{inside}", short(*value))
        });
        let parts: Vec<String> = predicted.into_iter().chain(became).collect();
        if !parts.is_empty() {
            lines.push((objective.clone(), parts.join(", ")));
        }
    }
    if trial.state != TrialState::Complete {
        lines.push(("state".to_owned(), trial.state.name().to_owned()));
    }
    lines.extend(best_line(explanation));
    let improvement = outlook.and_then(|outlook| outlook.improvement);
    let told = improvement.map(|improvement| told(improvement, explanation));
    lines.extend(told.map(|told| ("improvement".to_owned(), told)));
    lines
}

fn best_line(explanation: &Explanation) -> Option<(String, String)> {
    let first = explanation.best.first()?;
    Some(match first.value() {
        Some(value) => (
            "best before".to_owned(),
            format!("{}, trial {}", short(value), first.number),
        ),
        None => (
            "front before".to_owned(),
            match explanation.best.len() {
                1 => format!("trial {}", first.number),
                n => format!("{n} trials"),
            },
        ),
    })
}

fn told(improvement: Improvement, explanation: &Explanation) -> String {
    match improvement {
        Improvement::OfValue {
            on,
            probability,
            expected,
        } => {
            let best = explanation.best.first().and_then(|best| best.value());
            let on = short(on);
            let without_noise = if best.map(short).is_some_and(|best| best != on) {
                format!(", on {on}, the best without noise")
            } else {
                String::new()
            };
            let (probability, expected) = (percent(probability), short(expected));
            format!("{probability} probable, {expected} expected{without_noise}")
        }
        Improvement::OfFront { growth } => {
            let growth = percent(growth);
            format!("the front's hypervolume was expected to grow by {growth}")
        }
    }
}

fn interval(low: f64, high: f64) -> String {
    match (low.is_finite(), high.is_finite()) {
        (true, true) => format!("{} to {}", short(low), short(high)),
        (true, false) => format!("{} or more", short(low)),
        (false, true) => format!("{} or less", short(high)),
        (false, false) => "anything".to_owned(),
    }
}

/// A share of 1.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn intervals_without_an_end_say_so() {
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        assert_eq!(interval(0.5, 2.0), "0.5000 to 2.0000");
        assert_eq!(interval(0.5, high), "0.5000 or more");
        assert_eq!(interval(low, 2.0), "2.0000 or less");
        assert_eq!(interval(low, high), "anything");
    }
}
