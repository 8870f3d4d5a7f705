//! Which code goes into which file, when hundreds of pieces are each needed by other pages.
//!
//! A file of its own for every piece would be hundreds of requests, and one file for all of them
//! would be fetched by those who need a tenth of it. So files are joined as long as the requests
//! that are saved are worth more than what is fetched for nothing.

use std::collections::BTreeSet;

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

/// The small ones look for company first; whoever finds none stays as it is.
pub(super) fn join(mut waiting: Vec<Part>) -> Vec<Part> {
    let mut settled: Vec<Part> = Vec::new();
    loop {
        let smallest = (0..waiting.len()).min_by_key(|at| (waiting[*at].size, *at));
        let Some(smallest) = smallest else { break };
        let part = waiting.swap_remove(smallest);
        let best = |others: &[Part]| {
            let gains = others.iter().enumerate().map(|(at, other)| (gain(&part, other), at));
            gains.max().filter(|(gain, _)| *gain > 0)
        };
        match (best(&waiting), best(&settled)) {
            (Some(here), there) if there.is_none_or(|there| there.0 <= here.0) => {
                waiting[here.1].add(part);
            }
            (_, Some((_, at))) => {
                let mut joined = settled.swap_remove(at);
                joined.add(part);
                waiting.push(joined);
            }
            (_, None) => settled.push(part),
        }
    }
    settled.sort_by(|one, other| one.modules.cmp(&other.modules));
    settled
}

impl Part {
    fn add(&mut self, other: Self) {
        self.pages.extend(other.pages);
        self.modules.extend(other.modules);
        self.size += other.size;
    }
}

/// What joining two parts saves over all pages, in bytes; less than nothing if it costs.
fn gain(one: &Part, other: &Part) -> i64 {
    let both = one.pages.intersection(&other.pages).count();
    let in_vain = |size: usize, others: usize| size / COMPRESSION * (others - both);
    let lost = in_vain(one.size, other.pages.len()) + in_vain(other.size, one.pages.len());
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
}
