//! A line to paste for each operation.

use serde_json::Value;

/// The `curl` command for an operation; `$SLUICE_URL` and `$SLUICE_API_KEY` are what the command line
/// reads too.
pub(super) fn line(method: &str, path: &str, operation: &Value) -> String {
    let mut parts = vec![format!("curl \"$SLUICE_URL{}\"", filled(path))];
    match method {
        "GET" => {}
        // A body makes it a POST.
        "POST" if operation["requestBody"].is_object() => {}
        method => parts.push(format!("-X {method}")),
    }
    if operation["security"].as_array().is_some_and(|ways| !ways.is_empty()) {
        parts.push("-H \"x-api-key: $SLUICE_API_KEY\"".to_owned());
    }
    match &operation["requestBody"]["content"] {
        Value::Null => {}
        bodies => match bodies["application/json"].get("example") {
            Some(example) => {
                parts.push("-H 'content-type: application/json'".to_owned());
                parts.push(format!("-d '{example}'"));
            }
            None => parts.push("--data-binary @body".to_owned()),
        },
    }
    parts.join(" \\\n  ")
}

/// A path with something in place of its parameters.
fn filled(path: &str) -> String {
    path.replace("{id}", "$ID").replace("{source}", "$SOURCE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_can_be_pasted() {
        let document = crate::openapi::value();
        let of = |method: &str, path: &str| {
            line(method, path, &document["paths"][path][method.to_lowercase()])
        };
        assert_eq!(of("GET", "/healthz"), "curl \"$SLUICE_URL/healthz\"");
        assert_eq!(
            of("DELETE", "/api/v1/events/{id}"),
            "curl \"$SLUICE_URL/api/v1/events/$ID\" \\\n  -X DELETE \\\n  \
             -H \"x-api-key: $SLUICE_API_KEY\""
        );
        let send = of("POST", "/api/webhooks/ingest");
        assert!(send.contains("-H 'content-type: application/json'"), "{send}");
        assert!(send.contains("\"eventType\":\"order.created\""), "{send}");
    }
}
