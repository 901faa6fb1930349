//! The difference of two texts, as `diff -u` shows it.

/// How many equal lines stand around a change.
const CONTEXT: usize = 2;

/// The lines that are only in `before` (`-`) and only in `after` (`+`), with some around
/// them; `None` when the texts are equal.
pub(crate) fn difference(title: &str, before: &str, after: &str) -> Option<String> {
    let before: Vec<&str> = before.lines().collect();
    let after: Vec<&str> = after.lines().collect();
    if before == after {
        return None;
    }
    let lines = aligned(&before, &after);
    let mut text = format!("--- {title}, as begun\n+++ {title}, as asked for");
    let mut last_shown = None;
    for (at, (mark, line)) in lines.iter().enumerate() {
        let near = at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(lines.len());
        if lines[near].iter().all(|(mark, _)| *mark == " ") {
            continue;
        }
        if last_shown.is_some_and(|last| last + 1 < at) {
            text.push_str("\n  …");
        }
        last_shown = Some(at);
        text.extend(["\n", mark, " ", line]);
    }
    Some(text)
}

/// The lines of both with their marks, by the longest common subsequence.
fn aligned<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<(&'static str, &'a str)> {
    let width = after.len() + 1;
    // `common[i * width + j]`: of `before[i..]` and `after[j..]`.
    let mut common = vec![0_u32; (before.len() + 1) * width];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            common[i * width + j] = if before[i] == after[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            lines.push((" ", before[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == after.len()
            || (i < before.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            lines.push(("-", before[i]));
            i += 1;
        } else {
            lines.push(("+", after[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_stand_among_their_neighbours() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\ni";
        let after = "a\nb\nC\nd\ne\nf\ng\nh\ni\nj";
        let shown = difference("config", before, after).unwrap();
        let expected = "--- config, as begun\n+++ config, as asked for\n  a\n  b\n- c\n+ C\n  d\n  e\n  …\n  h\n  i\n+ j";
        assert_eq!(shown, expected);
        assert_eq!(difference("config", before, before), None);
    }
}
