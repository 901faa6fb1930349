//! The nearest known name, for "did you mean".

/// `, did you mean `x`?` of the name that [`nearest`] found, or nothing.
pub fn did_you_mean(meant: Option<&str>) -> String {
    meant.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}

/// The candidate that `word` was probably meant to be: at most a third of its
/// letters (and at least two) are inserted, deleted or replaced.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(2);
    let near = candidates
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate));
    near.filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

/// Levenshtein's distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested() {
        assert_eq!(nearest("tpf", ["random", "tpe"]), Some("tpe"));
        assert_eq!(
            nearest("embeding_dim", ["dropout", "embedding_dim"]),
            Some("embedding_dim")
        );
        assert_eq!(nearest("quux", ["random", "median"]), None);
    }

    #[test]
    fn without_a_near_name_nothing_is_said() {
        assert_eq!(
            did_you_mean(nearest("tpf", ["tpe"])),
            ", did you mean `tpe`?"
        );
        assert_eq!(did_you_mean(None), "");
    }
}
