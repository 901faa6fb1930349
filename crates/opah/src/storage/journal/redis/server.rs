//! One connection to a Redis server, and what happens when it breaks.

use std::time::Duration;

use redis::{
    Client, Connection, ConnectionInfo, ErrorKind, RedisError, RedisResult, ServerErrorKind,
};

use crate::error::{Error, Result};
use crate::storage::tries::{FIRST_PATIENCE, PATIENCE, Tries, unreachable};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an answer may take, after which the connection is taken to be dead.
const ANSWER: Duration = Duration::from_mins(1);

/// What to do, by what the server says.
const ADVICE: &[(&str, &str)] = &[
    (
        "AuthenticationFailed",
        "the server refuses the user or the password; check them, and leave them out for a server that has none",
    ),
    (
        "uthentication required",
        "the server wants a password; write it in the URL, as in `redis://:password@host:6379/0`",
    ),
    (
        "NOPERM",
        "the user may not do this; give it the keys of the journal and the commands PING, MGET, GET, SET, SETNX and EVAL",
    ),
    (
        "DB index",
        "the server has no database of this number; there are 16 unless it is told otherwise, from 0 on",
    ),
    (
        "OOM",
        "the server's memory is full; raise `maxmemory` in its configuration, or make room",
    ),
    (
        "MISCONF",
        "the server can't write to its disk, and takes nothing until it can; look at its log",
    ),
    (
        "READONLY",
        "this server is a copy that can't be written to; name the one that it copies",
    ),
    (
        "MOVED",
        "this server is one of a cluster, which has no place for a journal; name a server of its own",
    ),
    (
        "WRONGTYPE",
        "another program uses the keys of a journal; name another database or prefix",
    ),
];

/// A server and the connection to it.
pub(super) struct Server {
    client: Client,
    connection: Option<Connection>,
    patience: Duration,
    shown: String,
}

impl Server {
    /// Connects once, so that a wrong name or password is told at the beginning.
    pub(super) fn open(info: ConnectionInfo, shown: &str) -> Result<Self> {
        let refused = |error: RedisError| failed(shown, error, None);
        let mut server = Self {
            client: Client::open(info).map_err(refused)?,
            connection: None,
            patience: Duration::ZERO,
            shown: shown.to_owned(),
        };
        server.run(|connection| redis::cmd("PING").exec(connection))?;
        server.patience = PATIENCE;
        Ok(server)
    }

    /// With another time that the server may be away.
    #[cfg(test)]
    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Does `work`, as often as it takes: if the server goes away, it may be done twice.
    pub(super) fn run<T>(
        &mut self,
        mut work: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Result<T> {
        let mut tries = Tries::new();
        loop {
            let kept = self.connection.take();
            let is_old = kept.is_some();
            let done = kept.map_or_else(|| connect(&self.client), Ok);
            let done = done.and_then(|mut connection| Ok((work(&mut connection)?, connection)));
            let error = match done {
                Ok((done, connection)) => {
                    self.connection = Some(connection);
                    return Ok(done);
                }
                Err(error) => error,
            };
            let patience = if begins(&error) {
                self.patience.max(FIRST_PATIENCE)
            } else {
                self.patience
            };
            if !is_away(&error) {
                return Err(failed(&self.shown, error, None));
            }
            if !is_old && !tries.again(patience) {
                let waited = (!patience.is_zero()).then(|| tries.elapsed());
                return Err(failed(&self.shown, error, waited));
            }
        }
    }

    /// The URL without its password.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }
}

fn connect(client: &Client) -> RedisResult<Connection> {
    let connection = client.get_connection_with_timeout(CONNECT)?;
    connection.set_read_timeout(Some(ANSWER))?;
    connection.set_write_timeout(Some(ANSWER))?;
    Ok(connection)
}

/// Whether the server can't be reached, or went away in the middle, or does not work yet.
fn is_away(error: &RedisError) -> bool {
    let is_for_a_while = matches!(
        error.kind(),
        ErrorKind::Io
            | ErrorKind::Parse
            | ErrorKind::Server(
                ServerErrorKind::BusyLoading
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::TryAgain
            )
    );
    is_for_a_while || error.code() == Some("BUSY")
}

/// Whether the server is there, but reads its own files first.
fn begins(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::BusyLoading)
}

/// The error in words that say what to do.
fn failed(shown: &str, error: RedisError, waited: Option<Duration>) -> Error {
    let text = format!("{} {error}", error.code().unwrap_or_default());
    let problem = if is_away(&error) {
        unreachable(waited)
    } else {
        let advice = ADVICE.iter().find(|(sign, _)| text.contains(sign));
        let advice = advice.map_or(
            "the server refuses it, for the reason below",
            |(_, advice)| advice,
        );
        advice.to_owned()
    };
    Error::Storage {
        store: shown.to_owned(),
        problem,
        source: Some(Box::new(error)),
    }
}
