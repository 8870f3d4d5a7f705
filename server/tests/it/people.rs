//! Roles hold at every door, invitations bring people in, and the audit log tells of it.

use std::time::Duration;

use bench::http::{Answer, Request};
use bench::sluice::{OWNER_EMAIL, OWNER_PASSWORD, Sluice, order, sign_in};
use bench::sse::{self, Message};
use serde_json::{Value, json};

use crate::start::{ONCE, notify, setup, sluice};

const PASSWORD: &str = "a long enough password";
const SOON: Duration = Duration::from_secs(10);

/// The cookie of someone with this role, who came by an invitation.
pub(crate) async fn came_in(sluice: &Sluice, email: &str, role: &str) -> String {
    let invited = ["users", "invite", email, "--role", role, "--json"];
    let invited: Value =
        serde_json::from_str(&sluice.command(&invited, None).await.unwrap()).unwrap();
    let link = invited["link"].as_str().unwrap();
    let token = link.split("token=").nth(1).unwrap().split('&').next().unwrap();
    let form = [("token", token), ("email", email), ("password", PASSWORD)];
    let answer = sluice.submit(Request::post("/join").form(&form)).await.unwrap();
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{}", answer.text());
    let again = sluice.submit(Request::post("/join").form(&form)).await.unwrap();
    let place = again.header("location").unwrap_or_default().to_owned();
    assert!(place.contains("error=ended"), "a link works once: {place}");
    answer.cookies().join("; ")
}

pub(crate) async fn with_cookie(sluice: &Sluice, request: Request, cookie: &str) -> Answer {
    let own = request
        .header("cookie", cookie)
        .header("origin", format!("http://{}", sluice.address().unwrap()));
    sluice.submit(own).await.unwrap()
}

/// What only an operator, and what only an owner may do in the dashboard.
const OPERATORS: [(&str, &[(&str, &str)]); 4] = [
    ("/api/ui/keys/create", &[("name", "x"), ("read", "on")]),
    ("/api/ui/events/replay", &[("id", "evt_none")]),
    ("/api/ui/workflows/switch", &[("id", "wfl_none"), ("on", "true")]),
    (
        "/api/ui/audit/list",
        &[
            ("filter[actor]", ""),
            ("filter[action]", ""),
            ("filter[object]", ""),
            ("filter[cursor]", ""),
        ],
    ),
];
const OWNERS: [(&str, &[(&str, &str)]); 7] = [
    ("/api/ui/erasures/start", &[("value", "x"), ("how", "count")]),
    ("/api/ui/erasures/list", &[]),
    ("/api/ui/people/invite", &[("email", "new@example.test"), ("role", "owner")]),
    ("/api/ui/people/role", &[("id", OWNER_EMAIL), ("role", "viewer")]),
    ("/api/ui/people/remove", &[("id", OWNER_EMAIL)]),
    ("/api/ui/people/sign-out", &[("id", OWNER_EMAIL)]),
    ("/api/ui/people/withdraw", &[("email", "new@example.test")]),
];

#[tokio::test]
async fn a_role_does_only_what_it_may() {
    let (sluice, _) = sluice().await;
    let viewer = came_in(&sluice, "viewer@example.test", "viewer").await;
    let operator = came_in(&sluice, "operator@example.test", "operator").await;
    for (path, fields) in OPERATORS {
        let answer = with_cookie(&sluice, Request::post(path).form(fields), &viewer).await;
        assert_eq!(answer.status, 403, "{path} by a viewer: {}", answer.text());
        let answer = with_cookie(&sluice, Request::post(path).form(fields), &operator).await;
        assert_ne!(answer.status, 403, "{path} by an operator: {}", answer.text());
    }
    for (path, fields) in OWNERS {
        for (who, cookie) in [("a viewer", &viewer), ("an operator", &operator)] {
            let answer = with_cookie(&sluice, Request::post(path).form(fields), cookie).await;
            assert_eq!(answer.status, 403, "{path} by {who}: {}", answer.text());
        }
    }
    let list = Request::get("/api/v1/users").header("cookie", &viewer);
    assert_eq!(sluice.call(list).await.unwrap().status, 403);
    let events = Request::get("/api/v1/events").header("cookie", &viewer);
    assert_eq!(sluice.call(events).await.unwrap().status, 200);
}

/// Pages that offer to change something of what the test has made.
const OFFERING: [&str; 6] =
    ["/", "/dead-letters", "/workflows", "/keys?new=1", "/secrets?set=", "/sources?new=hmac"];

#[tokio::test]
async fn nobody_is_offered_what_they_may_not_do() {
    let (sluice, key) = sluice().await;
    sluice.apply(&notify("http://127.0.0.1:9", ONCE), &key).await.unwrap();
    let event = json!({ "eventType": "stock.counted", "source": "shop", "payload": {} });
    let id = sluice.accept(&event, &key).await.unwrap();
    let failed = Request::post(format!("/api/v1/events/{id}/failed")).key(&key);
    assert_eq!(sluice.call(failed).await.unwrap().status, 200);
    let viewer = came_in(&sluice, "viewer@example.test", "viewer").await;
    let operator = came_in(&sluice, "operator@example.test", "operator").await;
    let owner = sluice.sign_in().await.unwrap();
    let offers = async |page: &str, cookie: &str, what: &str| {
        let page = sluice.call(Request::get(page).header("cookie", cookie)).await.unwrap();
        assert_eq!(page.status, 200);
        page.text().contains(what)
    };
    let event = format!("/events/{id}");
    for page in OFFERING.into_iter().chain([event.as_str()]) {
        // Where the forms of server functions lead.
        let form = "action=\"/api/ui/";
        assert!(offers(page, &owner, form).await, "{page} to the owner");
        assert!(offers(page, &operator, form).await, "{page} to an operator");
        assert!(!offers(page, &viewer, form).await, "{page} to a viewer");
    }
    for (link, expected) in [("/audit", [true, true, false]), ("/erasures", [true, false, false])] {
        let link = format!("href=\"{link}\"");
        for (cookie, expected) in [&owner, &operator, &viewer].into_iter().zip(expected) {
            assert_eq!(offers("/settings", cookie, &link).await, expected, "{link}");
        }
    }
}

#[tokio::test]
async fn whoever_is_removed_is_out_with_the_next_click() {
    let sluice = setup().start().await.unwrap();
    let cookie = came_in(&sluice, "guest@example.test", "operator").await;
    let home = || Request::get("/").header("cookie", &cookie);
    assert_eq!(sluice.call(home()).await.unwrap().status, 200);
    sluice.command(&["users", "role", "guest@example.test", "viewer"], None).await.unwrap();
    let replay = Request::post("/api/v1/events/evt_none/replay");
    assert_eq!(with_cookie(&sluice, replay, &cookie).await.status, 403, "the role holds at once");
    sluice.command(&["users", "remove", "guest@example.test"], None).await.unwrap();
    let answer = sluice.call(home()).await.unwrap();
    assert!(answer.header("location").is_some_and(|place| place.starts_with("/login")));
    let back = sluice.submit(sign_in("guest@example.test", PASSWORD)).await.unwrap();
    assert_eq!(back.header("location"), Some("/login?error=wrong"));
}

#[tokio::test]
async fn a_stream_ends_soon_after_its_reader_may_read_no_more() {
    let (sluice, key) = sluice().await;
    let guest = came_in(&sluice, "guest@example.test", "viewer").await;
    let create = ["keys", "create", "--name", "reader", "--permission", "read", "--json"];
    let reader: Value =
        serde_json::from_str(&sluice.command(&create, None).await.unwrap()).unwrap();
    let open =
        async |request: Request| sse::open(sluice.address().unwrap(), request).await.unwrap();
    let stream = || Request::get("/api/v1/stream");
    let mut ended = [
        open(stream().header("cookie", &guest)).await,
        open(stream().key(reader["key"].as_str().unwrap())).await,
    ];
    let mut other = open(stream().key(&key)).await;
    sluice.command(&["users", "sign-out", "guest@example.test"], None).await.unwrap();
    sluice.command(&["keys", "revoke", reader["id"].as_str().unwrap()], None).await.unwrap();
    for stream in &mut ended {
        let end = async { while stream.next().await.unwrap().is_some() {} };
        tokio::time::timeout(SOON, end).await.expect("the stream goes on");
    }
    let id = sluice.accept(&order(1), &key).await.unwrap();
    let came = |message: &Message| message.json().is_ok_and(|data| data["id"] == *id);
    other.until(SOON, came).await.expect("who may still read reads on");
}

#[tokio::test]
async fn an_owner_signs_everyone_out_on_the_command_line() {
    let sluice = setup().start().await.unwrap();
    let guest = came_in(&sluice, "guest@example.test", "viewer").await;
    let owner = sluice.sign_in().await.unwrap();
    let home = async |cookie: &str| {
        sluice.call(Request::get("/").header("cookie", cookie)).await.unwrap().status
    };
    assert_eq!((home(&guest).await, home(&owner).await), (200, 200));
    let said = sluice.command(&["users", "sign-out", "--all"], None).await.unwrap();
    assert_eq!(said.trim(), "2 sessions have ended.");
    assert_eq!((home(&guest).await, home(&owner).await), (303, 303));
    let nobody = sluice.run(&["users", "sign-out", "nobody@example.test"], None).await.unwrap();
    assert_eq!(nobody.status.code(), Some(1));
}

#[tokio::test]
async fn to_end_sessions_takes_the_password_and_guessing_it_takes_time() {
    let sluice = setup().start().await.unwrap();
    let cookie = sluice.sign_in().await.unwrap();
    let end = async |password: &str| {
        let fields = [("password", password), ("which", "others")];
        let request = Request::post("/api/ui/sessions/end").form(&fields);
        with_cookie(&sluice, request, &cookie).await
    };
    let wrong = end("not the password").await;
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    let right = end(OWNER_PASSWORD).await;
    assert_eq!((right.status, right.text().trim()), (200, "0"));
    let mut last = wrong.status;
    for _ in 0..10 {
        last = end("not the password").await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn the_audit_log_names_person_key_and_command_line() {
    let (sluice, _) = sluice().await;
    let manage = sluice.key(&["manage", "ingest"]).await.unwrap();
    let event = json!({ "eventType": "order.created", "source": "shop", "payload": {} });
    let sent = Request::post("/api/webhooks/ingest").key(&manage).json(&event);
    let id = sluice.call(sent).await.unwrap().json().unwrap()["id"].as_str().unwrap().to_owned();
    let failed = Request::post(format!("/api/v1/events/{id}/failed")).key(&manage);
    assert_eq!(sluice.call(failed).await.unwrap().status, 200);
    let cookie = sluice.sign_in().await.unwrap();
    let resolve = Request::post("/api/ui/events/processed").form(&[("id", id.as_str())]);
    let answer = with_cookie(&sluice, resolve, &cookie).await;
    assert!(answer.status < 400, "{} {}", answer.status, answer.text());

    let log = Request::get(format!("/api/v1/audit?object={id}")).key(&manage);
    let log = sluice.call(log).await.unwrap().json().unwrap();
    let lines: Vec<_> = log["items"].as_array().unwrap().iter().collect();
    let told = |line: &Value| (line["actorKind"].clone(), line["action"].clone());
    assert_eq!(told(lines[0]), (json!("person"), json!("event.marked_processed")), "{log}");
    assert_eq!(lines[0]["actor"], OWNER_EMAIL);
    assert_eq!(told(lines[1]), (json!("key"), json!("event.marked_failed")), "{log}");

    let keys = Request::get("/api/v1/audit?action=key.created").key(&manage);
    let keys = sluice.call(keys).await.unwrap().json().unwrap();
    assert_eq!(keys["items"][0]["actorKind"], "command_line", "{keys}");
    assert!(!keys.to_string().contains(&manage), "a secret in the log");
}
