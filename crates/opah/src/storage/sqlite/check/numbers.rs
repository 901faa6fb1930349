//! Trials without a number of their own. A trial's number is its place among the trials of
//! its study, by id, unless trials were deleted.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Fault, Mend, of_trial};

const RENUMBER: &str = "UPDATE trials SET number = (
        SELECT count(*) FROM trials before
        WHERE before.study_id = trials.study_id AND before.trial_id < trials.trial_id
    ) WHERE study_id = ?1";

pub(super) fn find(connection: &Connection, faults: &mut Vec<Fault>) -> rusqlite::Result<()> {
    let select = "SELECT study_id, trial_id, number FROM trials
        WHERE study_id IN (SELECT study_id FROM studies) ORDER BY study_id, trial_id";
    // By study: the trials' ids and, where there is one, numbers.
    let mut studies: BTreeMap<i64, Vec<(i64, Option<u64>)>> = BTreeMap::new();
    let mut select = connection.prepare(select)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let number = row.get_ref(2)?.as_i64().ok();
        let number = number.and_then(|number| u64::try_from(number).ok());
        let trials = studies.entry(row.get(0)?).or_default();
        trials.push((row.get(1)?, number));
    }
    for (study, trials) in studies {
        find_in(connection, study, &trials, faults)?;
    }
    Ok(())
}

fn find_in(
    connection: &Connection,
    study: i64,
    trials: &[(i64, Option<u64>)],
    faults: &mut Vec<Fault>,
) -> rusqlite::Result<()> {
    // The trial that had a number first keeps it.
    let mut owners: BTreeMap<u64, i64> = BTreeMap::new();
    let mut bad = Vec::new();
    for (place, (trial, number)) in (0_u64..).zip(trials) {
        let Some(number) = number else {
            bad.push((place, *trial, "it has no number".to_owned()));
            continue;
        };
        if let Some(owner) = owners.get(number) {
            let problem = format!("its number {number} is that of the trial with id {owner}");
            bad.push((place, *trial, problem));
        } else {
            owners.insert(*number, *trial);
        }
    }
    let are_free = bad.iter().all(|(place, ..)| !owners.contains_key(place));
    for (place, trial, problem) in bad {
        let (remedy, mend) = if are_free {
            let set = "UPDATE trials SET number = ?2 WHERE trial_id = ?1";
            (
                format!("it becomes trial {place}, by its place in the study"),
                Mend::new(set, vec![trial.into(), (place as i64).into()]),
            )
        } else {
            (
                "all trials of the study are numbered anew, by id".to_owned(),
                Mend::new(RENUMBER, vec![study.into()]),
            )
        };
        faults.push(Fault {
            place: of_trial(connection, trial)?,
            problem,
            remedy,
            mends: vec![mend],
        });
    }
    Ok(())
}
