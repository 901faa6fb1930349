//! The studies that are served, and what each request does to them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use opah::prior::Priors;
use opah::{FrozenTrial, ParamValue, Stop, Study, Trial};
use serde_json::{Map, Value};

use super::options::Options;
use super::protocol::{
    Asked, Best, Body, Create, Hello, Number, PROTOCOL, Report, Request, State, Tell,
};
use super::space::Space;
use crate::output;

/// As many trials can be asked for at once; more would be a mistake, and fill the memory.
const MOST_AT_ONCE: u32 = 10_000;

/// The studies that are open, by name.
#[derive(Debug, Default)]
pub(super) struct Studies(BTreeMap<String, Served>);

/// A study that is open.
#[derive(Debug)]
struct Served {
    study: Study,
    space: Space,
    /// By number: the trials that were asked for and not told yet.
    running: BTreeMap<u64, Trial>,
    /// Whether the study outlives the conversation.
    is_stored: bool,
}

impl Studies {
    /// Does what is asked for.
    pub(super) fn answer(&mut self, request: Request) -> Result<Body> {
        match request {
            Request::Hello(hello) => greet(&hello),
            Request::Create(create) => self.create(&create),
            Request::Ask(ask) => self.open(&ask.study)?.ask(ask.n),
            Request::Report(report) => {
                let served = self.open(&report.study)?;
                served.report(report)
            }
            Request::Tell(tell) => self.open(&tell.study)?.tell(tell),
            Request::Enqueue(enqueue) => self.open(&enqueue.study)?.enqueue(&enqueue.params),
            Request::Best(of) => self.open(&of.study)?.best(),
            Request::Close(of) => {
                self.open(&of.study)?.close();
                self.0.remove(&of.study);
                Ok(Body::Done {})
            }
            Request::Bye => {
                self.close();
                Ok(Body::Done {})
            }
        }
    }

    fn create(&mut self, create: &Create) -> Result<Body> {
        if self.0.contains_key(&create.study) {
            bail!(
                "a study named `{}` is open already; close it, or choose another name",
                create.study
            );
        }
        let space = Space::new(&create.space)?;
        let priors = Priors::from_json(&create.priors)?;
        priors.check_space(&space.search_space())?;
        let options = Options::read(&create.options)?;
        let study = options.study(create, &space)?.with_priors(Arc::new(priors));
        if let Some(doubt) = study.doubt_of_priors() {
            output::warn(&doubt);
        }
        let served = Served {
            study,
            space,
            running: BTreeMap::new(),
            is_stored: options.is_stored(),
        };
        self.0.insert(create.study.clone(), served);
        Ok(Body::Done {})
    }

    fn open(&mut self, name: &str) -> Result<&mut Served> {
        let served = self.0.get_mut(name);
        served.ok_or_else(|| anyhow!("no study named `{name}` is open; `create` opens one"))
    }

    /// Closes all that are open.
    pub(super) fn close(&mut self) {
        for mut served in std::mem::take(&mut self.0).into_values() {
            served.close();
        }
    }
}

fn greet(hello: &Hello) -> Result<Body> {
    match hello.protocol {
        None | Some(PROTOCOL) => Ok(Body::Hello {
            name: "opah",
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION"),
        }),
        Some(other) => bail!("protocol {other} is not spoken here; {PROTOCOL} is"),
    }
}

impl Served {
    fn ask(&mut self, n: Option<NonZeroU32>) -> Result<Body> {
        let nothing_left = || anyhow!("the sampler has nothing left to try");
        let n = n.map_or(1, NonZeroU32::get);
        if n == 1 {
            let asked = self.ask_one()?;
            return asked.map(Body::Asked).ok_or_else(nothing_left);
        }
        if n > MOST_AT_ONCE {
            bail!("{n} trials are too many at once; the most is {MOST_AT_ONCE}");
        }
        let mut trials = Vec::new();
        for _ in 0..n {
            match self.ask_one() {
                Ok(Some(asked)) => trials.push(asked),
                Ok(None) if trials.is_empty() => return Err(nothing_left()),
                Ok(None) => break,
                Err(error) => {
                    // The client never hears of these.
                    for asked in trials {
                        self.give_back(asked.trial);
                    }
                    return Err(error);
                }
            }
        }
        Ok(Body::AskedMany { trials })
    }

    /// A trial to run; `None` if the sampler has nothing left to try.
    fn ask_one(&mut self) -> Result<Option<Asked>> {
        if self.study.is_exhausted()? {
            return Ok(None);
        }
        let mut trial = self.study.ask()?;
        let suggested = trial.suggest_together(|trial| self.space.suggest(trial));
        warn(&trial, 0);
        let params = match suggested {
            Ok(params) => params,
            Err(error) => {
                let failed = Err(Stop::failed(error.to_string()));
                self.study.tell_result(&mut trial, failed)?;
                return Err(error.into());
            }
        };
        if self.is_stored {
            // So that other processes know what is being tried.
            trial.flush()?;
        }
        let number = trial.number();
        let twin = trial.twin()?;
        self.running.insert(number, trial);
        Ok(Some(Asked {
            trial: number,
            params,
            twin: twin.as_ref().map(|twin| twin.number),
            values: twin.map(|twin| written(&twin.values)),
        }))
    }

    /// A trial that this conversation did not ask for is looked up, because it may go on with a
    /// study whose process was killed.
    fn report(&mut self, report: Report) -> Result<Body> {
        let several = self.study.directions().len() > 1;
        let values: Vec<f64> = match (report.value, report.values) {
            (Some(Number(value)), None) if !several => vec![value],
            (None, Some(values)) => values.into_iter().map(|Number(value)| value).collect(),
            (_, None) if several => bail!(
                "a report of a study with several directions has `values`, a list with one for \
                 each"
            ),
            (None, None) => bail!("a report has a `value`"),
            (Some(_), _) => bail!("a report has `value` or `values`, not both"),
        };
        let mut found = None;
        let trial = match self.running.get_mut(&report.trial) {
            Some(known) => known,
            None => found.insert(self.study.trial(report.trial)?),
        };
        let n_warnings = trial.warnings().len();
        trial.report_values(report.step, &values)?;
        let prune = trial.should_prune()?;
        warn(trial, n_warnings);
        // From now on it is run here; until the report was taken, it may be another's.
        self.running
            .extend(found.map(|trial| (report.trial, trial)));
        Ok(Body::Reported { prune })
    }

    fn tell(&mut self, tell: Tell) -> Result<Body> {
        let result = match (tell.state, tell.values) {
            (State::Complete, Some(values)) => {
                Ok(values.into_iter().map(|Number(value)| value).collect())
            }
            (State::Complete, None) => bail!(
                "a complete trial has `values`; if there are none, say \"state\":\"failed\" or \
                 \"state\":\"pruned\""
            ),
            (State::Pruned, _) => Err(Stop::Pruned),
            (State::Failed, _) => {
                let reason = tell
                    .reason
                    .unwrap_or_else(|| "no reason was told".to_owned());
                Err(Stop::failed(reason))
            }
        };
        let mut found = None;
        let trial = match self.running.get_mut(&tell.trial) {
            Some(known) => known,
            None => found.insert(self.study.trial(tell.trial)?),
        };
        self.study.tell_result(trial, result)?;
        self.running.remove(&tell.trial);
        Ok(Body::Done {})
    }

    fn enqueue(&self, params: &Map<String, Value>) -> Result<Body> {
        self.space.check(params)?;
        let trial = self.study.enqueue(params)?.number;
        Ok(Body::Enqueued { trial })
    }

    fn best(&self) -> Result<Body> {
        if self.study.directions().len() == 1 {
            let best = self.study.best_trial()?;
            return Ok(Body::Best(self.shown(&best)));
        }
        let front = self.study.best_trials()?;
        let trials = front.iter().map(|trial| self.shown(trial)).collect();
        Ok(Body::BestOfMany { trials })
    }

    fn shown(&self, trial: &FrozenTrial) -> Best {
        Best {
            trial: trial.number,
            params: self.space.params(trial),
            values: written(&trial.values),
        }
    }

    /// Gives back what still runs, so that a study that is stored can go on with it.
    fn close(&mut self) {
        if self.is_stored {
            let running: Vec<u64> = self.running.keys().copied().collect();
            for number in running {
                self.give_back(number);
            }
        }
    }

    /// Lets a trial wait again, to be the next that is asked for.
    fn give_back(&mut self, number: u64) {
        let Some(trial) = self.running.remove(&number) else {
            return;
        };
        if let Err(error) = self.study.release(trial.frozen(), &[]) {
            output::warn(&format!("trial {number} can't be given back: {error}"));
        }
    }
}

fn written(values: &[f64]) -> Vec<Value> {
    let values = values.iter();
    values
        .map(|value| ParamValue::Float(*value).to_json())
        .collect()
}

/// Tells on standard error what should be known of a trial, but for the first `n_told`.
fn warn(trial: &Trial, n_told: usize) {
    for warning in &trial.warnings()[n_told..] {
        output::warn(&format!("trial {}: {warning}", trial.number()));
    }
}
