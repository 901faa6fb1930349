//! A figure as one HTML file: no network, nothing to install.
//!
//! The file holds the figure as JSON and the script of `page/`, which draws it with
//! hover texts, zoom and dark colours. Without JavaScript one sees the static SVG.
//! Texts of the study stand only in the JSON and in the SVG, both escaped; the page's
//! policy allows no request and no script but the one that carries its nonce.

use serde_json::json;

use super::svg::svg;
use super::text::escaped;
use super::theme::{DARK, LIGHT};
use crate::plot::Figure;

const PAGE: &str = include_str!("page/page.html");
const SCRIPT: &str = concat!(
    include_str!("page/axis.js"),
    include_str!("page/pointer.js"),
    include_str!("page/figure.js"),
);

/// The HTML document.
pub(super) fn html(figure: &Figure) -> String {
    let data = json!({"figure": figure, "light": LIGHT, "dark": DARK}).to_string();
    // Within a script element only "<" can end or change it; JSON has it only in texts.
    let data = data.replace('<', "\\u003c");
    let nonce = format!("{:08x}", crc32fast::hash(data.as_bytes()));
    let fields = [
        ("title", escaped(&figure.title)),
        ("nonce", nonce),
        ("data", data),
        ("script", SCRIPT.to_owned()),
        ("picture", svg(figure)),
    ];
    let mut page = String::new();
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        let field = fields.iter().find(|(known, _)| *known == name);
        page.push_str(field.map_or("", |(_, text)| text));
        rest = after;
    }
    page + rest
}
