//! After a repair the real Optuna reads a study that it could not read before.

use std::path::Path;
use std::sync::Arc;

use opah::Storage as _;
use opah::storage::{SqliteStorage, Status};
use opah::{Direction, Study};

/// What makes study 1 unreadable for Optuna 5, each by itself.
const POISON: [&str; 13] = [
    "UPDATE trials SET state = 'DONE' WHERE trial_id = 2",
    "UPDATE trials SET number = NULL WHERE trial_id = 2",
    "UPDATE trial_values SET value = NULL WHERE trial_id = 2",
    "UPDATE trial_values SET objective = 5 WHERE trial_id = 2",
    "UPDATE trial_values SET value_type = 'INF_POS' WHERE trial_id = 2",
    "UPDATE trial_params SET distribution_json = '{' WHERE trial_id = 2",
    "UPDATE trial_params SET distribution_json = '{\"name\": \"Gauss\", \"attributes\": {}}' WHERE trial_id = 2",
    "UPDATE trial_params SET param_value = 7 WHERE trial_id = 2",
    "UPDATE trial_intermediate_values SET intermediate_value = NULL WHERE trial_id = 2",
    "UPDATE trial_user_attributes SET value_json = '{oops' WHERE trial_id = 2",
    "UPDATE trial_user_attributes SET value_json = NULL WHERE trial_id = 2",
    "UPDATE study_user_attributes SET value_json = 'oops' WHERE study_id = 1",
    "UPDATE trials SET datetime_start = 'yesterday' WHERE trial_id = 2",
];

fn make(db: &Path) {
    let storage = Arc::new(SqliteStorage::open(db).unwrap());
    let study = Study::create(storage, "s", &[Direction::Minimize]).unwrap();
    let note = opah::json::Json::new("note");
    let kind = opah::storage::AttrKind::User;
    study.set_attr(kind, "k", &note).unwrap();
    for number in 0..3 {
        let mut trial = study.ask().unwrap();
        trial.suggest_categorical("c", &["u", "v"]).unwrap();
        trial.report(0, 0.5).unwrap();
        trial.set_user_attr("k", &note);
        study.tell(&mut trial, &[f64::from(number)]).unwrap();
    }
}

#[test]
fn optuna_reads_again_what_was_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("0.db");
    // One Optuna process looks at all files, as it takes a second to start.
    for (number, sql) in POISON.iter().enumerate() {
        let db = folder.path().join(format!("{number}.db"));
        make(&db);
        let connection = rusqlite::Connection::open(&db).unwrap();
        connection.execute_batch(sql).unwrap();
    }
    let n_files = POISON.len();
    let look = |can_be_read: bool| {
        let can_be_read = if can_be_read { "True" } else { "False" };
        super::optuna(
            &db,
            &format!(
                r"
for number in range({n_files}):
    try:
        study = optuna.load_study(study_name='s', storage=db.replace('/0.db', f'/{{number}}.db'))
        read = [t.number for t in study.trials] == [0, 1, 2] and len(study.user_attrs) == 1
    except Exception: read = False
    assert read == {can_be_read}, number
"
            ),
        )
    };
    if look(false).is_none() {
        return;
    }
    for (number, sql) in POISON.iter().enumerate() {
        let storage = SqliteStorage::open(&folder.path().join(format!("{number}.db"))).unwrap();
        let check = storage.check(true).unwrap();
        let [finding] = &check.findings[..] else {
            panic!("{sql}: {check:?}")
        };
        assert_eq!(finding.status, Status::Repaired, "{sql}");
    }
    look(true);
}
