//! Secrets of a source in their order, and the quarantine for what is signed with another.

use engine::Engine;
use engine::source::manage::{self, NewSource};
use engine::source::quarantine::{self, HeldFilter, ReleaseError};
use engine::source::{self, Delivery, DeliveryError, Kind, Outcome, Rejection};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::databases::Database;
use crate::on_both;

on_both!(
    an_old_secret_counts_until_it_is_ended,
    the_quarantine_is_counted_filtered_and_emptied,
    an_old_delivery_is_taken_when_somebody_says_so,
    what_people_press_in_slack_is_an_event,
    what_proves_a_delivery_is_kept_only_while_it_is_not_believed,
);

const BODY: &[u8] = br#"{"type":"order.created"}"#;

async fn create(engine: &Engine, name: &str, secret: &str) {
    create_of(engine, Kind::Hmac, name, secret).await;
}

async fn create_of(engine: &Engine, kind: Kind, name: &str, secret: &str) {
    let new = NewSource { name: name.into(), kind, secret: secret.into(), signature_header: None };
    manage::create(&engine.store, &engine.vault, &engine.environment, new).await.unwrap();
}

async fn deliver(
    engine: &Engine,
    name: &str,
    headers: &[(String, String)],
) -> Result<Outcome, DeliveryError> {
    source::deliver(engine, name, Delivery { headers, body: BODY }).await
}

fn signed(secret: &str) -> [(String, String); 1] {
    [("x-signature".into(), digest(secret, BODY))]
}

fn digest(secret: &str, content: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(content);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As Slack signs `body` at that second.
fn by_slack(secret: &str, at: i64, body: &[u8]) -> Vec<(String, String)> {
    let content = [format!("v0:{at}:").as_bytes(), body].concat();
    vec![
        ("x-slack-request-timestamp".into(), at.to_string()),
        ("x-slack-signature".into(), format!("v0={}", digest(secret, &content))),
    ]
}

async fn an_old_secret_counts_until_it_is_ended(database: Database) {
    let engine = database.start().await.engine;
    create(&engine, "till", "the first").await;
    assert!(deliver(&engine, "till", &signed("the first")).await.is_ok());
    source::rotate(&engine, "till", "the second".into()).await.unwrap();
    for secret in ["the first", "the second"] {
        assert!(deliver(&engine, "till", &signed(secret)).await.is_ok(), "{secret}");
    }
    let ended = source::end_old_secrets(&engine, "till").await.unwrap();
    assert_eq!(ended.secret_count(), 1);
    let old = deliver(&engine, "till", &signed("the first")).await;
    assert!(matches!(old, Err(DeliveryError::Rejected(_))), "at once, not when the cache forgets");
    assert!(deliver(&engine, "till", &signed("the second")).await.is_ok());
}

async fn the_quarantine_is_counted_filtered_and_emptied(database: Database) {
    let engine = database.start().await.engine;
    create(&engine, "bakery", "the first").await;
    create(&engine, "till", "the first").await;
    for headers in [signed("another"), signed("a third")] {
        assert!(deliver(&engine, "till", &headers).await.is_err());
    }
    for name in ["till", "bakery"] {
        assert!(deliver(&engine, name, &[]).await.is_err());
    }
    let expected = vec![("bakery".to_owned(), 1), ("till".to_owned(), 3)];
    assert_eq!(quarantine::counts(&engine).await.unwrap(), expected);
    assert_eq!(engine::stats::current(&engine).await.unwrap().quarantined, 4);

    let which = HeldFilter { source: Some("till"), cause: Some("wrong_signature") };
    let held = quarantine::list(&engine, which, None, 10).await.unwrap();
    assert_eq!(held.len(), 2);
    // The one that was signed with `another` is the older of the two.
    let (store, vault, environment) = (&engine.store, &engine.vault, &engine.environment);
    manage::rotate(store, vault, environment, "till", "another".into()).await.unwrap();
    assert!(quarantine::release(&engine, held[0].id).await.is_err());
    assert!(matches!(
        quarantine::release(&engine, held[1].id).await,
        Ok(Outcome::Accepted(accepted, _)) if !accepted.duplicate
    ));
    quarantine::delete(&engine, held[0].id).await.unwrap();
    assert!(quarantine::list(&engine, which, None, 10).await.unwrap().is_empty());
    assert_eq!(engine::stats::current(&engine).await.unwrap().quarantined, 2);
}

async fn an_old_delivery_is_taken_when_somebody_says_so(database: Database) {
    let engine = database.start().await.engine;
    create_of(&engine, Kind::Slack, "slack", "the first").await;
    let old = engine.now().millis() / 1_000 - 3_600;
    for secret in ["another", "the first"] {
        let headers = by_slack(secret, old, BODY);
        let delivery = Delivery { headers: &headers, body: BODY };
        assert!(matches!(
            source::deliver(&engine, "slack", delivery).await,
            Err(DeliveryError::Rejected(Rejection::ClockSkew(_)))
        ));
    }
    // The newest first: signed with the right secret, then with another.
    let held = quarantine::list(&engine, HeldFilter::default(), None, 10).await.unwrap();
    assert_eq!(held.len(), 2);
    assert!(matches!(
        quarantine::release(&engine, held[0].id).await,
        Ok(Outcome::Accepted(accepted, _)) if !accepted.duplicate
    ));
    assert!(matches!(
        quarantine::release(&engine, held[1].id).await,
        Err(ReleaseError::Rejected(Rejection::WrongSignature))
    ));
}

/// The signature lies in a header that is secret by its name: it is checked as it came, and stored masked.
async fn what_proves_a_delivery_is_kept_only_while_it_is_not_believed(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let (store, vault, environment) = (&engine.store, &engine.vault, &engine.environment);
    let new = NewSource {
        name: "till".into(),
        kind: Kind::Hmac,
        secret: "the first".into(),
        signature_header: Some("Authorization".into()),
    };
    manage::create(store, vault, environment, new).await.unwrap();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let delivery = |secret: &str| {
        let all = [
            header("authorization", &digest(secret, BODY)),
            header("cookie", "session=1"),
            header("x-relay-token", "t"),
            header("x-event-id", secret),
            header("idempotency-key", "k-1"),
        ];
        all.to_vec()
    };
    let masked = |secret: &str| {
        let mut all = delivery(secret);
        all[1].1 = "•••".into();
        all[2].1 = "•••".into();
        all
    };
    let stored = async |outcome: Outcome| {
        let Outcome::Accepted(accepted, _) = outcome else { panic!("not an event") };
        running.get(accepted.id).await.headers.list()
    };
    let mut of_event = masked("the first");
    of_event[0].1 = "•••".into();
    let taken = deliver(engine, "till", &delivery("the first")).await.unwrap();
    assert_eq!(stored(taken).await, of_event);

    assert!(deliver(engine, "till", &delivery("the second")).await.is_err());
    let held = quarantine::list(engine, HeldFilter::default(), None, 10).await.unwrap();
    assert_eq!(held[0].headers, masked("the second"), "it is checked again");
    manage::rotate(store, vault, environment, "till", "the second".into()).await.unwrap();
    let released = quarantine::release(engine, held[0].id).await.unwrap();
    assert_eq!(stored(released).await[0].1, "•••");
}

async fn what_people_press_in_slack_is_an_event(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    create_of(engine, Kind::Slack, "slack", "the first").await;
    let body =
        b"payload=%7B%22type%22%3A%22block_actions%22%2C%22user%22%3A%7B%22id%22%3A%22U1%22%7D%7D";
    let mut headers = by_slack("the first", engine.now().millis() / 1_000, body);
    headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
    let delivery = Delivery { headers: &headers, body };
    let Outcome::Accepted(accepted, _) = source::deliver(engine, "slack", delivery).await.unwrap()
    else {
        panic!("not an event")
    };
    let event = running.get(accepted.id).await;
    assert_eq!(event.row.event_type.as_str(), "block_actions");
    assert_eq!(&*event.payload, r#"{"type":"block_actions","user":{"id":"U1"}}"#);
}
