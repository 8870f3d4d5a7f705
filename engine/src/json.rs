//! Our own values as JSON.

use serde::Serialize;

/// The value as text.
pub(crate) fn text(value: &(impl Serialize + ?Sized)) -> String {
    // With the room that nearly all need: text that grows is copied again and again.
    let mut text = Vec::with_capacity(512);
    match serde_json::to_writer(&mut text, value).map(|()| String::from_utf8(text)) {
        Ok(Ok(text)) => text,
        // None of ours has a map whose keys are no texts.
        _ => "null".to_owned(),
    }
}
