//! What is refused: contradictions, other people's studies and directories, and a search
//! that changed.

use std::path::Path;

use opah::json::Json;
use opah::prior::Priors;
use opah::storage::AttrKind;
use opah::{Direction, Study};
use opah_tune::Error;
use opah_tune::algorithm::Algorithm;
use opah_tune::experiment::Change;
use opah_tune::session::{Options, Plan};
use opah_tune::target::Target;

use crate::desk::{CONFIG, Desk, Formula, SPACE};

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
        let Target::Config { changes, .. } = &mut options.target else {
            panic!("a config is tuned");
        };
        *changes = vec![Change::Set("data_loader.batch_size=8".to_owned())];
    });
    let text = set.to_string();
    assert!(text.contains("+         \"batch_size\": 8"), "{text}");

    let priors = refused(|_, options| {
        let given = serde_json::json!({"lr": {"normal": {"mean": 0.05, "sd": 2}}});
        options.priors = Some(Priors::from_json(given.as_object().unwrap()).unwrap());
    });
    let text = priors.to_string();
    assert!(text.contains("- none\n+ lr: {\"normal\":"), "{text}");

    let seed = refused(|_, options| options.seed = Some(25)).to_string();
    assert!(seed.contains("- 24\n+ 25"), "{seed}");

    let pruner = refused(|_, options| options.pruner = Some(Algorithm::named("never")));
    assert!(
        pruner.to_string().contains("+ {\"type\":\"never\""),
        "{pruner}"
    );

    let damaged = refused(|desk, _| {
        let study = desk.study();
        let three = Json::from_text("3");
        study
            .set_attr(AttrKind::System, "opah:sampler", &three)
            .unwrap();
    });
    let text = damaged.to_string();
    assert!(
        text.contains("what is stored as `opah:sampler` can't be read"),
        "{text}"
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
