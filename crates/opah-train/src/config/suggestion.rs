//! The nearest known name, for "did you mean".

/// With fewer letters, a name is the beginning of too much.
const SHORTEST_BEGINNING: usize = 3;

/// The candidate nearest to `name`, if one is near enough to be meant.
///
/// Near is: at most a third of the letters are added, left out, changed or swapped with
/// their neighbour; or the name is the beginning of the candidate. Case and the difference of `-` and `_` count for nothing. Of equally
/// near candidates the first is taken.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = letters(name);
    let limit = (wanted.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let letters = letters(candidate);
            let is_cut_off = wanted.len() >= SHORTEST_BEGINNING && letters.starts_with(&wanted);
            let distance = if is_cut_off {
                1
            } else {
                distance(&wanted, &letters)
            };
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean …?`, or nothing.
pub(super) fn did_you_mean(suggestion: Option<&String>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn letters(name: &str) -> Vec<char> {
    name.to_lowercase().replace('-', "_").chars().collect()
}

/// Damerau's distance with adjacent swaps (optimal string alignment): the least number of
/// insertions, deletions, substitutions and swaps of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1)
                .min(rows[i][j - 1] + 1)
                .min(rows[i - 1][j - 1] + changed);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const KEYS: [&str; 4] = ["embedding_dim", "num_filters", "lr", "type"];

    #[test]
    fn misspelt_names_find_the_one_that_was_meant() {
        for (name, meant) in [
            ("embeding_dim", "embedding_dim"),
            ("Embedding-Dim", "embedding_dim"),
            ("num_filter", "num_filters"),
            ("tpye", "type"),
            ("rl", "lr"),
            ("embedding", "embedding_dim"),
            ("num_f", "num_filters"),
        ] {
            assert_eq!(nearest(name, KEYS), Some(meant), "{name}");
        }
    }

    #[test]
    fn names_that_resemble_nothing_find_nothing() {
        for name in ["patience", "", "x", "n", "dim"] {
            assert_eq!(nearest(name, KEYS), None, "{name}");
        }
    }
}
