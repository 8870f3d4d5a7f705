//! Which rows of a long list are in the document: those near the reader's eyes.
//!
//! All rows have one height. Of a list that is not long all are there, as the server renders it.

use std::ops::Range;

/// A list up to so many rows, a page, is there whole.
pub const WHOLE: usize = 100;
/// So many rows are ready above and below what is seen: a turn of the wheel, or a few presses of a key.
const READY: usize = 40;
/// The window moves by so many rows.
const STEP: usize = 20;

/// What the reader sees of the list, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    pub top: i32,
    pub height: i32,
    /// The height of a row.
    pub row: i32,
}

impl Sight {
    pub fn rows(self, count: usize) -> Range<usize> {
        if count <= WHOLE {
            return 0..count;
        }
        let row = self.row.max(1);
        let at = |pixels: i32| usize::try_from(pixels / row).unwrap_or(0);
        // The list may have become shorter than where the reader was.
        let first = at(self.top).min(count);
        let from = first.saturating_sub(READY) / STEP * STEP;
        let to = (first + at(self.height) + READY).next_multiple_of(STEP).min(count);
        from..to
    }

    /// Whether the reader is about to see the end of a list of this height.
    pub fn nears_end(self, whole: i32) -> bool {
        self.top > 0 && self.top + self.height * 2 > whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(top: i32, count: usize, expected: Range<usize>) {
        assert_eq!(Sight { top, height: 680, row: 34 }.rows(count), expected);
    }

    #[test]
    fn a_long_list_is_there_where_it_is_seen() {
        check(0, 100, 0..100);
        check(0, 100_000, 0..60);
        check(34 * 50_000, 100_000, 49_960..50_060);
        check(34 * 50_010, 100_000, 49_960..50_080);
        check(34 * 99_980, 100_000, 99_940..100_000);
        check(34 * 99_980, 300, 260..300);
        check(-20, 300, 0..60);
        assert_eq!(Sight::default().rows(300), 0..40, "before anything was measured");
    }

    #[test]
    fn the_end_is_near_a_screen_before_it() {
        let sight = |top| Sight { top, height: 100, row: 10 };
        assert_eq!([0, 700, 801].map(|top| sight(top).nears_end(1_000)), [false, false, true]);
    }
}
