//! Texts in pictures: how wide one is, how to make it narrower, how XML spells it.
//!
//! The advance widths are those of the bundled font (`assets/README.md`) in thousandths
//! of the size; other fonts are at most a little wider, for which there is a reserve.

/// Advance widths of the characters from space to tilde, regular weight.
const ADVANCES: [u16; 95] = [
    281, 278, 403, 631, 638, 812, 639, 222, 362, 362, 500, 659, 280, 460, 276, 357, 625, 464, 605,
    636, 642, 608, 624, 571, 616, 624, 276, 280, 659, 659, 659, 507, 936, 676, 651, 727, 719, 598,
    587, 743, 740, 264, 543, 652, 562, 889, 753, 761, 635, 761, 639, 638, 642, 741, 676, 949, 642,
    665, 625, 362, 357, 362, 469, 452, 497, 564, 621, 558, 621, 582, 361, 609, 591, 237, 237, 544,
    237, 869, 585, 597, 609, 609, 372, 523, 364, 581, 557, 812, 540, 557, 541, 362, 327, 362, 659,
];

/// A reserve for fonts that are wider than the bundled one.
const RESERVE: f64 = 1.08;

/// The width of `text` in pixels at a font size in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let sum: f64 = text.chars().map(advance).sum();
    sum * size * RESERVE / 1000.0
}

fn advance(character: char) -> f64 {
    match u32::from(character) {
        code @ 0x20..0x7f => f64::from(ADVANCES[code as usize - 0x20]),
        0x300..0x370 | 0x200b..0x2010 => 0.0,
        0xb2 | 0xb3 | 0xb9 | 0x2070..0x2090 => 440.0,
        0x2026 => 821.0,
        0x1100.. if !(0x2000..0x2e80).contains(&u32::from(character)) => 1000.0,
        _ => 680.0,
    }
}

/// `text`, or its beginning and its end around an ellipsis, at most `room` pixels wide.
/// Both ends stay, because names of one study often share a prefix.
pub(super) fn shortened(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let with = |kept: usize| -> String {
        let head = kept.div_ceil(2);
        let tail = &characters[characters.len() - (kept - head)..];
        let head = characters[..head].iter();
        head.chain([&'…']).chain(tail).collect()
    };
    let fitting = (0..characters.len())
        .rev()
        .map(with)
        .find(|text| width(text, size) <= room);
    fitting.unwrap_or_else(|| "…".to_owned())
}

/// `text` in lines of at most `room` pixels, broken between words.
pub(super) fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(shortened(word, size, room)),
        }
    }
    lines
}

/// A text within XML. Characters that XML does not allow become U+FFFD.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(character),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_long_name_stay() {
        let name = "model.encoder.layers.11.attention.dropout";
        let short = shortened(name, 12.0, 120.0);
        assert!(
            short.starts_with("model.") && short.ends_with("dropout"),
            "{short}"
        );
        assert!(width(&short, 12.0) <= 120.0);
        assert_eq!(shortened("lr", 12.0, 120.0), "lr");
        assert_eq!(shortened(name, 12.0, 1.0), "…");
    }
}
