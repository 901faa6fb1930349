//! Which parameters a model has, and which it refuses.

use super::{adam, cnn, options};
use crate::config::schema::{
    Activation, BasicClassifier, FeedForward as FeedForwardOptions, Seq2Vec,
};
use crate::model::Model;
use crate::optimizer::Optimizer;

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
