//! The numbers of tokens and labels, and their files.
//!
//! A vocabulary has namespaces, each a numbering of its own. In most of them 0 stands for
//! padding and 1 for whatever is unknown; those that match a pattern such as `*labels` have
//! neither, so that labels count from 0. Numbers follow frequency. The order and the files
//! are AllenNLP's, so each reads what the other wrote.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::counting::Tally;
use super::error::DataError;
use super::interner::Interner;
use crate::config::schema::{MaxVocabSize, VocabularyOptions};

/// The namespace in which the reader counts labels.
pub const LABELS: &str = "labels";

/// Stands for a line break inside a token in a vocabulary's file.
const NEWLINE: &str = "@@NEWLINE@@";

/// The file with the patterns of namespaces that are not padded.
const PATTERNS_FILE: &str = "non_padded_namespaces.txt";

/// Numbered tokens and labels.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    namespaces: BTreeMap<String, Namespace>,
    non_padded: Vec<String>,
    padding_token: String,
    oov_token: String,
}

/// One numbering.
#[derive(Debug, Clone, Default)]
struct Namespace {
    texts: Interner,
    /// The number of the unknown; `None` in a namespace that is not padded.
    unknown: Option<u32>,
}

impl Vocabulary {
    /// A vocabulary of what was counted, by namespace.
    pub(super) fn from_counts(
        options: &VocabularyOptions,
        counts: &BTreeMap<String, Tally>,
    ) -> Result<Self, DataError> {
        let is_uncounted = |name: &&String| !counts.contains_key(*name);
        let names: Vec<String> = options
            .min_count
            .keys()
            .filter(is_uncounted)
            .cloned()
            .collect();
        if !names.is_empty() {
            let counted = counts.keys().cloned().collect();
            return Err(DataError::NotCounted { names, counted });
        }
        let mut vocabulary = Self {
            namespaces: BTreeMap::new(),
            non_padded: options.non_padded_namespaces.clone(),
            padding_token: options.padding_token.clone(),
            oov_token: options.oov_token.clone(),
        };
        for (name, tally) in counts {
            let least = options.min_count.get(name).copied().unwrap_or(1);
            let texts = &mut vocabulary.namespace(name).texts;
            for (text, count) in tally
                .ranked()
                .into_iter()
                .take(limit(&options.max_vocab_size, name))
            {
                if count >= least {
                    texts.intern(text);
                }
            }
        }
        for (name, tokens) in &options.tokens_to_add {
            let texts = &mut vocabulary.namespace(name).texts;
            for token in tokens {
                texts.intern(token);
            }
        }
        Ok(vocabulary)
    }

    /// The namespace of that name, made if there is none.
    fn namespace(&mut self, name: &str) -> &mut Namespace {
        let is_padded = !self.non_padded.iter().any(|pattern| matches(pattern, name));
        let (padding, unknown) = (&self.padding_token, &self.oov_token);
        self.namespaces.entry(name.to_owned()).or_insert_with(|| {
            let mut namespace = Namespace::default();
            if is_padded {
                namespace.texts.intern(padding);
                namespace.unknown = Some(namespace.texts.intern(unknown));
            }
            namespace
        })
    }

    /// How many numbers a namespace has, padding and the unknown included; 0 if there is
    /// no such namespace.
    pub fn size(&self, namespace: &str) -> usize {
        self.namespaces
            .get(namespace)
            .map_or(0, |found| found.texts.len())
    }

    /// The tokens of a namespace in the order of their numbers.
    pub fn tokens(&self, namespace: &str) -> impl Iterator<Item = &str> {
        self.namespaces
            .get(namespace)
            .into_iter()
            .flat_map(|found| found.texts.iter())
    }

    /// The token numbered `id`.
    pub fn token(&self, namespace: &str, id: u32) -> Option<&str> {
        self.namespaces.get(namespace)?.texts.get(id)
    }

    /// A token's number: that of the unknown if the namespace is padded and does not have
    /// it, `None` if it is not padded.
    pub fn id(&self, namespace: &str, token: &str) -> Option<u32> {
        let found = self.namespaces.get(namespace)?;
        found.texts.find(token).or(found.unknown)
    }

    /// Whether a namespace has entries for padding and the unknown.
    pub fn is_padded(&self, namespace: &str) -> bool {
        self.namespaces
            .get(namespace)
            .is_some_and(|found| found.unknown.is_some())
    }

    /// The number of a word of a text. It is never 0: a word that is spelt like the padding
    /// token counts as unknown, so that all numbers in a data set are valid positions.
    pub(super) fn word_id(&self, namespace: &str, word: &str) -> u32 {
        let Some(found) = self.namespaces.get(namespace) else {
            return 1;
        };
        let unknown = found.unknown.unwrap_or(1);
        found
            .texts
            .find(word)
            .filter(|id| *id != 0)
            .unwrap_or(unknown)
    }

    /// Writes the vocabulary into a folder, which is made if need be: `<namespace>.txt` with
    /// a token a line, padding left out; `non_padded_namespaces.txt`; an empty `.lock`.
    pub fn save(&self, directory: &Path) -> Result<(), DataError> {
        let write = |name: &str, lines: &mut dyn Iterator<Item = &str>| {
            let path = directory.join(name);
            write_lines(&path, lines).map_err(|source| DataError::Write { path, source })
        };
        fs::create_dir_all(directory).map_err(|source| DataError::Write {
            path: directory.to_owned(),
            source,
        })?;
        write(".lock", &mut std::iter::empty())?;
        write(
            PATTERNS_FILE,
            &mut self.non_padded.iter().map(String::as_str),
        )?;
        for (name, namespace) in &self.namespaces {
            let padding = usize::from(namespace.unknown.is_some());
            write(
                &format!("{name}.txt"),
                &mut namespace.texts.iter().skip(padding),
            )?;
        }
        Ok(())
    }

    /// Reads a vocabulary that [`Vocabulary::save`] or AllenNLP wrote.
    pub fn load(directory: &Path, padding_token: &str, oov_token: &str) -> Result<Self, DataError> {
        let problem = |problem: String| DataError::Vocabulary {
            directory: directory.to_owned(),
            problem,
        };
        let read = |name: &str| {
            let text = fs::read_to_string(directory.join(name));
            text.map_err(|error| problem(format!("can't be read: `{name}`: {error}")))
        };
        if !directory.is_dir() {
            return Err(problem("is not there: no such folder".to_owned()));
        }
        let mut vocabulary = Self {
            namespaces: BTreeMap::new(),
            non_padded: lines(&read(PATTERNS_FILE)?).map(str::to_owned).collect(),
            padding_token: padding_token.to_owned(),
            oov_token: oov_token.to_owned(),
        };
        for file in namespace_files(directory)
            .map_err(|error| problem(format!("can't be read: {error}")))?
        {
            let name = file.strip_suffix(".txt").unwrap_or(&file);
            let is_padded = !vocabulary
                .non_padded
                .iter()
                .any(|pattern| matches(pattern, name));
            let mut namespace = Namespace::default();
            if is_padded {
                namespace.texts.intern(padding_token);
            }
            for (at, line) in (1..).zip(lines(&read(&file)?)) {
                let before = namespace.texts.len();
                namespace.texts.intern(&line.replace(NEWLINE, "\n"));
                if namespace.texts.len() == before {
                    return Err(problem(format!("has `{line}` twice: {file}, line {at}")));
                }
            }
            if is_padded {
                namespace.unknown = namespace.texts.find(oov_token);
                if namespace.unknown.is_none() {
                    return Err(problem(format!("lacks the token `{oov_token}` in {file}")));
                }
            }
            vocabulary.namespaces.insert(name.to_owned(), namespace);
        }
        Ok(vocabulary)
    }
}

/// How many tokens of a namespace are kept at most; 0 sets no limit, as in AllenNLP.
fn limit(size: &MaxVocabSize, namespace: &str) -> usize {
    let limit = match size {
        MaxVocabSize::Unlimited => None,
        MaxVocabSize::All(size) => Some(*size),
        MaxVocabSize::By(sizes) => sizes.get(namespace).copied(),
    };
    limit.filter(|size| *size > 0).unwrap_or(usize::MAX)
}

/// Whether a pattern, whose leading `*` stands for any beginning, matches a name.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => name.ends_with(end),
        None => name == pattern,
    }
}

fn write_lines(path: &Path, tokens: &mut dyn Iterator<Item = &str>) -> io::Result<()> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    for token in tokens {
        if token.contains('\n') {
            writeln!(file, "{}", token.replace('\n', NEWLINE))?;
        } else {
            writeln!(file, "{token}")?;
        }
    }
    file.flush()
}

/// Lines that end in `\n` alone, the last end being optional.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let none = text.is_empty();
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n').filter(move |_| !none)
}

/// The names of the files with tokens, sorted.
fn namespace_files(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_text = Path::new(&name).extension().is_some_and(|end| end == "txt");
        if is_text && !name.starts_with('.') && name != PATTERNS_FILE {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(words: &[&str], labels: &[&str]) -> BTreeMap<String, Tally> {
        let tally = |texts: &[&str]| {
            let mut tally = Tally::default();
            for (place, text) in (0..).zip(texts) {
                tally.count(text, place);
            }
            tally
        };
        BTreeMap::from([
            ("tokens".to_owned(), tally(words)),
            (LABELS.to_owned(), tally(labels)),
        ])
    }

    /// The vocabulary with the default options.
    fn built(counts: &BTreeMap<String, Tally>) -> Vocabulary {
        Vocabulary::from_counts(&VocabularyOptions::default(), counts).unwrap()
    }

    fn tokens<'v>(vocabulary: &'v Vocabulary, namespace: &str) -> Vec<&'v str> {
        vocabulary.namespaces[namespace].texts.iter().collect()
    }

    const WORDS: &[&str] = &["c", "b", "a", "b", "a", "d"];

    #[test]
    fn numbers_follow_frequency_then_first_occurrence() {
        let counts = counts(WORDS, &["neg", "pos", "pos"]);
        let vocabulary = built(&counts);
        let expected = ["@@PADDING@@", "@@UNKNOWN@@", "b", "a", "c", "d"];
        assert_eq!(tokens(&vocabulary, "tokens"), expected);
        assert_eq!(tokens(&vocabulary, LABELS), ["pos", "neg"]);
        assert_eq!(vocabulary.id("tokens", "x"), Some(1));
        assert_eq!(vocabulary.id(LABELS, "x"), None);
        assert_eq!(vocabulary.id("elsewhere", "b"), None);
        assert_eq!(vocabulary.word_id("tokens", "@@PADDING@@"), 1);
        assert_eq!(
            (vocabulary.size("tokens"), vocabulary.size("elsewhere")),
            (6, 0)
        );
    }

    #[test]
    fn limits_are_allennlps() {
        let counts = counts(WORDS, &["neg", "pos", "pos"]);
        let build = |options: &VocabularyOptions| Vocabulary::from_counts(options, &counts);
        let mut few = VocabularyOptions {
            max_vocab_size: MaxVocabSize::By(BTreeMap::from([("tokens".to_owned(), 3)])),
            min_count: BTreeMap::from([("tokens".to_owned(), 2)]),
            tokens_to_add: BTreeMap::from([
                ("tokens".to_owned(), vec!["d".to_owned(), "a".to_owned()]),
                ("my_tags".to_owned(), vec!["x".to_owned()]),
            ]),
            ..VocabularyOptions::default()
        };
        let vocabulary = build(&few).unwrap();
        assert_eq!(tokens(&vocabulary, "tokens")[2..], ["b", "a", "d"]);
        assert_eq!(tokens(&vocabulary, "my_tags"), ["x"]);
        few.max_vocab_size = MaxVocabSize::All(1);
        let vocabulary = build(&few).unwrap();
        assert_eq!(tokens(&vocabulary, "tokens")[2..], ["b", "d", "a"]);
        assert_eq!(tokens(&vocabulary, LABELS), ["pos"]);
        few.max_vocab_size = MaxVocabSize::All(0);
        assert_eq!(build(&few).unwrap().size(LABELS), 2);

        few.min_count.insert("token".to_owned(), 3);
        assert_eq!(
            build(&few).unwrap_err().to_string(),
            "`vocabulary.min_count` names `token`, but only `labels`, `tokens` was counted"
        );
    }

    #[test]
    fn files_are_allennlps() {
        let folder = tempfile::tempdir().unwrap();
        let counts = counts(&["a\nb", "c", "c"], &["pos"]);
        let vocabulary = built(&counts);
        vocabulary.save(folder.path()).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("tokens.txt"), "@@UNKNOWN@@\nc\na@@NEWLINE@@b\n");
        assert_eq!(read("labels.txt"), "pos\n");
        assert_eq!(read("non_padded_namespaces.txt"), "*tags\n*labels\n");
        assert_eq!(read(".lock"), "");
    }

    fn load(folder: &Path) -> Result<Vocabulary, DataError> {
        Vocabulary::load(folder, "@@PADDING@@", "@@UNKNOWN@@")
    }

    #[test]
    fn a_broken_vocabulary_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let problem = || {
            let message = load(folder.path()).unwrap_err().to_string();
            message.split_once("` ").unwrap().1.to_owned()
        };
        assert!(problem().starts_with("can't be read: `non_padded_namespaces.txt`: "));
        write("non_padded_namespaces.txt", "*labels");
        write("tokens.txt", "a\nb");
        assert_eq!(problem(), "lacks the token `@@UNKNOWN@@` in tokens.txt");
        write("tokens.txt", "@@UNKNOWN@@\na\na\n");
        assert_eq!(problem(), "has `a` twice: tokens.txt, line 3");
        write("tokens.txt", "a\n@@UNKNOWN@@");
        let vocabulary = load(folder.path()).unwrap();
        assert_eq!(vocabulary.id("tokens", "?"), Some(2));
        let message = load(&folder.path().join("nowhere"))
            .unwrap_err()
            .to_string();
        assert!(
            message.ends_with("is not there: no such folder"),
            "{message}"
        );
    }

    #[test]
    fn odd_names_and_tokens_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut counts = counts(&[], &[""]);
        counts.insert("a.txt".to_owned(), counts[LABELS].clone());
        let before = built(&counts);
        before.save(folder.path()).unwrap();
        let after = load(folder.path()).unwrap();
        assert_eq!(tokens(&after, LABELS), [""]);
        assert_eq!(tokens(&after, "a.txt"), tokens(&before, "a.txt"));
        assert_eq!(tokens(&after, "tokens"), tokens(&before, "tokens"));
    }

    proptest! {
        #[test]
        fn saving_and_loading_changes_nothing(
            words in prop::collection::vec("[a-c\n\r\u{85}\u{2028} ]{1,3}", 0..30),
            labels in prop::collection::vec("[x-z]", 0..5),
        ) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            let before = built(&counts(&words, &labels));
            let folder = tempfile::tempdir().unwrap();
            before.save(folder.path()).unwrap();
            let after = load(folder.path()).unwrap();
            for namespace in ["tokens", LABELS] {
                prop_assert_eq!(tokens(&before, namespace), tokens(&after, namespace));
                prop_assert_eq!(before.is_padded(namespace), after.is_padded(namespace));
                for (id, token) in (0..).zip(before.tokens(namespace)) {
                    prop_assert_eq!(after.id(namespace, token), Some(id));
                    prop_assert_eq!(after.token(namespace, id), Some(token));
                }
            }
        }
    }
}
