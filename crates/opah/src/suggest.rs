//! The values that an objective may ask a trial for.

use std::ops::RangeInclusive;

use crate::distribution::{
    CategoricalDistribution, Choice, Distribution, FloatDistribution, IntDistribution, ParamValue,
};
use crate::error::Result;
use crate::trial::Trial;

/// Ranges include both ends. The same name gives the same value again within a trial;
/// another kind of distribution for it is an error, within a trial and within a study.
impl Trial {
    /// A real number, uniform in the range.
    pub fn suggest_float(&mut self, name: &str, range: RangeInclusive<f64>) -> Result<f64> {
        self.float(
            name,
            FloatDistribution::new(*range.start(), *range.end(), false, None)?,
        )
    }

    /// A positive real number, uniform in the logarithm.
    pub fn suggest_float_log(&mut self, name: &str, range: RangeInclusive<f64>) -> Result<f64> {
        self.float(
            name,
            FloatDistribution::new(*range.start(), *range.end(), true, None)?,
        )
    }

    /// A real number on the grid `low + k·step`.
    pub fn suggest_float_step(
        &mut self,
        name: &str,
        range: RangeInclusive<f64>,
        step: f64,
    ) -> Result<f64> {
        self.float(
            name,
            FloatDistribution::new(*range.start(), *range.end(), false, Some(step))?,
        )
    }

    /// A whole number, uniform in the range.
    pub fn suggest_int(&mut self, name: &str, range: RangeInclusive<i64>) -> Result<i64> {
        self.int(
            name,
            IntDistribution::new(*range.start(), *range.end(), false, 1)?,
        )
    }

    /// A positive whole number, uniform in the logarithm.
    pub fn suggest_int_log(&mut self, name: &str, range: RangeInclusive<i64>) -> Result<i64> {
        self.int(
            name,
            IntDistribution::new(*range.start(), *range.end(), true, 1)?,
        )
    }

    /// Every `step`-th whole number.
    pub fn suggest_int_step(
        &mut self,
        name: &str,
        range: RangeInclusive<i64>,
        step: i64,
    ) -> Result<i64> {
        self.int(
            name,
            IntDistribution::new(*range.start(), *range.end(), false, step)?,
        )
    }

    /// One of `choices`.
    pub fn suggest_categorical<'c, C: Clone + Into<Choice>>(
        &mut self,
        name: &str,
        choices: &'c [C],
    ) -> Result<&'c C> {
        let all = choices.iter().cloned().map(Into::into).collect();
        let distribution = Distribution::Categorical(CategoricalDistribution::new(all)?);
        Ok(&choices[self.suggest_internal(name, distribution)? as usize])
    }

    /// A value of any distribution.
    pub fn suggest(&mut self, name: &str, distribution: &Distribution) -> Result<ParamValue> {
        let internal = self.suggest_internal(name, distribution.clone())?;
        Ok(distribution.to_external(internal))
    }

    fn float(&mut self, name: &str, distribution: FloatDistribution) -> Result<f64> {
        self.suggest_internal(name, Distribution::Float(distribution))
    }

    fn int(&mut self, name: &str, distribution: IntDistribution) -> Result<i64> {
        Ok(self.suggest_internal(name, Distribution::Int(distribution))? as i64)
    }
}
