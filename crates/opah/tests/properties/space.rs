//! Random search spaces: huge, tiny and negative ranges, grids, logarithms, choices,
//! single values, branches.

use opah::{
    CategoricalDistribution, Choice, Distribution, FloatDistribution, IntDistribution, Trial,
};
use proptest::prelude::*;

/// Whole numbers up to this one are exact as internal values, also twice as many.
const LARGEST: i64 = 1 << 52;

/// What an objective asks for.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) distribution: Distribution,
    /// The place of an earlier parameter, without which this one isn't asked for, nor when
    /// that one has its lowest value.
    pub(crate) parent: Option<usize>,
}

impl Parameter {
    /// A parameter that is always asked for.
    pub(crate) fn new(name: &str, distribution: Distribution) -> Self {
        Self {
            name: name.to_owned(),
            distribution,
            parent: None,
        }
    }

    /// Its least and its greatest value; of choices, the first and the last.
    pub(crate) fn ends(&self) -> [f64; 2] {
        let highest = match &self.distribution {
            Distribution::Float(d) => d.high(),
            Distribution::Int(d) => d.high() as f64,
            Distribution::Categorical(d) => (d.choices().len() - 1) as f64,
        };
        [self.distribution.lowest(), highest]
    }
}

/// Asks for every parameter whose turn it is, and looks whether it gets what it asked for.
pub(crate) fn suggest_all(
    who: &str,
    space: &[Parameter],
    trial: &mut Trial,
) -> Result<(), opah::Error> {
    let mut has_branch = vec![false; space.len()];
    for (at, parameter) in space.iter().enumerate() {
        let Parameter {
            name, distribution, ..
        } = parameter;
        if parameter.parent.is_some_and(|parent| !has_branch[parent]) {
            continue;
        }
        let external = trial.suggest(name, distribution)?;
        let internal = trial.frozen().params.get(name).unwrap().value;
        assert!(
            distribution.contains(internal),
            "{who}: {name} = {internal} is not in {distribution}"
        );
        assert_eq!(
            distribution.to_internal(&external),
            Some(internal),
            "{who}: {name} of {distribution}"
        );
        has_branch[at] = internal != distribution.lowest();
    }
    Ok(())
}

/// One to seven parameters of all kinds, some of them conditional.
pub(crate) fn spaces() -> impl Strategy<Value = Vec<Parameter>> {
    let parameter = (distributions(), proptest::option::of(0..6_usize));
    proptest::collection::vec(parameter, 1..=7).prop_map(|parameters| {
        let n = parameters.len();
        let parameters = parameters.into_iter().enumerate();
        let named = parameters.map(|(at, (distribution, parent))| Parameter {
            // By name, they are in another order than they are asked for.
            name: format!("p{}", n - at),
            distribution,
            parent: parent.filter(|parent| *parent < at),
        });
        named.collect()
    })
}

fn distributions() -> impl Strategy<Value = Distribution> {
    prop_oneof![
        3 => floats(),
        2 => float_grids(),
        2 => log_floats(),
        3 => ints(),
        2 => log_ints(),
        3 => (1..=50_usize).prop_map(choices),
        1 => number().prop_map(|only| float(only, only, false, None)),
    ]
}

/// Zero, an ordinary number, or one of any magnitude.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        -10.0..10.0_f64,
        (-9.9..9.9_f64, -323.0..305.0_f64)
            .prop_map(|(digits, exponent)| digits * 10_f64.powf(exponent)),
    ]
}

fn floats() -> impl Strategy<Value = Distribution> {
    let extremes = prop_oneof![
        Just((-8e307_f64, 8e307_f64)),
        Just((0.0_f64, 5e-324_f64)),
        Just((1e300_f64, 1.000_000_000_000_000_3e300_f64)),
        Just((-1e-300_f64, 1e300_f64)),
    ];
    prop_oneof![4 => (number(), number()), 1 => extremes]
        .prop_map(|(a, b)| float(a.min(b), a.max(b), false, None))
}

fn log_floats() -> impl Strategy<Value = Distribution> {
    let exponent = || prop_oneof![-6.0..6.0_f64, -320.0..305.0_f64];
    (exponent(), exponent()).prop_map(|(a, b)| {
        let [low, high] = [a.min(b), a.max(b)].map(|exponent| 10_f64.powf(exponent));
        float(low, high, true, None)
    })
}

/// Grids of any magnitude, whose step the neighbouring floats can resolve.
fn float_grids() -> impl Strategy<Value = Distribution> {
    let exponent = prop_oneof![-3.0..3.0_f64, -290.0..290.0_f64];
    let offset = prop_oneof![Just(0.0), -1e6..1e6_f64];
    (offset, exponent, 0..2000_u16).prop_map(|(offset, exponent, n_steps)| {
        let step = 10_f64.powf(exponent);
        let low = offset * step;
        float(low, low + f64::from(n_steps) * step, false, Some(step))
    })
}

fn ints() -> impl Strategy<Value = Distribution> {
    let end = || prop_oneof![-5..=5_i64, -LARGEST..=LARGEST];
    let step = prop_oneof![Just(1_i64), 2..=7_i64, 1..=1_000_000_000_000_i64];
    (end(), end(), step).prop_map(|(a, b, step)| int(a.min(b), a.max(b), false, step))
}

fn log_ints() -> impl Strategy<Value = Distribution> {
    let end = || prop_oneof![1..=100_i64, 1..=LARGEST];
    (end(), end()).prop_map(|(a, b)| int(a.min(b), a.max(b), true, 1))
}

pub(crate) fn float(low: f64, high: f64, is_log: bool, step: Option<f64>) -> Distribution {
    Distribution::Float(FloatDistribution::new(low, high, is_log, step).unwrap())
}

pub(crate) fn int(low: i64, high: i64, is_log: bool, step: i64) -> Distribution {
    Distribution::Int(IntDistribution::new(low, high, is_log, step).unwrap())
}

/// So many choices, in turn numbers and texts.
pub(crate) fn choices(n: usize) -> Distribution {
    let choice = |at: usize| match at % 2 {
        0 => Choice::from(at as i64),
        _ => Choice::from(format!("choice {at}")),
    };
    let all = (0..n).map(choice).collect();
    Distribution::Categorical(CategoricalDistribution::new(all).unwrap())
}
