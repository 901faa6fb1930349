//! The indexer `single_id`: a text as numbers.
//!
//! A text is tokenized, cut off after `max_sequence_length` tokens, lower-cased if asked
//! for, looked up, and put between `start_tokens` and `end_tokens`, which were not counted
//! and so are unknown unless the vocabulary has them from elsewhere.
//!
//! `token_min_padding_length` changes no result here. AllenNLP pads with the number 0, masks
//! what is 0, and its encoders see masked positions as absent: a filter's windows must lie
//! wholly inside the text, and a text shorter than the filter gives 0. The option exists
//! because PyTorch's convolution fails when a whole batch is shorter than the filter. Texts
//! are not padded here at all, so there is nothing to be done, and 0 is no text's number.

use std::borrow::Cow;

use super::tokenizer;
use super::vocabulary::Vocabulary;
use crate::config::schema::{DatasetReader, Tokenizer};

/// Turns texts into a vocabulary's numbers, as a configuration's reader does.
#[derive(Debug)]
pub struct Indexer<'v> {
    reader: &'v DatasetReader,
    vocabulary: &'v Vocabulary,
    start: Vec<u32>,
    end: Vec<u32>,
}

impl<'v> Indexer<'v> {
    /// An indexer for a reader and the vocabulary that was made with it.
    pub fn new(reader: &'v DatasetReader, vocabulary: &'v Vocabulary) -> Self {
        let indexer = &reader.indexer;
        let id = |token: &String| {
            let token = if indexer.lowercase_tokens {
                tokenizer::lowercase(token)
            } else {
                Cow::Borrowed(token.as_str())
            };
            vocabulary.word_id(&indexer.namespace, &token)
        };
        Self {
            reader,
            vocabulary,
            start: indexer.start_tokens.iter().map(id).collect(),
            end: indexer.end_tokens.iter().map(id).collect(),
        }
    }

    /// The tokens of a text as the tokenizer gives them, cut off; for people to look at.
    pub fn tokens(&self, text: &str) -> Vec<String> {
        let shown = |token: &str| match self.reader.tokenizer {
            Tokenizer::WordPunctuation { lowercase: true } => {
                tokenizer::lowercase(token).into_owned()
            }
            _ => token.to_owned(),
        };
        cut_tokens(self.reader, text).map(shown).collect()
    }

    /// The numbers of a text, none of them 0.
    pub fn ids(&self, text: &str) -> Vec<u32> {
        let words = tokens(self.reader, text).map(|token| self.id(&token));
        let start = self.start.iter().copied();
        start.chain(words).chain(self.end.iter().copied()).collect()
    }

    pub(super) fn id(&self, token: &str) -> u32 {
        self.vocabulary
            .word_id(&self.reader.indexer.namespace, token)
    }

    pub(super) fn start(&self) -> &[u32] {
        &self.start
    }

    pub(super) fn end(&self) -> &[u32] {
        &self.end
    }
}

/// A text's tokens as they are counted and looked up: cut off and lower-cased.
pub(super) fn tokens<'t>(
    reader: &DatasetReader,
    text: &'t str,
) -> impl Iterator<Item = Cow<'t, str>> + use<'t> {
    let is_lowercase = reader.indexer.lowercase_tokens
        || matches!(
            reader.tokenizer,
            Tokenizer::WordPunctuation { lowercase: true }
        );
    cut_tokens(reader, text).map(move |token| {
        if is_lowercase {
            tokenizer::lowercase(token)
        } else {
            Cow::Borrowed(token)
        }
    })
}

fn cut_tokens<'t>(
    reader: &DatasetReader,
    text: &'t str,
) -> impl Iterator<Item = &'t str> + use<'t> {
    let most = reader.max_sequence_length.unwrap_or(usize::MAX);
    tokenizer::tokens(&reader.tokenizer, text).take(most)
}
