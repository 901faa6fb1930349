//! A log on a Redis server: a record a key, as Optuna's `JournalRedisBackend` keeps it.
//!
//! `<prefix>:log_number` has the number of the last record, `<prefix>:log:<number>` the
//! record. Optuna also keeps `<prefix>:snapshot`, a pickle, which is neither read nor written
//! here.
//!
//! All records of an append are written by one script, in one round trip. The script does
//! nothing when it is sent again, so after a lost answer it is simply sent again. The last
//! record that was read goes with it, and comes with every read: a server that was started
//! again and has forgotten the newest records is noticed, before anything is written that
//! means other trials there.
//!
//! A number without a record belongs to a writer that takes two steps, as Optuna's do on a
//! cluster. It is waited for, and then written by whoever waits, with a record that changes
//! nothing; Optuna's readers wait for ever. So everybody reads the same in its place.

mod address;
mod server;

use std::collections::BTreeMap;
use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use redis::{Cmd, FromRedisValue, InfoDict};

use self::address::Address;
use self::server::Server;
use super::log::{Durability, Log};
use super::raw_json::is_json;
use crate::error::{Error, Result};
use crate::storage::Details;
use crate::storage::check::{Check, Finding, Status};

const APPEND: &str = include_str!("append.lua");

/// How long a record may come after its number.
const GRACE: Duration = Duration::from_secs(10);

/// The shortest and the longest pause while one is waited for.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(500)];

/// How many records are asked for at first, and when there are more.
const PAGES: [i64; 2] = [16, 1024];

/// A record that changes nothing for any reader: it deletes a study that there can't be.
const NOTHING: &str = r#"{"op_code": 1, "worker_id": "opah", "study_id": -1}"#;

/// What is wrong with that record, and with one that can't be read.
const LOST: &str = "never came and is passed over: its writer died, or the server has lost it";
const NO_JSON: &str = "is no JSON and is skipped; Optuna reads no further than to it";

/// A journal on a server.
pub(super) struct RedisLog {
    server: Server,
    /// The key of the number of the last record.
    counter: String,
    /// What keys of records begin with.
    records: String,
    grace: Duration,
    /// The number of the first record that was not read, and the one before it.
    unread: u64,
    last: Option<Vec<u8>>,
    /// What is wrong with records, by number.
    problems: BTreeMap<u64, &'static str>,
}

/// What is on the server at one moment.
struct Page {
    /// How many records were numbered.
    end: u64,
    /// The record before the page.
    before: Option<Vec<u8>>,
    records: Vec<Option<Vec<u8>>>,
}

/// The numbers below it should have records, since that time.
type Due = (u64, Instant);

impl RedisLog {
    pub(super) fn open(url: &str) -> Result<Self> {
        let Address {
            server,
            prefix,
            shown,
        } = Address::parse(url)?;
        Ok(Self {
            server: Server::open(server, &shown)?,
            counter: format!("{prefix}:log_number"),
            records: format!("{prefix}:log:"),
            grace: GRACE,
            unread: 0,
            last: None,
            problems: BTreeMap::new(),
        })
    }

    /// With another time that the server may be away, and that a record may come late.
    #[cfg(test)]
    pub(super) fn with_patience(self, patience: Duration, grace: Duration) -> Self {
        Self {
            server: self.server.with_patience(patience),
            grace,
            ..self
        }
    }

    fn page(&mut self, from: u64, n_records: i64) -> Result<Page> {
        let from = from as i64;
        let mut get = redis::cmd("MGET");
        get.arg(&self.counter);
        for number in from - 1..from + n_records {
            get.arg(format!("{}{number}", self.records));
        }
        let values: Vec<Option<Vec<u8>>> = self.server.run(|connection| get.query(connection))?;
        let mut values = values.into_iter();
        let counter = values.next().flatten();
        Ok(Page {
            end: counter.map_or(Ok(0), |counter| self.end(&counter))?,
            before: values.next().flatten(),
            records: values.collect(),
        })
    }

    /// How many records there are, by the number of the last.
    fn end(&self, counter: &[u8]) -> Result<u64> {
        let text = std::str::from_utf8(counter).ok();
        let last: Option<i64> = text.and_then(|text| text.parse().ok());
        let end = last.and_then(|last| u64::try_from(last.checked_add(1)?).ok());
        end.ok_or_else(|| {
            let key = &self.counter;
            self.failed(format!("the key `{key}` holds no number, so it is no journal's; name another database or prefix"))
        })
    }

    fn show(&mut self, number: u64, record: &[u8], show: &mut dyn FnMut(&str)) {
        let text = std::str::from_utf8(record).ok();
        let problem = match text.filter(|text| is_json(text)) {
            Some(text) if text != NOTHING => {
                show(text);
                return;
            }
            Some(_) => LOST,
            None => NO_JSON,
        };
        self.problems.insert(number, problem);
    }

    /// Waits for a record that has a number, for a while or until it is given up.
    fn wait_for(&mut self, number: u64, end: u64, due: &mut Option<Due>) -> Result<()> {
        if due.is_none_or(|(before, _)| number >= before) {
            *due = Some((end, Instant::now()));
        }
        let waited = due.map_or(Duration::ZERO, |(_, since)| since.elapsed());
        if waited < self.grace {
            sleep((waited / 2).clamp(PAUSES[0], PAUSES[1]));
            return Ok(());
        }
        let mut set = redis::cmd("SETNX");
        set.arg(format!("{}{number}", self.records)).arg(NOTHING);
        self.server.run(|connection| set.exec(connection))
    }

    fn replaced(&self) -> Error {
        self.failed("the server has forgotten records that were read, as after a restart or a FLUSHALL; open it again, and see `appendonly` in its configuration".to_owned())
    }

    fn failed(&self, problem: String) -> Error {
        Error::Storage {
            store: self.describe(),
            problem,
            source: None,
        }
    }

    /// What the server answers; `None` if it does not tell, or not this user.
    fn told<T: FromRedisValue>(&mut self, question: &mut Cmd) -> Option<T> {
        let told = self.server.run(|connection| question.query(connection));
        told.ok()
    }
}

impl Log for RedisLog {
    /// How safe it is on the disk is a matter of the server's configuration.
    fn append(&mut self, records: &[String], _: Durability) -> Result<()> {
        let mut append = redis::cmd("EVAL");
        append.arg(APPEND).arg(1).arg(&self.counter);
        append.arg(&self.records).arg(self.unread);
        append.arg(self.last.as_deref().unwrap_or_default());
        append.arg(records);
        let done: String = self.server.run(|connection| append.query(connection))?;
        if done == "appended" {
            Ok(())
        } else {
            Err(self.replaced())
        }
    }

    fn read(&mut self, position: &mut u64, show: &mut dyn FnMut(&str)) -> Result<()> {
        let [mut n_records, more] = PAGES;
        let mut due = None;
        loop {
            let Page {
                end,
                before,
                records,
            } = self.page(*position, n_records)?;
            if end < *position || (self.last.is_some() && before != self.last) {
                return Err(self.replaced());
            }
            let n_numbered = (end - *position) as usize;
            let is_lost = records.len() <= n_numbered && records.iter().all(Option::is_none);
            if is_lost && n_records == more {
                return Err(self.failed(format!("all of {more} records from number {position} on are missing; bring the server's data back, or name another database or prefix")));
            }
            let mut is_missing = false;
            for record in records.into_iter().take(n_numbered) {
                let Some(record) = record else {
                    is_missing = true;
                    break;
                };
                self.show(*position, &record, show);
                *position += 1;
                self.unread = *position;
                self.last = Some(record);
            }
            if *position == end {
                return Ok(());
            }
            if is_missing {
                self.wait_for(*position, end, &mut due)?;
            }
            n_records = more;
        }
    }

    fn check(&mut self, _: bool) -> Result<Check> {
        let finding = |(number, problem): (&u64, &&str)| Finding {
            place: format!("record {number}, the key {}{number}", self.records),
            problem: format!("it {problem}"),
            remedy: if *problem == LOST {
                "nothing is to be done; what it said is not known".to_owned()
            } else {
                format!("set its key to `{NOTHING}`, and Optuna reads on behind it")
            },
            status: Status::LeftAlone,
        };
        Ok(Check {
            findings: self.problems.iter().map(finding).collect(),
            backup: None,
        })
    }

    fn notes(&self) -> Vec<String> {
        let store = self.server.shown();
        let note =
            |(number, problem): (&u64, &&str)| format!("record {number} of {store} {problem}");
        self.problems.iter().map(note).collect()
    }

    fn details(&mut self, details: &mut Details) -> Result<()> {
        if let Some(info) = self.told::<InfoDict>(&mut redis::cmd("INFO")) {
            if let Some(version) = info.get::<String>("redis_version") {
                details.fact("redis_version", version);
            }
            let policy = info.get::<String>("maxmemory_policy");
            if policy.is_some_and(|policy| policy.starts_with("allkeys")) {
                details.advice.push("the server drops records when its memory is full; `redis-cli config set maxmemory-policy noeviction` makes it refuse new ones instead".to_owned());
            }
        }
        for option in ["appendonly", "appendfsync"] {
            let mut get = redis::cmd("CONFIG");
            let told: Option<Vec<String>> = self.told(get.arg("GET").arg(option));
            let Some(value) = told.and_then(|told| told.into_iter().nth(1)) else {
                continue;
            };
            if option == "appendonly" && value == "no" {
                details.advice.push("a restart of the server loses what it got since its last snapshot; `redis-cli config set appendonly yes` writes all of it to its disk".to_owned());
            }
            details.fact(option, value);
        }
        Ok(())
    }

    fn describe(&self) -> String {
        self.server.shown().to_owned()
    }
}

impl fmt::Debug for RedisLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisLog({})", self.server.shown())
    }
}
