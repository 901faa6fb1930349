//! Trials and figures for the tests of plots.

use std::sync::Arc;

use super::{Figure, PlotInput, PlotOptions, find};
use crate::distribution::Distribution;
use crate::error::Result;
use crate::frozen_trial::{
    Attrs, Direction, FrozenStudy, FrozenTrial, Param, StudyId, TrialId, TrialState,
};
use crate::history::History;

/// A trial with parameters given as name, distribution and internal value.
pub(super) fn trial(
    number: u64,
    state: TrialState,
    value: Option<f64>,
    params: &[(&str, &Distribution, f64)],
) -> FrozenTrial {
    let param = |(name, distribution, value): &(&str, &Distribution, f64)| Param {
        name: Arc::from(*name),
        value: *value,
        distribution: Arc::new((*distribution).clone()),
    };
    FrozenTrial {
        id: TrialId(number as i64 + 1),
        number,
        state,
        values: value.into_iter().collect(),
        params: params.iter().map(param).collect(),
        intermediate_values: std::collections::BTreeMap::new(),
        user_attrs: Attrs::new(),
        system_attrs: Attrs::new(),
        datetime_start: None,
        datetime_complete: None,
    }
}

/// The plot called `name` of a study called `demo`.
pub(super) fn figure(
    name: &str,
    direction: Direction,
    trials: impl IntoIterator<Item = FrozenTrial>,
    options: &PlotOptions,
) -> Result<Figure> {
    let study = FrozenStudy {
        id: StudyId(1),
        name: "demo".to_owned(),
        directions: vec![direction],
        user_attrs: Attrs::new(),
        system_attrs: Attrs::new(),
    };
    let history = History::of(trials);
    find(name)?.figure(&PlotInput {
        study: &study,
        history: &history,
        options,
    })
}
