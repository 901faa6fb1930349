//! A connection that breaks anywhere: nothing is lost and nothing is done twice.

#[cfg(feature = "postgres")]
use std::net::TcpListener;
use std::time::Duration;

use super::Database;
use crate::storage::faults::{Proxy, check_cuts};
use crate::storage::server::ServerStorage;
use crate::storage::server::url::Kind;

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
    check_cuts(&storage, &proxy.answers_left);
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
