//! What SQL can tell of a row: one rule for each kind of fault, in one list.

use rusqlite::Connection;

use super::{Fault, Mend, of_study, of_trial, text};

/// What the first column of a rule's rows identifies.
#[derive(Clone, Copy)]
enum Owner {
    Trial,
    Study,
    /// Nothing that is there.
    Nobody,
}

struct Rule {
    of: Owner,
    /// Gives for each fault its owner's id, what `?1` is in the mends, and a detail.
    select: &'static str,
    /// With `{}` for the detail.
    problem: &'static str,
    remedy: &'static str,
    mends: &'static [&'static str],
}

const ALL: &[Rule] = &[
    Rule {
        of: Owner::Study,
        select: "SELECT s.study_id, s.study_id, quote(d.direction)
            FROM studies s JOIN study_directions d ON d.study_id = s.study_id
            WHERE d.direction NOT IN ('NOT_SET', 'MINIMIZE', 'MAXIMIZE')",
        problem: "{} is no direction",
        remedy: "nobody but you knows it: `UPDATE study_directions SET direction = 'MINIMIZE' …`, or MAXIMIZE",
        mends: &[],
    },
    Rule {
        of: Owner::Study,
        select: "SELECT s.study_id, s.study_id, NULL FROM studies s
            WHERE NOT EXISTS (SELECT 1 FROM study_directions d WHERE d.study_id = s.study_id)",
        problem: "it has no direction",
        remedy: "nobody but you knows it: `INSERT INTO study_directions (direction, study_id, objective) VALUES ('MINIMIZE', …, 0)`, or MAXIMIZE",
        mends: &[],
    },
    Rule {
        of: Owner::Study,
        select: "SELECT s.study_id, a.study_user_attribute_id, quote(a.key)
            FROM studies s JOIN study_user_attributes a ON a.study_id = s.study_id
            WHERE typeof(a.key) <> 'text' OR typeof(a.value_json) <> 'text'",
        problem: "its user attribute {} has no name or no value",
        remedy: "the attribute is removed",
        mends: &["DELETE FROM study_user_attributes WHERE study_user_attribute_id = ?1"],
    },
    Rule {
        of: Owner::Study,
        select: "SELECT s.study_id, a.study_system_attribute_id, quote(a.key)
            FROM studies s JOIN study_system_attributes a ON a.study_id = s.study_id
            WHERE typeof(a.key) <> 'text' OR typeof(a.value_json) <> 'text'",
        problem: "its system attribute {} has no name or no value",
        remedy: "the attribute is removed",
        mends: &["DELETE FROM study_system_attributes WHERE study_system_attribute_id = ?1"],
    },
    Rule {
        of: Owner::Trial,
        select: "SELECT trial_id, trial_id, quote(state) FROM trials
            WHERE study_id IN (SELECT study_id FROM studies)
            AND state NOT IN ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING')",
        problem: "{} is no state",
        remedy: "its state becomes FAIL",
        mends: &["UPDATE trials SET state = 'FAIL' WHERE trial_id = ?1"],
    },
    Rule {
        of: Owner::Trial,
        select: "SELECT t.trial_id, v.trial_value_id, v.value
            FROM trials t JOIN trial_values v ON v.trial_id = t.trial_id
            WHERE v.value_type IN ('INF_POS', 'INF_NEG') AND v.value IS NOT NULL",
        problem: "one of its values is infinite and {} at once",
        remedy: "the value is infinite",
        mends: &["UPDATE trial_values SET value = NULL WHERE trial_value_id = ?1"],
    },
    Rule {
        of: Owner::Trial,
        select: "SELECT t.trial_id, t.trial_id,
                quote(t.state) || ' in a study of ' || s.n || ' objective(s), and its values are ['
                || coalesce(group_concat(
                    quote(v.objective) || ': ' || quote(v.value) || ' ' || quote(v.value_type), ', '
                ) FILTER (WHERE v.trial_value_id IS NOT NULL), '') || ']'
            FROM trials t
            JOIN (
                SELECT s.study_id, count(d.study_direction_id) AS n
                FROM studies s LEFT JOIN study_directions d ON d.study_id = s.study_id
                GROUP BY s.study_id
            ) s ON s.study_id = t.study_id AND s.n > 0
            LEFT JOIN trial_values v ON v.trial_id = t.trial_id
            GROUP BY t.trial_id
            HAVING total(v.trial_value_id IS NOT NULL AND NOT (
                    (v.value_type = 'FINITE' AND typeof(v.value) IN ('real', 'integer'))
                    OR v.value_type IN ('INF_POS', 'INF_NEG')
                )) > 0
                OR count(v.trial_value_id) > s.n
                OR (t.state = 'COMPLETE' AND count(v.trial_value_id) <> s.n)
                OR min(v.objective) <> 0
                OR max(v.objective) <> count(v.trial_value_id) - 1",
        problem: "it is {}",
        remedy: "its values are removed, and if it is COMPLETE its state becomes FAIL",
        mends: &[
            "DELETE FROM trial_values WHERE trial_id = ?1",
            "UPDATE trials SET state = 'FAIL' WHERE trial_id = ?1 AND state = 'COMPLETE'",
        ],
    },
    Rule {
        of: Owner::Trial,
        select: "SELECT t.trial_id, v.trial_intermediate_value_id, v.step
            FROM trials t JOIN trial_intermediate_values v ON v.trial_id = t.trial_id
            WHERE v.intermediate_value_type IN ('INF_POS', 'INF_NEG', 'NAN')
            AND v.intermediate_value IS NOT NULL AND typeof(v.step) = 'integer'",
        problem: "what it reported at step {} is a number and none at once",
        remedy: "the number is removed",
        mends: &[
            "UPDATE trial_intermediate_values SET intermediate_value = NULL
            WHERE trial_intermediate_value_id = ?1",
        ],
    },
    Rule {
        of: Owner::Trial,
        select: "SELECT t.trial_id, v.trial_intermediate_value_id, v.step
            FROM trials t JOIN trial_intermediate_values v ON v.trial_id = t.trial_id
            WHERE v.intermediate_value_type = 'FINITE'
            AND v.intermediate_value IS NULL AND typeof(v.step) = 'integer'",
        problem: "what it reported at step {} is missing",
        remedy: "the report becomes NaN",
        mends: &[
            "UPDATE trial_intermediate_values SET intermediate_value_type = 'NAN'
            WHERE trial_intermediate_value_id = ?1",
        ],
    },
    Rule {
        of: Owner::Trial,
        select: "SELECT t.trial_id, v.trial_intermediate_value_id,
                quote(v.intermediate_value) || ' ' || quote(v.intermediate_value_type)
                || ' at step ' || quote(v.step)
            FROM trials t JOIN trial_intermediate_values v ON v.trial_id = t.trial_id
            WHERE typeof(v.step) <> 'integer' OR NOT (
                (v.intermediate_value_type = 'FINITE'
                    AND typeof(v.intermediate_value) IN ('real', 'integer', 'null'))
                OR v.intermediate_value_type IN ('INF_POS', 'INF_NEG', 'NAN')
            )",
        problem: "{} is no report",
        remedy: "the report is removed",
        mends: &["DELETE FROM trial_intermediate_values WHERE trial_intermediate_value_id = ?1"],
    },
    Rule {
        of: Owner::Trial,
        select: "SELECT t.trial_id, a.trial_user_attribute_id, quote(a.key)
            FROM trials t JOIN trial_user_attributes a ON a.trial_id = t.trial_id
            WHERE typeof(a.key) <> 'text' OR typeof(a.value_json) <> 'text'",
        problem: "its user attribute {} has no name or no value",
        remedy: "the attribute is removed",
        mends: &["DELETE FROM trial_user_attributes WHERE trial_user_attribute_id = ?1"],
    },
    Rule {
        of: Owner::Trial,
        select: "SELECT t.trial_id, a.trial_system_attribute_id, quote(a.key)
            FROM trials t JOIN trial_system_attributes a ON a.trial_id = t.trial_id
            WHERE typeof(a.key) <> 'text' OR typeof(a.value_json) <> 'text'",
        problem: "its system attribute {} has no name or no value",
        remedy: "the attribute is removed",
        mends: &["DELETE FROM trial_system_attributes WHERE trial_system_attribute_id = ?1"],
    },
    Rule {
        of: Owner::Nobody,
        select: "SELECT NULL, trial_id, trial_id FROM trials
            WHERE study_id IS NULL OR study_id NOT IN (SELECT study_id FROM studies)",
        problem: "the trial with id {} is of no study, and a new study may get it",
        remedy: "the trial is removed",
        mends: &[
            "DELETE FROM trial_params WHERE trial_id = ?1",
            "DELETE FROM trial_values WHERE trial_id = ?1",
            "DELETE FROM trial_intermediate_values WHERE trial_id = ?1",
            "DELETE FROM trial_user_attributes WHERE trial_id = ?1",
            "DELETE FROM trial_system_attributes WHERE trial_id = ?1",
            "DELETE FROM trial_heartbeats WHERE trial_id = ?1",
            "DELETE FROM trials WHERE trial_id = ?1",
        ],
    },
];

/// The tables whose rows belong to a row of another: which, and by what column.
const OWNED: [(&str, &str, &str); 9] = [
    ("study_directions", "studies", "study_id"),
    ("study_user_attributes", "studies", "study_id"),
    ("study_system_attributes", "studies", "study_id"),
    ("trial_params", "trials", "trial_id"),
    ("trial_values", "trials", "trial_id"),
    ("trial_intermediate_values", "trials", "trial_id"),
    ("trial_user_attributes", "trials", "trial_id"),
    ("trial_system_attributes", "trials", "trial_id"),
    ("trial_heartbeats", "trials", "trial_id"),
];

pub(super) fn find(connection: &Connection, faults: &mut Vec<Fault>) -> rusqlite::Result<()> {
    for rule in ALL {
        let mut select = connection.prepare(rule.select)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let place = match rule.of {
                Owner::Trial => of_trial(connection, row.get(0)?)?,
                Owner::Study => of_study(connection, row.get(0)?)?,
                Owner::Nobody => "the table `trials`".to_owned(),
            };
            let id: i64 = row.get(1)?;
            let mends = rule
                .mends
                .iter()
                .map(|sql| Mend::new(*sql, vec![id.into()]));
            faults.push(Fault {
                place,
                problem: rule.problem.replace("{}", &text(row.get_ref(2)?)),
                remedy: rule.remedy.to_owned(),
                mends: mends.collect(),
            });
        }
    }
    OWNED
        .iter()
        .try_for_each(|owned| find_orphans(connection, *owned, faults))
}

/// Rows of what is gone. SQLite gives ids again, and a new trial would get them.
fn find_orphans(
    connection: &Connection,
    (table, owner, id): (&str, &str, &str),
    faults: &mut Vec<Fault>,
) -> rusqlite::Result<()> {
    let orphans =
        format!("FROM {table} WHERE {id} IS NULL OR {id} NOT IN (SELECT {id} FROM {owner})");
    let count = format!("SELECT count(*) {orphans}");
    let count: i64 = connection.query_row(&count, [], |row| row.get(0))?;
    if count > 0 {
        faults.push(Fault {
            place: format!("the table `{table}`"),
            problem: format!("{count} row(s) belong to nothing in `{owner}`"),
            remedy: "they are removed".to_owned(),
            mends: vec![Mend::new(format!("DELETE {orphans}"), Vec::new())],
        });
    }
    Ok(())
}
