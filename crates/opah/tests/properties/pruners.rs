//! Every pruner on random reports: NaN, infinite, at steps in any order and at negative ones.

use opah::Direction;
use opah::pruner::PRUNERS;
use proptest::prelude::*;

use crate::options;
use crate::samplers::few;
use crate::script::scripts;
use crate::search::Search;
use crate::space::{Parameter, float};

proptest! {
    #![proptest_config(few(24))]

    #[test]
    fn decisions_are_made_whatever_is_reported_and_are_repeatable(
        scripts in scripts(40, 16),
        maximize in any::<bool>(),
        variant in 0..3_usize,
    ) {
        let space = [Parameter::new("x", float(0.0, 1.0, false, None))];
        let direction = if maximize { Direction::Maximize } else { Direction::Minimize };
        let search = Search { space: &space, scripts: &scripts, directions: &[direction] };
        for entry in PRUNERS {
            let who = format!("{} (variant {variant})", entry.name);
            let told = search.check(&who, &|| {
                let sampler = options::sampler("random", 0, 1, &space);
                (sampler, options::pruner(entry.name, variant))
            });
            let told = told.unwrap_or_else(|error| panic!("{who}: {error}"));
            prop_assert_eq!(told.len(), scripts.len());
        }
    }

    #[test]
    fn so_they_are_with_two_objectives(
        scripts in scripts(40, 16),
        maximize in any::<bool>(),
        variant in 0..3_usize,
    ) {
        let space = [Parameter::new("x", float(0.0, 1.0, false, None))];
        let second = if maximize { Direction::Maximize } else { Direction::Minimize };
        let directions = [Direction::Minimize, second];
        let search = Search { space: &space, scripts: &scripts, directions: &directions };
        for entry in PRUNERS {
            if !options::pruner(entry.name, variant).takes_several_objectives() {
                continue;
            }
            let who = format!("{} (variant {variant})", entry.name);
            let told = search.check(&who, &|| {
                let sampler = options::sampler("random", 0, 1, &space);
                (sampler, options::pruner(entry.name, variant))
            });
            let told = told.unwrap_or_else(|error| panic!("{who}: {error}"));
            prop_assert_eq!(told.len(), scripts.len());
        }
    }
}
