//! Whether an expression makes sense in a search space: the rules of `evaluate`, for all
//! values that a part may have.

use std::collections::BTreeSet;

use super::error::{ExpressionError, Result, excerpt};
use super::operator::Comparison;
use super::syntax::{Form, Node};
use super::value::{Kind, Value};
use crate::distribution::{Choice, Distribution};
use crate::search_space::SearchSpace;
use crate::suggestion::{did_you_mean, nearest};

/// A search space that an expression is for.
pub(super) struct Check<'c> {
    text: &'c str,
    space: &'c SearchSpace,
}

/// The kinds of the values that a part may have; never empty.
type Kinds = BTreeSet<Kind>;

/// A part and its kinds. They are found once for each part: the middle of a chain is compared
/// twice, and chains may be nested.
type Operand<'n> = (&'n Node, Kinds);

impl<'c> Check<'c> {
    pub(super) fn new(text: &'c str, space: &'c SearchSpace) -> Self {
        Self { text, space }
    }

    /// Refuses an expression that can't be true or false.
    pub(super) fn condition(&self, root: &Node) -> Result<()> {
        let kinds = self.kinds(root)?;
        if kinds.contains(&Kind::Truth) {
            Ok(())
        } else {
            Err(ExpressionError::no_condition(self.text, &listed(&kinds)))
        }
    }

    fn kinds(&self, node: &Node) -> Result<Kinds> {
        let kind = match &node.form {
            Form::Constant(value) => value.kind(),
            Form::Parameter(name) => return self.kinds_of_parameter(node, name),
            Form::Or(parts) => self.all(parts, "or", Kind::Truth)?,
            Form::And(parts) => self.all(parts, "and", Kind::Truth)?,
            Form::Not(operand) => self.all([&**operand], "not", Kind::Truth)?,
            Form::Negative(operand) => self.all([&**operand], "-", Kind::Number)?,
            Form::Call(function, arguments) => {
                self.all(arguments, function.symbol, Kind::Number)?
            }
            Form::Compute(first, others) => {
                let symbol = others.first().map_or("", |(operator, _)| operator.symbol);
                self.all([&**first], symbol, Kind::Number)?;
                for (operator, right) in others {
                    self.all([right], operator.symbol, Kind::Number)?;
                }
                Kind::Number
            }
            Form::Compare(first, others) => {
                let mut left = self.operand(first)?;
                for (comparison, node) in others {
                    let right = self.operand(node)?;
                    match comparison.meaning {
                        Comparison::Equality(_) => self.may_be_equal(&left, &right)?,
                        Comparison::Order(_) => {
                            self.may_be(&left, comparison.symbol, Kind::Number)?;
                            self.may_be(&right, comparison.symbol, Kind::Number)?;
                        }
                    }
                    left = right;
                }
                Kind::Truth
            }
            Form::In(item, list) => {
                let item = self.operand(item)?;
                for choice in list {
                    self.may_be_equal(&item, &self.operand(choice)?)?;
                }
                Kind::Truth
            }
        };
        Ok(Kinds::from([kind]))
    }

    fn operand<'n>(&self, node: &'n Node) -> Result<Operand<'n>> {
        Ok((node, self.kinds(node)?))
    }

    fn kinds_of_parameter(&self, node: &Node, name: &str) -> Result<Kinds> {
        match self.space.get(name).map(|distribution| &**distribution) {
            Some(Distribution::Float(_) | Distribution::Int(_)) => Ok(Kinds::from([Kind::Number])),
            Some(Distribution::Categorical(d)) => {
                let values = d.choices().iter().cloned().map(Value::from);
                Ok(values.map(|value| value.kind()).collect())
            }
            None => {
                let names: Vec<&str> = self.space.iter().map(|(name, _)| &**name).collect();
                let meant = did_you_mean(nearest(name, names.iter().copied()));
                let known = match names.join(", ") {
                    none if none.is_empty() => "there are no parameters".to_owned(),
                    names => format!("the parameters are {names}"),
                };
                let problem = format!("no parameter is named `{name}`{meant}; {known}");
                Err(self.error(node, problem))
            }
        }
    }

    /// All parts may be `wanted`, which is what `operator` makes of them.
    fn all<'n>(
        &self,
        parts: impl IntoIterator<Item = &'n Node>,
        operator: &str,
        wanted: Kind,
    ) -> Result<Kind> {
        for part in parts {
            self.may_be(&self.operand(part)?, operator, wanted)?;
        }
        Ok(wanted)
    }

    fn may_be(&self, (node, kinds): &Operand<'_>, operator: &str, wanted: Kind) -> Result<()> {
        if kinds.contains(&wanted) {
            return Ok(());
        }
        let wanted = match wanted {
            Kind::Truth => "conditions",
            _ => "numbers",
        };
        let kinds = listed(kinds);
        Err(ExpressionError::wrong_kind(
            self.text, node, &kinds, operator, wanted,
        ))
    }

    fn may_be_equal(&self, left: &Operand<'_>, right: &Operand<'_>) -> Result<()> {
        if left.1.is_disjoint(&right.1) {
            let problem = format!(
                "`{}` is {}, compared with `{}`, {}; they are never equal",
                excerpt(left.0.source(self.text)),
                listed(&left.1),
                excerpt(right.0.source(self.text)),
                listed(&right.1),
            );
            return Err(self.error(left.0, problem));
        }
        self.may_be_choice(left.0, right.0)?;
        self.may_be_choice(right.0, left.0)
    }

    /// Refuses a text that is none of the choices of the parameter that it is compared with.
    fn may_be_choice(&self, parameter: &Node, constant: &Node) -> Result<()> {
        let (Form::Parameter(name), Form::Constant(Value::Text(text))) =
            (&parameter.form, &constant.form)
        else {
            return Ok(());
        };
        let Some(Distribution::Categorical(d)) = self.space.get(name).map(|known| &**known) else {
            return Ok(());
        };
        let texts = d.choices().iter().filter_map(|choice| match choice {
            Choice::Str(text) => Some(text.as_str()),
            _ => None,
        });
        if texts.clone().any(|choice| choice == text) {
            return Ok(());
        }
        let choices: Vec<String> = d.choices().iter().map(ToString::to_string).collect();
        let problem = format!(
            "`{name}` is never `{}`{}; its choices are {}",
            excerpt(constant.source(self.text)),
            did_you_mean(nearest(text, texts)),
            choices.join(", ")
        );
        Err(self.error(constant, problem))
    }

    fn error(&self, node: &Node, problem: String) -> ExpressionError {
        ExpressionError::new(self.text, node.span.start, problem)
    }
}

/// "a number or a text".
fn listed(kinds: &Kinds) -> String {
    let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    kinds.join(" or ")
}
