use super::*;
use crate::config::schema::{
    self, Activation, FeedForward as FeedForwardOptions, FeedForwardLayer, Seq2Vec,
};
use crate::random::Rng;

/// Documents of the given lengths with tokens in `1..n_tokens` and two labels.
fn dataset(lengths: &[usize], n_tokens: usize, seed: u64) -> Dataset {
    let mut rng = Rng::keyed(seed, "documents", 0, 0);
    let mut below = |n: usize| rng.below(n) as u32;
    let mut dataset = Dataset {
        offsets: vec![0],
        ..Dataset::default()
    };
    for length in lengths {
        let tokens = (0..*length).map(|_| 1 + below(n_tokens - 1));
        dataset.tokens.extend(tokens);
        dataset.offsets.push(dataset.tokens.len());
        dataset.labels.push(below(2));
    }
    dataset
}

fn cnn(embedding_dim: usize, num_filters: usize, widths: &[usize]) -> Seq2Vec {
    Seq2Vec::Cnn {
        embedding_dim,
        num_filters,
        ngram_filter_sizes: widths.to_vec(),
        activation: Activation::Relu,
        output_dim: None,
    }
}

fn options(embedding_dim: usize, seq2vec_encoder: Seq2Vec) -> BasicClassifier {
    BasicClassifier {
        embedding: schema::Embedding {
            name: "tokens".to_owned(),
            embedding_dim,
            num_embeddings: None,
            padding_index: None,
            trainable: true,
        },
        seq2vec_encoder,
        feedforward: None,
        dropout: None,
        num_labels: None,
        label_namespace: "labels".to_owned(),
    }
}

const STEP: Step = Step {
    seed: 5,
    epoch: 0,
    batch: 0,
    grad_norm: None,
    grad_clipping: None,
};

/// Compares every gradient, or 60 of each parameter, with a finite difference.
fn check_gradients(options: &BasicClassifier, lengths: &[usize]) {
    let n_tokens = 30;
    let dataset = dataset(lengths, n_tokens, 1);
    let batch: Vec<u32> = (0..lengths.len() as u32).collect();
    let mut model = Model::<f64>::new(options, n_tokens, 2, 11).unwrap();
    // Embeddings of the size of other weights, so that differences are well measured.
    for value in &mut model.embedding.weight.data {
        *value *= 3.0;
    }
    let key = Some(MaskKey {
        seed: 1,
        epoch: 0,
        batch: 0,
    });
    model.builder.read(&dataset, &batch, &mut model.batch);
    model.gradients(&dataset.labels, key);
    let embedding = dense_embedding_gradient(&mut model);
    let mut analytic: Vec<Vec<f64>> = vec![embedding];
    let weights = model.weights();
    analytic.extend(weights.iter().skip(1).map(|weight| weight.gradient.clone()));
    let names: Vec<String> = weights.iter().map(|weight| weight.name.clone()).collect();
    let loss = |model: &mut Model<f64>| {
        let mut logits = Vec::new();
        model.forward(key, &mut logits);
        loss::cross_entropy(&logits, &dataset.labels, 2, None).loss
    };
    for (parameter, gradient) in analytic.iter().enumerate() {
        assert!(
            gradient.iter().any(|value| *value != 0.0),
            "{} has a gradient",
            names[parameter]
        );
        let stride = gradient.len().div_ceil(60);
        for index in (0..gradient.len()).step_by(stride) {
            let epsilon = 1e-6;
            let mut at = |change: f64| {
                model.weights_mut()[parameter].data[index] += change;
                let loss = loss(&mut model);
                model.weights_mut()[parameter].data[index] -= change;
                loss
            };
            let difference = (at(epsilon) - at(-epsilon)) / (2.0 * epsilon);
            let error = (gradient[index] - difference).abs();
            assert!(
                error < 1e-9,
                "{}[{index}]: {} analytically, {difference} by difference",
                names[parameter],
                gradient[index]
            );
        }
    }
}

fn dense_embedding_gradient(model: &mut Model<f64>) -> Vec<f64> {
    let mut dense = vec![0.0; model.embedding.weight.data.len()];
    let slot = model.embedding.slot().unwrap();
    let crate::layer::Gradient::Rows { rows, values, dim } = slot.gradient else {
        panic!("rows");
    };
    for (row, values) in rows.iter().zip(values.chunks(dim)) {
        dense[*row as usize * dim..][..dim].copy_from_slice(values);
    }
    dense
}

#[test]
fn gradients_of_the_cnn_are_right() {
    for num_filters in [3, 37] {
        let options = options(7, cnn(7, num_filters, &[2, 3, 4]));
        check_gradients(&options, &[3, 25, 9, 14, 2]);
    }
}

#[test]
fn gradients_of_the_projected_cnn_with_dropout_are_right() {
    for activation in [
        Activation::Linear,
        Activation::Relu,
        Activation::Tanh,
        Activation::Sigmoid,
    ] {
        let encoder = Seq2Vec::Cnn {
            embedding_dim: 6,
            num_filters: 9,
            ngram_filter_sizes: vec![4, 1, 2],
            activation,
            output_dim: Some(8),
        };
        let mut options = options(6, encoder);
        options.dropout = Some(0.4);
        check_gradients(&options, &[1, 0, 25, 9, 3, 14]);
    }
}

#[test]
fn gradients_of_bags_of_embeddings_are_right() {
    for averaged in [false, true] {
        let encoder = Seq2Vec::Boe {
            embedding_dim: 6,
            averaged,
        };
        check_gradients(&options(6, encoder), &[1, 0, 25, 9]);
    }
}

#[test]
fn gradients_of_feedforward_layers_are_right() {
    let mut options = options(6, cnn(6, 5, &[2]));
    let layer = |hidden_dim, activation, dropout| FeedForwardLayer {
        hidden_dim,
        activation,
        dropout,
    };
    options.feedforward = Some(FeedForwardOptions {
        input_dim: 5,
        layers: vec![
            layer(9, Activation::Tanh, 0.3),
            layer(4, Activation::Relu, 0.0),
            layer(3, Activation::Sigmoid, 0.2),
        ],
    });
    options.dropout = Some(0.2);
    check_gradients(&options, &[1, 25, 9, 12]);
}

fn sgd(lr: f64) -> schema::Optimizer {
    schema::Optimizer::Sgd {
        lr,
        momentum: 0.0,
        dampening: 0.0,
        weight_decay: 0.0,
        nesterov: false,
    }
}

fn adam(lr: f64) -> schema::Optimizer {
    schema::Optimizer::Adam(schema::Adam {
        lr,
        ..schema::Adam::default()
    })
}

/// All numbers of the model, as bits.
fn bits(model: &Model) -> Vec<u32> {
    let parameters = model.parameters();
    let numbers = parameters
        .iter()
        .flat_map(|parameter| parameter.data.iter());
    numbers.map(|number| number.to_bits()).collect()
}

fn projected(dim: usize, num_filters: usize) -> BasicClassifier {
    let encoder = Seq2Vec::Cnn {
        embedding_dim: dim,
        num_filters,
        ngram_filter_sizes: vec![2, 3, 4],
        activation: Activation::Relu,
        output_dim: Some(12),
    };
    let mut options = options(dim, encoder);
    options.dropout = Some(0.3);
    options
}

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
fn what_is_loaded_must_fit() {
    let mut model = Model::new(&options(4, cnn(4, 3, &[2])), 10, 2, 0).unwrap();
    let mut optimizer = Optimizer::new(&adam(0.1), &model);
    let unknown = model.load("bias", &[1], &[0.0]).unwrap_err().to_string();
    insta::assert_snapshot!(unknown);
    let name = "_classification_layer.bias";
    let shape = model.load(name, &[3], &[0.0; 3]).unwrap_err().to_string();
    insta::assert_snapshot!(shape);
    assert!(optimizer.load("bias.exp_avg", &[1], &[0.0]).is_err());
    let name = "_classification_layer.bias.exp_avg";
    assert!(optimizer.load(name, &[3], &[0.0; 3]).is_err());
    assert!(optimizer.load(name, &[2], &[0.0; 2]).is_ok());
}

#[test]
fn layers_that_do_not_fit_are_named() {
    let refused = |change: &dyn Fn(&mut BasicClassifier)| {
        let mut options = options(4, cnn(4, 3, &[2]));
        change(&mut options);
        Model::<f32>::new(&options, 10, 2, 0)
            .unwrap_err()
            .to_string()
    };
    let feedforward = |input_dim| {
        Some(FeedForwardOptions {
            input_dim,
            layers: Vec::new(),
        })
    };
    let messages = [
        refused(&|options| options.seq2vec_encoder = cnn(5, 3, &[2])),
        refused(&|options| options.seq2vec_encoder = cnn(4, 3, &[])),
        refused(&|options| options.seq2vec_encoder = cnn(4, 0, &[2])),
        refused(&|options| options.seq2vec_encoder = cnn(4, 3, &[2, 0])),
        refused(&|options| options.seq2vec_encoder = cnn(4, usize::MAX / 2, &[2])),
        refused(&|options| options.feedforward = feedforward(4)),
        refused(&|options| options.num_labels = Some(1)),
        refused(&|options| options.dropout = Some(1.0)),
        refused(&|options| options.dropout = Some(f64::NAN)),
        refused(&|options| options.embedding.num_embeddings = Some(9)),
        refused(&|options| options.embedding.padding_index = Some(10)),
        refused(&|options| options.embedding.embedding_dim = 0),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn the_baseline_of_the_chapter_has_its_number_of_parameters() {
    let encoder = Seq2Vec::Cnn {
        embedding_dim: 128,
        num_filters: 128,
        ngram_filter_sizes: vec![2, 3, 4],
        activation: Activation::Relu,
        output_dim: Some(128),
    };
    let model = Model::<f32>::new(&options(128, encoder), 243_492, 2, 0).unwrap();
    assert_eq!(model.n_numbers(), 31_364_354);
    let shapes: Vec<String> = model
        .parameters()
        .iter()
        .map(|parameter| format!("{} {:?}", parameter.name, parameter.shape))
        .collect();
    insta::assert_snapshot!(shapes.join("\n"));
    // Xavier uniform over the table.
    let bound = (6.0_f32 / (243_492.0 + 128.0)).sqrt();
    let table = &model.parameters()[0].data;
    let largest = table.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
    assert!(largest <= bound && largest > 0.999 * bound, "{largest}");
}

#[test]
fn a_new_layer_changes_no_other_parameter() {
    let plain = Model::<f32>::new(&options(4, cnn(4, 3, &[2])), 10, 2, 0).unwrap();
    let wider = Model::<f32>::new(&options(4, cnn(4, 3, &[2, 3])), 10, 2, 0).unwrap();
    let (plain, wider) = (plain.parameters(), wider.parameters());
    assert_eq!(plain[..3], wider[..3]);
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
