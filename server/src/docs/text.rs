//! Prose of the document, where only backticks mean something, and who wants pages.

use axum::http::{HeaderMap, header};
use leptos::prelude::*;

/// Text with what stands between backticks as code.
pub(super) fn prose(text: &str) -> AnyView {
    let piece = |(at, piece): (usize, &str)| {
        let piece = piece.to_owned();
        match at % 2 {
            1 => view! { <code>{piece}</code> }.into_any(),
            _ => piece.into_any(),
        }
    };
    text.split('`').enumerate().map(piece).collect_view().into_any()
}

/// Whether the caller reads pages, as browsers do.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_make_code_and_nothing_makes_markup() {
        let html = prose("a `b` <c>").to_html();
        assert!(html.starts_with("a <code>b</code> &lt;c&gt;"), "{html}");
    }
}
