//! Secrets of a source in their order, and the quarantine for what is signed with another.

use engine::Engine;
use engine::source::manage::{self, NewSource};
use engine::source::quarantine::{self, HeldFilter};
use engine::source::{self, Delivery, DeliveryError, Kind, Outcome};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::databases::Database;
use crate::on_both;

on_both!(an_old_secret_counts_until_it_is_ended, the_quarantine_is_counted_filtered_and_emptied);

const BODY: &[u8] = br#"{"type":"order.created"}"#;

async fn create(engine: &Engine, name: &str, secret: &str) {
    let new = NewSource {
        name: name.into(),
        kind: Kind::Hmac,
        secret: secret.into(),
        signature_header: None,
    };
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
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(BODY);
    let digest = mac.finalize().into_bytes();
    [("x-signature".into(), digest.iter().map(|byte| format!("{byte:02x}")).collect())]
}

async fn an_old_secret_counts_until_it_is_ended(database: Database) {
    let engine = database.start().await.engine;
    let (store, vault, environment) = (&engine.store, &engine.vault, &engine.environment);
    create(&engine, "till", "the first").await;
    manage::rotate(store, vault, environment, "till", "the second".into()).await.unwrap();
    for secret in ["the first", "the second"] {
        assert!(deliver(&engine, "till", &signed(secret)).await.is_ok(), "{secret}");
    }
    let ended = manage::end_old_secrets(store, vault, environment, "till").await.unwrap();
    assert_eq!(ended.secret_count(), 1);
    source::forget(&engine, "till").await;
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
