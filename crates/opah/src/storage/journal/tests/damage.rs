//! Journals that a crash, a full disk or another program has damaged.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::golden::OPTUNAS;
use crate::frozen_trial::StudyId;
use crate::storage::journal::JournalStorage;
use crate::storage::journal::raw_json::is_json;
use crate::storage::{Check, Cursor, Status, Storage, TrialStart};

/// Optuna's journal up to a trial that runs, in lines with their ends.
fn lines() -> Vec<&'static str> {
    OPTUNAS.split_inclusive('\n').take(61).collect()
}

struct Desk {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn desk(journal: impl AsRef<[u8]>) -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.log");
    fs::write(&path, journal).unwrap();
    Desk {
        _folder: folder,
        path,
    }
}

/// All that is in the first study.
fn contents(storage: &JournalStorage) -> String {
    let study = storage.studies().unwrap().remove(0);
    let trials = storage.changes(study.id, &Cursor::default()).unwrap();
    format!("{study:?} {trials:?}")
}

fn contents_of(journal: impl AsRef<[u8]>) -> String {
    contents(&JournalStorage::open(&desk(journal).path).unwrap())
}

fn append(storage: &JournalStorage) {
    let start = TrialStart::running(Timestamp::UNIX_EPOCH);
    storage.create_trial(StudyId(0), &start).unwrap();
}

/// What Optuna needs, and what a reader from the beginning on must find.
fn check_repaired(path: &Path, storage: &JournalStorage) {
    let journal = fs::read_to_string(path).unwrap();
    assert!(journal.ends_with('\n'));
    for line in journal.split_terminator('\n') {
        assert!(is_json(line), "{line:?}");
    }
    let again = JournalStorage::open(path).unwrap();
    assert_eq!(contents(&again), contents(storage));
    assert_eq!(again.warnings(), [""; 0]);
}

#[test]
fn a_torn_record_never_counts_and_is_removed_by_the_next_writer() {
    let lines = lines();
    let whole = lines.concat();
    let mut begin = whole.len();
    for n_whole in (lines.len() - 3..lines.len()).rev() {
        let end = begin;
        begin -= lines[n_whole].len();
        let expected = contents_of(&whole[..begin]);
        for cut in begin..end {
            let desk = desk(&whole[..cut]);
            let storage = JournalStorage::open(&desk.path).unwrap();
            assert_eq!(contents(&storage), expected, "cut at {cut}");
            append(&storage);
            let journal = fs::read_to_string(&desk.path).unwrap();
            let (before, appended) = journal.split_at(begin);
            assert_eq!(before, &whole[..begin]);
            assert_eq!(appended.matches('\n').count(), 1);
            check_repaired(&desk.path, &storage);
        }
    }
}

#[test]
fn a_record_that_is_being_written_is_seen_when_it_is_whole() {
    let lines = lines();
    let (last, before) = lines.split_last().unwrap();
    let desk = desk(before.concat());
    let storage = JournalStorage::open(&desk.path).unwrap();
    for cut in [1, last.len() / 2, last.len() - 1] {
        fs::write(&desk.path, before.concat() + &last[..cut]).unwrap();
        assert_eq!(contents(&storage), contents_of(before.concat()));
    }
    fs::write(&desk.path, lines.concat()).unwrap();
    assert_eq!(contents(&storage), contents_of(lines.concat()));
}

#[test]
fn a_record_that_was_appended_to_a_torn_one_counts() {
    let lines = lines();
    let (last, before) = lines.split_last().unwrap();
    let (torn, before) = before.split_last().unwrap();
    let before = before.concat();
    let expected = {
        let desk = desk(before.clone() + *last);
        let storage = JournalStorage::open(&desk.path).unwrap();
        append(&storage);
        contents(&storage)
    };
    for cut in 1..torn.len() {
        let desk = desk(format!("{before}{}{last}", &torn[..cut]));
        let size = fs::metadata(&desk.path).unwrap().len();
        let storage = JournalStorage::open(&desk.path).unwrap();
        append(&storage);
        assert_eq!(contents(&storage), expected, "cut at {cut}");
        let repaired = fs::read_to_string(&desk.path).unwrap();
        assert!(repaired[before.len()..].starts_with(&" ".repeat(cut)));
        assert!(repaired[..size as usize].ends_with(last));
        check_repaired(&desk.path, &storage);
    }
}

#[test]
fn zeros_and_empty_lines_are_no_records() {
    let lines = lines();
    let expected = {
        let desk = desk(lines.concat());
        let storage = JournalStorage::open(&desk.path).unwrap();
        append(&storage);
        contents(&storage)
    };
    let page = "\0".repeat(4096);
    let page_line = format!("{page}\n");
    let junk = ["\n", "\n \r\n", page.as_str(), page_line.as_str(), "\n\0\n"];
    for (junk, at) in junk
        .iter()
        .flat_map(|junk| [(junk, 7), (junk, lines.len())])
    {
        let journal = lines[..at].concat() + *junk + &lines[at..].concat();
        let desk = desk(&journal);
        let storage = JournalStorage::open(&desk.path).unwrap();
        append(&storage);
        assert_eq!(contents(&storage), expected, "{junk:?} before line {at}");
        check_repaired(&desk.path, &storage);
    }
}

#[test]
fn what_is_no_record_is_named_and_left_alone() {
    let lines = lines();
    for (junk, problem) in [
        ("hello\n", "is no JSON and is skipped"),
        ("{\"op_code\":5,\"tr\n", "is no JSON and is skipped"),
        ("3\n", "it is no object"),
        ("{\"op_code\":11}\n", "a newer program may have written it"),
        ("{\"op_code\":1}\n", "`study_id` is missing"),
        (
            "{\"op_code\":6,\"trial_id\":6,\"state\":9}\n",
            "`state` can't be 9",
        ),
    ] {
        let journal = lines[..7].concat() + junk + &lines[7..].concat();
        let desk = desk(&journal);
        let storage = JournalStorage::open(&desk.path).unwrap();
        assert_eq!(contents(&storage), contents_of(lines.concat()));
        let warnings = storage.warnings();
        assert!(
            matches!(&warnings[..], [only] if only.contains(problem)),
            "{warnings:?}"
        );
        append(&storage);
        assert!(
            fs::read_to_string(&desk.path)
                .unwrap()
                .starts_with(&journal)
        );
    }
    let rustunas = lines.concat() + "{\"op_code\":10,\"trial_ids\":[6]}\n";
    assert_eq!(contents_of(rustunas), contents_of(lines.concat()));
}

#[test]
fn a_trial_that_cannot_be_read_keeps_its_number() {
    let unreadable =
        r#"{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":null,"state":7}"#;
    let no_choice = r#"{"op_code":5,"worker_id":"w","trial_id":6,"param_name":"c","param_value_internal":9,"distribution":"{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [1]}}"}"#;
    let no_value = r#"{"op_code":6,"worker_id":"w","trial_id":8,"state":1,"values":null,"datetime_complete":null}"#;
    let next = lines()[60];
    let journal = format!(
        "{}{unreadable}\n{no_choice}\n{next}{no_value}\n{next}",
        lines().concat()
    );
    let desk = desk(journal);
    let storage = JournalStorage::open(&desk.path).unwrap();
    let trials = storage.changes(StudyId(0), &Cursor::default()).unwrap();
    let numbers: Vec<u64> = trials.iter().map(|trial| trial.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 9]);
    assert_eq!(
        storage.warnings(),
        [
            "study `first \"é\"`: trial 6 is skipped: parameter `c`: there is no choice 9 in categorical(1)",
            "study `first \"é\"`: trial 7 is skipped: `state` can't be 7",
            "study `first \"é\"`: trial 8 is skipped: it is COMPLETE with 0 value(s), and the study has 1 objective(s)",
        ]
    );
    assert!(storage.trial(StudyId(0), 7).is_err());
}

#[test]
fn files_that_are_no_journal_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        "hello",
        "hello\nworld\n",
        "{\"a\": 1}",
        "{\n \"a\": 1\n}\n",
        "SQLite format 3\0…",
    ] {
        let desk = desk(text);
        let error = JournalStorage::open(&desk.path).unwrap_err().to_string();
        assert!(error.contains("the file is not a journal"), "{error}");
        assert_eq!(fs::read_to_string(&desk.path).unwrap(), text);
    }
    let error = |path: &Path| JournalStorage::open(path).unwrap_err().to_string();
    let missing = folder.path().join("no/such/j.log");
    assert!(error(&missing).contains("check that its folder exists"));
    assert!(error(folder.path()).contains("this is a folder; name a file"));
    for begin in ["", "{", "{\"op_code\":0,\"work", "\0\0\0"] {
        let desk = desk(begin);
        let storage = JournalStorage::open(&desk.path).unwrap();
        assert!(storage.studies().unwrap().is_empty());
    }
}

#[test]
fn a_journal_that_was_replaced_is_noticed() {
    let desk = desk(OPTUNAS);
    let storage = JournalStorage::open(&desk.path).unwrap();
    fs::write(&desk.path, lines()[0]).unwrap();
    let error = storage.studies().unwrap_err().to_string();
    assert!(
        error.contains("the file can't be read on; open it again"),
        "{error}"
    );
}

#[test]
fn storages_are_opened_by_path_as_optunas_are() {
    let desk = desk(OPTUNAS);
    let plain = desk.path.with_file_name("journal");
    fs::write(&plain, OPTUNAS).unwrap();
    let new = desk.path.with_file_name("new.log");
    for (url, n_studies) in [
        (format!("journal:///{}", desk.path.display()), 2),
        (desk.path.display().to_string(), 2),
        (plain.display().to_string(), 2),
        (new.display().to_string(), 0),
    ] {
        let storage = crate::storage::open(&url).unwrap();
        assert_eq!(storage.studies().unwrap().len(), n_studies, "{url}");
        assert!(storage.describe().starts_with("journal:///"));
    }
    for url in ["journal:///", "journal", "http://host/0"] {
        let error = crate::storage::open(url).unwrap_err().to_string();
        assert!(error.contains("unknown kind of storage"), "{error}");
    }
}

/// What a check of this journal finds, and what it leaves behind.
fn repaired(journal: &str) -> (Check, String) {
    let desk = desk(journal);
    let storage = JournalStorage::open(&desk.path).unwrap();
    let before = contents(&storage);
    let found = storage.check(false).unwrap();
    assert_eq!(fs::read_to_string(&desk.path).unwrap(), journal);
    let repaired = storage.check(true).unwrap();
    assert_eq!(repaired.findings.len(), found.findings.len());
    assert_eq!(contents(&storage), before);
    if let Some(backup) = &repaired.backup {
        assert_eq!(fs::read_to_string(backup).unwrap(), journal);
        append(&storage);
        check_repaired(&desk.path, &storage);
    }
    let again = JournalStorage::open(&desk.path).unwrap();
    let left = again.check(false).unwrap().findings;
    assert!(
        left.iter()
            .all(|finding| finding.status == Status::LeftAlone)
    );
    (found, fs::read_to_string(&desk.path).unwrap())
}

#[test]
fn a_repair_writes_spaces_over_what_is_no_record() {
    let lines = lines();
    let whole = lines.concat();
    for (journal, problem) in [
        (
            lines[..7].concat() + "hello\n" + &lines[7..].concat(),
            "it is no JSON",
        ),
        (
            lines[..7].concat() + "{\"op_code\":5,\"tr\n" + &lines[7..].concat(),
            "it is no JSON",
        ),
        (
            lines[..7].concat() + "{\"op_co" + &lines[7..].concat(),
            "it is no JSON",
        ),
        (whole.clone() + "hello\n", "it is no JSON"),
        (
            whole.clone() + "{\"op_code\":5,\"tr",
            "they are the beginning of a record",
        ),
    ] {
        let (found, _) = repaired(&journal);
        assert!(!found.is_fine());
        let [finding] = &found.findings[..] else {
            panic!("{found:?}")
        };
        assert_eq!(finding.status, Status::Repairable);
        assert!(finding.problem.starts_with(problem), "{finding:?}");
    }
}

#[test]
fn a_check_tells_of_records_that_nobody_can_mend() {
    let lines = lines();
    let journal = lines[..7].concat() + "{\"op_code\":11}\n" + &lines[7..].concat();
    let (found, after) = repaired(&journal);
    assert_eq!(after, journal);
    let [finding] = &found.findings[..] else {
        panic!("{found:?}")
    };
    assert_eq!(finding.status, Status::LeftAlone);
    let (found, after) = repaired(&lines.concat());
    assert_eq!((found, after), (Check::default(), lines.concat()));
}
