//! A named parameter, and what an optimizer sees of it.

use super::{Real, initial};

/// A parameter of a layer.
#[derive(Debug, Clone)]
pub(crate) struct Weight<T> {
    /// AllenNLP's name.
    pub(crate) name: String,
    /// PyTorch's shape.
    pub(crate) shape: Vec<usize>,
    /// How `data` is ordered.
    pub(crate) layout: Layout,
    /// The numbers.
    pub(crate) data: Vec<T>,
    /// The gradient of the loss, as long as `data`; empty if it is kept elsewhere.
    pub(crate) gradient: Vec<T>,
}

/// The order of a parameter's numbers in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// As in PyTorch: the last index runs fastest.
    Plain,
    /// Filters of a convolution, of shape `n_filters × dim × width` in PyTorch: block
    /// after block of at most `block` filters, in a block offset after offset, then
    /// filter after filter, each with the `dim` numbers that meet one token.
    Filters {
        /// Filters per block; the last may have fewer.
        block: usize,
    },
}

impl<T: Real> Weight<T> {
    /// A parameter with entries uniform in `[-bound, bound)`.
    pub(crate) fn uniform(name: String, shape: Vec<usize>, bound: f64, seed: u64) -> Self {
        let mut data = vec![T::ZERO; shape.iter().product()];
        initial::fill_uniform(&mut data, bound, seed, &name);
        Self {
            name,
            shape,
            layout: Layout::Plain,
            gradient: vec![T::ZERO; data.len()],
            data,
        }
    }

    /// What an optimizer changes.
    pub(crate) fn slot(&mut self) -> Slot<'_, T> {
        Slot {
            name: &self.name,
            data: &mut self.data,
            gradient: Gradient::Dense(&mut self.gradient),
        }
    }

    /// The numbers in PyTorch's order.
    pub(crate) fn plain(&self) -> Vec<T> {
        (0..self.data.len())
            .map(|index| self.data[self.layout.position(&self.shape, index)])
            .collect()
    }

    /// Replaces the numbers by `plain`, which is in PyTorch's order and as long.
    pub(crate) fn set_plain(&mut self, plain: &[T]) {
        for (index, value) in plain.iter().enumerate() {
            self.data[self.layout.position(&self.shape, index)] = *value;
        }
    }
}

impl Layout {
    /// Where the `index`-th number in PyTorch's order is stored.
    fn position(self, shape: &[usize], index: usize) -> usize {
        match self {
            Layout::Plain => index,
            Layout::Filters { block } => {
                let (n_filters, dim, width) = (shape[0], shape[1], shape[2]);
                let (filter, component, offset) =
                    (index / (dim * width), index / width % dim, index % width);
                let first = filter / block * block;
                let in_block = block.min(n_filters - first);
                (first * width + offset * in_block + filter - first) * dim + component
            }
        }
    }
}

/// A parameter and its gradient, as an optimizer sees them.
#[derive(Debug)]
pub(crate) struct Slot<'a, T> {
    /// AllenNLP's name.
    pub(crate) name: &'a str,
    /// The numbers, in the order of memory.
    pub(crate) data: &'a mut [T],
    /// Their gradient.
    pub(crate) gradient: Gradient<'a, T>,
}

/// A gradient.
#[derive(Debug)]
pub(crate) enum Gradient<'a, T> {
    /// One number per number of the parameter.
    Dense(&'a mut [T]),
    /// Only some rows of a matrix; the others' gradients are zero.
    Rows {
        /// Their indices, ascending, each once.
        rows: &'a [u32],
        /// `rows.len() × dim` numbers.
        values: &'a mut [T],
        /// The length of a row, at least 1.
        dim: usize,
    },
}

impl<T> Gradient<'_, T> {
    /// The numbers that can differ from zero.
    pub(crate) fn values(&self) -> &[T] {
        match self {
            Gradient::Dense(values) | Gradient::Rows { values, .. } => values,
        }
    }

    /// The numbers that can differ from zero.
    pub(crate) fn values_mut(&mut self) -> &mut [T] {
        match self {
            Gradient::Dense(values) | Gradient::Rows { values, .. } => values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_filters_are_a_permutation_of_plain_ones() {
        let (n_filters, dim, width, block) = (5, 3, 2, 2);
        let shape = vec![n_filters, dim, width];
        let plain: Vec<f64> = (0..30).map(f64::from).collect();
        let mut weight = Weight::<f64>::uniform("filters".to_owned(), shape, 1.0, 0);
        weight.layout = Layout::Filters { block };
        weight.set_plain(&plain);
        assert_eq!(weight.plain(), plain);
        // Block 1 (filters 2 and 3), offset 1, filter 3, all components.
        let at = (2 * width + 2 + 1) * dim;
        let expected: Vec<f64> = (0..dim).map(|c| plain[(3 * dim + c) * width + 1]).collect();
        assert_eq!(weight.data[at..at + dim], expected);
        // The last block has one filter.
        let at = 4 * width * dim;
        assert_eq!(weight.data[at..at + dim], [plain[24], plain[26], plain[28]]);
    }
}
