//! Standard output, in one place: results go there, everything else to standard error.

use std::io::Write;

/// Prints a line. A reader that has gone away (`sluice keys list | head -1`) is not an error.
pub(super) fn line(text: impl std::fmt::Display) {
    let _closed = writeln!(std::io::stdout(), "{text}");
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
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        line(padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    print(header);
    rows.iter().for_each(|row| print(std::array::from_fn(|at| row[at].as_str())));
}
