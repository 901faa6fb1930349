//! A figure as PNG: the SVG, drawn at twice its size with the bundled font.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::error::{Error, Result};

/// Pixels of the picture per pixel of the SVG.
const SCALE: f32 = 2.0;

/// The fonts of every picture, so that it is the same on every computer.
const FONTS: [&[u8]; 2] = [
    include_bytes!("../../../assets/Inter-Regular.otf"),
    include_bytes!("../../../assets/Inter-SemiBold.otf"),
];

/// The picture of an SVG document that [`super::svg`] made.
pub(super) fn png(svg: &str) -> Result<Vec<u8>> {
    let mut fonts = fontdb::Database::new();
    for font in FONTS {
        fonts.load_font_data(font.to_vec());
    }
    fonts.set_sans_serif_family("Inter");
    let options = Options {
        font_family: "Inter".to_owned(),
        fontdb: Arc::new(fonts),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|error| failed(&error.to_string()))?;
    let size = tree.size();
    let (width, height) = (size.width() * SCALE, size.height() * SCALE);
    let mut pixels = Pixmap::new(width.ceil() as u32, height.ceil() as u32)
        .ok_or_else(|| failed("it would be too large"))?;
    resvg::render(
        &tree,
        Transform::from_scale(SCALE, SCALE),
        &mut pixels.as_mut(),
    );
    pixels
        .encode_png()
        .map_err(|error| failed(&error.to_string()))
}

fn failed(reason: &str) -> Error {
    Error::NotAvailable(format!("the picture cannot be drawn: {reason}"))
}
