//! The colours of each role, on light and on dark ground.
//!
//! Distinct hues are from the palette of Okabe and Ito, "Color Universal Design" (2008),
//! and scales from viridis (van der Walt and Smith, 2015): people with any colour vision
//! can tell them apart, also in grey. The strongest end of a scale is last.

use serde::Serialize;

use crate::plot::Colour;

/// A set of colours, as `#rrggbb`.
#[derive(Debug, Serialize)]
pub(super) struct Theme {
    pub(super) background: &'static str,
    pub(super) text: &'static str,
    pub(super) faint_text: &'static str,
    pub(super) axis: &'static str,
    pub(super) grid: &'static str,
    pub(super) data: &'static str,
    pub(super) highlight: &'static str,
    pub(super) muted: &'static str,
    pub(super) reference: &'static str,
    /// From weak to strong, evenly apart.
    pub(super) scale: [&'static str; 7],
}

pub(super) const LIGHT: Theme = Theme {
    background: "#ffffff",
    text: "#1f2328",
    faint_text: "#59636e",
    axis: "#8c959f",
    grid: "#e7eaee",
    data: "#0072b2",
    highlight: "#d55e00",
    muted: "#b9c0c8",
    reference: "#424a53",
    scale: [
        "#a5db36", "#4ac16d", "#1fa187", "#277f8e", "#365c8d", "#46327e", "#440154",
    ],
};

pub(super) const DARK: Theme = Theme {
    background: "#14171c",
    text: "#e6e9ed",
    faint_text: "#9aa4af",
    axis: "#5b6570",
    grid: "#262c34",
    data: "#56b4e9",
    highlight: "#f0914d",
    muted: "#565f69",
    reference: "#c3cad2",
    scale: [
        "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a5db36", "#fde725",
    ],
};

impl Theme {
    /// The colour of a role; of the middle of the scale for [`Colour::Scale`].
    pub(super) fn role(&self, colour: Colour) -> String {
        let fixed = match colour {
            Colour::Data => self.data,
            Colour::Highlight => self.highlight,
            Colour::Muted => self.muted,
            Colour::Reference => self.reference,
            Colour::Scale => self.scale[3],
        };
        fixed.to_owned()
    }

    /// The colour at `share` of the scale, from weak 0 to strong 1.
    pub(super) fn scaled(&self, share: f64) -> String {
        let place = share.clamp(0.0, 1.0) * (self.scale.len() - 1) as f64;
        let at = (place as usize).min(self.scale.len() - 2);
        let (from, to, share) = (
            rgb(self.scale[at]),
            rgb(self.scale[at + 1]),
            place - at as f64,
        );
        let mix = |channel: usize| {
            let (from, to) = (f64::from(from[channel]), f64::from(to[channel]));
            (from + (to - from) * share).round() as u8
        };
        format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
    }
}

/// The channels of `#rrggbb`.
fn rgb(colour: &str) -> [u8; 3] {
    let channel = |at: usize| u8::from_str_radix(&colour[at..at + 2], 16).unwrap_or_default();
    [channel(1), channel(3), channel(5)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_begins_and_ends_with_its_ends() {
        assert_eq!(LIGHT.scaled(0.0), LIGHT.scale[0]);
        assert_eq!(LIGHT.scaled(1.0), LIGHT.scale[6]);
        assert_eq!(LIGHT.scaled(0.5), LIGHT.scale[3]);
        assert_eq!(LIGHT.scaled(-0.1), LIGHT.scaled(0.0));
    }
}
