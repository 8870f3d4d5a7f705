//! Our own values as JSON.

use serde::{Serialize, Serializer};

type Writer<'t> = serde_json::Serializer<&'t mut Vec<u8>>;

/// The value as text.
pub(crate) fn text(value: &(impl Serialize + ?Sized)) -> String {
    written(|mut writer| value.serialize(&mut writer))
}

/// The values as a list.
pub(crate) fn list(values: impl IntoIterator<Item: Serialize>) -> String {
    written(|mut writer| writer.collect_seq(values))
}

fn written(write: impl FnOnce(Writer<'_>) -> serde_json::Result<()>) -> String {
    // With the room that nearly all need: text that grows is copied again and again.
    let mut text = Vec::with_capacity(512);
    match write(Writer::new(&mut text)).map(|()| String::from_utf8(text)) {
        Ok(Ok(text)) => text,
        // None of ours has a map whose keys are no texts.
        _ => "null".to_owned(),
    }
}
