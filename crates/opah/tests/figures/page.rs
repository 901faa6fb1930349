//! The page in a real browser: no error, no request, a tooltip under the pointer, the
//! same labels as the static picture.

use std::path::PathBuf;
use std::process::Command;

use super::{HOSTILE, figure, text};

/// What the reader does, and what came of it as JSON in the body's `data-seen`.
const VISIT: &str = r#"
const seen = { errors: [], tooltip: "", marks: document.querySelectorAll(".mark").length };
addEventListener("error", (event) => seen.errors.push(event.message));
const middle = (element) => {
  const frame = element.getBoundingClientRect();
  return { clientX: frame.x + frame.width / 2, clientY: frame.y + frame.height / 2, bubbles: true };
};
const labels = () => [...document.querySelectorAll("svg .tick")].map((label) => label.textContent);
seen.labels = labels();
const surface = () => document.querySelector(".surface");
surface().dispatchEvent(new PointerEvent("pointermove", middle(document.querySelector(".mark"))));
seen.tooltip = document.getElementById("tooltip").innerText;
seen.hidden = document.getElementById("tooltip").hidden;
surface().dispatchEvent(new WheelEvent("wheel", { deltaY: -400, ...middle(surface()) }));
seen.zoomed = labels();
surface().dispatchEvent(new MouseEvent("dblclick", middle(surface())));
seen.reset = labels();
document.querySelector(".legend")?.dispatchEvent(new MouseEvent("click"));
seen.after_legend = document.querySelectorAll(".mark").length;
seen.requests = performance.getEntriesByType("resource").length;
document.body.dataset.seen = JSON.stringify(seen);
"#;

/// A browser, if there is one.
fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("OPAH_TEST_CHROMIUM").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|program| program.is_file());
    let found = named.or(installed);
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI must have Chromium");
        eprintln!("SKIPPED: there is no Chromium; set OPAH_TEST_CHROMIUM or install it");
    }
    found
}

/// Opens the page of a plot, visits it, and returns what was seen.
fn visit(chromium: &PathBuf, plot: &str) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    let page = text(&figure(plot, HOSTILE), "html");
    let (_, rest) = page.split_once("<script nonce=\"").unwrap();
    let (nonce, _) = rest.split_once('"').unwrap();
    let script = format!("<script nonce=\"{nonce}\">{VISIT}</script></body>");
    std::fs::write(&file, page.replace("</body>", &script)).unwrap();
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
        ])
        .args(["--window-size=860,900", "--dump-dom"])
        .arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!log.contains("CONSOLE"), "{log}");
    let dom = String::from_utf8_lossy(&output.stdout);
    let Some((_, seen)) = dom.split_once("data-seen=\"") else {
        panic!("the page was not visited: {log}")
    };
    let (seen, _) = seen.split_once('"').unwrap();
    let seen = seen
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    serde_json::from_str(&seen.replace("&nbsp;", " ").replace("&amp;", "&")).unwrap()
}

/// The tick labels of the static picture, in the order of the page's.
fn static_labels(plot: &str) -> Vec<String> {
    let svg = text(&figure(plot, HOSTILE), "svg");
    let labels = svg.lines().filter(|line| line.contains("class=\"tick\""));
    let inner = |line: &str| {
        let (_, rest) = line.split_once('>').unwrap();
        let text = rest
            .trim_end_matches("</text>")
            .replace("&lt;", "<")
            .replace("&gt;", ">");
        text.replace("&quot;", "\"").replace("&amp;", "&")
    };
    labels.map(inner).collect()
}

#[test]
fn the_page_works_in_a_browser() {
    let Some(chromium) = chromium() else { return };
    for plot in opah::plot::PLOTS {
        let seen = visit(&chromium, plot.name);
        assert_eq!(seen["errors"], serde_json::json!([]), "{}", plot.name);
        assert_eq!(seen["requests"], 0, "{}", plot.name);
        assert!(
            seen["marks"].as_u64().unwrap() >= 3,
            "{}: {seen}",
            plot.name
        );
        assert_eq!(seen["hidden"], false, "{}: {seen}", plot.name);
        let tooltip = seen["tooltip"].as_str().unwrap();
        let expected = if plot.name == "importances" {
            "importance 0."
        } else {
            "lr 0.0"
        };
        assert!(tooltip.contains(expected), "{}: {tooltip}", plot.name);
        assert_ne!(seen["labels"], seen["zoomed"], "{}", plot.name);
        assert_eq!(seen["labels"], seen["reset"], "{}", plot.name);
        if plot.name != "importances" {
            assert_ne!(seen["marks"], seen["after_legend"], "{}", plot.name);
        }
    }
}

#[test]
fn the_page_and_the_picture_have_the_same_labels() {
    let Some(chromium) = chromium() else { return };
    for plot in ["history", "intermediate-values"] {
        let labels = &visit(&chromium, plot)["labels"];
        assert_eq!(*labels, serde_json::json!(static_labels(plot)), "{plot}");
    }
}
