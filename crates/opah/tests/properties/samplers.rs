//! Every sampler on random spaces.

use opah::pruner::PRUNERS;
use opah::sampler::SAMPLERS;
use opah::{Direction, Error};
use proptest::prelude::*;

use crate::options;
use crate::script::{Script, scripts};
use crate::search::{Search, Told};
use crate::space::{Parameter, spaces};

/// So many trials make several generations and more than one start.
const N_TRIALS: usize = 24;

/// What becomes of the trials of every sampler; `None` of one that is for one objective
/// and says so.
pub(crate) fn check_all(
    space: &[Parameter],
    scripts: &[Script],
    directions: &[Direction],
    seed: u64,
    variant: usize,
) -> Vec<(&'static str, Option<Vec<Told>>)> {
    let told = SAMPLERS.iter().map(|entry| {
        let space = options::searchable(entry.name, space);
        let search = Search {
            space: &space,
            scripts,
            directions,
        };
        let pruner = PRUNERS[variant % PRUNERS.len()].name;
        let who = format!("{} (variant {variant}) with {pruner}", entry.name);
        let told = search.check(&who, &|| {
            let sampler = options::sampler(entry.name, variant, seed, &space);
            (sampler, options::pruner(pruner, variant))
        });
        match told {
            Err(Error::NotAvailable(reason))
                if directions.len() > 1 && reason.contains("objectives at once") =>
            {
                (entry.name, None)
            }
            told => (
                entry.name,
                Some(told.unwrap_or_else(|error| panic!("{who}: {error}"))),
            ),
        }
    });
    told.collect()
}

/// Few cases, each of which tries everything.
pub(crate) fn few(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        // In milliseconds: a case is slow, and the first failure tells most already.
        max_shrink_time: 60_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(few(12))]

    #[test]
    fn suggestions_are_inside_their_domains_and_repeatable(
        space in spaces(),
        scripts in scripts(N_TRIALS, 4),
        maximize in any::<bool>(),
        seed in any::<u64>(),
        variant in 0..1000_usize,
    ) {
        let direction = if maximize { Direction::Maximize } else { Direction::Minimize };
        check_all(&space, &scripts, &[direction], seed, variant);
    }

    #[test]
    fn so_are_those_for_two_objectives(
        space in spaces(),
        scripts in scripts(N_TRIALS, 0),
        seed in any::<u64>(),
        variant in 0..1000_usize,
    ) {
        let directions = [Direction::Minimize, Direction::Maximize];
        let told = check_all(&space, &scripts, &directions, seed, variant);
        for name in ["random", "grid", "brute_force", "qmc", "nsga2", "nsga3"] {
            let of_name = told.iter().find(|(known, _)| *known == name);
            let is_there = of_name.is_some_and(|(_, told)| told.is_some());
            assert!(is_there, "{name} refuses two objectives");
        }
    }
}
