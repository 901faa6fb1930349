//! The tree of an expression.
//!
//! What has equal rank stands in one node however long it is, so that the tree is only as
//! deep as the text is nested.

use std::ops::Range;

use super::operator::{Arithmetic, Comparison, Function, Operator};
use super::value::Value;

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) form: Form,
    /// Where it stands in the text, in bytes.
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone)]
pub(super) enum Form {
    Constant(Value),
    Parameter(String),
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    /// All neighbours compare as they should: `0 < x <= 1`.
    Compare(Box<Node>, Vec<(&'static Operator<Comparison>, Node)>),
    /// One of the list is equal.
    In(Box<Node>, Vec<Node>),
    /// From left to right.
    Compute(Box<Node>, Vec<(&'static Operator<Arithmetic>, Node)>),
    Negative(Box<Node>),
    Call(&'static Operator<Function>, Vec<Node>),
}

impl Node {
    /// How it is written.
    pub(super) fn source<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.span.clone()).unwrap_or_default()
    }
}
