use super::*;
use crate::data::Dataset;
use crate::encoder::BatchBuilder;
use crate::layer::initial::fill_uniform;

/// A batch of all documents of `dataset`, whose tokens have the vectors `table`.
fn batch(dataset: &Dataset, table: &[f64], dim: usize) -> Batch<f64> {
    let documents: Vec<u32> = (0..dataset.len() as u32).collect();
    let mut batch = Batch::default();
    BatchBuilder::new(table.len() / dim).read(dataset, &documents, &mut batch);
    let rows = batch.tokens.iter().map(|token| *token as usize * dim);
    batch.vectors = rows.flat_map(|at| &table[at..at + dim]).copied().collect();
    batch.vectors.extend(vec![0.0; dim]);
    batch.dim = dim;
    batch.finite = true;
    batch
}

fn dataset(documents: &[&[u32]]) -> Dataset {
    let mut offsets = vec![0];
    offsets.extend(documents.iter().scan(0, |end, document| {
        *end += document.len();
        Some(*end)
    }));
    Dataset {
        tokens: documents.concat(),
        offsets,
        labels: Vec::new(),
    }
}

fn set(cnn: &mut Cnn<f64>, name: &str, data: &[f64]) {
    let mut weights = cnn.weights_mut();
    let weight = weights
        .iter_mut()
        .find(|weight| weight.name.ends_with(name));
    weight.unwrap().set_plain(data);
}

/// The golden example of the AllenNLP specification, section 1.12.
#[test]
fn the_golden_example_is_met() {
    let mut cnn = Cnn::<f64>::new(2, 1, &[2, 3], Activation::Relu, Some(2), 0);
    // PyTorch's order: filter, component, offset.
    set(&mut cnn, "conv_layer_0.weight", &[1.0, 0.5, 1.0, -1.0]);
    set(&mut cnn, "conv_layer_0.bias", &[0.25]);
    set(
        &mut cnn,
        "conv_layer_1.weight",
        &[1.0, 0.0, 1.0, 0.0, 1.0, -1.0],
    );
    set(&mut cnn, "conv_layer_1.bias", &[-0.5]);
    set(&mut cnn, "projection_layer.weight", &[1.0, 2.0, -1.0, 1.0]);
    set(&mut cnn, "projection_layer.bias", &[0.1, -0.1]);
    let table = [0.0, 0.0, 1.0, 0.0, 0.0, 2.0, -1.0, 1.0, 3.0, -1.0];
    let batch = batch(&dataset(&[&[1, 2, 3], &[4, 0, 0]]), &table, 2);
    let mut output = Vec::new();
    cnn.forward(&batch, &mut output);
    assert_eq!(cnn.pooled, [0.75, 0.5, 0.0, 0.0]);
    for (found, expected) in output.iter().zip([1.85, -0.35, 0.1, -0.1]) {
        assert!((found - expected).abs() < 1e-15, "{output:?}");
    }
}

/// Pooled vectors by the formula in the module's documentation.
fn by_definition(cnn: &Cnn<f64>, documents: &Dataset, table: &[f64]) -> Vec<f64> {
    let mut pooled = Vec::new();
    for document in 0..documents.len() {
        let tokens = documents.document(document);
        let n = tokens.iter().filter(|token| **token != 0).count();
        for convolution in &cnn.convolutions {
            let (filters, bias) = (convolution.filters.plain(), &convolution.bias.data);
            let [n_filters, dim, width] = *convolution.filters.shape else {
                panic!("three dimensions");
            };
            for filter in 0..n_filters {
                let value = |begin: usize| {
                    let mut sum = bias[filter];
                    for offset in 0..width {
                        let token = tokens[begin + offset] as usize;
                        for component in 0..dim {
                            let masked = f64::from(u8::from(token != 0));
                            sum += filters[(filter * dim + component) * width + offset]
                                * table[token * dim + component]
                                * masked;
                        }
                    }
                    activation::value(cnn.activation, sum)
                };
                let windows = (0..(n + 1).saturating_sub(width)).map(value);
                pooled.push(windows.reduce(f64::max).unwrap_or(0.0));
            }
        }
    }
    pooled
}

/// Any number of filters, texts shorter than the filters, empty ones, padding at the end
/// and inside.
#[test]
fn pooling_equals_the_definition() {
    let dim = 5;
    let mut table = vec![0.0; 40 * dim];
    fill_uniform(&mut table, 1.0, 1, "table");
    let long: Vec<u32> = (0..60).map(|i| i * i % 39 + 1).collect();
    let documents = dataset(&[
        &long,
        &[3],
        &[],
        &[7, 0, 9, 0, 0],
        &[1, 2, 3, 4],
        &[0, 0, 0],
    ]);
    for n_filters in [1, 7, 8, 33, 45] {
        for activation in [
            Activation::Linear,
            Activation::Relu,
            Activation::Tanh,
            Activation::Sigmoid,
        ] {
            let mut cnn = Cnn::<f64>::new(dim, n_filters, &[1, 4, 2], activation, None, 3);
            let mut output = Vec::new();
            cnn.forward(&batch(&documents, &table, dim), &mut output);
            let expected = by_definition(&cnn, &documents, &table);
            assert_eq!(output.len(), expected.len());
            for (found, expected) in output.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{n_filters} {activation:?}"
                );
            }
        }
    }
}

#[test]
fn numbers_that_are_not_finite_are_not_overlooked() {
    let table = [0.0, 0.0, 1.0, 2.0, f64::NAN, 1.0];
    let mut batch = batch(&dataset(&[&[1, 1, 2, 1, 1]]), &table, 2);
    batch.finite = false;
    let mut cnn = Cnn::<f64>::new(2, 3, &[2], Activation::Relu, None, 0);
    let mut output = Vec::new();
    cnn.forward(&batch, &mut output);
    assert!(output.iter().all(|value| value.is_nan()));
}
