//! Headers that are kept, with an event or in a journal. Values of those that hold secrets are masked, by their
//! name, before anything is stored.

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

#[cfg(test)]
mod tests {
    use super::*;

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
