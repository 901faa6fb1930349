//! Parameters in groups: two are in the same one when they occur in the same trials.
//!
//! So the parameters of each branch of a conditional space are drawn together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::split::is_observed;
use crate::distribution::Distribution;
use crate::frozen_trial::{FrozenTrial, Param};
use crate::search_space::SearchSpace;

/// A partition of all parameters that were seen.
#[derive(Debug, Default)]
pub(super) struct Groups {
    n_seen: usize,
    groups: Vec<Group>,
}

/// By name: the number of the first trial that has the parameter, and from what it
/// was drawn there.
type Group = BTreeMap<Arc<str>, (u64, Arc<Distribution>)>;

impl Groups {
    /// Takes up the trials of `finished` that were not seen yet.
    pub(super) fn extend(&mut self, finished: &[Arc<FrozenTrial>]) {
        for trial in &finished[self.n_seen..] {
            if is_observed(trial) {
                self.add(trial);
            }
        }
        self.n_seen = finished.len();
    }

    /// Cuts each group into what the trial has of it and what not; what no group has
    /// becomes a new one.
    fn add(&mut self, trial: &FrozenTrial) {
        let mut rest: BTreeMap<&str, &Param> = trial
            .params
            .iter()
            .map(|param| (param.name.as_ref(), param))
            .collect();
        let mut groups = Vec::with_capacity(self.groups.len() + 1);
        for group in std::mem::take(&mut self.groups) {
            let (mut inside, mut outside) = (Group::new(), Group::new());
            for (name, (first, distribution)) in group {
                match rest.remove(name.as_ref()) {
                    Some(param) if trial.number < first => {
                        inside.insert(name, (trial.number, param.distribution.clone()));
                    }
                    Some(_) => {
                        inside.insert(name, (first, distribution));
                    }
                    None => {
                        outside.insert(name, (first, distribution));
                    }
                }
            }
            groups.extend([inside, outside]);
        }
        let new = rest.values().map(|param| {
            (
                param.name.clone(),
                (trial.number, param.distribution.clone()),
            )
        });
        groups.push(new.collect());
        groups.retain(|group| !group.is_empty());
        self.groups = groups;
    }

    /// The groups as spaces without single-valued parameters, by their first names.
    pub(super) fn spaces(&self) -> Vec<SearchSpace> {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by_key(|group| group.keys().next());
        let spaces = groups.into_iter().map(|group| {
            let several = group.iter().filter(|(_, known)| !known.1.is_single());
            several
                .map(|(name, known)| (name.clone(), known.1.clone()))
                .collect::<SearchSpace>()
        });
        spaces.filter(|space| !space.is_empty()).collect()
    }
}
