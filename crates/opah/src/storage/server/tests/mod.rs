//! On real servers, whose URLs the environment names; `tools/servers.sh` starts them.
#![expect(clippy::print_stderr, reason = "a skip must be seen")]

mod contract;
mod damaged_rows;
mod faults;
mod schema;

use std::sync::atomic::{AtomicU32, Ordering};

use super::ServerStorage;
use super::url::{Kind, Server};

/// An empty database, which goes with the value.
pub(super) struct Database {
    server: Server,
    pub(super) url: String,
}

impl Database {
    /// On the server of this kind. `None` if there is none, which is a failure in CI.
    pub(super) fn new(kind: Kind) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let variable = match kind {
            Kind::Postgres => "OPAH_TEST_POSTGRES",
            Kind::MySql => "OPAH_TEST_MYSQL",
        };
        let Ok(url) = std::env::var(variable) else {
            assert!(std::env::var_os("CI").is_none(), "CI must set {variable}");
            eprintln!("SKIPPED: {variable} names no server; see tools/servers.sh");
            return None;
        };
        let server = Server::parse(kind, &url).unwrap();
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("opah_test_{}_{next}", std::process::id());
        execute(&server, &format!("CREATE DATABASE {name}"));
        let place = url.rfind('/').unwrap();
        let options = url[place..].find('?').map_or("", |at| &url[place + at..]);
        let url = format!("{}/{name}{options}", &url[..place]);
        Some(Self { server, url })
    }

    pub(super) fn open(&self) -> ServerStorage {
        ServerStorage::open(&self.url).unwrap()
    }

    /// The same database, for statements of the test's own.
    pub(super) fn server(&self) -> Server {
        Server::parse(self.server.kind, &self.url).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = self.server().database;
        let force = match self.server.kind {
            Kind::Postgres => " WITH (FORCE)",
            Kind::MySql => "",
        };
        execute(&self.server, &format!("DROP DATABASE {name}{force}"));
    }
}

/// Runs a statement that no storage would.
pub(super) fn execute(server: &Server, sql: &str) {
    match server.kind {
        #[cfg(feature = "postgres")]
        Kind::Postgres => postgres_client(server).batch_execute(sql).unwrap(),
        #[cfg(not(feature = "postgres"))]
        Kind::Postgres => panic!("{sql}: no driver"),
        #[cfg(feature = "mysql")]
        Kind::MySql => {
            use mysql::prelude::Queryable as _;
            let mut connection = mysql::Conn::new(super::mysql::options(server)).unwrap();
            connection.query_drop(sql).unwrap();
        }
        #[cfg(not(feature = "mysql"))]
        Kind::MySql => panic!("{sql}: no driver"),
    }
}

#[cfg(feature = "postgres")]
pub(super) fn postgres_client(server: &Server) -> postgres::Client {
    let mut config = postgres::Config::new();
    config
        .user(&server.user)
        .dbname(&server.database)
        .host(&server.host)
        .port(server.port);
    if let Some(password) = &server.password {
        config.password(password.reveal());
    }
    config.connect(postgres::NoTls).unwrap()
}
