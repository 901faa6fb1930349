//! The real Optuna 5 reads in upgraded files what the versions that made them did.

use std::fs;
use std::path::Path;

use opah::storage::SqliteStorage;

#[test]
fn optuna_reads_in_upgraded_files_what_their_makers_did() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/assets");
    let folder = tempfile::tempdir().unwrap();
    let mut versions = Vec::new();
    for entry in fs::read_dir(&assets).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(version) = name.strip_suffix(".json") else {
            continue;
        };
        let db = folder.path().join(format!("{version}.db"));
        let sql = fs::read_to_string(assets.join(format!("{version}.sql"))).unwrap();
        let connection = rusqlite::Connection::open(&db).unwrap();
        // Tables are written in the order of their names.
        connection
            .pragma_update(None, "foreign_keys", false)
            .unwrap();
        connection.execute_batch(&sql).unwrap();
        drop(connection);
        SqliteStorage::upgrade(&db).unwrap().unwrap();
        versions.push(version.to_owned());
    }
    versions.sort();
    assert_eq!(versions.len(), 6);
    super::optuna(
        folder.path(),
        &format!(
            r"
assets = '{assets}'
for version in {versions:?}:
    expected = json.load(open(f'{{assets}}/{{version}}.json', encoding='utf-8'))
    found = []
    for name in dict.fromkeys(trial[0] for trial in expected):
        study = optuna.load_study(study_name=name, storage=f'{{db}}/{{version}}.db')
        for t in study.trials:
            reports = sorted(t.intermediate_values.items())
            attrs = [t.user_attrs, study.user_attrs]
            found.append([name, t.number, t.state.name, t.values, t.params, reports, attrs])
    # As text, because a reported NaN is not equal to itself.
    text = lambda trials: json.dumps(trials, sort_keys=True)
    assert text(found) == text(expected), version
    study.optimize(lambda trial: (0.0,) * len(study.directions), n_trials=1)
",
            assets = assets.display(),
        ),
    );
}
