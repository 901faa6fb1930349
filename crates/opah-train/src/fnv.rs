//! FNV-1a with 64 bits (Fowler, Noll and Vo; RFC 9923): a number for a name, the same on
//! every machine and for ever.

/// The hash of a text's bytes. Good against accidents, not against malice.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::hash;

    /// RFC 9923, appendix C.
    #[test]
    fn the_standards_test_vectors() {
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }
}
