//! The exponential function in a form that loops over arrays are vectorized with.
//!
//! `e^x = 2^k e^r` with `|r| ≤ ln 2 / 2` (Cody and Waite's reduction) and Taylor's
//! polynomial of degree 13 for `e^r`, whose remainder is below half a unit in the last
//! place.

/// Adding this to a small number leaves its nearest whole number in the last bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;
/// `ln 2`, of which the first part has trailing zeros.
const LN_2: (f64, f64) = (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10);

/// `1/13!, 1/12!, …, 1/0!`.
const COEFFICIENTS: [f64; 14] = [
    1.605_904_383_682_161_3e-10,
    2.087_675_698_786_81e-9,
    2.505_210_838_544_172e-8,
    2.755_731_922_398_589e-7,
    2.755_731_922_398_589_3e-6,
    2.480_158_730_158_73e-5,
    1.984_126_984_126_984e-4,
    1.388_888_888_888_889e-3,
    8.333_333_333_333_333e-3,
    4.166_666_666_666_666_4e-2,
    0.166_666_666_666_666_66,
    0.5,
    1.0,
    1.0,
];

/// `e^x` within two units in the last place, for `x` in `[-700, 700]`; smaller ones count
/// as -700, larger ones as 700; NaN for NaN.
#[expect(
    clippy::inline_always,
    reason = "compiled anew inside each version of a loop"
)]
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let x = x.clamp(-700.0, 700.0);
    let shifted = x * std::f64::consts::LOG2_E + MAGIC;
    let k = shifted - MAGIC;
    let r = (x - k * LN_2.0) - k * LN_2.1;
    let mut sum = COEFFICIENTS[0];
    for coefficient in &COEFFICIENTS[1..] {
        sum = sum * r + coefficient;
    }
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    sum * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_standard_librarys() {
        for at in -70_000..=70_000 {
            let x = f64::from(at) * 0.01 + 0.001_234;
            let expected = x.clamp(-700.0, 700.0).exp();
            let error = (exp(x) - expected).abs() / expected;
            assert!(error < 5e-16, "{x}: {error}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f64::NEG_INFINITY) < 1e-300);
    }
}
