//! Conditions on the parameters of a trial, as a person writes them:
//! `lr * batch_size <= 0.5`, `optimizer != "sgd" or momentum <= 0.9`.
//!
//! An [`Expression`] is parsed once, compared with a search space if there is one
//! ([`check`](Expression::check)), and asked for each trial whether it holds
//! ([`holds`](Expression::holds)). The language is Python's where it has the same words;
//! `docs/expressions.md` has all of it.
//!
//! ```
//! use opah::{Expression, ParamValue};
//!
//! let rule = Expression::parse("optimizer != 'sgd' or momentum <= 0.9")?;
//! assert_eq!(rule.names().collect::<Vec<_>>(), ["momentum", "optimizer"]);
//!
//! let sgd = |name: &str| match name {
//!     "optimizer" => Some(ParamValue::Categorical("sgd".into())),
//!     "momentum" => Some(ParamValue::Float(0.95)),
//!     _ => None,
//! };
//! assert_eq!(rule.holds(&sgd)?, Some(false));
//!
//! // What is not there leaves it open, unless the rest decides.
//! let begun = |name: &str| sgd(name).filter(|_| name == "optimizer");
//! assert_eq!(rule.holds(&begun)?, None);
//!
//! let error = Expression::parse("momentum =< 0.9").unwrap_err();
//! assert_eq!(error.column, 10);
//! assert_eq!(error.problem, "`=<` is no operator; write `<=`");
//! # Ok::<(), opah::expression::ExpressionError>(())
//! ```
//!
//! A text becomes tokens (`lexer`), then a tree (`parser`, `syntax`) whose depth is bounded,
//! so that what walks over it (`check`, `evaluate`) may recurse.

mod check;
mod error;
mod evaluate;
mod lexer;
mod operator;
mod parser;
mod syntax;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use error::ExpressionError;

use crate::distribution::ParamValue;
use crate::search_space::SearchSpace;
use check::Check;
use evaluate::Evaluation;
use syntax::Node;

/// A condition on the parameters of a trial. It displays, and is stored, as the text that
/// it was made of; two are equal if their texts are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Expression {
    text: String,
    root: Node,
    names: BTreeSet<String>,
}

impl Expression {
    /// Reads an expression of at most 10,000 characters that is nested at most 64 deep.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let (root, names) = parser::parse(text)?;
        Ok(Self {
            text: text.to_owned(),
            root,
            names,
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The parameters that it reads, each once, by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether the parameters that `lookup` knows meet the condition. `None` if that depends
    /// on one that it does not know, because the trial goes without it or has not drawn it yet:
    /// `and`, `or`, `not`, `in` and chains of comparisons are Kleene's, all else is open if an
    /// operand is.
    ///
    /// Numbers are `f64`s, so that whole numbers beyond 2⁵³ are rounded. NaN is equal to nothing
    /// and neither less nor greater; dividing by zero gives an infinity or NaN.
    ///
    /// Errors: an operand of the wrong kind, such as `"sgd" < 1`, unless what stands before it
    /// in an `and`, `or`, `in` or chain decides; and an expression that is no condition.
    pub fn holds(
        &self,
        lookup: &dyn Fn(&str) -> Option<ParamValue>,
    ) -> Result<Option<bool>, ExpressionError> {
        Evaluation::new(&self.text, lookup).condition(&self.root)
    }

    /// Refuses what can't make sense in this space: a parameter that it does not have, operands
    /// whose kind is wrong whatever is drawn, a comparison with a text that is none of the
    /// choices, and an expression that is no condition. [`holds`](Self::holds) does not fail
    /// afterwards, but where the choices of one parameter are of several kinds.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use opah::{CategoricalDistribution, Distribution, Expression, SearchSpace};
    ///
    /// let choices = vec!["adam".into(), "sgd".into()];
    /// let optimizer = Distribution::Categorical(CategoricalDistribution::new(choices)?);
    /// let mut space = SearchSpace::empty();
    /// space.insert("optimizer".into(), Arc::new(optimizer));
    ///
    /// let problem = |text: &str| {
    ///     let checked = Expression::parse(text)?.check(&space);
    ///     Ok::<_, opah::expression::ExpressionError>(checked.err().map(|error| error.problem))
    /// };
    /// assert_eq!(problem("optimizer == 'adam'")?, None);
    /// assert_eq!(
    ///     problem("optimiser == 'adam'")?.as_deref(),
    ///     Some("no parameter is named `optimiser`, did you mean `optimizer`?; \
    ///           the parameters are optimizer"),
    /// );
    /// assert_eq!(
    ///     problem("optimizer == 'adm'")?.as_deref(),
    ///     Some("`optimizer` is never `'adm'`, did you mean `adam`?; its choices are adam, sgd"),
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(&self, space: &SearchSpace) -> Result<(), ExpressionError> {
        Check::new(&self.text, space).condition(&self.root)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Expression {
    type Error = ExpressionError;

    fn try_from(text: String) -> Result<Self, ExpressionError> {
        Self::parse(&text)
    }
}

impl From<Expression> for String {
    fn from(expression: Expression) -> Self {
        expression.text
    }
}
