//! Who changed what, and people who come, change and go.

use engine::audit::{self, Actor, ActorKind, Filter};
use engine::event::repair::{self, Repair, RepairError};
use engine::key::{Permission, manage as keys};
use engine::store::{Change, StoreError};
use engine::user::{self, Role, UserError, invitation, manage};

use crate::databases::Database;
use crate::on_both;

on_both!(
    a_change_and_its_entry_are_one,
    what_is_refused_leaves_no_entry,
    nobody_is_named_for_what_sluice_does_itself,
    an_invitation_brings_one_person_in,
    an_invitation_is_the_way_to_a_new_password,
    the_last_owner_stays,
);

const PASSWORD: &str = "correct horse battery";

fn named(name: &str) -> keys::NewKey {
    keys::NewKey {
        name: name.into(),
        permissions: vec![Permission::Read],
        scopes: Vec::new(),
        rate_limit: None,
        expires_at: None,
    }
}

async fn by_ada<F: Future>(work: F) -> F::Output {
    audit::within(async {
        audit::enter(Actor::person("ada@acme.dev"));
        work.await
    })
    .await
}

async fn actions(store: &engine::store::Store) -> Vec<String> {
    let entries = audit::list(store, &Filter::default(), None, 100).await.unwrap();
    entries.into_iter().map(|entry| entry.action).collect()
}

async fn a_change_and_its_entry_are_one(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let event = running.order(1).await;
    let key = by_ada(async {
        let made = keys::create(&engine.store, &engine.environment, named("shop")).await.unwrap();
        keys::revoke(&engine.store, &engine.environment, &made.0.prefix).await.unwrap();
        // Revoking twice changes nothing, so it is told once.
        keys::revoke(&engine.store, &engine.environment, &made.0.prefix).await.unwrap();
        repair::repair(engine, event.id, Repair::MarkFailed).await.unwrap();
        made.0
    })
    .await;
    let told = ["event.marked_failed", "key.revoked", "key.created"];
    assert_eq!(actions(&engine.store).await, told);
    let of_key = Filter { object: Some(key.id.to_string()), ..Filter::default() };
    let entries = audit::list(&engine.store, &of_key, None, 1).await.unwrap();
    assert_eq!(entries[0].action, "key.revoked");
    assert_eq!(entries[0].actor, Actor { kind: ActorKind::Person, name: "ada@acme.dev".into() });
    let older = audit::list(&engine.store, &of_key, Some(entries[0].id), 1).await.unwrap();
    assert_eq!(older[0].action, "key.created");
    let of_keys = Filter { action: Some("key".into()), ..Filter::default() };
    assert_eq!(audit::list(&engine.store, &of_keys, None, 10).await.unwrap().len(), 2);
}

async fn what_is_refused_leaves_no_entry(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let event = running.order(1).await;
    by_ada(async {
        let retried = repair::repair(engine, event.id, Repair::Retry).await;
        assert!(matches!(retried, Err(RepairError::NotFailed(_))), "{retried:?}");
        let fails = Change::new(|_| Box::pin(async { Err(StoreError::Conflict) }));
        let refused = engine.store.writer.change(fails.noted(audit::Note::new("x.y", "z"))).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    })
    .await;
    assert_eq!(actions(&engine.store).await, Vec::<String>::new());
}

async fn nobody_is_named_for_what_sluice_does_itself(database: Database) {
    let engine = database.start().await.engine;
    keys::create(&engine.store, &engine.environment, named("by itself")).await.unwrap();
    assert_eq!(actions(&engine.store).await, Vec::<String>::new());
}

async fn an_invitation_brings_one_person_in(database: Database) {
    let engine = database.start().await.engine;
    let (store, environment) = (&engine.store, &engine.environment);
    let invite = |role| invitation::invite(store, environment, "Bob@Acme.dev", role, "ada");
    let (_, first) = invite(Role::Viewer).await.unwrap();
    let (invitation, token) = invite(Role::Operator).await.unwrap();
    assert_eq!(invitation.email, "bob@acme.dev");
    let accept = |token: String| async move {
        invitation::accept(store, environment, &token, PASSWORD).await
    };
    let replaced = accept(first).await;
    assert!(matches!(replaced, Err(UserError::InvitationEnded)), "{replaced:?}");
    let weak = invitation::accept(store, environment, &token, "short").await;
    assert!(matches!(weak, Err(UserError::WeakPassword)), "{weak:?}");
    let (one, other) = tokio::join!(accept(token.clone()), accept(token));
    let came: Vec<_> = [one, other].into_iter().filter_map(Result::ok).collect();
    assert_eq!(came.len(), 1, "one link, one person");
    assert_eq!(came[0].role, Role::Operator);
    assert!(user::authenticate(store, "bob@acme.dev", PASSWORD).await.unwrap().is_some());
    assert!(invitation::list(store, engine.now()).await.unwrap().is_empty());

    let (_, token) =
        invitation::invite(store, environment, "eve@acme.dev", Role::Owner, "ada").await.unwrap();
    invitation::withdraw(store, "EVE@acme.dev").await.unwrap();
    let late = invitation::accept(store, environment, &token, PASSWORD).await;
    assert!(matches!(late, Err(UserError::InvitationEnded)), "{late:?}");
}

async fn an_invitation_is_the_way_to_a_new_password(database: Database) {
    let engine = database.start().await.engine;
    let (store, environment) = (&engine.store, &engine.environment);
    let made = user::create(store, environment, "ada@acme.dev", PASSWORD, Role::Owner);
    let before = made.await.unwrap();
    let invited = invitation::invite(store, environment, "ada@acme.dev", Role::Viewer, "bob");
    let (_, token) = invited.await.unwrap();
    let after = invitation::accept(store, environment, &token, "another password").await.unwrap();
    assert_eq!((after.id, after.role), (before.id, Role::Owner), "who they are stays");
    assert_ne!(after.session_secret(), before.session_secret(), "old sessions end");
    assert!(user::authenticate(store, "ada@acme.dev", PASSWORD).await.unwrap().is_none());
}

async fn the_last_owner_stays(database: Database) {
    let engine = database.start().await.engine;
    let (store, environment) = (&engine.store, &engine.environment);
    let create = |email, role| user::create(store, environment, email, PASSWORD, role);
    create("ada@acme.dev", Role::Owner).await.unwrap();
    let bob = create("bob@acme.dev", Role::Viewer).await.unwrap();
    let alone = manage::remove(store, "ada@acme.dev").await;
    assert!(matches!(alone, Err(UserError::LastOwner)), "{alone:?}");
    let alone = manage::set_role(store, "ada@acme.dev", Role::Viewer).await;
    assert!(matches!(alone, Err(UserError::LastOwner)), "{alone:?}");
    assert_eq!(
        manage::set_role(store, &bob.id.to_string(), Role::Owner).await.unwrap().role,
        Role::Owner
    );
    // Two owners who take each other's role away at once: one of them stays.
    let (one, other) = tokio::join!(
        manage::set_role(store, "ada@acme.dev", Role::Viewer),
        manage::set_role(store, "bob@acme.dev", Role::Viewer),
    );
    assert_eq!([one.is_ok(), other.is_ok()].into_iter().filter(|ok| *ok).count(), 1);
    assert!(matches!(manage::prove(&bob, "guess").await, Err(UserError::WrongPassword)));
    manage::prove(&bob, PASSWORD).await.unwrap();
    manage::set_password(store, environment, "bob@acme.dev", "a new password").await.unwrap();
    assert!(user::authenticate(store, "bob@acme.dev", "a new password").await.unwrap().is_some());
}
