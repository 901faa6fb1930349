//! A connection that breaks anywhere: nothing is lost and nothing is done twice.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};

use super::{AttrKind, Cursor, Outcome, Storage, TrialStart, TrialUpdate};
use crate::frozen_trial::{Direction, TrialState};
use crate::json::Json;

/// Passes on what goes to a server and comes from it, but for the request or the answer of a
/// given number, instead of which both ends are cut.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    #[cfg_attr(
        not(feature = "redis"),
        expect(dead_code, reason = "databases are cut at their answers")
    )]
    pub(super) requests_left: Arc<AtomicUsize>,
    pub(super) answers_left: Arc<AtomicUsize>,
}

impl Proxy {
    pub(super) fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let lefts = [(); 2].map(|()| Arc::new(AtomicUsize::new(usize::MAX)));
        let [requests_left, answers_left] = lefts.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let [requests, answers] = lefts.clone();
                std::thread::spawn(move || pass(from, to, &requests));
                std::thread::spawn(move || pass(server, client, &answers));
            }
        });
        Self {
            address,
            requests_left,
            answers_left,
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, left: &AtomicUsize) {
    let mut buffer = [0; 1 << 13];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if left.fetch_sub(1, Ordering::SeqCst) == 1 || to.write_all(&buffer[..length]).is_err() {
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
    storage.release_trial(trial.id, None, &update).unwrap();
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

/// Works with a cut at each of what is `left` to pass, one after the other.
pub(super) fn check_cuts(storage: &dyn Storage, left: &AtomicUsize) {
    // The first time tells how many there are; statements are prepared then.
    work(storage);
    left.store(1_000_000, Ordering::SeqCst);
    work(storage);
    let passed = 1_000_000 - left.load(Ordering::SeqCst);
    assert!((20..500).contains(&passed), "{passed}");
    for cut in 1..=passed {
        left.store(cut, Ordering::SeqCst);
        work(storage);
    }
}
