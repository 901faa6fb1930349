//! Connections, one for each thread that works at the same time; and what happens when the
//! server goes away.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::connection::{Answer, Connection, Failure};
use super::url::{Kind, Server};
use crate::error::{Error, Result};
use crate::storage::tries::{FIRST_PATIENCE, PATIENCE, Tries, unreachable};

/// Idle connections that are kept.
const MAX_IDLE: usize = 16;

pub(super) struct Pool {
    server: Server,
    patience: Duration,
    idle: Mutex<Vec<Box<dyn Connection>>>,
}

impl Pool {
    /// Connects once, so that a wrong name or password is told at the beginning.
    pub(super) fn open(server: Server) -> Result<Self> {
        let pool = Self {
            server,
            patience: PATIENCE,
            idle: Mutex::default(),
        };
        let mut tries = Tries::new();
        loop {
            match connect(&pool.server) {
                Ok(connection) => {
                    pool.idle().push(connection);
                    return Ok(pool);
                }
                Err(failure)
                    if takes_no_connection_yet(&failure) && tries.again(FIRST_PATIENCE) => {}
                Err(failure) => return Err(pool.error(failure, None)),
            }
        }
    }

    /// With another time that the server may be away.
    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Does `work` with a connection, as often as it takes. When the server went away, it is
    /// done again with a new one, and told so: it may have been done already.
    pub(super) fn run<T>(
        &self,
        mut work: impl FnMut(&mut dyn Connection, bool) -> Answer<T>,
    ) -> Result<T> {
        let mut tries = Tries::new();
        let mut perhaps_done = false;
        loop {
            // The guard must not live as long as the connection is used.
            let idle = self.idle().pop();
            let is_old = idle.is_some();
            let answer = match idle.map_or_else(|| connect(&self.server), Ok) {
                Err(failure) => Err(failure),
                Ok(mut connection) => {
                    let answer = work(connection.as_mut(), perhaps_done);
                    if !matches!(answer, Err(Failure::Lost(_))) && connection.rollback().is_ok() {
                        self.put_back(connection);
                    } else {
                        perhaps_done |= answer.is_err();
                    }
                    answer
                }
            };
            match answer {
                Ok(done) => return Ok(done),
                Err(failure @ Failure::Lost(_)) => {
                    // The others were lost with it.
                    self.idle().clear();
                    if !is_old && !tries.again(self.patience) {
                        return Err(self.error(failure, Some(tries.elapsed())));
                    }
                }
                Err(failure @ Failure::Again(_)) => {
                    if !tries.again(self.patience) {
                        return Err(self.error(failure, Some(tries.elapsed())));
                    }
                }
                Err(failure) => return Err(self.error(failure, None)),
            }
        }
    }

    pub(super) fn describe(&self) -> String {
        self.server.describe()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Box<dyn Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, connection: Box<dyn Connection>) {
        let mut idle = self.idle();
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    fn error(&self, failure: Failure, waited: Option<Duration>) -> Error {
        let (problem, source) = match failure {
            Failure::Rule(error) => return error,
            Failure::Refused(problem, source) => (problem, source),
            Failure::Again(source) => {
                let problem = "others worked on the same rows for too long; try again later";
                (problem.to_owned(), source)
            }
            Failure::Lost(source) => (unreachable(waited), source),
        };
        Error::Storage {
            store: self.describe(),
            problem,
            source: Some(source),
        }
    }
}

fn connect(server: &Server) -> Answer<Box<dyn Connection>> {
    match server.kind {
        #[cfg(feature = "postgres")]
        Kind::Postgres => Ok(Box::new(super::postgres::Postgres::connect(server)?)),
        #[cfg(feature = "mysql")]
        Kind::MySql => Ok(Box::new(super::mysql::MySql::connect(server)?)),
        #[cfg(not(all(feature = "postgres", feature = "mysql")))]
        kind => Err(Failure::Refused(
            format!("this opah was built without {kind:?}; build it with that feature"),
            "no driver".into(),
        )),
    }
}

/// Whether the server is there, but starts or is full.
fn takes_no_connection_yet(failure: &Failure) -> bool {
    let Failure::Lost(source) = failure else {
        return false;
    };
    let text = source.to_string().to_lowercase();
    [
        "starting up",
        "too many",
        "shutting down",
        "not yet accepting",
    ]
    .iter()
    .any(|part| text.contains(part))
}
