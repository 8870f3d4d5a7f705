//! Signed deliveries to paste into a terminal: they prove an address and a secret before the provider
//! is asked.

const SECRET: &str = "SECRET='<the secret>'";

pub fn github(address: &str, _: &str) -> String {
    let body = r#"{"zen":"Keep it logically awesome."}"#;
    in_hexadecimal(address, body, "x-github-event: ping", "x-hub-signature-256: sha256=")
}

pub fn hmac(address: &str, header: &str) -> String {
    let body = r#"{"id":1,"note":"a first try"}"#;
    in_hexadecimal(address, body, "x-event-type: test.sent", &format!("{header}: "))
}

/// A body signed by itself; the signature follows `signature`.
fn in_hexadecimal(address: &str, body: &str, event_type: &str, signature: &str) -> String {
    format!(
        "{SECRET}\nBODY='{body}'\n\
         SIGNATURE=$(printf %s \"$BODY\" |\n  \
         openssl dgst -sha256 -hmac \"$SECRET\" -r | cut -d' ' -f1)\n\
         curl {address} \\\n  \
         -H 'content-type: application/json' -H '{event_type}' \\\n  \
         -H \"{signature}$SIGNATURE\" -d \"$BODY\""
    )
}

pub fn standard_webhooks(address: &str, _: &str) -> String {
    format!(
        "{SECRET}\nBODY='{{\"type\":\"test.sent\",\"data\":{{\"id\":1}}}}'\n\
         ID=msg_try NOW=$(date +%s)\n\
         KEY=$(printf %s \"${{SECRET#whsec_}}\" | base64 -d | od -An -vtx1 | tr -d ' \\n')\n\
         SIGNATURE=$(printf %s \"$ID.$NOW.$BODY\" |\n  \
         openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -binary | base64)\n\
         curl {address} \\\n  \
         -H 'content-type: application/json' -H \"webhook-id: $ID\" \\\n  \
         -H \"webhook-timestamp: $NOW\" -H \"webhook-signature: v1,$SIGNATURE\" -d \"$BODY\""
    )
}
