//! Trained by PyTorch and by opah, a model goes the same way: losses of each step and
//! weights after the last, for every optimizer.
#![expect(clippy::unwrap_used, reason = "tests")]

use opah_train::config::schema::{
    Activation, Adam, BasicClassifier, Embedding, Optimizer as Options, Seq2Vec,
};
use opah_train::data::Dataset;
use opah_train::model::{Model, Step};
use opah_train::optimizer::Optimizer;
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("data/pytorch_trajectories.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f32> {
    let numbers = value.as_array().unwrap().iter();
    numbers
        .map(|number| number.as_f64().unwrap() as f32)
        .collect()
}

fn indices(value: &Value) -> Vec<u32> {
    let numbers = value.as_array().unwrap().iter();
    numbers
        .map(|number| number.as_u64().unwrap() as u32)
        .collect()
}

fn dataset(fixture: &Value) -> Dataset {
    let mut dataset = Dataset {
        offsets: vec![0],
        labels: indices(&fixture["labels"]),
        ..Dataset::default()
    };
    for document in fixture["tokens"].as_array().unwrap() {
        dataset.tokens.extend(indices(document));
        dataset.offsets.push(dataset.tokens.len());
    }
    dataset
}

fn model(fixture: &Value) -> Model {
    let options = BasicClassifier {
        embedding: Embedding {
            name: "tokens".to_owned(),
            embedding_dim: 6,
            num_embeddings: None,
            padding_index: None,
            trainable: true,
        },
        seq2vec_encoder: Seq2Vec::Cnn {
            embedding_dim: 6,
            num_filters: 5,
            ngram_filter_sizes: vec![2, 3],
            activation: Activation::Relu,
            output_dim: Some(4),
        },
        feedforward: None,
        dropout: None,
        num_labels: None,
        label_namespace: "labels".to_owned(),
    };
    let mut model = Model::new(&options, 40, 2, 0).unwrap();
    for (name, weight) in fixture["weights"].as_object().unwrap() {
        let shape: Vec<usize> = indices(&weight["shape"])
            .iter()
            .map(|s| *s as usize)
            .collect();
        model.load(name, &shape, &numbers(&weight["data"])).unwrap();
    }
    model
}

fn check(run: &str, options: &Options, step: Step) {
    let fixture = fixture();
    let (dataset, mut model) = (dataset(&fixture), model(&fixture));
    let mut optimizer = Optimizer::new(options, &model);
    let expected = &fixture["runs"][run];
    for (batch, loss) in fixture["batches"]
        .as_array()
        .unwrap()
        .iter()
        .zip(numbers(&expected["losses"]))
    {
        let result = model.train_batch(&dataset, &indices(batch), &mut optimizer, &step);
        let error = (result.loss - f64::from(loss)).abs();
        assert!(
            error < 2e-6,
            "{run}: loss {} instead of {loss}",
            result.loss
        );
    }
    model.settle(&mut optimizer);
    for parameter in model.parameters() {
        let expected = numbers(&expected["weights"][&parameter.name]["data"]);
        assert_eq!(parameter.data.len(), expected.len());
        for (index, (found, expected)) in parameter.data.iter().zip(expected).enumerate() {
            assert!(
                (found - expected).abs() < 1e-5,
                "{run}: {}[{index}] is {found} instead of {expected}",
                parameter.name
            );
        }
    }
}

const STEP: Step = Step {
    seed: 0,
    epoch: 0,
    batch: 0,
    grad_norm: None,
    grad_clipping: None,
};

fn sgd(lr: f64, momentum: f64, dampening: f64, weight_decay: f64, nesterov: bool) -> Options {
    Options::Sgd {
        lr,
        momentum,
        dampening,
        weight_decay,
        nesterov,
    }
}

const ADAM: Adam = Adam {
    lr: 0.03,
    betas: (0.9, 0.999),
    eps: 1e-8,
    weight_decay: 0.0,
    amsgrad: false,
    decoupled: false,
};

#[test]
fn sgd_goes_pytorchs_way() {
    check("sgd", &sgd(0.5, 0.0, 0.0, 0.0, false), STEP);
    check("sgd_momentum", &sgd(0.1, 0.9, 0.3, 0.0, false), STEP);
    check("sgd_nesterov_decay", &sgd(0.1, 0.9, 0.0, 0.01, true), STEP);
    check("sgd_decay", &sgd(0.3, 0.0, 0.0, 0.05, false), STEP);
}

#[test]
fn bounded_gradients_go_pytorchs_way() {
    let step = Step {
        grad_norm: Some(0.3),
        grad_clipping: Some(0.05),
        ..STEP
    };
    check("sgd_bounded", &sgd(0.5, 0.0, 0.0, 0.0, false), step);
}

#[test]
fn adam_goes_pytorchs_way() {
    check("adam", &Options::Adam(ADAM), STEP);
    let decay = Adam {
        betas: (0.8, 0.95),
        weight_decay: 0.1,
        ..ADAM
    };
    check("adam_decay", &Options::Adam(decay), STEP);
    let amsgrad = Adam {
        betas: (0.9, 0.9),
        amsgrad: true,
        ..ADAM
    };
    check("adam_amsgrad", &Options::Adam(amsgrad), STEP);
    let adamw = Adam {
        weight_decay: 0.2,
        decoupled: true,
        ..ADAM
    };
    check("adamw", &Options::Adam(adamw), STEP);
}

#[test]
fn dense_sparse_adam_goes_pytorchs_way() {
    let options = Options::DenseSparseAdam {
        lr: 0.03,
        betas: (0.9, 0.999),
        eps: 1e-8,
    };
    check("dense_sparse_adam", &options, STEP);
}
