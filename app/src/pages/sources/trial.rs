//! Signed deliveries to paste into a terminal: they prove an address and a secret before the provider
//! is asked.

const SECRET: &str = "SECRET='<the secret>'";

pub fn github(address: &str, _: &str) -> String {
    format!(
        "{SECRET}\nBODY='{{\"zen\":\"Keep it logically awesome.\"}}'\n\
         SIGNATURE=$(printf %s \"$BODY\" |\n  \
         openssl dgst -sha256 -hmac \"$SECRET\" -r | cut -d' ' -f1)\n\
         curl {address} \\\n  \
         -H 'content-type: application/json' -H 'x-github-event: ping' \\\n  \
         -H \"x-hub-signature-256: sha256=$SIGNATURE\" -d \"$BODY\""
    )
}

pub fn hmac(address: &str, header: &str) -> String {
    format!(
        "{SECRET}\nBODY='{{\"id\":1,\"note\":\"a first try\"}}'\n\
         SIGNATURE=$(printf %s \"$BODY\" |\n  \
         openssl dgst -sha256 -hmac \"$SECRET\" -r | cut -d' ' -f1)\n\
         curl {address} \\\n  \
         -H 'content-type: application/json' -H 'x-event-type: test.sent' \\\n  \
         -H \"{header}: $SIGNATURE\" -d \"$BODY\""
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
