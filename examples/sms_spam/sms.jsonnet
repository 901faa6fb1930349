// Is a text message spam? The chapter's CNN, small, on the messages in data/.
// Paths are seen from the folder in which the command runs: the repository's root.
local seed = 42;

local embedding_dim = std.parseInt(std.extVar('embedding_dim'));
local dropout = std.parseJson(std.extVar('dropout'));
local lr = std.parseJson(std.extVar('lr'));
local max_filter_size = std.parseInt(std.extVar('max_filter_size'));
local num_filters = std.parseInt(std.extVar('num_filters'));

{
  numpy_seed: seed,
  pytorch_seed: seed,
  random_seed: seed,
  dataset_reader: {
    type: 'text_classification_json',
    tokenizer: {
      type: 'word_punctuation',
    },
    token_indexers: {
      tokens: {
        type: 'single_id',
        lowercase_tokens: true,
      },
    },
  },
  datasets_for_vocab_creation: ['train'],
  train_data_path: 'examples/sms_spam/data/train.jsonl',
  validation_data_path: 'examples/sms_spam/data/dev.jsonl',
  model: {
    type: 'basic_classifier',
    text_field_embedder: {
      token_embedders: {
        tokens: {
          embedding_dim: embedding_dim,
        },
      },
    },
    seq2vec_encoder: {
      type: 'cnn',
      embedding_dim: embedding_dim,
      ngram_filter_sizes: std.range(2, max_filter_size),
      num_filters: num_filters,
    },
    dropout: dropout,
  },
  data_loader: {
    batch_size: 32,
    shuffle: true,
  },
  trainer: {
    cuda_device: -1,
    num_epochs: 8,
    optimizer: {
      type: 'adam',
      lr: lr,
    },
    validation_metric: '+accuracy',
    callbacks: [
      {
        type: 'optuna_pruner',
      },
    ],
  },
}
