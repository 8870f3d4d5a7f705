//! Which code goes into which file, when hundreds of pieces are each needed by other pages.
//!
//! A file of its own for every piece would be hundreds of requests, and one file for all of them
//! would be fetched by those who need a tenth of it. So files are joined as long as the requests
//! that are saved are worth more than what is fetched for nothing.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// What a request costs, in bytes: its headers, and its wait for a place on a connection.
const REQUEST: usize = 2 * 1024;

/// Code takes about this part of its size when it is sent.
const COMPRESSION: usize = 6;

/// Code that is fetched together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Pages that cannot do without.
    pub(super) pages: BTreeSet<String>,
    /// Names of the modules it is made of.
    pub(super) modules: Vec<String>,
    /// Uncompressed.
    pub(super) size: usize,
}

/// The two that gain most by it are joined, until no two gain.
pub(super) fn join(parts: Vec<Part>) -> Vec<Part> {
    let weights = weights(&parts);
    let mut parts: Vec<Option<Part>> = parts.into_iter().map(Some).collect();
    let mut pairs = BinaryHeap::new();
    for at in 1..parts.len() {
        pairs.extend(worth_it(&parts, at, &weights));
    }
    while let Some((_, one, other)) = pairs.pop() {
        // One of them may have been joined with another meanwhile.
        if parts[one].is_some()
            && let Some(mut joined) = parts[other].take()
            && let Some(part) = parts[one].take()
        {
            joined.add(part);
            parts.push(Some(joined));
            pairs.extend(worth_it(&parts, parts.len() - 1, &weights));
        }
    }
    let mut settled: Vec<Part> = parts.into_iter().flatten().collect();
    settled.sort_by(|one, other| one.modules.cmp(&other.modules));
    settled
}

/// What a byte counts on each page, in percent. On the page that needs most already it counts most: that is
/// the one people wait for.
fn weights(parts: &[Part]) -> BTreeMap<String, usize> {
    let mut needed: BTreeMap<String, usize> = BTreeMap::new();
    for part in parts {
        for page in &part.pages {
            *needed.entry(page.clone()).or_default() += part.size;
        }
    }
    let average = needed.values().sum::<usize>().div_ceil(needed.len().max(1)).max(1);
    needed.into_iter().map(|(page, size)| (page, size * 100 / average)).collect()
}

/// The pairs of this part and one before it that gain, each with what they do.
fn worth_it<'p>(
    parts: &'p [Option<Part>],
    at: usize,
    weights: &'p BTreeMap<String, usize>,
) -> impl Iterator<Item = (i64, usize, usize)> + 'p {
    let before = parts[..at].iter().enumerate();
    before.filter_map(move |(other, part)| {
        let gain = gain(parts[at].as_ref()?, part.as_ref()?, weights);
        (gain > 0).then_some((gain, at, other))
    })
}

impl Part {
    fn add(&mut self, other: Self) {
        self.pages.extend(other.pages);
        self.modules.extend(other.modules);
        self.size += other.size;
    }

    /// What it costs the pages that do not need it.
    fn in_vain(&self, pages: &BTreeSet<String>, weights: &BTreeMap<String, usize>) -> usize {
        let others = pages.difference(&self.pages);
        self.size / COMPRESSION * others.map(|page| weights[page]).sum::<usize>() / 100
    }
}

/// What joining two parts saves over all pages, in bytes; less than nothing if it costs.
fn gain(one: &Part, other: &Part, weights: &BTreeMap<String, usize>) -> i64 {
    let both = one.pages.intersection(&other.pages).count();
    let lost = one.in_vain(&other.pages, weights) + other.in_vain(&one.pages, weights);
    i64::try_from(REQUEST * both).unwrap_or(i64::MAX) - i64::try_from(lost).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, pages: &[&str], size: usize) -> Part {
        let pages = pages.iter().map(|page| (*page).to_owned()).collect();
        Part { pages, modules: vec![name.to_owned()], size }
    }

    fn joined(parts: &[Part]) -> Vec<Vec<String>> {
        let mut all: Vec<_> = join(parts.to_vec()).into_iter().map(|part| part.modules).collect();
        all.iter_mut().for_each(|modules| modules.sort());
        all.sort();
        all
    }

    #[test]
    fn what_the_same_pages_need_is_one_file() {
        let parts =
            [part("a", &["x", "y"], 900_000), part("b", &["x", "y"], 10), part("c", &["z"], 10)];
        assert_eq!(joined(&parts), [vec!["a", "b"], vec!["c"]]);
    }

    #[test]
    fn little_is_fetched_in_vain_rather_than_asked_for_alone() {
        let parts = [part("a", &["x", "y"], 900_000), part("b", &["x"], 600)];
        assert_eq!(joined(&parts), [vec!["a", "b"]]);
        let parts = [part("a", &["x", "y"], 900_000), part("b", &["x"], 60_000)];
        assert_eq!(joined(&parts), [vec!["a"], vec!["b"]]);
    }

    #[test]
    fn the_page_that_needs_most_is_spared_what_others_are_given() {
        let light = [part("a", &["x", "y"], 30_000), part("b", &["x"], 11_000)];
        assert_eq!(joined(&light), [vec!["a", "b"]]);
        let heavy = [&light[..], &[part("c", &["y"], 900_000)]].concat();
        assert_eq!(joined(&heavy), [vec!["a"], vec!["b"], vec!["c"]]);
    }
}
