//! What an expression is worth, if its parameters are known; Kleene's logic where they are
//! not (S. C. Kleene, "Introduction to Metamathematics", 1952, §64).

use super::error::{ExpressionError, Result};
use super::operator::{Arithmetic, Comparison, Function, Operator};
use super::syntax::{Form, Node};
use super::value::Value;
use crate::distribution::ParamValue;

/// The values of one trial.
pub(super) struct Evaluation<'e> {
    text: &'e str,
    lookup: &'e dyn Fn(&str) -> Option<ParamValue>,
}

/// A part and its value, `None` if it is not known.
type Operand<'n> = (&'n Node, Option<Value>);

impl<'e> Evaluation<'e> {
    pub(super) fn new(text: &'e str, lookup: &'e dyn Fn(&str) -> Option<ParamValue>) -> Self {
        Self { text, lookup }
    }

    /// The truth of the whole expression.
    pub(super) fn condition(&self, root: &Node) -> Result<Option<bool>> {
        match self.value(root)? {
            None => Ok(None),
            Some(Value::Truth(truth)) => Ok(Some(truth)),
            Some(other) => {
                let kind = other.kind().to_string();
                Err(ExpressionError::no_condition(self.text, &kind))
            }
        }
    }

    pub(super) fn value(&self, node: &Node) -> Result<Option<Value>> {
        Ok(match &node.form {
            Form::Constant(value) => Some(value.clone()),
            Form::Parameter(name) => (self.lookup)(name).map(Value::from),
            Form::Or(parts) => {
                let truths = parts.iter().map(|part| self.truth(part, "or"));
                kleene(truths, true)?.map(Value::Truth)
            }
            Form::And(parts) => {
                let truths = parts.iter().map(|part| self.truth(part, "and"));
                kleene(truths, false)?.map(Value::Truth)
            }
            Form::Not(operand) => {
                let truth = self.truth(operand, "not")?;
                truth.map(|truth| Value::Truth(!truth))
            }
            Form::Compare(first, others) => self.compared(first, others)?.map(Value::Truth),
            Form::In(item, list) => self.is_in(item, list)?.map(Value::Truth),
            Form::Compute(first, others) => self.computed(first, others)?.map(Value::Number),
            Form::Negative(operand) => {
                let number = self.number(operand, "-")?;
                number.map(|number| Value::Number(-number))
            }
            Form::Call(function, arguments) => self.called(function, arguments)?.map(Value::Number),
        })
    }

    fn compared(
        &self,
        first: &Node,
        others: &[(&'static Operator<Comparison>, Node)],
    ) -> Result<Option<bool>> {
        let mut left = (first, self.value(first)?);
        let links = others.iter().map(|(comparison, node)| {
            let right = (node, self.value(node)?);
            let truth = self.link(&left, comparison, &right);
            left = right;
            truth
        });
        kleene(links, false)
    }

    /// One comparison of a chain.
    fn link(
        &self,
        left: &Operand<'_>,
        comparison: &Operator<Comparison>,
        right: &Operand<'_>,
    ) -> Result<Option<bool>> {
        match comparison.meaning {
            Comparison::Equality(wanted) => {
                let both = left.1.as_ref().zip(right.1.as_ref());
                Ok(both.map(|(left, right)| (left == right) == wanted))
            }
            Comparison::Order(holds) => {
                let left = self.as_number(left, comparison.symbol)?;
                let right = self.as_number(right, comparison.symbol)?;
                Ok(left.zip(right).map(|(left, right)| holds(left, right)))
            }
        }
    }

    fn is_in(&self, item: &Node, list: &[Node]) -> Result<Option<bool>> {
        let item = self.value(item)?;
        let equalities = list.iter().map(|choice| -> Result<Option<bool>> {
            let choice = self.value(choice)?;
            Ok(item
                .as_ref()
                .zip(choice)
                .map(|(item, choice)| *item == choice))
        });
        kleene(equalities, true)
    }

    fn computed(
        &self,
        first: &Node,
        others: &[(&'static Operator<Arithmetic>, Node)],
    ) -> Result<Option<f64>> {
        // There is one, or else it would be no computation.
        let symbol = others.first().map_or("", |(operator, _)| operator.symbol);
        let mut result = self.number(first, symbol)?;
        for (operator, node) in others {
            let right = self.number(node, operator.symbol)?;
            result = result.zip(right).map(|(a, b)| (operator.meaning)(a, b));
        }
        Ok(result)
    }

    fn called(&self, function: &Operator<Function>, arguments: &[Node]) -> Result<Option<f64>> {
        let mut result = None;
        for (at, argument) in arguments.iter().enumerate() {
            let number = self.number(argument, function.symbol)?;
            result = match function.meaning {
                Function::OfOne(of) => number.map(of),
                Function::OfSeveral(_) if at == 0 => number,
                Function::OfSeveral(of) => result.zip(number).map(|(a, b)| of(a, b)),
            };
        }
        Ok(result)
    }

    fn number(&self, node: &Node, operator: &str) -> Result<Option<f64>> {
        self.as_number(&(node, self.value(node)?), operator)
    }

    fn as_number(&self, (node, value): &Operand<'_>, operator: &str) -> Result<Option<f64>> {
        match value {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(*number)),
            Some(other) => Err(self.wrong_kind(node, other, operator, "numbers")),
        }
    }

    fn truth(&self, node: &Node, operator: &str) -> Result<Option<bool>> {
        match self.value(node)? {
            None => Ok(None),
            Some(Value::Truth(truth)) => Ok(Some(truth)),
            Some(other) => Err(self.wrong_kind(node, &other, operator, "conditions")),
        }
    }

    fn wrong_kind(
        &self,
        node: &Node,
        value: &Value,
        operator: &str,
        wanted: &str,
    ) -> ExpressionError {
        let kind = value.kind().to_string();
        ExpressionError::wrong_kind(self.text, node, &kind, operator, wanted)
    }
}

/// The first part that is `decisive` decides, and no part after it is looked at. Without one
/// it is unknown if a part is, and else the opposite.
fn kleene(
    parts: impl Iterator<Item = Result<Option<bool>>>,
    decisive: bool,
) -> Result<Option<bool>> {
    let mut truth = Some(!decisive);
    for part in parts {
        match part? {
            Some(part) if part == decisive => return Ok(Some(decisive)),
            Some(_) => {}
            None => truth = None,
        }
    }
    Ok(truth)
}
