//! The order in which documents are seen.
//!
//! As AllenNLP's `multiprocess` loader: consecutive documents, in a fresh order each epoch
//! if `shuffle` is set, the short last batch included unless `drop_last`. Or, with the
//! sampler `bucket`, documents of similar length together: they are sorted by their length
//! times 1 ± noise, cut into batches, and the batches come in random order. Nothing is ever
//! padded here, so buckets change the order only, not the cost.

use super::Dataset;
use crate::config::schema::{Bucket, DataLoader};
use crate::random::Rng;

/// The batches of an epoch as document numbers. They depend on the data, the loader, the
/// seed and the epoch alone.
pub fn batches(dataset: &Dataset, loader: &DataLoader, seed: u64, epoch: usize) -> Vec<Vec<u32>> {
    let mut rng = Rng::keyed(seed, "order of documents", epoch as u64, 0);
    let mut order: Vec<u32> = (0..dataset.len() as u32).collect();
    match &loader.bucket {
        Some(bucket) => sort_by_length(&mut order, dataset, bucket, &mut rng),
        None if loader.shuffle => rng.shuffle(&mut order),
        None => {}
    }
    let size = loader.batch_size.max(1);
    let wanted = |batch: &&[u32]| batch.len() == size || !loader.drop_last;
    let cut = order.chunks(size).filter(wanted);
    let mut batches: Vec<Vec<u32>> = cut.map(<[u32]>::to_vec).collect();
    if loader.bucket.as_ref().is_some_and(|bucket| bucket.shuffle) {
        rng.shuffle(&mut batches);
    }
    batches
}

/// The number of batches that [`batches`] gives for so many documents.
pub fn n_batches(n_documents: usize, loader: &DataLoader) -> usize {
    let size = loader.batch_size.max(1);
    if loader.drop_last {
        n_documents / size
    } else {
        n_documents.div_ceil(size)
    }
}

fn sort_by_length(order: &mut [u32], dataset: &Dataset, bucket: &Bucket, rng: &mut Rng) {
    let noise = if bucket.shuffle {
        bucket.padding_noise
    } else {
        0.0
    };
    let lengths: Vec<f64> = order
        .iter()
        .map(|document| {
            let length = dataset.document(*document as usize).len() as f64;
            length * (1.0 + noise * (2.0 * rng.uniform() - 1.0))
        })
        .collect();
    order.sort_by(|a, b| lengths[*a as usize].total_cmp(&lengths[*b as usize]));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents of the given lengths.
    fn dataset(lengths: &[usize]) -> Dataset {
        let mut dataset = Dataset {
            offsets: vec![0],
            ..Dataset::default()
        };
        for length in lengths {
            dataset.tokens.extend(vec![2; *length]);
            dataset.offsets.push(dataset.tokens.len());
        }
        dataset
    }

    const PLAIN: DataLoader = DataLoader {
        batch_size: 3,
        shuffle: false,
        drop_last: false,
        bucket: None,
    };

    #[test]
    fn without_shuffling_the_order_is_the_files() {
        let seven = dataset(&[1; 7]);
        let expected = [vec![0, 1, 2], vec![3, 4, 5], vec![6]];
        assert_eq!(batches(&seven, &PLAIN, 1, 0), expected);
        assert_eq!(batches(&seven, &PLAIN, 1, 5), expected);
        assert_eq!(n_batches(7, &PLAIN), 3);
        let full = DataLoader {
            drop_last: true,
            ..PLAIN
        };
        assert_eq!(batches(&seven, &full, 1, 0), expected[..2]);
        assert_eq!(n_batches(7, &full), 2);
        assert_eq!(
            n_batches(
                20_000,
                &DataLoader {
                    batch_size: 64,
                    ..PLAIN
                }
            ),
            313
        );
    }

    #[test]
    fn shuffling_gives_each_epoch_and_seed_an_order_of_its_own() {
        let data = dataset(&[1; 50]);
        let loader = DataLoader {
            shuffle: true,
            ..PLAIN
        };
        let order = |seed, epoch| batches(&data, &loader, seed, epoch).concat();
        assert_eq!(order(1, 0), order(1, 0));
        assert_ne!(order(1, 0), order(1, 1));
        assert_ne!(order(1, 0), order(2, 0));
        let mut sorted = order(1, 0);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<u32>>());
    }

    #[test]
    fn buckets_hold_documents_of_similar_length() {
        let data = dataset(&[9, 1, 8, 2, 7, 3, 6]);
        let bucket = |shuffle| DataLoader {
            bucket: Some(Bucket {
                padding_noise: 0.1,
                shuffle,
            }),
            ..PLAIN
        };
        let exact = [vec![1, 3, 5], vec![6, 4, 2], vec![0]];
        assert_eq!(batches(&data, &bucket(false), 1, 0), exact);
        let orders: Vec<_> = (0..20)
            .map(|epoch| batches(&data, &bucket(true), 1, epoch))
            .collect();
        assert!(orders.iter().any(|order| *order != orders[0]));
        // 10 % of noise can swap 8 with 9 or 7, but never 3 with 6.
        for mut order in orders {
            let small = order.iter_mut().find(|batch| batch.contains(&1)).unwrap();
            small.sort_unstable();
            assert_eq!(*small, [1, 3, 5]);
        }
    }
}
