//! A linear layer: `y = W x + b` for each document.

use super::matrix::{Matrix, multiply};
use super::{Real, Weight};

/// A linear layer with its gradients.
#[derive(Debug, Clone)]
pub(crate) struct Linear<T> {
    /// `output_dim × input_dim`.
    pub(crate) weight: Weight<T>,
    /// `output_dim`.
    pub(crate) bias: Weight<T>,
}

impl<T: Real> Linear<T> {
    /// Weight and bias uniform within `1 / √input_dim`, as PyTorch's.
    pub(crate) fn new(name: &str, input_dim: usize, output_dim: usize, seed: u64) -> Self {
        let bound = 1.0 / (input_dim as f64).sqrt();
        let weight = format!("{name}.weight");
        let bias = format!("{name}.bias");
        Self {
            weight: Weight::uniform(weight, vec![output_dim, input_dim], bound, seed),
            bias: Weight::uniform(bias, vec![output_dim], bound, seed),
        }
    }

    /// The length of an input.
    pub(crate) fn input_dim(&self) -> usize {
        self.weight.shape[1]
    }

    /// The length of an output.
    pub(crate) fn output_dim(&self) -> usize {
        self.weight.shape[0]
    }

    /// `n_documents × input_dim` to `n_documents × output_dim`.
    pub(crate) fn forward(&self, input: &[T], output: &mut Vec<T>) {
        let n_documents = input.len() / self.input_dim();
        output.clear();
        output.resize(n_documents * self.output_dim(), T::ZERO);
        multiply(
            Matrix::new(input, n_documents, self.input_dim()),
            self.weights().transpose(),
            output,
        );
        for row in output.chunks_exact_mut(self.output_dim()) {
            for (value, bias) in row.iter_mut().zip(&self.bias.data) {
                *value += *bias;
            }
        }
    }

    /// Writes the gradients of weight and bias, and that of the input
    /// (`n_documents × input_dim`), given the input and the gradient of the output.
    pub(crate) fn backward(&mut self, input: &[T], gradient: &[T], input_gradient: &mut Vec<T>) {
        let (input_dim, output_dim) = (self.input_dim(), self.output_dim());
        let n_documents = input.len() / input_dim;
        input_gradient.clear();
        input_gradient.resize(input.len(), T::ZERO);
        let input = Matrix::new(input, n_documents, input_dim);
        let upstream = Matrix::new(gradient, n_documents, output_dim);
        let weights = Matrix::new(&self.weight.data, output_dim, input_dim);
        let weight_gradient = &mut self.weight.gradient;
        rayon::join(
            || multiply(upstream, weights, input_gradient),
            || multiply(upstream.transpose(), input, weight_gradient),
        );
        self.bias.gradient.fill(T::ZERO);
        for row in gradient.chunks_exact(output_dim) {
            for (sum, value) in self.bias.gradient.iter_mut().zip(row) {
                *sum += *value;
            }
        }
    }

    /// The parameters.
    pub(crate) fn weights_mut(&mut self) -> [&mut Weight<T>; 2] {
        [&mut self.weight, &mut self.bias]
    }

    fn weights(&self) -> Matrix<'_, T> {
        Matrix::new(&self.weight.data, self.output_dim(), self.input_dim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_documents_by_hand() {
        let mut layer = Linear::<f64>::new("layer", 2, 1, 0);
        layer.weight.data = vec![2.0, -1.0];
        layer.bias.data = vec![0.5];
        let input = [1.0, 3.0, -2.0, 0.0];
        let mut output = Vec::new();
        layer.forward(&input, &mut output);
        assert_eq!(output, [-0.5, -3.5]);
        let mut input_gradient = Vec::new();
        layer.backward(&input, &[1.0, 10.0], &mut input_gradient);
        assert_eq!(input_gradient, [2.0, -1.0, 20.0, -10.0]);
        assert_eq!(layer.weight.gradient, [-19.0, 3.0]);
        assert_eq!(layer.bias.gradient, [11.0]);
    }

    #[test]
    fn weights_begin_within_the_bound() {
        let layer = Linear::<f32>::new("layer", 16, 64, 0);
        let largest = layer
            .weight
            .data
            .iter()
            .fold(0.0_f32, |a, b| a.max(b.abs()));
        assert!(largest <= 0.25 && largest > 0.24);
        assert!(
            layer
                .bias
                .data
                .iter()
                .all(|bias| bias.abs() <= 0.25 && *bias != 0.0)
        );
    }
}
