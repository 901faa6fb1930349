//! The seed of a study, kept with it, so that all who draw for it draw from the same one.

use opah::Study;
use opah::json::Json;
use opah::math::random::fresh_seed;
use opah::storage::AttrKind;

use crate::error::Result;
use crate::record::SEED;

/// Seeds that nobody gave are below, to be short enough to be typed.
const FRESH_SEEDS: u64 = 1_000_000;

/// A seed that nobody gave.
pub(crate) fn fresh() -> u64 {
    fresh_seed() % FRESH_SEEDS
}

/// The seed that the study keeps; a fresh one, which it keeps from now on, if there is none.
///
/// ```
/// use opah::{Direction, Study};
///
/// let study = Study::in_memory("s", &[Direction::Minimize])?;
/// let seed = opah_tune::seed::of_study(&study)?;
/// assert_eq!(opah_tune::seed::of_study(&study)?, seed);
/// # Ok::<(), opah_tune::Error>(())
/// ```
pub fn of_study(study: &Study) -> Result<u64> {
    if let Some(seed) = kept(study)? {
        return Ok(seed);
    }
    let fresh = fresh();
    study.set_attr(AttrKind::System, SEED, &Json::new(&fresh))?;
    // Another program may have done the same at this moment, and the last one counts.
    Ok(kept(study)?.unwrap_or(fresh))
}

fn kept(study: &Study) -> Result<Option<u64>> {
    let attrs = study.frozen()?.system_attrs;
    Ok(attrs.get(SEED).and_then(Json::parse))
}
