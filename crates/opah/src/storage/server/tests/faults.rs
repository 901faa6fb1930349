//! A connection that breaks anywhere: nothing is lost and nothing is done twice.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Database;
use crate::Storage;
use crate::frozen_trial::{Direction, TrialState};
use crate::json::Json;
use crate::storage::server::ServerStorage;
use crate::storage::server::url::Kind;
use crate::storage::{AttrKind, Cursor, Outcome, TrialStart, TrialUpdate};

/// Passes on what goes to a server and comes from it, but for the answer of a given number,
/// instead of which both ends are cut.
struct Proxy {
    address: std::net::SocketAddr,
    answers_left: Arc<AtomicUsize>,
}

impl Proxy {
    fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers_left = Arc::new(AtomicUsize::new(usize::MAX));
        let left = answers_left.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || pass(from, to, || true));
                let left = left.clone();
                std::thread::spawn(move || {
                    pass(server, client, || left.fetch_sub(1, Ordering::SeqCst) != 1);
                });
            }
        });
        Self {
            address,
            answers_left,
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, goes_on: impl Fn() -> bool) {
    let mut buffer = [0; 1 << 13];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !goes_on() || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// Asks, claims, reports and tells; what must be stored then does not depend on cuts.
fn work(storage: &dyn Storage) {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let study = storage.create_study("s", &[Direction::Minimize]).unwrap();
    let note = Json::new("v");
    storage
        .set_study_attr(study, AttrKind::User, "k", &note)
        .unwrap();
    let update = TrialUpdate {
        reports: vec![(0, 0.5)],
        user_attrs: vec![("k".to_owned(), note)],
        ..TrialUpdate::default()
    };
    let trial = storage
        .create_trial(study, &TrialStart::running(now))
        .unwrap();
    storage.update_trial(trial.id, &update).unwrap();
    let outcome = Outcome::Complete(vec![0.25]);
    storage
        .finish_trial(trial.id, &update, &outcome, now)
        .unwrap();
    let trial = storage
        .create_trial(study, &TrialStart::running(now))
        .unwrap();
    storage.release_trial(trial.id, &update).unwrap();
    let claimed = storage.claim_waiting(study, now).unwrap().unwrap();
    assert_eq!(claimed.id, trial.id);
    storage
        .finish_trial(trial.id, &update, &Outcome::Failed, now)
        .unwrap();
    let later = now + SignedDuration::from_hours(1);
    let again = storage.finish_trial(trial.id, &update, &Outcome::Failed, later);
    assert!(again.is_err(), "told twice");

    let trials = storage.changes(study, &Cursor::default()).unwrap();
    // The answer to an ask may be lost; then the trial runs for ever, and no more than one does.
    let (lost, told): (Vec<_>, Vec<_>) = trials
        .iter()
        .partition(|trial| trial.state == TrialState::Running);
    assert!(lost.len() <= 1, "{lost:?}");
    let told: Vec<_> = told
        .iter()
        .map(|trial| {
            (
                trial.state,
                trial.values.clone(),
                trial.intermediate_values.len(),
            )
        })
        .collect();
    let expected = [
        (TrialState::Complete, vec![0.25], 1),
        (TrialState::Fail, vec![], 1),
    ];
    assert_eq!(told, expected);
    let numbers: Vec<u64> = trials.iter().map(|trial| trial.number).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    storage.delete_study(study).unwrap();
    assert!(storage.studies().unwrap().is_empty());
}

fn survives_a_cut_at_every_answer(kind: Kind) {
    let Some(database) = Database::new(kind) else {
        return;
    };
    let server = database.server();
    let proxy = Proxy::before(format!("{}:{}", server.host, server.port));
    let place = database.url.rfind('@').unwrap();
    let credentials = &database.url[..place];
    let url = format!("{credentials}@{}/{}", proxy.address, server.database);
    let storage = ServerStorage::open(&url).unwrap();
    let storage = storage.with_patience(Duration::from_secs(20));
    // The first time tells how many answers there are; statements are prepared then.
    work(&storage);
    proxy.answers_left.store(1_000_000, Ordering::SeqCst);
    work(&storage);
    let answers = 1_000_000 - proxy.answers_left.load(Ordering::SeqCst);
    assert!((20..500).contains(&answers), "{answers}");
    for answer in 1..=answers {
        proxy.answers_left.store(answer, Ordering::SeqCst);
        work(&storage);
    }
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_survives_a_cut_at_every_answer() {
    survives_a_cut_at_every_answer(Kind::Postgres);
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_survives_a_cut_at_every_answer() {
    survives_a_cut_at_every_answer(Kind::MySql);
}

#[cfg(feature = "postgres")]
#[test]
fn a_server_that_is_not_there_is_told_at_once() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("postgresql://me:secret@127.0.0.1:{port}/db");
    let error = ServerStorage::open(&url).unwrap_err().to_string();
    let problem = "the server can't be reached; check that it runs, and the host and port";
    assert_eq!(
        error,
        format!("postgresql://me@127.0.0.1:{port}/db: {problem}")
    );
}
