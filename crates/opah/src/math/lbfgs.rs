//! Minimizing a smooth function in a box.
//!
//! Quasi-Newton steps by limited memory (Nocedal and Wright, "Numerical Optimization",
//! 2006, algorithm 7.4) among the variables that no bound holds, with the projected search
//! along the step of Bertsekas, "Projected Newton methods for optimization problems with
//! simple constraints", SIAM J. Control Optim. 20 (1982).

use super::matrix::dot;

/// How many steps are remembered.
const MEMORY: usize = 10;
/// How much of the promised decrease must be there (the Armijo rule).
const SUFFICIENT: f64 = 1e-4;

/// What ends a minimization.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// The most steps.
    pub n_steps: usize,
    /// The greatest component of the projected gradient that counts as zero.
    pub gradient: f64,
    /// A step that lowers the value by less than this share of it is the last.
    pub decrease: f64,
}

/// Minimizes `function` from `x`, in place, and returns its least value. It returns the value
/// and writes the gradient; `None`, NaN or infinity mean that it does not exist there.
/// `bounds` are one pair per variable. If the function does not exist at the start, `x`
/// stays as it is and the result is infinite.
pub fn minimize(
    x: &mut [f64],
    bounds: &[(f64, f64)],
    stop: Stop,
    mut function: impl FnMut(&[f64], &mut [f64]) -> Option<f64>,
) -> f64 {
    let n = x.len();
    for (value, (low, high)) in x.iter_mut().zip(bounds) {
        *value = value.clamp(*low, *high);
    }
    let mut gradient = vec![0.0; n];
    let mut evaluate = |x: &[f64], gradient: &mut [f64]| {
        let value = function(x, gradient).filter(|value| value.is_finite());
        value.filter(|_| gradient.iter().all(|slope| slope.is_finite()))
    };
    let Some(mut value) = evaluate(x, &mut gradient) else {
        return f64::INFINITY;
    };
    let mut memory: Vec<Pair> = Vec::new();
    let (mut there, mut slope_there) = (vec![0.0; n], vec![0.0; n]);
    for _ in 0..stop.n_steps {
        let is_free = |at: usize| {
            let (low, high) = bounds[at];
            !(x[at] <= low && gradient[at] > 0.0 || x[at] >= high && gradient[at] < 0.0)
        };
        let free: Vec<bool> = (0..n).map(is_free).collect();
        let masked: Vec<f64> = (0..n)
            .map(|at| if free[at] { gradient[at] } else { 0.0 })
            .collect();
        if masked.iter().all(|slope| slope.abs() <= stop.gradient) {
            break;
        }
        let mut step = direction(&memory, &masked, &free);
        if dot(&step, &masked) >= 0.0 {
            memory.clear();
            step = masked.iter().map(|slope| -slope).collect();
        }
        // Without a memory, the first step is one long.
        let mut length = if memory.is_empty() {
            1.0 / dot(&masked, &masked).sqrt().max(1.0)
        } else {
            1.0
        };
        let mut found = None;
        for _ in 0..20 {
            for (at, (low, high)) in bounds.iter().enumerate() {
                there[at] = (x[at] + length * step[at]).clamp(*low, *high);
            }
            let promised: f64 = (0..n).map(|at| gradient[at] * (there[at] - x[at])).sum();
            let new = evaluate(&there, &mut slope_there);
            match new {
                Some(new) if new <= value + SUFFICIENT * promised => {
                    found = Some(new);
                    break;
                }
                // The parabola through the value, the slope and the new value.
                Some(new) => {
                    let curve = new - value - promised;
                    let best = -0.5 * promised / curve;
                    length *= if best.is_finite() {
                        best.clamp(0.1, 0.5)
                    } else {
                        0.25
                    };
                }
                None => length *= 0.1,
            }
        }
        let Some(new) = found else {
            break;
        };
        let pair = Pair::new(
            (0..n).map(|at| there[at] - x[at]).collect(),
            (0..n).map(|at| slope_there[at] - gradient[at]).collect(),
        );
        x.copy_from_slice(&there);
        gradient.copy_from_slice(&slope_there);
        let decrease = value - new;
        value = new;
        if let Some(pair) = pair {
            memory.push(pair);
            if memory.len() > MEMORY {
                memory.remove(0);
            }
        }
        if decrease <= stop.decrease * value.abs().max(1.0) {
            break;
        }
    }
    value
}

/// A step and how the gradient changed by it.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// One over their product.
    rho: f64,
}

impl Pair {
    /// `None` if the curvature along the step is not positive.
    fn new(step: Vec<f64>, change: Vec<f64>) -> Option<Self> {
        let product = dot(&step, &change);
        let is_usable = product > 1e-10 * dot(&change, &change).max(1e-30);
        is_usable.then(|| Self {
            rho: 1.0 / product,
            step,
            change,
        })
    }
}

/// Minus the inverse Hessian's estimate times the gradient, among free variables.
fn direction(memory: &[Pair], gradient: &[f64], free: &[bool]) -> Vec<f64> {
    let mut q = gradient.to_vec();
    let mut alphas = Vec::with_capacity(memory.len());
    for pair in memory.iter().rev() {
        let alpha = pair.rho * dot(&pair.step, &q);
        for (value, change) in q.iter_mut().zip(&pair.change) {
            *value -= alpha * change;
        }
        alphas.push(alpha);
    }
    if let Some(last) = memory.last() {
        let scale = 1.0 / (last.rho * dot(&last.change, &last.change));
        for value in &mut q {
            *value *= scale;
        }
    }
    for (pair, alpha) in memory.iter().zip(alphas.iter().rev()) {
        let beta = pair.rho * dot(&pair.change, &q);
        for (value, step) in q.iter_mut().zip(&pair.step) {
            *value += (alpha - beta) * step;
        }
    }
    let both = q.iter().zip(free);
    both.map(|(value, free)| if *free { -value } else { 0.0 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: Stop = Stop {
        n_steps: 200,
        gradient: 1e-8,
        decrease: 0.0,
    };

    fn rosenbrock(x: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let mut sum = 0.0;
        for at in 0..x.len() - 1 {
            let (a, b) = (1.0 - x[at], x[at + 1] - x[at] * x[at]);
            sum += a * a + 100.0 * b * b;
            gradient[at] += -2.0 * a - 400.0 * x[at] * b;
            gradient[at + 1] += 200.0 * b;
        }
        sum
    }

    #[test]
    fn rosenbrocks_valley_is_followed_to_its_end() {
        for n in [2, 5, 10] {
            let mut x = vec![-1.2; n];
            let value = minimize(&mut x, &vec![(-5.0, 5.0); n], STOP, |x, gradient| {
                Some(rosenbrock(x, gradient))
            });
            assert!(value < 1e-10, "{n}: {value}");
            assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-4), "{x:?}");
        }
    }

    #[test]
    fn the_minimum_on_a_border_is_found() {
        // With x ≤ 0.5 the minimum is at (0.5, 0.25), worth 0.25.
        let mut x = [-1.0, 1.0];
        let bounds = [(-2.0, 0.5), (-2.0, 2.0)];
        let value = minimize(&mut x, &bounds, STOP, |x, gradient| {
            Some(rosenbrock(x, gradient))
        });
        assert!((value - 0.25).abs() < 1e-9, "{value}");
        assert!(
            (x[0] - 0.5).abs() < 1e-12 && (x[1] - 0.25).abs() < 1e-6,
            "{x:?}"
        );
    }

    #[test]
    fn a_function_without_values_leaves_the_start() {
        let mut x = [0.3];
        let value = minimize(&mut x, &[(0.0, 1.0)], STOP, |_, _| None);
        assert_eq!((x, value), ([0.3], f64::INFINITY));
        let hole = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = 2.0 * (x[0] - 0.9);
            (x[0] < 0.8).then(|| (x[0] - 0.9).powi(2))
        };
        let value = minimize(&mut x, &[(0.0, 1.0)], STOP, hole);
        assert!(value < 0.04 && x[0] < 0.8, "{x:?} {value}");
    }
}
