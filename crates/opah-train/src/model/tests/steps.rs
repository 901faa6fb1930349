//! What training and evaluation change, and that they are reproducible.

use super::{STEP, adam, bits, dataset, projected, sgd};
use crate::config::schema::{self, BasicClassifier};
use crate::model::{Model, Parameter, Step};
use crate::optimizer::Optimizer;

#[test]
fn results_are_the_same_bits_for_any_number_of_threads() {
    let lengths: Vec<usize> = (0..64).map(|i| i * 7 % 90).collect();
    let dataset = dataset(&lengths, 700, 2);
    let run = |threads: usize, optimizer: &schema::Optimizer| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let mut model = Model::new(&projected(24, 70), 700, 2, 4).unwrap();
            let mut optimizer = Optimizer::new(optimizer, &model);
            let mut losses = Vec::new();
            for batch in 0..8 {
                let documents: Vec<u32> = (0..32).map(|i| (batch * 9 + i) % 64).collect();
                let step = Step {
                    batch: batch as usize,
                    grad_norm: Some(0.7),
                    ..STEP
                };
                let result = model.train_batch(&dataset, &documents, &mut optimizer, &step);
                losses.push(result.loss.to_bits());
            }
            model.settle(&mut optimizer);
            let mut logits = Vec::new();
            let result = model.evaluate(&dataset, &[0, 5, 63], &mut logits);
            losses.push(result.loss.to_bits());
            (losses, bits(&model))
        })
    };
    for optimizer in [sgd(0.5), adam(0.01)] {
        let one = run(1, &optimizer);
        assert_eq!(one, run(2, &optimizer));
        assert_eq!(one, run(3, &optimizer));
    }
}

#[test]
fn training_goes_on_exactly_from_saved_arrays() {
    let dataset = dataset(&[9; 40], 60, 3);
    let train = |model: &mut Model, optimizer: &mut Optimizer, batches: std::ops::Range<u32>| {
        for batch in batches {
            let step = Step {
                batch: batch as usize,
                ..STEP
            };
            let documents: Vec<u32> = (0..4).map(|i| (batch * 4 + i) % 40).collect();
            model.train_batch(&dataset, &documents, optimizer, &step);
        }
        model.settle(optimizer);
    };
    for options in [adam(0.02), sgd(0.3)] {
        let new = |seed| {
            let model = Model::new(&projected(6, 9), 60, 2, seed).unwrap();
            let optimizer = Optimizer::new(&options, &model);
            (model, optimizer)
        };
        let (mut model, mut optimizer) = new(1);
        train(&mut model, &mut optimizer, 0..7);
        let (mut loaded, mut loaded_optimizer) = new(2);
        for Parameter { name, shape, data } in model.parameters() {
            loaded.load(&name, &shape, &data).unwrap();
        }
        for Parameter { name, shape, data } in optimizer.state() {
            loaded_optimizer.load(&name, &shape, &data).unwrap();
        }
        assert_eq!(loaded_optimizer.n_steps(), 7);
        train(&mut model, &mut optimizer, 7..20);
        train(&mut loaded, &mut loaded_optimizer, 7..20);
        assert_eq!(bits(&model), bits(&loaded));
        assert_eq!(optimizer.state(), loaded_optimizer.state());
    }
}

#[test]
fn untrained_rows_and_tables_stay() {
    let dataset = dataset(&[9; 8], 12, 3);
    let mut options = projected(6, 9);
    options.embedding.padding_index = Some(3);
    let train = |options: &BasicClassifier, optimizer: &schema::Optimizer| {
        let mut model = Model::new(options, 12, 2, 1).unwrap();
        let before = model.parameters()[0].data.to_vec();
        let mut optimizer = Optimizer::new(optimizer, &model);
        for _ in 0..3 {
            model.train_batch(&dataset, &[0, 1, 2, 3, 4, 5], &mut optimizer, &STEP);
        }
        model.settle(&mut optimizer);
        (before, model.parameters()[0].data.to_vec())
    };
    for optimizer in [sgd(0.5), adam(0.1)] {
        let (before, after) = train(&options, &optimizer);
        assert_eq!(before[18..24], [0.0; 6]);
        assert_eq!(after[18..24], [0.0; 6]);
        assert_ne!(before[24..], after[24..]);
        assert_eq!(before[..6], after[..6], "no document has token 0");
        let mut frozen = options.clone();
        frozen.embedding.trainable = false;
        let (before, after) = train(&frozen, &optimizer);
        assert_eq!(before, after);
    }
}

#[test]
fn a_loss_that_is_nan_changes_nothing() {
    let dataset = dataset(&[9; 8], 12, 3);
    let mut model = Model::new(&projected(6, 9), 12, 2, 1).unwrap();
    let name = "_text_field_embedder.token_embedder_tokens.weight";
    let mut table = model.parameters()[0].data.to_vec();
    table[6 * dataset.tokens[0] as usize] = f32::NAN;
    model.load(name, &[12, 6], &table).unwrap();
    let before = bits(&model);
    let mut optimizer = Optimizer::new(&sgd(0.5), &model);
    let result = model.train_batch(&dataset, &[0, 1], &mut optimizer, &STEP);
    assert!(result.loss.is_nan());
    assert_eq!(bits(&model), before);
    assert_eq!(optimizer.n_steps(), 0);
}

#[test]
fn evaluation_drops_nothing_and_needs_no_labels() {
    let mut dataset = dataset(&[9, 1, 0, 4], 12, 3);
    let mut model = Model::new(&projected(6, 9), 12, 2, 1).unwrap();
    let (mut logits, mut again, mut single) = (Vec::new(), Vec::new(), Vec::new());
    let result = model.evaluate(&dataset, &[0, 1, 2, 3], &mut logits);
    assert!(result.loss.is_finite());
    dataset.labels.clear();
    let unlabelled = model.evaluate(&dataset, &[0, 1, 2, 3], &mut again);
    assert!(unlabelled.loss.is_nan() && unlabelled.n_correct == 0);
    assert_eq!(logits, again);
    model.evaluate(&dataset, &[3], &mut single);
    for (together, alone) in logits[6..].iter().zip(&single) {
        assert!((together - alone).abs() < 1e-6);
    }
    model.evaluate(&dataset, &[], &mut single);
    assert!(single.is_empty());
}
