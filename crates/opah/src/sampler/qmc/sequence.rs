//! The points of a space, kept from one trial to the next.

use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::math::halton::{self, Halton};
use crate::math::random::Rng;
use crate::math::sobol::Sobol;
use crate::search_space::SearchSpace;

/// Which points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum QmcType {
    /// Sobol points; even when their number is a power of two, and for up to 1,111
    /// parameters (what is beyond is drawn by the independent sampler).
    #[default]
    Sobol,
    /// Halton points; for any number of them, best for up to ten parameters or so.
    Halton,
}

/// One coordinate of all points.
#[derive(Debug)]
pub(in crate::sampler) enum Coordinate {
    Sobol(Sobol),
    Halton(Halton),
}

impl Coordinate {
    /// The coordinate of a point, in `[0, 1)`.
    pub(in crate::sampler) fn at(&self, index: u64) -> f64 {
        match self {
            Self::Sobol(sobol) => sobol.at(index),
            Self::Halton(halton) => halton.at(index),
        }
    }
}

/// The points of the space that was asked for last.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Option<Kept>>);

/// The coordinates of a space.
#[derive(Debug)]
struct Kept {
    names: Vec<Arc<str>>,
    coordinates: Arc<Vec<Coordinate>>,
}

impl Memory {
    /// A coordinate for each parameter, in the order of the names; `scramble` is the seed,
    /// if they are to be scrambled, each by the name of its parameter.
    pub(in crate::sampler) fn coordinates(
        &self,
        space: &SearchSpace,
        qmc_type: QmcType,
        scramble: Option<u64>,
    ) -> Arc<Vec<Coordinate>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let names = || space.iter().map(|(name, _)| name);
        match &*kept {
            Some(known) if known.names.iter().eq(names()) => known.coordinates.clone(),
            _ => {
                let names: Vec<Arc<str>> = names().cloned().collect();
                let coordinates = Arc::new(coordinates(&names, qmc_type, scramble));
                *kept = Some(Kept {
                    names,
                    coordinates: coordinates.clone(),
                });
                coordinates
            }
        }
    }
}

fn coordinates(names: &[Arc<str>], qmc_type: QmcType, scramble: Option<u64>) -> Vec<Coordinate> {
    let stream =
        |name: &str| scramble.map(|seed| Rng::keyed(seed, 0, &format!("scramble of {name}")));
    match qmc_type {
        QmcType::Sobol => {
            let all = names.iter().enumerate();
            all.map_while(|(at, name)| {
                let sobol = Sobol::new(at)?;
                Some(Coordinate::Sobol(match stream(name) {
                    Some(mut rng) => sobol.scrambled(&mut rng),
                    None => sobol,
                }))
            })
            .collect()
        }
        QmcType::Halton => {
            let all = names.iter().zip(halton::primes(names.len()));
            all.map(|(name, base)| {
                let halton = Halton::new(base);
                Coordinate::Halton(match stream(name) {
                    Some(mut rng) => halton.scrambled(&mut rng),
                    None => halton,
                })
            })
            .collect()
        }
    }
}
