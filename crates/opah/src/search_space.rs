//! A search space: distributions by name, always in the order of the names.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::sync::Arc;

use crate::distribution::Distribution;
use crate::frozen_trial::FrozenTrial;

/// Distributions by parameter name. That it is sorted is a property, not a habit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchSpace(BTreeMap<Arc<str>, Arc<Distribution>>);

impl SearchSpace {
    /// A space without parameters.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds a parameter, or replaces its distribution.
    pub fn insert(&mut self, name: Arc<str>, distribution: Arc<Distribution>) {
        self.0.insert(name, distribution);
    }

    /// The distribution of a parameter.
    pub fn get(&self, name: &str) -> Option<&Arc<Distribution>> {
        self.0.get(name)
    }

    /// The parameter, with its name as the space has it.
    pub(crate) fn get_key_value(&self, name: &str) -> Option<(&Arc<str>, &Arc<Distribution>)> {
        self.0.get_key_value(name)
    }

    /// All parameters, by name.
    pub fn iter(&self) -> btree_map::Iter<'_, Arc<str>, Arc<Distribution>> {
        self.0.iter()
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The space without the parameters that have one value only.
    #[must_use]
    pub fn without_single(&self) -> Self {
        let several = self
            .0
            .iter()
            .filter(|(_, distribution)| !distribution.is_single());
        Self(
            several
                .map(|(name, distribution)| (name.clone(), distribution.clone()))
                .collect(),
        )
    }

    /// Keeps the parameters that `trial` has with the identical distribution.
    pub fn intersect(&mut self, trial: &FrozenTrial) {
        // Both are sorted, and most trials share all of their distributions.
        let is_same = self.0.len() == trial.params.len()
            && self.0.iter().zip(&trial.params).all(|(known, param)| {
                Arc::ptr_eq(known.1, &param.distribution) && *known.0 == param.name
            });
        if is_same {
            return;
        }
        self.0.retain(|name, distribution| {
            trial
                .params
                .get(name)
                .is_some_and(|param| param.distribution == *distribution)
        });
    }
}

impl FromIterator<(Arc<str>, Arc<Distribution>)> for SearchSpace {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Arc<Distribution>)>>(parameters: I) -> Self {
        Self(parameters.into_iter().collect())
    }
}

impl From<&FrozenTrial> for SearchSpace {
    /// The space of all parameters of one trial.
    fn from(trial: &FrozenTrial) -> Self {
        trial
            .params
            .iter()
            .map(|param| (param.name.clone(), param.distribution.clone()))
            .collect()
    }
}

impl<'a> IntoIterator for &'a SearchSpace {
    type Item = (&'a Arc<str>, &'a Arc<Distribution>);
    type IntoIter = btree_map::Iter<'a, Arc<str>, Arc<Distribution>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
