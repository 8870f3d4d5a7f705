//! Headers that are kept, with an event or in a journal. Values of those that hold secrets are masked, by their
//! name, before anything is stored.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::json;

pub(crate) const MASKED: &str = "•••";

/// What the name of a header has in it that holds a secret.
const SECRET: [&str; 9] = [
    "authorization",
    "cookie",
    "api-key",
    "apikey",
    "token",
    "secret",
    "signature",
    "hmac",
    "password",
];

/// `name` in lower case.
pub(crate) fn is_secret(name: &str) -> bool {
    // Nearly every request has these, and this is asked for each header of every event.
    if matches!(
        name,
        "host"
            | "accept"
            | "accept-encoding"
            | "connection"
            | "content-length"
            | "content-type"
            | "user-agent"
    ) {
        return false;
    }
    SECRET.iter().any(|word| name.contains(word))
}

/// Masks what is secret, but for the header `spared`.
pub(crate) fn mask(headers: &mut [(String, String)], spared: Option<&str>) {
    let secret = headers.iter_mut().filter(|(name, _)| is_secret(name));
    for (_, value) in secret.filter(|(name, _)| Some(name.as_str()) != spared) {
        value.clear();
        value.push_str(MASKED);
    }
}

/// The headers of an event: pairs of a name, in lower case, and a value, as the JSON text that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers(Arc<str>);

impl Headers {
    /// Masks what is secret.
    pub fn masked<'h, V: AsRef<str>>(pairs: impl IntoIterator<Item = (&'h str, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| Shown(name, value));
        Self(json::list(pairs).into())
    }

    pub(crate) fn stored(text: String) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_text(&self) -> &str {
        &self.0
    }

    pub fn list(&self) -> Vec<(String, String)> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The value of the first that is called `name`.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        // Most of what is looked for is not there, which needs no list.
        if !self.0.contains(name) {
            return None;
        }
        self.list().into_iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// With more of them at the end.
    pub(crate) fn and(self, more: Vec<(String, String)>) -> Self {
        if more.is_empty() {
            return self;
        }
        let mut list = self.list();
        list.extend(more);
        Self::of(&list)
    }

    /// Without those that are called `name`.
    pub(crate) fn without(self, name: &str) -> Self {
        if self.get(name).is_none() {
            return self;
        }
        let mut list = self.list();
        list.retain(|(other, _)| other != name);
        Self::of(&list)
    }

    fn of(list: &[(String, String)]) -> Self {
        Self::masked(list.iter().map(|(name, value)| (name.as_str(), value)))
    }
}

impl Default for Headers {
    fn default() -> Self {
        Self("[]".into())
    }
}

/// A header as it is kept.
struct Shown<'h, V>(&'h str, V);

impl<V: AsRef<str>> Serialize for Shown<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(name, value) = self;
        (name, if is_secret(name) { MASKED } else { value.as_ref() }).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_kept_as_they_came_but_for_secrets() {
        let headers = Headers::masked([("host", "a \"b\""), ("x-api-key", "1"), ("host", "c")]);
        assert_eq!(headers.as_text(), r#"[["host","a \"b\""],["x-api-key","•••"],["host","c"]]"#);
        assert_eq!(headers.get("host").as_deref(), Some("a \"b\""));
        assert_eq!(headers.get("b"), None, "a part of a value");
        let more = headers.clone().and(vec![("ce-a".into(), "é".into())]);
        assert_eq!(more.list().len(), 4);
        assert_eq!(more.get("ce-a").as_deref(), Some("é"));
        assert_eq!(more.without("ce-a"), headers);
        assert_eq!(Headers::default(), Headers::masked::<&str>([]));
    }

    #[test]
    fn secrets_are_told_by_their_names() {
        let secret = [
            "x-api-key",
            "authorization",
            "proxy-authorization",
            "set-cookie",
            "x-hub-signature-256",
            "x-shopify-hmac-sha256",
            "x-gitlab-token",
            "x-client-secret",
        ];
        let open = ["host", "content-type", "idempotency-key", "webhook-id", "x-event-type"];
        let pair = |name: &&str| ((*name).to_owned(), "v".to_owned());
        let mut headers: Vec<_> = secret.iter().chain(&open).map(pair).collect();
        mask(&mut headers, Some("x-hub-signature-256"));
        let shown: Vec<_> =
            headers.iter().filter(|(_, v)| v == "v").map(|(n, _)| n.as_str()).collect();
        assert_eq!(shown, [&["x-hub-signature-256"], &open[..]].concat());
        mask(&mut headers, None);
        assert_eq!(headers.iter().filter(|(_, value)| value == MASKED).count(), secret.len());
    }
}
