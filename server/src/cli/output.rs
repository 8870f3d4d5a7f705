//! Standard output, in one place: results go there, everything else to standard error.

use std::io::{IsTerminal, Write};
use std::sync::LazyLock;

/// Prints a line. A reader that has gone away (`sluice keys list | head -1`) is not an error.
pub(super) fn line(text: impl std::fmt::Display) {
    let _closed = line_is_read(text);
}

/// Prints a line; says whether anyone still reads, for what would go on for ever.
pub(super) fn line_is_read(text: impl std::fmt::Display) -> bool {
    writeln!(std::io::stdout(), "{text}").is_ok()
}

/// Colours are for people: on a terminal, unless `NO_COLOR` (no-color.org) is set.
static COLOURED: LazyLock<bool> = LazyLock::new(|| {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !refused
});

/// A word that says how things stand, in the colour of what it says.
pub(super) fn standing(word: &str) -> String {
    coloured(word, *COLOURED)
}

fn coloured(word: &str, coloured: bool) -> String {
    let colour = match word.trim_end() {
        "failed" | "failure" | "revoked" => 31,
        "processed" | "succeeded" | "ok" | "live" => 32,
        "processing" | "running" | "waiting" | "warning" => 33,
        "pending" | "queued" => 36,
        _ => return word.to_owned(),
    };
    if coloured { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word.to_owned() }
}

/// Prints rows as columns of equal width.
pub(super) fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) {
    let mut widths = header.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let print = |cells: [&str; N]| {
        // Padded first: a colour takes no room.
        let padded =
            cells.iter().zip(widths).map(|(cell, width)| standing(&format!("{cell:width$}")));
        line(padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    print(header);
    rows.iter().for_each(|row| print(std::array::from_fn(|at| row[at].as_str())));
}

#[cfg(test)]
mod tests {
    use super::coloured;

    #[test]
    fn only_words_that_say_how_things_stand_have_a_colour() {
        assert_eq!(coloured("failed  ", true), "\u{1b}[31mfailed  \u{1b}[0m");
        assert_eq!(coloured("failed", false), "failed");
        assert_eq!(coloured("shop", true), "shop");
    }
}
