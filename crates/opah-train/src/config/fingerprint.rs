//! Short names for what a config says, to tell whether two say the same.

use super::document::Document;
use super::schema::Config;

impl Config {
    /// Equal for configs that make the same corpus: readers, paths, whose words are counted,
    /// vocabulary. Comparable within one version of opah.
    pub fn data_fingerprint(&self) -> String {
        let data = (
            &self.dataset_reader,
            &self.validation_dataset_reader,
            &self.train_data_path,
            &self.validation_data_path,
            &self.test_data_path,
            &self.datasets_for_vocab_creation,
            &self.vocabulary,
        );
        hash(format!("{data:?}").as_bytes())
    }
}

impl Document {
    /// Equal for documents with the same values, whatever file they come from.
    pub fn fingerprint(&self) -> String {
        hash(self.to_config_json().as_bytes())
    }
}

/// FNV-1a with 128 bits, in hexadecimal (Fowler, Noll and Vo; RFC 9923). Good against
/// accidents, not against malice.
fn hash(bytes: &[u8]) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = (1 << 88) + 0x13b;
    let hash = bytes.iter().fold(OFFSET, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(PRIME)
    });
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::super::read::tests::{config, document};
    use super::hash;

    #[test]
    fn the_standards_test_vectors() {
        // RFC 9923, appendix C: FNV-1a with 128 bits of "", "a" and "foobar".
        assert_eq!(hash(b""), "6c62272e07bb014262b821756295c58d");
        assert_eq!(hash(b"a"), "d228cb696f1a8caf78912b704e4a8964");
        assert_eq!(hash(b"foobar"), "343e1662793c64bf6f0d3597ba446f18");
    }

    #[test]
    fn only_what_makes_the_corpus_counts_for_it() {
        let before = config("trainer.num_epochs=15").data_fingerprint();
        let same = config("trainer.num_epochs=3").data_fingerprint();
        let other = config("train_data_path=other.jsonl").data_fingerprint();
        assert_eq!(before, same);
        assert_ne!(before, other);
    }

    #[test]
    fn the_spelling_of_a_document_does_not_count() {
        let mut one = document();
        let mut other = document();
        one.set("model.dropout=0.50").unwrap();
        other.set("model.dropout=5e-1").unwrap();
        assert_eq!(one.fingerprint(), other.fingerprint());
        other.set("model.dropout=0.4").unwrap();
        assert_ne!(one.fingerprint(), other.fingerprint());
    }
}
