//! What `opah explain` says to programs.

use opah::TrialState;
use opah::explain::{Explanation, Improvement};
use serde_json::{Map, Value, json};

use crate::output::Rows;

/// All that is known.
pub(super) fn record(explanation: &Explanation, objectives: &[String]) -> Map<String, Value> {
    let trial = &explanation.trial;
    let outlook = explanation.outlook.as_ref().ok();
    let predictions = outlook.map(|outlook| outlook.predictions.as_slice());
    let predictions = predictions.unwrap_or_default();
    let predictions = predictions.iter().zip(objectives).enumerate();
    let predictions = predictions.map(|(at, (prediction, objective))| {
        let value = trial.values.get(at);
        let value = value.filter(|_| trial.state == TrialState::Complete);
        json!({
            "objective": objective,
            "predicted": prediction.predicted,
            "low": prediction.low,
            "high": prediction.high,
            "inside": value.map(|value| prediction.is_inside(*value)),
            "deviations": prediction.deviations,
        })
    });
    let improvement = outlook.and_then(|outlook| outlook.improvement);
    let improvement = improvement.map(|improvement| match improvement {
        Improvement::OfValue {
            on,
            probability,
            expected,
        } => json!({"on": on, "probability": probability, "expected": expected}),
        Improvement::OfFront { growth } => json!({"hypervolume_growth": growth}),
    });
    let params = explanation.params.iter().map(|param| {
        json!({
            "name": &*param.name,
            "value": param.value.to_json(),
            "enqueued": param.is_enqueued,
            "relevance": param.relevance,
        })
    });
    let nearest = explanation.nearest.iter().map(|near| {
        let differences = near.differences.iter().map(|name| {
            let param = near.trial.params.get(name);
            let value = param.map_or(Value::Null, |param| param.external().to_json());
            (name.to_string(), value)
        });
        let differences: Map<String, Value> = differences.collect();
        json!({
            "number": near.trial.number,
            "values": near.trial.values,
            "correlation": near.correlation,
            "distance": near.distance,
            "differences": differences,
        })
    });
    let best: Vec<u64> = explanation.best.iter().map(|best| best.number).collect();
    let reason = explanation.outlook.as_ref().err().map(ToString::to_string);
    let parts = [
        ("number", json!(trial.number)),
        ("state", json!(trial.state.name())),
        ("values", json!(trial.values)),
        ("proposed_by", json!(explanation.proposer.name())),
        ("n_finished", json!(explanation.n_finished)),
        ("n_running", json!(explanation.n_running)),
        ("best", json!(best)),
        ("predictions", predictions.collect()),
        ("no_prediction", json!(reason)),
        ("improvement", json!(improvement)),
        ("params", params.collect()),
        ("nearest", nearest.collect()),
    ];
    let parts = parts.into_iter();
    parts.map(|(name, part)| (name.to_owned(), part)).collect()
}

/// A row per objective.
pub(super) fn rows(explanation: &Explanation, objectives: &[String]) -> Rows {
    let headings = [
        "number",
        "objective",
        "proposed_by",
        "predicted",
        "low",
        "high",
        "value",
        "improvement_probability",
        "expected_improvement",
    ];
    let outlook = explanation.outlook.as_ref().ok();
    let (probability, expected) = match outlook.and_then(|outlook| outlook.improvement) {
        Some(Improvement::OfValue {
            probability,
            expected,
            ..
        }) => (json!(probability), json!(expected)),
        _ => (Value::Null, Value::Null),
    };
    let rows = objectives.iter().enumerate().map(|(at, objective)| {
        let prediction = outlook.and_then(|outlook| outlook.predictions.get(at));
        vec![
            json!(explanation.trial.number),
            json!(objective),
            json!(explanation.proposer.name()),
            json!(prediction.map(|prediction| prediction.predicted)),
            json!(prediction.map(|prediction| prediction.low)),
            json!(prediction.map(|prediction| prediction.high)),
            json!(explanation.trial.values.get(at)),
            probability.clone(),
            expected.clone(),
        ]
    });
    Rows {
        headings: headings.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
