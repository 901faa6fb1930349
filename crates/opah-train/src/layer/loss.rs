//! Softmax and cross-entropy, mean over the batch.

use super::Real;

/// The mean loss of a batch and how many documents the largest logit names rightly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Score {
    pub(crate) loss: f64,
    pub(crate) n_correct: usize,
}

/// Scores `n_documents × n_labels` logits; writes the gradient of the mean loss if asked
/// for. Of equal logits the first counts.
///
/// # Panics
/// If a label is not below `n_labels`.
pub(crate) fn cross_entropy<T: Real>(
    logits: &[T],
    labels: &[u32],
    n_labels: usize,
    mut gradient: Option<&mut Vec<T>>,
) -> Score {
    if let Some(gradient) = &mut gradient {
        gradient.clear();
    }
    let n_documents = labels.len() as f64;
    let mut score = Score {
        loss: 0.0,
        n_correct: 0,
    };
    for (row, label) in logits.chunks_exact(n_labels).zip(labels) {
        let label = *label as usize;
        let largest = first_largest(row);
        score.n_correct += usize::from(largest == label);
        let largest = row[largest].to_f64();
        let exponentials = row.iter().map(|logit| libm::exp(logit.to_f64() - largest));
        let sum: f64 = exponentials.clone().sum();
        score.loss += libm::log(sum) + largest - row[label].to_f64();
        if let Some(gradient) = &mut gradient {
            gradient.extend(exponentials.enumerate().map(|(class, exponential)| {
                let target = f64::from(u8::from(class == label));
                T::from_f64((exponential / sum - target) / n_documents)
            }));
        }
    }
    score.loss /= n_documents;
    score
}

/// The first index of the largest number; 0 if all are NaN.
pub(crate) fn first_largest<T: Real>(row: &[T]) -> usize {
    (1..row.len()).fold(
        0,
        |best, index| {
            if row[index] > row[best] { index } else { best }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_documents_by_hand() {
        let mut gradient = Vec::new();
        let logits = [0.0, 3.0_f64.ln(), 1.0, 1.0];
        let score = cross_entropy(&logits, &[1, 1], 2, Some(&mut gradient));
        // -ln(3/4) and -ln(1/2).
        let expected = f64::midpoint((4.0_f64 / 3.0).ln(), 2.0_f64.ln());
        assert!((score.loss - expected).abs() < 1e-15);
        assert_eq!(score.n_correct, 1);
        for (found, expected) in gradient.iter().zip([0.125, -0.125, 0.25, -0.25]) {
            assert!((found - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn large_logits_do_not_overflow_and_nan_stays() {
        let score = cross_entropy(&[1e30_f32, -1e30], &[0], 2, None);
        assert_eq!((score.loss, score.n_correct), (0.0, 1));
        assert!(cross_entropy(&[f32::NAN, 0.0], &[0], 2, None).loss.is_nan());
    }
}
