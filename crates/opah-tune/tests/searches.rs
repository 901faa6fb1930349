//! Whole searches, with trials that compute a formula instead of training.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use opah::{Direction, Study, TrialState};
use opah_train::config::ExtVars;
use opah_tune::algorithm::Algorithm;
use opah_tune::event::Event;
use opah_tune::executor::{Ended, Executor, Failure, Job, Watcher};
use opah_tune::experiment::Change;
use opah_tune::session::{Options, Outcome, Plan};
use opah_tune::worker::{End, failure_of};
use opah_tune::{Error, KeepWeights};

const CONFIG: &str = "
local lr = std.parseJson(std.extVar('lr'));
local dim = std.parseInt(std.extVar('dim'));
{
  dataset_reader: { type: 'text_classification_json', tokenizer: { type: 'whitespace' } },
  train_data_path: 'train.jsonl',
  validation_data_path: 'dev.jsonl',
  model: {
    type: 'basic_classifier',
    text_field_embedder: { token_embedders: { tokens: { embedding_dim: dim } } },
    seq2vec_encoder: { type: 'boe', embedding_dim: dim },
  },
  data_loader: { batch_size: 2 },
  trainer: {
    num_epochs: 3,
    callbacks: ['optuna_pruner'],
    optimizer: { type: 'sgd', lr: lr },
    validation_metric: '+accuracy',
  },
}";

const SPACE: &str = r#"[
  {"type": "float", "attributes": {"name": "lr", "low": 1e-4, "high": 1.0, "log": true}},
  {"type": "int", "attributes": {"name": "dim", "low": 2, "high": 9}}
]"#;

const N_EPOCHS: usize = 3;

/// A folder with a config and a space.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("tuned.jsonnet", CONFIG);
        desk.write("space.json", SPACE);
        desk
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn options(&self) -> Options {
        Options {
            config: self.path("tuned.jsonnet"),
            space: self.path("space.json"),
            ext_vars: ExtVars::new(),
            changes: Vec::new(),
            serialization_dir: self.path("result"),
            storage: None,
            study_name: None,
            metric: None,
            direction: None,
            sampler: Some(Algorithm::named("random")),
            pruner: Some(Algorithm::pruner(r#"median:{"n_startup_trials": 1}"#).unwrap()),
            seed: Some(24),
            n_trials: 8,
            timeout: None,
            jobs: 1,
            max_failures: Some(3),
            keep: KeepWeights::Best(1),
            skip_if_exists: false,
            allow_change: false,
            take_over: false,
            command: Vec::new(),
        }
    }

    fn run(options: Options, executor: &Formula) -> opah_tune::Result<Outcome> {
        Plan::new(options)?.run_with(executor, &executor.stop, &|_: &Event| {})
    }

    fn study(&self) -> Study {
        let url = format!("sqlite:///{}", self.path("result/trial.db").display());
        Study::load(opah::storage::open(&url).unwrap(), "tuned").unwrap()
    }
}

/// What a trial does.
#[derive(Default)]
struct Formula {
    stop: AtomicBool,
    /// The trial and epoch at which somebody presses Ctrl-C.
    stop_at: Option<(u64, usize)>,
    n_run: AtomicU64,
    behave: Option<Behaviour>,
}

type Behaviour = fn(&Job) -> Result<f64, Failure>;

fn number(job: &Job, name: &str) -> f64 {
    let found = job.values.iter().find(|(known, _)| &**known == name);
    found.unwrap().1.as_f64().unwrap()
}

fn value(job: &Job) -> f64 {
    1.0 - (number(job, "lr").ln() + 2.0).abs() / 20.0 + number(job, "dim") / 100.0
}

impl Executor for Formula {
    fn prepare(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn run(&self, job: &Job, watcher: &mut dyn Watcher) -> Result<Ended, Failure> {
        self.n_run.fetch_add(1, Ordering::SeqCst);
        let last = self
            .behave
            .map_or_else(|| Ok(value(job)), |behave| behave(job))?;
        watcher.begin(N_EPOCHS, 1);
        for epoch in 0..N_EPOCHS {
            if self.stop_at == Some((job.number, epoch)) {
                self.stop.store(true, Ordering::SeqCst);
            }
            if self.stop.load(Ordering::SeqCst) {
                return Ok(Ended::Interrupted);
            }
            watcher.batch(1);
            if !watcher.epoch(epoch, Some(last - (N_EPOCHS - 1 - epoch) as f64 / 10.0)) {
                return Ok(Ended::Pruned);
            }
        }
        Ok(Ended::Finished(last))
    }
}

/// What a search came to: all that must not depend on interruptions.
fn story(study: &Study) -> Vec<String> {
    let trials = study.trials().unwrap();
    let line = |trial: &std::sync::Arc<opah::FrozenTrial>| {
        let params: Vec<String> = trial
            .params
            .iter()
            .map(|param| format!("{}={:016x}", param.name, param.value.to_bits()))
            .collect();
        format!(
            "{} {} {:?} {:?} {}",
            trial.number,
            trial.state,
            trial.values,
            trial.intermediate_values,
            params.join(" ")
        )
    };
    trials.iter().map(line).collect()
}

#[test]
fn a_search_runs_its_trials_and_keeps_them() {
    let desk = Desk::new();
    let outcome = Desk::run(desk.options(), &Formula::default()).unwrap();
    assert_eq!(outcome.end, End::Finished);
    assert_eq!(outcome.objective.metric, "best_validation_accuracy");
    assert_eq!(outcome.objective.direction, Direction::Maximize);
    let study = desk.study();
    assert_eq!(study.trials().unwrap().len(), 8);
    let pruned = study.count(&[TrialState::Pruned]).unwrap();
    assert!(
        pruned > 0,
        "the median prunes some of eight: {:?}",
        story(&study)
    );
    let attrs = study.frozen().unwrap().system_attrs;
    assert_eq!(attrs["opah:seed"].as_str(), "24");
    assert_eq!(
        attrs["opah:pruner"].as_str(),
        r#"{"type": "median", "attributes": {"n_startup_trials": 1}}"#
    );
    assert_eq!(
        attrs["opah:metric"].as_str(),
        "\"best_validation_accuracy\""
    );
    assert!(!desk.path("result").read_dir().unwrap().any(|entry| {
        entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with(".worker")
    }));
}

#[test]
fn an_interrupted_search_goes_on_as_if_it_had_not_been() {
    let pruners = [
        r#"median:{"n_startup_trials": 1}"#,
        "successive_halving",
        r#"hyperband:{"max_resource": 3, "reduction_factor": 2}"#,
    ];
    for pruner in pruners {
        check_interruptions(&Algorithm::pruner(pruner).unwrap());
    }
}

fn check_interruptions(pruner: &Algorithm) {
    let options = |desk: &Desk| Options {
        pruner: Some(pruner.clone()),
        ..desk.options()
    };
    let whole = Desk::new();
    Desk::run(options(&whole), &Formula::default()).unwrap();
    let pruned = whole.study().count(&[TrialState::Pruned]).unwrap();
    assert!(pruned > 0, "{pruner:?} prunes none of eight");
    for stop_at in [(0, 0), (3, 1), (5, 1), (7, 0)] {
        let desk = Desk::new();
        let interrupted = Formula {
            stop_at: Some(stop_at),
            ..Formula::default()
        };
        let outcome = Desk::run(options(&desk), &interrupted).unwrap();
        if outcome.end == End::Finished {
            // The trial was pruned before.
            continue;
        }
        assert_eq!(desk.study().count(&[TrialState::Running]).unwrap(), 0);
        // Sampler, pruner and seed are the study's when they are not given.
        let options = Options {
            sampler: None,
            pruner: None,
            seed: None,
            ..desk.options()
        };
        let rest = Formula::default();
        assert_eq!(Desk::run(options, &rest).unwrap().end, End::Finished);
        assert_eq!(
            story(&desk.study()),
            story(&whole.study()),
            "{pruner:?} {stop_at:?}"
        );
        assert_eq!(rest.n_run.into_inner(), 8 - stop_at.0);
    }
}

#[test]
fn the_budget_is_the_studys_total() {
    let desk = Desk::new();
    let some = Options {
        n_trials: 5,
        jobs: 3,
        ..desk.options()
    };
    Desk::run(some.clone(), &Formula::default()).unwrap();
    assert_eq!(desk.study().trials().unwrap().len(), 5);
    let again = Formula::default();
    Desk::run(some.clone(), &again).unwrap();
    assert_eq!(again.n_run.into_inner(), 0);
    let more = Options {
        n_trials: 7,
        ..some
    };
    Desk::run(more, &Formula::default()).unwrap();
    assert_eq!(desk.study().trials().unwrap().len(), 7);
}

#[test]
fn the_time_is_limited() {
    let desk = Desk::new();
    let options = Options {
        timeout: Some(Duration::ZERO),
        ..desk.options()
    };
    let outcome = Desk::run(options, &Formula::default()).unwrap();
    assert_eq!(outcome.end, End::TimedOut);
    assert!(desk.study().trials().unwrap().is_empty());
}

#[test]
fn a_failing_trial_is_stored_with_its_reason_and_the_search_goes_on() {
    let desk = Desk::new();
    let executor = Formula {
        behave: Some(|job| match job.number {
            1 => Err(Failure::Trial("the loss became NaN".to_owned())),
            3 => Ok(f64::NAN),
            5 => panic!("index out of bounds"),
            _ => Ok(0.5),
        }),
        ..Formula::default()
    };
    let options = Options {
        // The median would prune a NaN before it is told.
        pruner: Some(Algorithm::named("never")),
        ..desk.options()
    };
    Desk::run(options, &executor).unwrap();
    let trials = desk.study().trials().unwrap();
    assert_eq!(trials.len(), 8);
    let reasons: Vec<String> = trials
        .iter()
        .filter_map(|trial| failure_of(trial))
        .collect();
    assert_eq!(
        reasons,
        [
            "the loss became NaN",
            "the objective value is not a number (NaN)",
            "panicked: index out of bounds"
        ]
    );
}

#[test]
fn an_enqueued_value_of_another_kind_fails_its_trial_only() {
    let desk = Desk::new();
    let one = Options {
        n_trials: 1,
        ..desk.options()
    };
    Desk::run(one, &Formula::default()).unwrap();
    let params = serde_json::json!({"dim": "many"});
    desk.study().enqueue(params.as_object().unwrap()).unwrap();
    Desk::run(desk.options(), &Formula::default()).unwrap();
    let trials = desk.study().trials().unwrap();
    assert_eq!(trials.len(), 8);
    let reason = failure_of(&trials[1]).unwrap();
    assert!(reason.starts_with("parameter `dim`: "), "{reason}");
}

#[test]
fn failures_in_a_row_stop_the_search_unless_it_is_told_to_go_on() {
    let desk = Desk::new();
    let hopeless = || Formula {
        behave: Some(|job| Err(Failure::Trial(format!("no luck with {}", job.number)))),
        ..Formula::default()
    };
    let error = Desk::run(desk.options(), &hopeless())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("the last 3 trials failed"), "{error}");
    assert!(error.contains("trial 0: no luck with 0\n"), "{error}");
    let undeterred = Options {
        max_failures: None,
        ..desk.options()
    };
    Desk::run(undeterred, &hopeless()).unwrap();
    assert_eq!(desk.study().count(&[TrialState::Fail]).unwrap(), 8);
}

#[test]
fn a_full_disk_ends_the_search_and_costs_no_trial() {
    let desk = Desk::new();
    let full = Formula {
        behave: Some(|job| match job.number {
            2 => Err(Failure::Surroundings("no space left on device".to_owned())),
            _ => Ok(value(job)),
        }),
        ..Formula::default()
    };
    let error = Desk::run(desk.options(), &full).unwrap_err().to_string();
    assert!(
        error.starts_with("trial 2 could not be run: no space left"),
        "{error}"
    );
    Desk::run(desk.options(), &Formula::default()).unwrap();
    let whole = Desk::new();
    Desk::run(whole.options(), &Formula::default()).unwrap();
    assert_eq!(story(&desk.study()), story(&whole.study()));
}

#[test]
fn without_the_callback_nothing_is_reported_or_pruned() {
    let desk = Desk::new();
    desk.write(
        "tuned.jsonnet",
        &CONFIG.replace("callbacks: ['optuna_pruner'],", ""),
    );
    let notes = Mutex::new(Vec::new());
    let observer = |event: &Event| {
        if let Event::Note { text } = event {
            notes.lock().unwrap().push(text.clone());
        }
    };
    let options = Options {
        pruner: Some(Algorithm::named("median")),
        ..desk.options()
    };
    let executor = Formula::default();
    let plan = Plan::new(options).unwrap();
    plan.run_with(&executor, &executor.stop, &observer).unwrap();
    let trials = desk.study().trials().unwrap();
    assert!(
        trials
            .iter()
            .all(|trial| trial.state == TrialState::Complete)
    );
    assert!(
        trials
            .iter()
            .all(|trial| trial.intermediate_values.is_empty())
    );
    let notes = notes.into_inner().unwrap();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("no callback"), "{notes:?}");
}

/// Goes on with a study in another way; the error.
fn refused(change: impl Fn(&Desk, &mut Options)) -> Error {
    let desk = Desk::new();
    let begun = Options {
        n_trials: 2,
        ..desk.options()
    };
    Desk::run(begun.clone(), &Formula::default()).unwrap();
    let mut options = begun;
    change(&desk, &mut options);
    let error = Desk::run(options.clone(), &Formula::default()).unwrap_err();
    if matches!(error, Error::Changed { .. }) {
        let allowed = Options {
            allow_change: true,
            n_trials: 3,
            ..options.clone()
        };
        Desk::run(allowed, &Formula::default()).unwrap();
        assert_eq!(desk.study().trials().unwrap().len(), 3);
        // What was allowed once is what the study is from then on.
        Desk::run(options, &Formula::default()).unwrap();
    }
    error
}

#[test]
fn a_search_that_changed_is_shown_and_refused() {
    let space = refused(|desk, _| desk.write("space.json", &SPACE.replace("1.0", "0.5")));
    let text = space.to_string();
    assert!(text.contains("- lr: float(0.0001, 1.0, log)"), "{text}");
    assert!(text.contains("+ lr: float(0.0001, 0.5, log)"), "{text}");
    assert!(text.contains("--allow-change"), "{text}");

    let config = refused(|desk, _| {
        desk.write(
            "tuned.jsonnet",
            &CONFIG.replace("batch_size: 2", "batch_size: 4"),
        );
    });
    let text = config.to_string();
    assert!(
        text.contains("-   data_loader: { batch_size: 2 },"),
        "{text}"
    );

    let set = refused(|_, options| {
        options.changes = vec![Change::Set("data_loader.batch_size=8".to_owned())];
    });
    let text = set.to_string();
    assert!(text.contains("+         \"batch_size\": 8"), "{text}");

    let seed = refused(|_, options| options.seed = Some(25)).to_string();
    assert!(seed.contains("- 24\n+ 25"), "{seed}");

    let pruner = refused(|_, options| options.pruner = Some(Algorithm::named("never")));
    assert!(
        pruner.to_string().contains("+ {\"type\":\"never\""),
        "{pruner}"
    );

    let metric = refused(|_, options| options.metric = Some("validation_accuracy".to_owned()));
    assert!(matches!(metric, Error::OtherObjective { .. }), "{metric}");
    let metric = refused(|_, options| options.metric = Some("training_loss".to_owned()));
    assert!(matches!(metric, Error::OtherObjective { .. }), "{metric}");
}

#[test]
fn a_foreign_study_is_continued_only_when_asked() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("result")).unwrap();
    let url = format!("sqlite:///{}", desk.path("result/trial.db").display());
    let storage = opah::storage::open(&url).unwrap();
    let study = Study::create(storage, "tuned", &[Direction::Maximize]).unwrap();
    let mut trial = study.ask().unwrap();
    trial.suggest_float_log("lr", 1e-4..=1.0).unwrap();
    study.tell(&mut trial, &[0.5]).unwrap();
    let error = Desk::run(desk.options(), &Formula::default()).unwrap_err();
    assert!(
        matches!(error, Error::Foreign { n_trials: 1, .. }),
        "{error}"
    );
    let attached = Options {
        skip_if_exists: true,
        ..desk.options()
    };
    Desk::run(attached, &Formula::default()).unwrap();
    assert_eq!(desk.study().trials().unwrap().len(), 8);
}

#[test]
fn directories_of_others_are_not_overwritten() {
    let desk = Desk::new();
    Desk::run(desk.options(), &Formula::default()).unwrap();
    let other = Options {
        study_name: Some("other".to_owned()),
        ..desk.options()
    };
    let error = Desk::run(other, &Formula::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("holds the trials of study `tuned`"),
        "{error}"
    );
}

#[test]
fn a_sample_config_is_that_of_trial_0() {
    let desk = Desk::new();
    let plan = Plan::new(desk.options()).unwrap();
    let sample: serde_json::Value = serde_json::from_str(&plan.sample().unwrap()).unwrap();
    assert!(!desk.path("result").exists());
    Desk::run(desk.options(), &Formula::default()).unwrap();
    let trial = &desk.study().trials().unwrap()[0];
    let lr = trial.params.get("lr").unwrap().value;
    assert_eq!(sample["trainer"]["optimizer"]["lr"].as_f64(), Some(lr));
}

#[test]
fn contradictions_are_refused_before_anything_is_written() {
    let desk = Desk::new();
    for (metric, direction) in [
        (None, Some(Direction::Minimize)),
        (Some("best_validation_loss"), Some(Direction::Maximize)),
        (Some("best_validation_acuracy"), None),
        (Some("accuracy"), None),
    ] {
        let options = Options {
            metric: metric.map(str::to_owned),
            direction,
            ..desk.options()
        };
        let error = Plan::new(options).unwrap_err();
        assert!(
            matches!(error, Error::Objective(_) | Error::Config(_)),
            "{error}"
        );
        assert!(!Path::new(&desk.path("result")).exists());
    }
}
