//! Signing calls as Standard Webhooks are, so that who is called can tell that it was this workflow.
//! Pure: id, time and secrets are arguments.
//!
//! See github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{HeaderMap, HeaderValue};
use sha2::Sha256;

/// Puts `webhook-id`, `webhook-timestamp` and `webhook-signature` into `headers`: a signature for each
/// of the secrets, which have the form `whsec_…`. `now` is in seconds since 1970.
pub(super) fn sign(headers: &mut HeaderMap, id: &str, now: i64, body: &[u8], secrets: &[String]) {
    let signatures: Vec<String> =
        secrets.iter().filter_map(|secret| signature(id, now, body, secret)).collect();
    let values = [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", now.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ];
    for (name, value) in values {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

/// What `webhook-signature` says for one secret; `None` when the secret is not readable.
pub(crate) fn signature(id: &str, now: i64, body: &[u8], secret: &str) -> Option<String> {
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    for part in [id.as_bytes(), b".", now.to_string().as_bytes(), b".", body] {
        mac.update(part);
    }
    Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in the reference implementation of Standard Webhooks.
    #[test]
    fn as_specified_with_a_signature_for_each_secret() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let (id, at) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330);
        let body = br#"{"test": 2432232314}"#;
        let mut headers = HeaderMap::new();
        sign(&mut headers, id, at, body, std::slice::from_ref(&secret));
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(headers["webhook-signature"], expected);
        assert_eq!(
            (&headers["webhook-id"], &headers["webhook-timestamp"]),
            (&HeaderValue::from_static(id), &HeaderValue::from_static("1614265330"),)
        );
        let older = format!("whsec_{}", BASE64_STANDARD.encode([7; 32]));
        sign(&mut headers, id, at, body, &[older, secret]);
        let both: Vec<_> = headers["webhook-signature"].to_str().unwrap().split(' ').collect();
        assert_eq!((both.len(), both[1]), (2, expected));
    }
}
