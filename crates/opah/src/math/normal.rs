//! The standard normal distribution, accurate in both tails, and truncated draws.
//!
//! Everything is done in the left tail, where `erfc` keeps its relative accuracy;
//! the right tail is its mirror image. Quantiles are Wichura's, "Algorithm AS 241:
//! The Percentage Points of the Normal Distribution", Applied Statistics 37 (1988).

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

use libm::erfc;

/// `ln √(2π)`.
pub const LN_SQRT_TAU: f64 = 0.918_938_533_204_672_8;

/// The probability of less than `x`; NaN for NaN.
pub fn cdf(x: f64) -> f64 {
    0.5 * erfc(-x * FRAC_1_SQRT_2)
}

/// `ln cdf(x)`, also where `cdf(x)` itself is 0 or 1 in floating point.
pub fn log_cdf(x: f64) -> f64 {
    if x > 0.0 {
        (-cdf(-x)).ln_1p()
    } else if x > -20.0 {
        cdf(x).ln()
    } else {
        -0.5 * x * x - (-x).ln() - LN_SQRT_TAU + tail_series(x).ln()
    }
}

/// `1 - 1/x² + 3/x⁴ - 15/x⁶ …`: how `cdf(x)` differs from `-pdf(x)/x` far in the
/// left tail (Abramowitz and Stegun, 26.2.12).
fn tail_series(x: f64) -> f64 {
    let step = -1.0 / (x * x);
    let (mut sum, mut term) = (1.0, 1.0);
    for odd in [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0, 17.0] {
        term *= odd * step;
        sum += term;
    }
    sum
}

/// The logarithm of the probability of `[a, b]`, for `a ≤ b`; minus infinity when
/// `a = b`; NaN for NaN.
pub fn log_mass(a: f64, b: f64) -> f64 {
    let (width, middle) = (b - a, 0.5 * (a + b));
    if width <= 0.5 && width * middle.abs() <= 1.0 {
        narrow_log_mass(middle, width)
    } else if b <= 0.0 {
        left_log_mass(a, b)
    } else if a > 0.0 {
        left_log_mass(-b, -a)
    } else {
        (-cdf(a) - cdf(-b)).ln_1p()
    }
}

fn left_log_mass(a: f64, b: f64) -> f64 {
    let whole = log_cdf(b);
    if whole == f64::NEG_INFINITY {
        return whole;
    }
    whole + (-(log_cdf(a) - whole).exp()).ln_1p()
}

/// The mass of a narrow interval, of which a difference of two `cdf`s would leave
/// few digits: the density in the middle times a mean of `exp(-middle·s - s²/2)` by
/// Gauss and Legendre's rule with six nodes.
fn narrow_log_mass(middle: f64, width: f64) -> f64 {
    const NODES: [(f64, f64); 3] = [
        (0.238_619_186_083_196_9, 0.467_913_934_572_691_04),
        (0.661_209_386_466_264_5, 0.360_761_573_048_138_6),
        (0.932_469_514_203_152, 0.171_324_492_379_170_34),
    ];
    let mean: f64 = NODES
        .iter()
        .map(|(node, weight)| {
            let s = 0.5 * width * node;
            let rise = (middle * s).exp();
            weight * 0.5 * (rise + 1.0 / rise) * (-0.5 * s * s).exp()
        })
        .sum();
    (width * mean).ln() - 0.5 * middle * middle - LN_SQRT_TAU
}

/// The `x` with `cdf(x) = p`; infinite at 0 and 1; NaN outside `[0, 1]`.
pub fn inverse_cdf(p: f64) -> f64 {
    let from_middle = p - 0.5;
    if from_middle.abs() <= 0.425 {
        central_quantile(from_middle)
    } else if from_middle < 0.0 {
        -tail_quantile((-p.ln()).sqrt())
    } else {
        tail_quantile((-(1.0 - p).ln()).sqrt())
    }
}

/// The `x` with `log_cdf(x) = log_p`; NaN for positive `log_p`.
pub fn inverse_log_cdf(log_p: f64) -> f64 {
    if log_p > -LN_2 {
        return -inverse_log_cdf((-log_p.exp_m1()).ln());
    }
    let root = (-log_p).sqrt();
    if root <= TAIL_END {
        return if log_p > -2.5 {
            inverse_cdf(log_p.exp())
        } else {
            -tail_quantile(root)
        };
    }
    if root.is_infinite() {
        return -root;
    }
    // Newton's method; there, the logarithm is almost a parabola.
    let mut x = -(-2.0 * (log_p + LN_SQRT_TAU)).sqrt();
    for _ in 0..20 {
        let here = log_cdf(x);
        let step = (here - log_p) * (here + 0.5 * x * x + LN_SQRT_TAU).exp();
        x -= step;
        if step.abs() <= 1e-15 * x.abs() {
            break;
        }
    }
    x
}

/// How far `tail_quantile` reaches: `√(-ln p)` of the smallest normal `f64`s.
const TAIL_END: f64 = 27.0;

/// AS 241's first range: `p - 1/2` in ±0.425.
fn central_quantile(from_middle: f64) -> f64 {
    let r = 0.180_625 - from_middle * from_middle;
    from_middle
        * polynomial(
            r,
            &[
                3.387_132_872_796_366_5,
                1.331_416_678_917_843_8e2,
                1.971_590_950_306_551_3e3,
                1.373_169_376_550_946e4,
                4.592_195_393_154_987e4,
                6.726_577_092_700_87e4,
                3.343_057_558_358_813e4,
                2.509_080_928_730_122_7e3,
            ],
        )
        / polynomial(
            r,
            &[
                1.0,
                4.231_333_070_160_091e1,
                6.871_870_074_920_579e2,
                5.394_196_021_424_751e3,
                2.121_379_430_158_659_7e4,
                3.930_789_580_009_271e4,
                2.872_908_573_572_194_3e4,
                5.226_495_278_852_545e3,
            ],
        )
}

/// AS 241's other two ranges, of `root = √(-ln p)`: the quantile's distance from 0.
fn tail_quantile(root: f64) -> f64 {
    if root.is_infinite() {
        return root;
    }
    if root <= 5.0 {
        let r = root - 1.6;
        polynomial(
            r,
            &[
                1.423_437_110_749_683_6,
                4.630_337_846_156_546,
                5.769_497_221_460_691,
                3.647_848_324_763_204_5,
                1.270_458_252_452_368_4,
                2.417_807_251_774_506e-1,
                2.272_384_498_926_918_4e-2,
                7.745_450_142_783_414e-4,
            ],
        ) / polynomial(
            r,
            &[
                1.0,
                2.053_191_626_637_759,
                1.676_384_830_183_803_8,
                6.897_673_349_851e-1,
                1.481_039_764_274_800_8e-1,
                1.519_866_656_361_645_7e-2,
                5.475_938_084_995_345e-4,
                1.050_750_071_644_416_9e-9,
            ],
        )
    } else {
        let r = root - 5.0;
        polynomial(
            r,
            &[
                6.657_904_643_501_103,
                5.463_784_911_164_114,
                1.784_826_539_917_291_3,
                2.965_605_718_285_048_7e-1,
                2.653_218_952_657_612_4e-2,
                1.242_660_947_388_078_4e-3,
                2.711_555_568_743_487_6e-5,
                2.010_334_399_292_288_1e-7,
            ],
        ) / polynomial(
            r,
            &[
                1.0,
                5.998_322_065_558_879e-1,
                1.369_298_809_227_358e-1,
                1.487_536_129_085_061_5e-2,
                7.868_691_311_456_133e-4,
                1.846_318_317_510_054_8e-5,
                1.421_511_758_316_446e-7,
                2.044_263_103_389_939_8e-15,
            ],
        )
    }
}

/// `Σ coefficients[k]·x^k`.
fn polynomial(x: f64, coefficients: &[f64; 8]) -> f64 {
    coefficients
        .iter()
        .rev()
        .fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// The value below which the share `uniform` in `[0, 1)` of the standard normal
/// distribution truncated to `[a, b]` lies; always in `[a, b]`.
pub fn truncated(uniform: f64, a: f64, b: f64) -> f64 {
    if a >= 0.0 {
        return -left_truncated(1.0 - uniform, -b, -a);
    }
    left_truncated(uniform, a, b)
}

/// As [`truncated`], for `a ≤ 0`.
fn left_truncated(uniform: f64, a: f64, b: f64) -> f64 {
    let x = if b > -5.0 {
        let (below, above) = (cdf(a), cdf(-b));
        let mass = 1.0 - below - above;
        let p = below + uniform * mass;
        if p <= 0.5 {
            inverse_cdf(p)
        } else {
            -inverse_cdf(above + (1.0 - uniform) * mass)
        }
    } else {
        let below = log_cdf(a);
        let share = uniform.ln() + log_mass(a, b);
        // ln(cdf(a) + share), from the larger of the two.
        let (larger, smaller) = (below.max(share), below.min(share));
        inverse_log_cdf(larger + (smaller - larger).exp().ln_1p())
    };
    x.max(a).min(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(got: f64, expected: f64) {
        let error = ((got - expected) / expected).abs();
        assert!(
            error < 2e-13 || got == expected,
            "{got:e} is not {expected:e}"
        );
    }

    /// SciPy 1.17.1 `scipy.special.log_ndtr`, `ndtri` and `ndtri_exp`; far
    /// below, the last is off by more than we are, so there only the way back is checked.
    #[test]
    fn distribution_and_quantiles_are_scipys() {
        for (x, expected) in [
            (-1_000.0, -500_007.826_694_812_2),
            (-40.0, -804.608_442_013_753_9),
            (-20.5, -214.066_728_963_263_87),
            (-19.5, -194.016_965_777_497_52),
            (-5.0, -15.064_998_393_988_727),
            (-1.0, -1.841_021_645_009_263_4),
            (-0.1, -0.776_154_592_730_273_3),
            (0.0, -LN_2),
            (0.5, -0.368_946_415_288_656_35),
            (3.0, -0.001_350_809_964_748_192_5),
            (8.0, -6.220_960_574_271_742e-16),
            (15.0, -3.670_966_199_312_698_6e-51),
        ] {
            check(log_cdf(x), expected);
        }
        for (p, expected) in [
            (1e-300, -37.047_096_299_361_2),
            (1e-20, -9.262_340_089_798_409),
            (1e-05, -4.264_890_793_922_825),
            (0.01, -2.326_347_874_040_840_8),
            (0.074, -1.446_632_067_158_978_5),
            (0.076, -1.432_502_720_825_811_6),
            (0.3, -0.524_400_512_708_040_9),
            (0.6, 0.253_347_103_135_799_7),
            (0.925, 1.439_531_470_938_456_3),
            (0.99, 2.326_347_874_040_840_8),
            (0.999_999_999_9, 6.361_340_889_697_422),
        ] {
            check(inverse_cdf(p), expected);
        }
        for (log_p, expected) in [
            (-1_000.0, -44.615_747_731_969_41),
            (-500.0, -31.484_299_775_628_83),
            (-30.0, -7.357_666_815_008_75),
            (-3.0, -1.646_921_720_527_714_5),
            (-1.0, -0.337_474_963_764_202_44),
            (-0.6, 0.122_659_510_255_885_95),
            (-0.1, 1.309_617_799_458_493),
            (-1e-10, 6.361_340_902_411_735),
        ] {
            check(inverse_log_cdf(log_p), expected);
        }
    }

    /// The integral's Taylor series in decimal arithmetic with 900 digits.
    #[test]
    fn masses_are_right_to_the_last_digits() {
        for (a, b, expected) in [
            (-1.0, 1.0, -0.381_715_146_302_126_05),
            (-1.0, -0.5, -1.897_905_061_013_982),
            (0.25, 0.312_5, -3.731_227_913_621_238),
            (-3.0, -2.937_5, -8.096_994_399_342_508),
            (1.0, 1.000_1, -10.629_328_906_430_924),
            (-1e-06, 1e-06, -14.041_301_910_609_167),
            (5.0, 5.25, -15.373_295_898_665_702),
            (7.0, 7.062_5, -28.402_895_612_454_774),
            (-30.0, -10.0, -53.231_285_150_512_47),
            (-30.0, -29.75, -446.844_710_411_615_95),
            (20.0, 21.0, -203.917_155_372_288_16),
            (-10.0, 0.01, -0.685_200_129_557_115_5),
            (-0.5, 20.0, -0.368_946_415_288_656_4),
        ] {
            check(log_mass(a, b), expected);
        }
    }

    #[test]
    fn a_truncated_draw_undoes_the_share_below_it() {
        for (a, b) in [
            (-1.0, 2.0),
            (0.5, 0.75),
            (3.0, 9.0),
            (-40.0, -30.0),
            (-9.0, -6.0),
            (30.0, 31.0),
        ] {
            for uniform in [1e-9, 0.01, 0.3, 0.5, 0.9, 1.0 - 1e-9] {
                let x = truncated(uniform, a, b);
                assert!((a..=b).contains(&x));
                let share = (log_mass(a, x) - log_mass(a, b)).exp();
                assert!(
                    (share - uniform).abs() < 1e-10,
                    "[{a}, {b}]: {share} at {uniform}"
                );
            }
        }
        check(truncated(0.0, 1.0, 2.0), 1.0);
        assert_eq!(truncated(0.0, -70.0, -60.0), -70.0);
    }

    #[test]
    fn quantiles_come_back() {
        for log_p in [
            -1e6, -800.0, -730.0, -728.9, -100.0, -20.0, -2.5, -1.0, -0.5, -1e-3, -1e-12,
        ] {
            check(log_cdf(inverse_log_cdf(log_p)), log_p);
        }
        assert_eq!(inverse_log_cdf(f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert_eq!(inverse_log_cdf(0.0), f64::INFINITY);
        assert_eq!(inverse_cdf(0.0), f64::NEG_INFINITY);
        assert!(inverse_cdf(1.5).is_nan() && inverse_log_cdf(0.1).is_nan());
    }
}
