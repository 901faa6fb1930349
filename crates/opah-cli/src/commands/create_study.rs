//! `opah create-study`

use anyhow::{Result, bail};
use opah::math::random::fresh_seed;
use opah::{Direction, Study};

use crate::args::{DirectionName, Storage};
use crate::{credentials, output};

/// The flags of `opah create-study`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  opah create-study --storage sqlite:///trial.db --study-name demo --direction maximize\n  \
opah create-study --storage sqlite:///trial.db --study-name both --directions minimize maximize"
)]
pub(crate) struct Args {
    #[command(flatten)]
    storage: Storage,
    /// The study's name [default: `no-name-` and a random text]
    #[arg(long, value_name = "NAME")]
    study_name: Option<String>,
    /// Whether the only objective is to be small or large [default: minimize]
    #[arg(long, value_enum, conflicts_with = "directions")]
    direction: Option<DirectionName>,
    /// The same of several objectives, separated by spaces
    #[arg(long, value_enum, num_args = 1..)]
    directions: Vec<DirectionName>,
    /// A study of this name that exists is no error
    #[arg(long)]
    skip_if_exists: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let given = args.direction.iter().chain(&args.directions);
    let mut directions: Vec<Direction> = given.map(|name| (*name).into()).collect();
    let are_given = !directions.is_empty();
    if !are_given {
        directions.push(Direction::Minimize);
    }
    let storage = opah::storage::open(&credentials::complete(&args.storage.storage))?;
    let name = args.study_name.clone().unwrap_or_else(fresh_name);
    let study = if args.skip_if_exists {
        Study::load_or_create(storage, &name, &directions)?
    } else {
        Study::create(storage, &name, &directions)?
    };
    if are_given && study.directions() != directions {
        bail!(
            "study `{name}` exists, and its directions are {}, not {}; choose another --study-name",
            output::directions(study.directions()),
            output::directions(&directions)
        );
    }
    output::print(&format!("{name}\n"))
}

/// A name as Optuna makes it: with a random UUID (RFC 9562, version 4).
fn fresh_name() -> String {
    let (a, b) = (fresh_seed(), fresh_seed());
    format!(
        "no-name-{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        8 | (b >> 62),
        (b >> 48) & 0xfff,
        b & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::fresh_name;

    #[test]
    fn fresh_names_are_uuids_that_differ() {
        let (name, other) = (fresh_name(), fresh_name());
        assert_ne!(name, other);
        let lengths: Vec<usize> = name.split('-').map(str::len).collect();
        assert_eq!(lengths, [2, 4, 8, 4, 4, 4, 12]);
        let parts: Vec<&str> = name.split('-').collect();
        assert!(parts[4].starts_with('4') && parts[5].starts_with(['8', '9', 'a', 'b']));
    }
}
