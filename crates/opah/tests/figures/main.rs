//! Every plot in every format: figures as snapshots, texts of studies harmless, the
//! page alive in a browser.
#![cfg(feature = "png")]
#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test; a skip must be seen"
)]

mod page;

use std::path::Path;
use std::sync::Arc;

use opah::frozen_trial::{Attrs, FrozenStudy, Param, StudyId, TrialId};
use opah::json::Json;
use opah::plot::render::{FORMATS, format_of};
use opah::plot::{Figure, PLOTS, PlotInput, PlotOptions, find};
use opah::{
    CategoricalDistribution, Direction, Distribution, FloatDistribution, FrozenTrial, History,
    TrialState,
};

/// What a study must not be able to smuggle into a page.
const HOSTILE: &str = "</script><script>alert(1)</script><!-- & \"quoted\" 'text' \u{1}";

/// Seven trials in all states but WAITING, one of them infeasible and one infinite;
/// three parameters, one of them on a logarithmic axis and one categorical.
fn trials() -> Vec<FrozenTrial> {
    let lr = Distribution::Float(FloatDistribution::new(1e-5, 0.1, true, None).unwrap());
    let width = Distribution::Float(FloatDistribution::new(0.0, 8.0, false, Some(1.0)).unwrap());
    let choices = vec!["sgd".into(), HOSTILE.into(), true.into()];
    let kind = Distribution::Categorical(CategoricalDistribution::new(choices).unwrap());
    let (lr, width, kind) = (Arc::new(lr), Arc::new(width), Arc::new(kind));
    let states = [
        (TrialState::Complete, Some(0.62)),
        (TrialState::Complete, Some(0.81)),
        (TrialState::Pruned, Some(0.4)),
        (TrialState::Complete, Some(f64::NEG_INFINITY)),
        (TrialState::Fail, None),
        (TrialState::Complete, Some(0.78)),
        (TrialState::Complete, Some(0.86)),
        (TrialState::Running, None),
    ];
    let trial = |(number, (state, value)): (usize, (TrialState, Option<f64>))| {
        let share = number as f64 / 7.0;
        let param = |name: &str, value: f64, distribution: &Arc<Distribution>| Param {
            name: Arc::from(name),
            value,
            distribution: distribution.clone(),
        };
        let params = [
            param("lr", 10_f64.powf(-4.9 + 3.5 * share), &lr),
            param("width", (number * 3 % 8) as f64, &width),
            param("kind", (number % 3) as f64, &kind),
        ];
        let reports = match state {
            TrialState::Complete => 4,
            TrialState::Fail => 0,
            _ => 2,
        };
        let curve = (0..reports).map(|step| (step, 0.3 + 0.12 * step as f64 + 0.1 * share));
        let mut system_attrs = Attrs::new();
        if number == 5 {
            system_attrs.insert("constraints".to_owned(), Json::new(&[1.5]));
        }
        FrozenTrial {
            id: TrialId(number as i64 + 1),
            number: number as u64,
            state,
            values: value.into_iter().collect(),
            params: params.into_iter().collect(),
            intermediate_values: curve.collect(),
            user_attrs: Attrs::new(),
            system_attrs,
            datetime_start: None,
            datetime_complete: None,
        }
    };
    states.into_iter().enumerate().map(trial).collect()
}

fn figure(plot: &str, name: &str) -> Figure {
    let study = FrozenStudy {
        id: StudyId(1),
        name: name.to_owned(),
        directions: vec![Direction::Maximize],
        user_attrs: Attrs::new(),
        system_attrs: Attrs::new(),
    };
    let plot = find(plot).unwrap();
    let options = PlotOptions {
        baseline: plot.takes.contains(&"baseline").then_some(0.7),
        ..PlotOptions::default()
    };
    let history = History::of(trials());
    plot.figure(&PlotInput {
        study: &study,
        history: &history,
        options: &options,
    })
    .unwrap()
}

fn text(figure: &Figure, extension: &str) -> String {
    let format = format_of(Path::new(&format!("figure.{extension}"))).unwrap();
    String::from_utf8((format.render)(figure).unwrap()).unwrap()
}

#[test]
fn every_plot_shows_what_it_did() {
    for plot in PLOTS {
        insta::assert_json_snapshot!(plot.name, figure(plot.name, "demo"));
    }
}

#[test]
fn the_history_is_drawn_as_it_was() {
    insta::assert_snapshot!("history.svg", text(&figure("history", "demo"), "svg"));
}

#[test]
fn the_table_has_a_row_for_each_mark() {
    insta::assert_snapshot!("history.csv", text(&figure("history", "demo"), "csv"));
}

#[test]
fn every_plot_has_every_format() {
    for plot in PLOTS {
        let figure = figure(plot.name, HOSTILE);
        for format in FORMATS {
            let bytes = (format.render)(&figure).unwrap();
            assert!(bytes.len() > 100, "{} {}", plot.name, format.extension);
            if format.extension == "png" {
                assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
            }
        }
    }
}

#[test]
fn a_figure_survives_json() {
    for plot in PLOTS {
        let figure = figure(plot.name, HOSTILE);
        let read: Figure = serde_json::from_str(&text(&figure, "json")).unwrap();
        assert_eq!(read, figure);
    }
}

#[test]
fn texts_of_the_study_stay_texts_in_a_page_without_network() {
    for plot in PLOTS {
        let page = text(&figure(plot.name, HOSTILE), "html");
        assert_eq!(page.matches("<script").count(), 2, "{}", plot.name);
        assert_eq!(page.matches("</script").count(), 2, "{}", plot.name);
        assert!(!page.contains("alert(1)</") && !page.contains("<!--"));
        assert!(page.contains("default-src 'none'"));
        let addresses = page.match_indices("http").map(|(at, _)| &page[at..]);
        for address in addresses {
            assert!(
                address.starts_with("http://www.w3.org/2000/svg")
                    || address.starts_with("http-equiv"),
                "{}",
                &address[..60]
            );
        }
    }
}

#[test]
fn an_unknown_extension_is_told_which_are_known() {
    let message = format_of(Path::new("figure.pgn")).unwrap_err().to_string();
    assert_eq!(
        message,
        "no picture format is named `pgn`, did you mean `png`?; the picture formats are html, svg, png, csv, json"
    );
    let message = format_of(Path::new("figure")).unwrap_err().to_string();
    assert_eq!(
        message,
        "`figure` has no extension that says the picture format; known are html, svg, png, csv, json"
    );
}
