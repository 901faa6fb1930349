//! Which values of an axis are labelled, and how they are spelled.
//!
//! Steps are 1, 2 or 5 times a power of ten. `page/axis.js` has the same rules.

use std::fmt::Write as _;

use crate::plot::Scale;

/// A labelled value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// Beyond these, differences and margins would overflow.
const LIMIT: f64 = 8e307;

/// The range that shows all finite `values`, with a margin of 4 percent of its width;
/// around a single value it is wider.
/// Without any value it is `[0, 1]`, or `[0.1, 1]` for a logarithmic axis.
pub(super) fn range(values: impl IntoIterator<Item = f64>, scale: &Scale) -> [f64; 2] {
    let log = *scale == Scale::Log;
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        if value.is_finite() && (!log || value > 0.0) {
            let place = if log { value.log10() } else { value };
            low = low.min(place.clamp(-LIMIT, LIMIT));
            high = high.max(place.clamp(-LIMIT, LIMIT));
        }
    }
    if low > high {
        (low, high) = if log { (-1.0, 0.0) } else { (0.0, 1.0) };
    }
    if high - low <= 1e-12 * low.abs().max(high.abs()) {
        let margin = match (scale, low) {
            (Scale::Log | Scale::Whole, _) => 0.5,
            (_, 0.0) => 1.0,
            (_, value) => (value.abs() * 0.05).max(f64::MIN_POSITIVE),
        };
        (low, high) = (low - margin, high + margin);
    } else {
        let margin = (high - low) * 0.04;
        (low, high) = (low - margin, high + margin);
    }
    if log {
        [
            10_f64.powf(low).max(f64::MIN_POSITIVE),
            10_f64.powf(high).min(f64::MAX),
        ]
    } else {
        [low, high]
    }
}

/// At most `most` ticks in `[low, high]`, evenly apart; whole numbers only, if asked.
pub(super) fn linear(low: f64, high: f64, most: usize, whole: bool) -> Vec<Tick> {
    let ideal = (high - low) / most.max(1) as f64;
    let least = if whole { 0 } else { -307 };
    let mut power = (ideal.log10().floor() as i32).max(least);
    let mut factor = 1.0;
    loop {
        let values = multiples(low, high, factor, power);
        if values.len() <= most || power >= 308 {
            let greatest = low.abs().max(high.abs());
            let label = |value: f64| Tick {
                value,
                label: spell(value, greatest, power),
            };
            return values.into_iter().map(label).collect();
        }
        (factor, power) = match factor {
            1.0 => (2.0, power),
            2.0 => (5.0, power),
            _ => (1.0, power + 1),
        };
    }
}

/// The first thousand multiples of `factor · 10^power` in `[low, high]`.
fn multiples(low: f64, high: f64, factor: f64, power: i32) -> Vec<f64> {
    let step = factor * 10_f64.powi(power);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let count = (last - first + 1.0).clamp(0.0, 1000.0) as usize;
    let multiple = |at: usize| {
        let k = (first + at as f64) * factor;
        // Dividing by a power of ten, which is exact up to 10^22, gives 0.3 where
        // multiplying by 0.1 gives 0.30000000000000004. Adding 0 turns -0 into 0.
        match power {
            -22..0 => k / 10_f64.powi(-power) + 0.0,
            _ => k * 10_f64.powi(power) + 0.0,
        }
    };
    (0..count).map(multiple).collect()
}

/// `value`, a multiple of `10^power`, on an axis that goes to `greatest`.
fn spell(value: f64, greatest: f64, power: i32) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e6).contains(&greatest) {
        let exponent = value.abs().log10().floor() as i32;
        let digits = (exponent - power).clamp(0, 16) as usize;
        let text = format!("{value:.digits$e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = if digits.contains('.') {
            digits.trim_end_matches('0').trim_end_matches('.')
        } else {
            digits
        };
        return format!("{}×10{}", minus(digits), superscript(exponent));
    }
    let decimals = (-power).clamp(0, 17) as usize;
    minus(&grouped(&format!("{value:.decimals$}")))
}

/// The mathematical minus sign is as wide as a digit.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

/// Commas between thousands, from 10,000 on.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    if digits.len() < 5 {
        return text.to_owned();
    }
    let mut grouped = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

fn superscript(exponent: &str) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32(0x2070 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit),
    };
    exponent.chars().map(raised).collect()
}

/// At most `most` (at least 2) ticks in `[low, high]`, which is positive: 1, 2 and 5
/// times powers of ten, or every n-th power; even ticks where the range is too narrow.
pub(super) fn log(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let inside = |value: &f64| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(value);
    let fine: Vec<f64> = (first..=last)
        .flat_map(|power| [1.0, 2.0, 5.0].map(|factor| scaled(factor, power)))
        .filter(inside)
        .collect();
    if (2..=most).contains(&fine.len()) {
        return label_powers(&fine);
    }
    let powers: Vec<i32> = (first..=last)
        .filter(|power| inside(&scaled(1.0, *power)))
        .collect();
    if powers.len() < 2 {
        return linear(low, high, most, false);
    }
    let every = |stride: i32| {
        let multiples = powers.iter().filter(move |power| *power % stride == 0);
        multiples
            .map(|power| scaled(1.0, *power))
            .collect::<Vec<f64>>()
    };
    let strides = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500];
    let some = strides
        .into_iter()
        .map(every)
        .find(|values| values.len() <= most);
    match some {
        Some(values) if values.len() >= 2 => label_powers(&values),
        _ => label_powers(&[powers[0], powers[powers.len() - 1]].map(|power| scaled(1.0, power))),
    }
}

fn label_powers(values: &[f64]) -> Vec<Tick> {
    let plain = values.iter().all(|value| (1e-3..1e5).contains(value));
    values.iter().map(|value| log_tick(*value, plain)).collect()
}

/// `factor · 10^power`, rounded once.
fn scaled(factor: f64, power: i32) -> f64 {
    format!("{factor}e{power}").parse().unwrap_or(f64::NAN)
}

fn log_tick(value: f64, plain: bool) -> Tick {
    let mut label = String::new();
    if plain {
        label = grouped(&format!("{value}"));
    } else {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        if digits != "1" {
            let _ = write!(label, "{digits}×");
        }
        label.push_str("10");
        label.push_str(&superscript(exponent));
    }
    Tick { value, label }
}

/// The unlabelled places of a logarithmic axis: 2 to 9 times powers of ten.
pub(super) fn minor(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    if last - first > 6 {
        return Vec::new();
    }
    (first..=last)
        .flat_map(|decade| (2..10).map(move |factor| scaled(f64::from(factor), decade)))
        .filter(|value| (low..=high).contains(value))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn labels_are_what_a_person_would_write() {
        assert_eq!(
            labels(&linear(0.0, 1.0, 6, false)),
            ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(&linear(-1.0, 49.0, 6, true)),
            ["0", "10", "20", "30", "40"]
        );
        assert_eq!(labels(&linear(-0.4, 0.4, 6, true)), ["0"]);
        assert_eq!(
            labels(&linear(0.9012, 0.9015, 4, false)),
            ["0.9012", "0.9013", "0.9014", "0.9015"]
        );
        assert_eq!(
            labels(&linear(-2e9, 2e9, 5, false)),
            ["−2×10⁹", "−1×10⁹", "0", "1×10⁹", "2×10⁹"]
        );
        assert_eq!(
            labels(&linear(0.0, 15_000.0, 4, false)),
            ["0", "5000", "10,000", "15,000"]
        );
        assert_eq!(
            labels(&log(1e-5, 0.1, 6)),
            ["10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"]
        );
        assert_eq!(
            labels(&log(0.005, 0.5, 8)),
            ["0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5"]
        );
        assert_eq!(labels(&log(1e-300, 1e300, 5)), ["10⁻²⁰⁰", "10⁰", "10²⁰⁰"]);
        assert_eq!(
            labels(&log(31.0, 33.0, 5)),
            ["31.0", "31.5", "32.0", "32.5", "33.0"]
        );
    }

    #[test]
    fn the_widest_and_the_narrowest_ranges_have_ticks() {
        let [low, high] = range([f64::MAX, f64::MIN], &Scale::Linear);
        assert!(low.is_finite() && high.is_finite());
        assert!(linear(low, high, 6, false).len() >= 2);
        let [low, high] = range([0.1, 0.1], &Scale::Linear);
        assert!(linear(low, high, 6, false).len() >= 2);
        let [low, high] = range([0.0, f64::NAN], &Scale::Linear);
        assert_eq!([low, high], [-1.0, 1.0]);
    }

    proptest! {
        #[test]
        fn linear_ticks_are_even_inside_and_few(low in -1e9..1e9_f64, width in 1e-3..1e9_f64, most in 2..12_usize) {
            let (high, ticks) = (low + width, linear(low, low + width, most, false));
            prop_assert!(ticks.len() <= most && ticks.len() * 3 + 2 >= most, "{ticks:?}");
            let step = ticks.get(1).map_or(width, |second| second.value - ticks[0].value);
            for (tick, next) in ticks.iter().zip(ticks.iter().skip(1)) {
                prop_assert!((next.value - tick.value - step).abs() <= 1e-6 * step + 1e-15 * high.abs());
                prop_assert!(tick.label != next.label, "{ticks:?}");
            }
            for tick in &ticks {
                prop_assert!(tick.value >= low - 1e-6 * step && tick.value <= high + 1e-6 * step);
            }
        }

        #[test]
        fn log_ticks_rise_inside_and_are_few(exponent in -200.0..200.0_f64, decades in 0.01..90.0_f64, most in 2..12_usize) {
            let (low, high) = (10_f64.powf(exponent), 10_f64.powf(exponent + decades));
            let ticks = log(low, high, most);
            prop_assert!(ticks.len() <= most && !ticks.is_empty(), "{ticks:?}");
            for pair in ticks.windows(2) {
                prop_assert!(pair[0].value < pair[1].value && pair[0].label != pair[1].label, "{ticks:?}");
            }
            for tick in &ticks {
                prop_assert!(tick.value >= low * 0.999 && tick.value <= high * 1.001);
            }
        }

        #[test]
        fn a_range_holds_its_values(values in prop::collection::vec(-1e300..1e300_f64, 1..20)) {
            let [low, high] = range(values.iter().copied(), &Scale::Linear);
            prop_assert!(low < high && values.iter().all(|value| low <= *value && *value <= high));
        }
    }
}
