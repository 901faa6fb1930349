use std::fmt::Write;
use std::fs;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::config::{ExtVars, evaluate_text};

/// A configuration whose data are files with the given lines.
fn config(folder: &Path, files: &[(Split, &str)]) -> Config {
    let path = |split: Split| {
        let (_, text) = files.iter().find(|(named, _)| *named == split)?;
        let path = folder.join(format!("{split:?}.jsonl"));
        fs::write(&path, text).unwrap();
        Some(path.to_str().unwrap().to_owned())
    };
    let optional = |key: &str, split| {
        path(split).map_or_else(String::new, |path| format!("{key}: '{path}', "))
    };
    let text = format!(
        "{{
          dataset_reader: {{type: 'text_classification_json', tokenizer: 'whitespace'}},
          train_data_path: '{}', {} {}
          datasets_for_vocab_creation: ['train'],
          model: {{
            type: 'basic_classifier',
            text_field_embedder: {{token_embedders: {{tokens: {{embedding_dim: 4}}}}}},
            seq2vec_encoder: {{type: 'boe', embedding_dim: 4}},
          }},
          data_loader: {{batch_size: 2}},
          trainer: {{}},
        }}",
        path(Split::Train).unwrap_or("absent.jsonl".to_owned()),
        optional("validation_data_path", Split::Validation),
        optional("test_data_path", Split::Test),
    );
    let document = evaluate_text(Path::new("test.jsonnet"), text.as_bytes(), &ExtVars::new());
    document.unwrap().read().unwrap()
}

const TRAIN: &str = r#"{"text": "a good film", "label": "pos"}

{"text": "a bad  film", "label": "neg"}
{"text": "Bad bad bad", "label": "neg"}
"#;
const DEV: &str = r#"{"label": "pos", "text": "good ending"}"#;

/// What went wrong, without the folder.
fn problem(config: &Config, folder: &Path) -> String {
    let message = prepare(config, 2).unwrap_err().to_string();
    message.replace(&format!("{}/", folder.display()), "")
}

#[test]
fn files_become_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(
        folder.path(),
        &[(Split::Train, TRAIN), (Split::Validation, DEV)],
    );
    let corpus = prepare(&config, 2).unwrap();
    let words: Vec<&str> = corpus.vocabulary.tokens("tokens").skip(2).collect();
    assert_eq!(words, ["bad", "a", "film", "good", "Bad"]);
    assert_eq!(corpus.train.tokens, [3, 5, 4, 3, 2, 4, 6, 2, 2]);
    assert_eq!(corpus.train.offsets, [0, 3, 6, 9]);
    assert_eq!(corpus.train.labels, [1, 0, 0]);
    let validation = corpus.validation.unwrap();
    assert_eq!(validation.tokens, [5, 1]);
    assert_eq!(validation.labels, [1]);
    assert_eq!(corpus.test, None);
}

#[test]
fn options_of_the_reader_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(
        folder.path(),
        &[(Split::Train, TRAIN), (Split::Validation, DEV)],
    );
    config.datasets_for_vocab_creation = None;
    let reader = &mut config.dataset_reader;
    reader.max_instances = Some(2);
    reader.max_sequence_length = Some(2);
    reader.indexer.lowercase_tokens = true;
    reader.indexer.start_tokens = vec!["A".to_owned()];
    reader.indexer.end_tokens = vec!["@@end@@".to_owned()];
    let corpus = prepare(&config, 1).unwrap();
    let words: Vec<&str> = corpus.vocabulary.tokens("tokens").skip(2).collect();
    assert_eq!(words, ["a", "good", "bad", "ending"]);
    assert_eq!(corpus.train.document(0), [2, 2, 3, 1]);
    assert_eq!(corpus.train.document(1), [2, 2, 4, 1]);
    assert_eq!(corpus.train.len(), 2);
    let indexer = super::super::Indexer::new(&config.dataset_reader, &corpus.vocabulary);
    assert_eq!(indexer.ids("A Good film"), corpus.train.document(0));
    assert_eq!(indexer.tokens("A Good film"), ["A", "Good"]);
}

#[test]
fn a_stored_vocabulary_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(
        folder.path(),
        &[(Split::Train, TRAIN), (Split::Validation, DEV)],
    );
    let first = prepare(&config, 1).unwrap();
    let directory = folder.path().join("vocabulary");
    first.vocabulary.save(&directory).unwrap();
    config.vocabulary = schema::Vocabulary::FromFiles {
        directory: directory.to_str().unwrap().to_owned(),
    };
    let second = prepare(&config, 1).unwrap();
    assert_eq!(second.train, first.train);
    assert_eq!(second.validation, first.validation);
    let location = Location {
        path: config.validation_data_path.as_ref().unwrap(),
        key: None,
    };
    let downloads = Downloads::default();
    let reader = &config.dataset_reader;
    let again = read_dataset(location, reader, &second.vocabulary, &downloads, 1).unwrap();
    assert_eq!(Some(again), second.validation);
}

#[test]
fn labels_may_be_class_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let train = "{\"text\": \"a\", \"label\": 2}\n{\"text\": \"b\", \"label\": \"0\"}\n";
    let mut config = config(folder.path(), &[(Split::Train, train)]);
    config.dataset_reader.skip_label_indexing = true;
    assert_eq!(
        problem(&config, folder.path()),
        "`skip_label_indexing` leaves no labels to count; set `model.num_labels`"
    );
    config.model.num_labels = Some(2);
    assert_eq!(
        problem(&config, folder.path()),
        "`Train.jsonl` holds the label 2, but `model.num_labels` is 2; labels count from 0"
    );
    config.model.num_labels = Some(3);
    let corpus = prepare(&config, 1).unwrap();
    assert_eq!(corpus.train.labels, [2, 0]);
    assert_eq!(corpus.vocabulary.size(LABELS), 0);
    fs::write(&config.train_data_path, r#"{"text": "a", "label": 0.5}"#).unwrap();
    assert_eq!(
        problem(&config, folder.path()),
        "Train.jsonl:1: the label `0.5` is no class number, which `skip_label_indexing` asks for"
    );
}

#[test]
fn bad_data_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let train = |text: &str| problem(&config(folder, &[(Split::Train, text)]), folder);
    assert_eq!(
        problem(&config(folder, &[]), folder),
        "there is no file `absent.jsonl` (`train_data_path`)"
    );
    assert_eq!(
        train("\n \n"),
        "`Train.jsonl` (`train_data_path`) holds no record"
    );
    assert_eq!(
        train(&format!("{TRAIN}\n{{\"text\": \"x\"}}")),
        "Train.jsonl:6: no label under `label`, but this data needs labels"
    );
    assert_eq!(
        train(&format!("{TRAIN}{{\"txt\": \"x\"}}\n{{")),
        "Train.jsonl:5: no key `text`; the record has `txt`; `dataset_reader.text_key` names the text"
    );
    assert_eq!(
        train("{"),
        "Train.jsonl:1: column 1: EOF while parsing an object"
    );
    let pair = |dev: &str| config(folder, &[(Split::Train, TRAIN), (Split::Validation, dev)]);
    assert_eq!(
        problem(&pair("\n{\"text\": \"x\", \"label\": \"neutral\"}"), folder),
        "Validation.jsonl:2: the label `neutral` is not in the vocabulary; known labels: `neg`, `pos`"
    );
    let mut unloaded = pair(DEV);
    unloaded.datasets_for_vocab_creation = Some(vec![Split::Train, Split::Test]);
    assert_eq!(
        problem(&unloaded, folder),
        "`datasets_for_vocab_creation` names `test`, but there is no `test_data_path`"
    );
    let mut dropped = pair(DEV);
    dropped.data_loader.drop_last = true;
    dropped.data_loader.batch_size = 4;
    assert_eq!(
        problem(&dropped, folder),
        "`data_loader.drop_last` leaves no batch: 3 documents, `batch_size` 4"
    );
    let mut unpadded = pair(DEV);
    unpadded.dataset_reader.indexer.namespace = "my_tags".to_owned();
    assert!(problem(&unpadded, folder).starts_with("the tokens' namespace `my_tags` matches"));
}

#[test]
fn test_data_may_be_unlabelled_unless_it_is_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let test = "{\"text\": \"x\", \"label\": null}\n{\"text\": \"\"}\n";
    let mut config = config(folder.path(), &[(Split::Train, TRAIN), (Split::Test, test)]);
    let corpus = prepare(&config, 1).unwrap();
    let data = corpus.test.unwrap();
    assert_eq!((data.len(), data.labels.len()), (2, 0));
    assert_eq!(data.document(1), [0_u32; 0]);
    config.evaluate_on_test = true;
    assert!(problem(&config, folder.path()).starts_with("Test.jsonl:1: no label"));
}

#[test]
fn one_of_several_threads_prepares_and_errors_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let good = config(folder.path(), &[(Split::Train, TRAIN)]);
    let cache = CorpusCache::default();
    let corpora: Vec<Arc<Corpus>> = std::thread::scope(|scope| {
        let spawned: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| cache.get(&good, 1).unwrap()))
            .collect();
        spawned
            .into_iter()
            .map(|handle| handle.join().unwrap())
            .collect()
    });
    assert!(
        corpora
            .iter()
            .all(|corpus| Arc::ptr_eq(corpus, &corpora[0]))
    );

    let mut other = good.clone();
    other.trainer.num_epochs = 9;
    assert!(Arc::ptr_eq(&cache.get(&other, 2).unwrap(), &corpora[0]));
    other.data_loader.drop_last = true;
    other.data_loader.batch_size = 9;
    assert!(cache.get(&other, 1).is_err());
    other = good.clone();
    other.dataset_reader.max_instances = Some(1);
    assert_eq!(cache.get(&other, 1).unwrap().train.len(), 1);

    other.train_data_path = folder.path().join("later").to_str().unwrap().to_owned();
    assert!(cache.get(&other, 1).is_err());
    fs::write(&other.train_data_path, TRAIN).unwrap();
    assert!(cache.get(&other, 1).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5))]

    /// Files of several blocks, so that threads take turns.
    #[test]
    fn numbers_do_not_depend_on_the_number_of_threads(seed in 0_u64..1000, n in 20_000_usize..40_000) {
        let mut rng = crate::random::Rng::keyed(seed, "test", 0, 0);
        let mut text = String::new();
        for _ in 0..n {
            let words: Vec<String> = (0..4).map(|_| {
                let size = 10_usize.pow(1 + rng.below(5) as u32);
                format!("w{}", rng.below(size))
            }).collect();
            let label = rng.below(3);
            let words = words.join(" ");
            writeln!(text, "{{\"label\": {label}, \"text\": \"{words}\"}}").unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path(), &[(Split::Train, &text), (Split::Validation, &text)]);
        config.datasets_for_vocab_creation = None;
        let one = prepare(&config, 1).unwrap();
        for threads in [2, 5] {
            let several = prepare(&config, threads).unwrap();
            prop_assert_eq!(&several.train, &one.train);
            prop_assert_eq!(&several.validation, &one.validation);
            for namespace in ["tokens", LABELS] {
                prop_assert!(several.vocabulary.tokens(namespace).eq(one.vocabulary.tokens(namespace)));
            }
        }
        // Each text is what its numbers say.
        let first: Vec<&str> = one.train.document(n - 1).iter()
            .map(|id| one.vocabulary.token("tokens", *id).unwrap()).collect();
        let end = format!("\"{}\"}}", first.join(" "));
        prop_assert!(text.trim_end().ends_with(&end));
    }
}
