//! Nothing but sign-in answers a stranger, and a key does only what it may.

use std::path::Path;

use bench::doors::{self, Needs};
use bench::http::Request;

use crate::start::{setup, sluice};

#[tokio::test]
async fn every_route_and_page_refuses_a_caller_without_credentials() {
    let (sluice, _) = sluice().await;
    assert_eq!(doors::open_to_strangers(&sluice).await, Vec::<String>::new());
}

/// Every server function of the dashboard, read from the sources: none can be forgotten.
fn server_functions() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/src/api");
    let mut paths = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let quoted = |name: &str| {
            let (_, rest) = text.split_once(&format!("{name} = \""))?;
            rest.split('"').next()
        };
        if text.contains("#[server") {
            let prefix = quoted("prefix").unwrap_or("/api");
            let endpoint = quoted("endpoint").expect("a server function without an endpoint");
            paths.push(format!("{prefix}/{endpoint}"));
        }
    }
    paths
}

#[tokio::test]
async fn every_server_function_refuses_a_caller_without_credentials() {
    let (sluice, _) = sluice().await;
    let paths = server_functions();
    assert!(paths.len() > 5, "{paths:?}");
    for path in paths {
        for request in [
            Request::post(&path).form(&[("id", "evt_none")]),
            Request::post(&path).json(&serde_json::json!({ "id": "evt_none" })),
        ] {
            let answer = sluice.submit(request).await.unwrap();
            // A form is sent back to sign in; a script is told so.
            let to_sign_in = answer.header("location").is_some_and(|l| l.starts_with("/login"));
            let refused = matches!(answer.status, 401 | 403) || to_sign_in;
            assert!(refused, "POST {path}: {} {}", answer.status, answer.text());
        }
    }
}

#[tokio::test]
async fn a_key_passes_only_where_its_permission_leads() {
    let (sluice, _) = sluice().await;
    for (permission, has) in
        [("ingest", Needs::Ingest), ("read", Needs::Read), ("manage", Needs::Manage)]
    {
        let key = sluice.key(&[permission]).await.unwrap();
        assert_eq!(doors::open_to(&sluice, &key, has).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn another_site_cannot_use_a_signed_in_browser() {
    let (sluice, _) = sluice().await;
    let cookie = sluice.sign_in().await.unwrap();
    let open = doors::open_to_other_sites(&sluice, &cookie).await;
    assert_eq!(open, Vec::<String>::new());
    let page = sluice.call(Request::get("/").header("cookie", cookie)).await.unwrap();
    assert_eq!(page.status, 200, "a forged /logout must not have ended the session");
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let (sluice, key) = sluice().await;
    assert_eq!(sluice.call(Request::get("/api/v1/events").key(&key)).await.unwrap().status, 200);
    let listed = sluice.command(&["keys", "list", "--json"], None).await.unwrap();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let listed = listed["items"].as_array().or(listed.as_array()).unwrap().clone();
    let id = listed[0]["id"].as_str().unwrap();
    sluice.command(&["keys", "revoke", id], None).await.unwrap();
    for _ in 0..400 {
        let status = sluice.call(Request::get("/api/v1/events").key(&key)).await.unwrap().status;
        if status == 401 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("a key revoked on the command line still works after ten seconds");
}

#[tokio::test]
async fn pages_forbid_foreign_scripts_frames_and_sniffing() {
    let sluice = setup().start().await.unwrap();
    for path in ["/", "/login", "/api/v1/events"] {
        let answer = sluice.call(Request::get(path)).await.unwrap();
        let policy = answer.header("content-security-policy").unwrap_or_default().to_owned();
        assert!(
            policy.contains("default-src") || policy.contains("script-src"),
            "{path}: {policy}"
        );
        assert!(
            !policy.contains("'unsafe-inline'")
                || !script_part(&policy).contains("'unsafe-inline'")
        );
        assert!(policy.contains("frame-ancestors"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
}

fn script_part(policy: &str) -> String {
    policy.split(';').filter(|part| part.trim().starts_with("script-src")).collect()
}

#[tokio::test]
async fn what_must_be_open_is_open() {
    let sluice = setup().start().await.unwrap();
    for path in ["/login", "/healthz", "/readyz"] {
        assert_eq!(sluice.call(Request::get(path)).await.unwrap().status, 200, "{path}");
    }
}

#[tokio::test]
async fn an_address_that_leads_nowhere_says_so_in_the_way_the_caller_reads() {
    let sluice = setup().start().await.unwrap();
    let asked = |accept: &str| Request::get("/nowhere").header("accept", accept);

    let machine = sluice.call(asked("*/*")).await.unwrap();
    assert_eq!(machine.status, 404);
    assert_eq!(machine.header("content-type"), Some("application/problem+json"));

    let stranger = sluice.call(asked("text/html")).await.unwrap();
    assert_eq!(stranger.header("location"), Some("/login?next=/nowhere"));

    let cookie = sluice.sign_in().await.unwrap();
    let person = sluice.call(asked("text/html,*/*").header("cookie", &cookie)).await.unwrap();
    assert_eq!(person.status, 404);
    assert!(person.text().contains("There is no page at this address"), "{}", person.text());
}
