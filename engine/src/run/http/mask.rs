//! Secrets are written as `•••` wherever people may read: in journals, messages and outputs.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;

pub(super) use crate::event::header::MASKED;

/// The ways in which the secrets of a call could come back, the longest first.
pub(super) struct Mask(Vec<String>);

impl Mask {
    pub(super) fn of<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let mut all = Vec::new();
        for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
            let mut ways = Vec::new();
            // Also inside JSON that is a text in JSON.
            let once = escaped(secret);
            ways.extend([escaped(&once), once]);
            ways.push(utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string());
            ways.push(form_urlencoded::byte_serialize(secret.as_bytes()).collect());
            ways.push(BASE64_STANDARD_NO_PAD.encode(secret));
            // As a URL that was parsed spells it.
            let mut url = reqwest::Url::parse("http://_").ok();
            if let Some(url) = &mut url {
                url.set_query(Some(secret));
                ways.extend(url.query().map(ToOwned::to_owned));
                url.set_path(secret);
                ways.push(url.path().trim_start_matches('/').to_owned());
            }
            ways.push(secret.to_owned());
            // A path that was shortened is no spelling of it.
            ways.retain(|way: &String| way.len() >= secret.len());
            all.append(&mut ways);
        }
        all.sort_unstable_by_key(|way| std::cmp::Reverse(way.len()));
        all.dedup();
        Self(all)
    }

    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.0.iter().fold(Cow::Borrowed(text), |text, way| match text.contains(way.as_str()) {
            true => Cow::Owned(text.replace(way.as_str(), MASKED)),
            false => text,
        })
    }

    pub(super) fn json(&self, value: Json) -> Json {
        if self.0.is_empty() {
            return value;
        }
        match value {
            Json::String(text) => Json::String(self.text(&text).into_owned()),
            Json::Number(number) => match self.text(&number.to_string()) {
                same if same == number.to_string() => Json::Number(number),
                masked => Json::String(masked.into_owned()),
            },
            Json::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Json::Object(fields) => {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (self.text(&name).into_owned(), self.json(value)));
                Json::Object(fields.collect())
            }
            other => other,
        }
    }
}

/// As it stands between the quotes of a JSON text.
fn escaped(text: &str) -> String {
    let json = Json::from(text).to_string();
    json[1..json.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_masked_in_every_spelling() {
        let mask = Mask::of(["p&\"w ü", "12345678"]);
        for text in [
            "p&\"w ü",
            r#"{"a":"p&\"w ü"}"#,
            "http://x/?q=p%26%22w%20%C3%BC",
            "q=p%26%22w+%C3%BC",
            "cCYidyDDvA==",
        ] {
            let masked = mask.text(text);
            assert!(masked.contains(MASKED), "{text}: {masked}");
        }
        let echoed = json!({ "pin": 12_345_678, "p&\"w ü": ["is p&\"w ü"], "n": 1 });
        assert_eq!(mask.json(echoed), json!({ "pin": "•••", "•••": ["is •••"], "n": 1 }));
        assert_eq!(Mask::of([]).text("left alone"), "left alone");
    }
}
