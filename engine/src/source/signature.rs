//! Whether a delivery was signed by who holds the source's secret. Pure: the time is an argument.
//!
//! All signatures are HMAC-SHA256 over the body as it came and are compared in constant time. Each of
//! a source's secrets is tried, so that one can be rotated without a gap.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Delivery, Kind, Source};

/// How far a sender's clock may be from ours, in seconds.
const TOLERANCE: i64 = 300;

/// Why a delivery was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the header `{0}` is missing: is the webhook set up with a secret?")]
    MissingHeader(String),
    #[error("the header `{0}` does not look as this kind of source writes it")]
    MalformedHeader(String),
    #[error(
        "it was signed {0} s away from now, more than {TOLERANCE} s: set the clocks, or it was replayed"
    )]
    ClockSkew(i64),
    #[error(
        "the signature fits none of the source's secrets: the secret is another one, or the body was changed on its way"
    )]
    WrongSignature,
}

impl Rejection {
    /// The stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingHeader(_) => "missing_header",
            Self::MalformedHeader(_) => "malformed_header",
            Self::ClockSkew(_) => "clock_skew",
            Self::WrongSignature => "wrong_signature",
        }
    }
}

/// Checks `delivery` against `source`; `now` in seconds since 1970, or `None` where its age does not count.
pub fn verify(source: &Source, delivery: &Delivery<'_>, now: Option<i64>) -> Result<(), Rejection> {
    let (body, header) = (delivery.body, source.signature_header());
    match source.kind {
        // docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
        Kind::Github => {
            let given = needed(delivery, header)?;
            let digest = given.strip_prefix("sha256=").and_then(hex);
            let digest = digest.ok_or_else(|| malformed(header))?;
            fits(source, &[digest], &[body], Secret::AsIs)
        }
        // docs.stripe.com/webhooks/signature
        Kind::Stripe => {
            let given = needed(delivery, header)?;
            let parts = || given.split(',').filter_map(|part| part.trim().split_once('='));
            let at = parts().find(|(name, _)| *name == "t").map(|(_, at)| at);
            let at = at.ok_or_else(|| malformed(header))?;
            fresh(at, header, now)?;
            let digests: Vec<_> =
                parts().filter(|(name, _)| *name == "v1").filter_map(|(_, d)| hex(d)).collect();
            fits(source, &digests, &[at.as_bytes(), b".", body], Secret::AsIs)
        }
        // shopify.dev/docs/apps/build/webhooks/subscribe/https
        Kind::Shopify => {
            let given = needed(delivery, header)?;
            let digest = BASE64_STANDARD.decode(given).map_err(|_| malformed(header))?;
            fits(source, &[digest], &[body], Secret::AsIs)
        }
        // api.slack.com/authentication/verifying-requests-from-slack
        Kind::Slack => {
            let at = needed(delivery, "x-slack-request-timestamp")?;
            fresh(at, "x-slack-request-timestamp", now)?;
            let given = needed(delivery, header)?;
            let digest = given.strip_prefix("v0=").and_then(hex);
            let digest = digest.ok_or_else(|| malformed(header))?;
            fits(source, &[digest], &[b"v0:", at.as_bytes(), b":", body], Secret::AsIs)
        }
        // github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. `v1a`, which is
        // signed with a key pair, is passed over.
        Kind::StandardWebhooks => {
            let id = needed(delivery, "webhook-id")?;
            let at = needed(delivery, "webhook-timestamp")?;
            fresh(at, "webhook-timestamp", now)?;
            let given = needed(delivery, header)?;
            let digests = given.split(' ').filter_map(|one| one.strip_prefix("v1,"));
            let digests: Vec<_> = digests.filter_map(|d| BASE64_STANDARD.decode(d).ok()).collect();
            let content: [&[u8]; 5] = [id.as_bytes(), b".", at.as_bytes(), b".", body];
            fits(source, &digests, &content, Secret::Whsec)
        }
        // Hexadecimal or base64, with or without `sha256=`.
        Kind::Hmac => {
            let given = needed(delivery, header)?;
            let given = given.strip_prefix("sha256=").unwrap_or(given);
            let decoded = hex(given).or_else(|| BASE64_STANDARD.decode(given).ok());
            let digest = decoded.ok_or_else(|| malformed(header))?;
            fits(source, &[digest], &[body], Secret::AsIs)
        }
    }
}

fn needed<'d>(delivery: &Delivery<'d>, header: &str) -> Result<&'d str, Rejection> {
    delivery.header(header).ok_or_else(|| Rejection::MissingHeader(header.to_owned()))
}

fn malformed(header: &str) -> Rejection {
    Rejection::MalformedHeader(header.to_owned())
}

fn fresh(at: &str, header: &str, now: Option<i64>) -> Result<(), Rejection> {
    let at: i64 = at.parse().map_err(|_| malformed(header))?;
    let away = now.map_or(0, |now| now.saturating_sub(at).saturating_abs());
    if away > TOLERANCE { Err(Rejection::ClockSkew(away)) } else { Ok(()) }
}

/// What of a secret is the key.
#[derive(Clone, Copy)]
enum Secret {
    AsIs,
    /// What follows `whsec_`, in base64.
    Whsec,
}

impl Secret {
    fn key(self, secret: &str) -> Option<Vec<u8>> {
        match self {
            Self::AsIs => Some(secret.as_bytes().to_vec()),
            Self::Whsec => {
                BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok()
            }
        }
    }
}

/// Whether sources of this kind can sign with the secret. Standard Webhooks say what one is; whatever else
/// somebody pastes would never fit.
pub(super) fn is_usable(kind: Kind, secret: &str) -> bool {
    match kind {
        Kind::StandardWebhooks => {
            Secret::Whsec.key(secret).is_some_and(|key| (24..=64).contains(&key.len()))
        }
        _ => !secret.is_empty(),
    }
}

/// Whether one of the digests is the content's under one of the secrets.
fn fits(
    source: &Source,
    digests: &[Vec<u8>],
    content: &[&[u8]],
    secret: Secret,
) -> Result<(), Rejection> {
    for key in source.secrets.iter().filter_map(|text| secret.key(text)) {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { continue };
        content.iter().for_each(|part| mac.update(part));
        if digests.iter().any(|digest| mac.clone().verify_slice(digest).is_ok()) {
            return Ok(());
        }
    }
    Err(Rejection::WrongSignature)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).ok();
    (0..text.len()).step_by(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(kind: Kind, secrets: &[&str]) -> Source {
        Source::unstored(kind, secrets.iter().copied())
    }

    fn check(source: &Source, headers: &[(&str, &str)], body: &[u8], now: i64) -> String {
        let headers: Vec<_> =
            headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        match verify(source, &Delivery { headers: &headers, body }, Some(now)) {
            Ok(()) => "ok".into(),
            Err(rejection) => format!("{rejection:?}"),
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_000))]

        /// Headers that look right, and any others: nothing is believed without the secret.
        #[test]
        fn nothing_is_believed_by_its_looks(
            kind in proptest::sample::select(Kind::ALL.to_vec()),
            values in proptest::collection::vec(proptest::prop_oneof![
                "sha256=[0-9a-f]{64}", "[0-9a-f]{64}", "v0=[0-9a-f]{64}", "t=[0-9]{1,11},v1=[0-9a-f]{64}",
                "v1,[A-Za-z0-9+/]{43}=", "[A-Za-z0-9+/]{43}=", "1000", "\\PC{0,40}", "[,=v01t ]{0,12}",
            ], 8),
            body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..32),
        ) {
            const NAMES: [&str; 8] = [
                "x-hub-signature-256", "stripe-signature", "x-shopify-hmac-sha256", "x-slack-signature",
                "x-slack-request-timestamp", "webhook-signature", "webhook-timestamp", "x-signature",
            ];
            let mut headers: Vec<_> =
                NAMES.into_iter().zip(&values).map(|(name, value)| (name, value.as_str())).collect();
            headers.push(("webhook-id", "msg_1"));
            let source = source(kind, &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
            proptest::prop_assert_ne!(check(&source, &headers, &body, 1_000), "ok");
        }
    }

    /// The example in GitHub's documentation.
    #[test]
    fn github_as_documented() {
        let digest = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let headers = [("x-hub-signature-256", digest)];
        let secret = "It's a Secret to Everybody";
        let github = source(Kind::Github, &["an old one", secret]);
        assert_eq!(check(&github, &headers, b"Hello, World!", 0), "ok");
        assert_eq!(check(&github, &headers, b"Hello, World?", 0), "WrongSignature");
        let other = source(Kind::Github, &["another"]);
        assert_eq!(check(&other, &headers, b"Hello, World!", 0), "WrongSignature");
        assert!(check(&github, &[], b"", 0).starts_with("MissingHeader"));
        let unprefixed = [("x-hub-signature-256", "757107ea")];
        assert!(check(&github, &unprefixed, b"", 0).starts_with("MalformedHeader"));
    }

    /// The example in Slack's documentation.
    #[test]
    fn slack_as_documented_and_only_while_it_is_fresh() {
        let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let headers = [
            ("x-slack-request-timestamp", "1531420618"),
            (
                "x-slack-signature",
                "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
            ),
        ];
        let slack = source(Kind::Slack, &["8f742231b10e8888abcd99yyyzzz85a5"]);
        assert_eq!(check(&slack, &headers, body, 1_531_420_618), "ok");
        assert_eq!(check(&slack, &headers, body, 1_531_420_618 + 301), "ClockSkew(301)");
        assert_eq!(check(&slack, &headers, body, 1_531_420_618 - 400), "ClockSkew(400)");
    }

    /// The example in the reference implementation of Standard Webhooks.
    #[test]
    fn standard_webhooks_as_specified() {
        let headers = [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", "v1a,xx v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,bm90"),
        ];
        let standard = source(Kind::StandardWebhooks, &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
        assert_eq!(check(&standard, &headers, br#"{"test": 2432232314}"#, 1_614_265_330), "ok");
        assert_eq!(check(&standard, &headers, b"{}", 1_614_265_330), "WrongSignature");
    }

    #[test]
    fn a_standard_secret_is_base64_of_24_to_64_bytes() {
        let of = |bytes: usize| BASE64_STANDARD.encode(vec![7; bytes]);
        let usable = |secret: &str| is_usable(Kind::StandardWebhooks, secret);
        assert!(usable(&of(24)) && usable(&format!("whsec_{}", of(64))));
        let wrong = ["".to_owned(), "whsec_".into(), "s3cret of the hub".into(), of(23), of(65)];
        wrong.iter().for_each(|secret| assert!(!usable(secret), "{secret}"));
        assert!(is_usable(Kind::Hmac, "s") && !is_usable(Kind::Hmac, ""));
    }

    #[test]
    fn a_generic_signature_is_hexadecimal_or_base64() {
        let body = b"Hello, World!";
        let hmac = source(Kind::Hmac, &["It's a Secret to Everybody"]);
        let digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let base64 = BASE64_STANDARD.encode(super::hex(digest).unwrap());
        for given in [digest, &format!("sha256={digest}"), &base64] {
            assert_eq!(check(&hmac, &[("x-signature", given)], body, 0), "ok", "{given}");
        }
        assert!(check(&hmac, &[("x-signature", "?")], body, 0).starts_with("MalformedHeader"));
        assert_eq!(check(&hmac, &[("x-signature", "")], body, 0), "WrongSignature");
    }
}
