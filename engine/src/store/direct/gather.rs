//! What is gathered of SQLite's log until its transaction is whole. Pure.
//!
//! SQLite writes each page of a transaction by two calls, 24 bytes that describe it and the page itself, one
//! after the other in the file; those of the last page say so. Together they cost a fraction of that.

/// What describes a page (<https://sqlite.org/fileformat2.html#wal_file_format>).
const DESCRIPTION: usize = 24;
/// Where it says how many pages the database has after the transaction: 0 but for its last page.
const SIZE: std::ops::Range<usize> = 4..8;
/// What a transaction writes beyond this goes out before it is whole; nobody reads it until then.
const MOST: usize = 1024 * 1024;

/// What comes next in the file, all in one piece.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) at: i64,
    pub(super) bytes: Vec<u8>,
    /// What was written last describes a page: whether it is that of a transaction's last one.
    described: Option<bool>,
    /// Where was read last.
    read: Option<i64>,
}

impl Gathered {
    /// Whether what is written at `at` belongs to another piece.
    pub(super) fn is_apart(&self, at: i64) -> bool {
        !self.bytes.is_empty() && self.at + self.bytes.len() as i64 != at
    }

    /// Somebody reads at `at`.
    pub(super) fn reads(&mut self, at: i64) {
        self.read = Some(at);
    }

    /// Takes what is written at `at`, which belongs to this piece; says whether all of it is to go out now.
    pub(super) fn take(&mut self, written: &[u8], at: i64) -> bool {
        if self.bytes.is_empty() {
            self.at = at;
        }
        let is_page_there = self.read.take() == Some(at);
        self.bytes.extend_from_slice(written);
        let described = self.described.take();
        if written.len() == DESCRIPTION {
            // Where a page went out early and is written over, all that follow are described anew: each is read,
            // and the page itself does not come again.
            if is_page_there {
                return true;
            }
            self.described = Some(written[SIZE] != [0; 4]);
            return false;
        }
        // What is no page of a transaction under way does not wait.
        described != Some(false) || self.bytes.len() >= MOST
    }

    /// Nothing of it is there any more.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        (self.described, self.read) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: [u8; 512] = [7; 512];

    fn description(size: u8) -> [u8; DESCRIPTION] {
        let mut bytes = [1; DESCRIPTION];
        bytes[SIZE].copy_from_slice(&[0, 0, 0, size]);
        bytes
    }

    /// Takes them one after the other, from 32 on.
    fn taken(gathered: &mut Gathered, written: &[&[u8]]) -> Vec<bool> {
        let mut at = 32;
        let each = written.iter().map(|bytes| {
            assert!(!gathered.is_apart(at));
            let goes = gathered.take(bytes, at);
            at += bytes.len() as i64;
            goes
        });
        each.collect()
    }

    #[test]
    fn a_transaction_goes_out_with_its_last_page() {
        let mut gathered = Gathered::default();
        let (more, last) = (description(0), description(9));
        let goes = taken(&mut gathered, &[&more, &PAGE, &more, &PAGE, &last, &PAGE]);
        assert_eq!(goes, [false, false, false, false, false, true]);
        assert_eq!((gathered.at, gathered.bytes.len()), (32, 3 * (DESCRIPTION + PAGE.len())));
    }

    #[test]
    fn what_is_no_such_page_goes_out_at_once() {
        for written in [&PAGE[..], &[0; 32], &PAGE[..100]] {
            assert_eq!(taken(&mut Gathered::default(), &[written]), [true]);
        }
        let mut gathered = Gathered::default();
        taken(&mut gathered, &[&description(0), &PAGE]);
        assert!(gathered.is_apart(32) && gathered.is_apart(9_999));
        gathered.clear();
        assert!(!gathered.is_apart(9_999));
    }

    #[test]
    fn what_describes_a_page_that_is_there_goes_out_at_once() {
        let mut gathered = Gathered::default();
        for _ in 0..2 {
            gathered.reads(32);
            assert!(gathered.take(&description(9), 32));
            gathered.clear();
        }
        gathered.reads(32);
        assert!(!gathered.take(&description(9), 600), "somewhere else");
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut gathered = Gathered::default();
        let mut at = 0;
        while !gathered.take(&description(0), at) && !gathered.take(&PAGE, at + 24) {
            at += 24 + PAGE.len() as i64;
        }
        assert!(gathered.bytes.len() < MOST + 1_000);
    }
}
