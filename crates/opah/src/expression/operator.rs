//! The operators and functions: how they are written and what they compute.

/// How an operator or a function is written, and what it does.
#[derive(Debug)]
pub(super) struct Operator<T> {
    pub(super) symbol: &'static str,
    pub(super) meaning: T,
}

/// A number from two.
pub(super) type Arithmetic = fn(f64, f64) -> f64;

/// What a comparison asks.
#[derive(Debug)]
pub(super) enum Comparison {
    /// Whether two values of any kinds are equal (true) or not (false).
    Equality(bool),
    /// Whether two numbers are in order; NaN is in none.
    Order(fn(f64, f64) -> bool),
}

/// What a function computes.
#[derive(Debug)]
pub(super) enum Function {
    /// A number from one.
    OfOne(fn(f64) -> f64),
    /// One of at least two numbers, found pair by pair.
    OfSeveral(fn(f64, f64) -> f64),
}

pub(super) static COMPARISONS: [Operator<Comparison>; 6] = [
    Operator {
        symbol: "==",
        meaning: Comparison::Equality(true),
    },
    Operator {
        symbol: "!=",
        meaning: Comparison::Equality(false),
    },
    Operator {
        symbol: "<=",
        meaning: Comparison::Order(|a, b| a <= b),
    },
    Operator {
        symbol: ">=",
        meaning: Comparison::Order(|a, b| a >= b),
    },
    Operator {
        symbol: "<",
        meaning: Comparison::Order(|a, b| a < b),
    },
    Operator {
        symbol: ">",
        meaning: Comparison::Order(|a, b| a > b),
    },
];

pub(super) static SUMS: [Operator<Arithmetic>; 2] = [
    Operator {
        symbol: "+",
        meaning: |a, b| a + b,
    },
    Operator {
        symbol: "-",
        meaning: |a, b| a - b,
    },
];

pub(super) static PRODUCTS: [Operator<Arithmetic>; 3] = [
    Operator {
        symbol: "*",
        meaning: |a, b| a * b,
    },
    Operator {
        symbol: "/",
        meaning: |a, b| a / b,
    },
    Operator {
        symbol: "%",
        meaning: remainder,
    },
];

pub(super) static POWERS: [Operator<Arithmetic>; 1] = [Operator {
    symbol: "**",
    meaning: f64::powf,
}];

/// Every function, in the order shown to people.
pub(super) static FUNCTIONS: [Operator<Function>; 11] = [
    Operator {
        symbol: "abs",
        meaning: Function::OfOne(f64::abs),
    },
    Operator {
        symbol: "min",
        meaning: Function::OfSeveral(|a, b| if a.is_nan() || a < b { a } else { b }),
    },
    Operator {
        symbol: "max",
        meaning: Function::OfSeveral(|a, b| if a.is_nan() || a > b { a } else { b }),
    },
    Operator {
        symbol: "log",
        meaning: Function::OfOne(f64::ln),
    },
    Operator {
        symbol: "log2",
        meaning: Function::OfOne(f64::log2),
    },
    Operator {
        symbol: "log10",
        meaning: Function::OfOne(f64::log10),
    },
    Operator {
        symbol: "exp",
        meaning: Function::OfOne(f64::exp),
    },
    Operator {
        symbol: "sqrt",
        meaning: Function::OfOne(f64::sqrt),
    },
    Operator {
        symbol: "floor",
        meaning: Function::OfOne(f64::floor),
    },
    Operator {
        symbol: "ceil",
        meaning: Function::OfOne(f64::ceil),
    },
    Operator {
        symbol: "round",
        meaning: Function::OfOne(f64::round_ties_even),
    },
];

/// What is left of `a` after whole `b`s, with the sign of `b` as in Python.
fn remainder(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
        rest + b
    } else {
        rest
    }
}
