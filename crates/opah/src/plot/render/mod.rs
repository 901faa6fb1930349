//! A figure as bytes: the only place that knows drawing formats.

mod html;
mod layout;
#[cfg(feature = "png")]
mod png;
mod svg;
mod table;
mod text;
mod theme;
mod ticks;

use std::path::Path;

use super::Figure;
use crate::error::{Error, Result};
use crate::suggestion::nearest;

/// A format that figures can be written in.
#[derive(Debug)]
pub struct Format {
    /// The extension of its files.
    pub extension: &'static str,
    /// One line for tables.
    pub summary: &'static str,
    /// The bytes of a figure.
    pub render: fn(&Figure) -> Result<Vec<u8>>,
}

/// Every format, in the order shown to people.
pub static FORMATS: &[Format] = &[
    Format {
        extension: "html",
        summary: "a page with hover texts and zoom, one file, no network",
        render: |figure| Ok(html::html(figure).into_bytes()),
    },
    Format {
        extension: "svg",
        summary: "a picture of any size",
        render: |figure| Ok(svg::svg(figure).into_bytes()),
    },
    #[cfg(feature = "png")]
    Format {
        extension: "png",
        summary: "a picture of 1720 pixels' width",
        render: |figure| png::png(&svg::svg(figure)),
    },
    Format {
        extension: "csv",
        summary: "the data as a table",
        render: |figure| Ok(table::csv(figure).into_bytes()),
    },
    Format {
        extension: "json",
        summary: "the figure as data",
        render: |figure| Ok(json(figure)),
    },
];

/// The format of a file with this name.
///
/// # Errors
/// [`Error::UnknownName`] when no format has its extension; [`Error::NotAvailable`] when
/// it has none.
pub fn format_of(path: &Path) -> Result<&'static Format> {
    let extensions = FORMATS.iter().map(|format| format.extension);
    let known = || extensions.clone().collect::<Vec<_>>().join(", ");
    let Some(extension) = path.extension() else {
        return Err(Error::NotAvailable(format!(
            "`{}` has no extension that says the picture format; known are {}",
            path.display(),
            known()
        )));
    };
    let extension = extension.to_string_lossy().to_lowercase();
    let found = FORMATS.iter().find(|format| format.extension == extension);
    found.ok_or_else(|| Error::UnknownName {
        kind: "picture format",
        name: extension.clone(),
        suggestion: nearest(&extension, extensions.clone()).map(str::to_owned),
        known: known(),
    })
}

fn json(figure: &Figure) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(figure).expect("a figure has no map with odd keys");
    text.push(b'\n');
    text
}
