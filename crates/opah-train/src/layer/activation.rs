//! Functions of single numbers. Each derivative is a function of the value.

use super::Real;
use crate::config::schema::Activation;

/// The function's value at `x`.
pub(crate) fn value<T: Real>(activation: Activation, x: T) -> T {
    match activation {
        // A NaN stays one.
        Activation::Relu if x <= T::ZERO => T::ZERO,
        Activation::Linear | Activation::Relu => x,
        Activation::Tanh => T::from_f64(libm::tanh(x.to_f64())),
        Activation::Sigmoid => T::from_f64(1.0 / (1.0 + libm::exp(-x.to_f64()))),
    }
}

/// The derivative where the value is `y`; for `relu` 0 at 0, as in PyTorch.
pub(crate) fn derivative<T: Real>(activation: Activation, y: T) -> T {
    match activation {
        Activation::Relu if y <= T::ZERO => T::ZERO,
        Activation::Linear | Activation::Relu => T::ONE,
        Activation::Tanh => T::ONE - y * y,
        Activation::Sigmoid => y * (T::ONE - y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_values() {
        let all = [
            Activation::Linear,
            Activation::Relu,
            Activation::Tanh,
            Activation::Sigmoid,
        ];
        for activation in all {
            for x in [-2.0_f64, -0.3, 0.4, 1.7] {
                let step = 1e-6;
                let rise = value(activation, x + step) - value(activation, x - step);
                let found = derivative(activation, value(activation, x));
                assert!(
                    (found - rise / (2.0 * step)).abs() < 1e-9,
                    "{activation:?} at {x}"
                );
            }
        }
    }

    #[test]
    fn nan_stays_nan() {
        assert!(value(Activation::Relu, f32::NAN).is_nan());
    }
}
