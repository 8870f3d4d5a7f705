//! Which known word somebody may have meant.

/// The known word that differs by two letters at most.
pub(crate) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let near = known.map(|known| (distance(word, known), known)).min_by_key(|(far, _)| *far);
    near.filter(|(far, _)| *far <= 2).map(|(_, known)| known)
}

/// How many letters differ (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (to, against) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *against);
            diagonal = row[to + 1];
            row[to + 1] = replaced.min(diagonal + 1).min(row[to] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let known = || ["notify", "wait"].into_iter();
        assert_eq!(nearest("notfiy", known()), Some("notify"));
        assert_eq!(nearest("await", known()), Some("wait"));
        assert_eq!(nearest("escalate", known()), None);
        assert_eq!(nearest("x", std::iter::empty()), None);
    }
}
