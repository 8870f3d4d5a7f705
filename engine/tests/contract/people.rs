//! Keys, users, set-up links and sessions.

use engine::key::verify::{KeyError, verify};
use engine::key::{Permission, manage};
use engine::user::session::{self, Kept};
use engine::user::{self, Role, UserError};

use crate::databases::Database;
use crate::on_both;

on_both!(
    a_key_works_until_it_is_revoked,
    a_set_up_link_makes_one_owner,
    passwords_open_only_their_own_account,
    a_session_that_nobody_uses_for_a_week_ends,
    a_session_that_is_used_every_day_ends_after_thirty,
    a_session_that_was_ended_is_gone,
    people_see_their_own_sessions_and_end_them,
);

async fn a_key_works_until_it_is_revoked(database: Database) {
    let engine = database.start().await.engine;
    let new = manage::NewKey {
        name: "k".into(),
        permissions: vec![Permission::Read],
        scopes: Vec::new(),
        rate_limit: None,
        expires_at: None,
    };
    let (key, secret) = manage::create(&engine.store, &engine.environment, new).await.unwrap();
    let verified = verify(&engine, secret.reveal()).await.unwrap();
    assert!(verified.allows(Permission::Read) && !verified.allows(Permission::Ingest));
    let wrong = format!("{}x", secret.reveal());
    assert!(matches!(verify(&engine, &wrong).await, Err(KeyError::Invalid)));
    manage::revoke(&engine.store, &engine.environment, &key.prefix).await.unwrap();
    // What is remembered of a key is forgotten within two seconds.
    let mut last = verify(&engine, secret.reveal()).await;
    for _ in 0..50 {
        if last.is_err() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        last = verify(&engine, secret.reveal()).await;
    }
    assert!(
        matches!(last, Err(KeyError::Invalid)),
        "still valid five seconds after it was revoked"
    );
}

async fn a_set_up_link_makes_one_owner(database: Database) {
    let engine = database.start().await.engine;
    let (store, environment) = (&engine.store, &engine.environment);
    assert!(!user::is_set_up(store).await.unwrap());
    let token = user::new_setup_link(store, environment).await.unwrap();
    let weak = user::set_up(store, environment, &token, "a@b.example", "short").await;
    assert!(matches!(weak, Err(UserError::WeakPassword)));
    let set_up =
        |email: &'static str| user::set_up(store, environment, &token, email, "a long password");
    let (one, other) = tokio::join!(set_up("a@b.example"), set_up("c@d.example"));
    let made: Vec<_> = [one, other].into_iter().filter_map(Result::ok).collect();
    assert_eq!(made.len(), 1, "one link, one owner");
    assert_eq!(made[0].role, Role::Owner);
    let late = set_up("e@f.example").await;
    assert!(matches!(late, Err(UserError::Taken)), "there is an owner: {late:?}");
}

async fn passwords_open_only_their_own_account(database: Database) {
    let engine = database.start().await.engine;
    let (store, environment) = (&engine.store, &engine.environment);
    let made =
        user::create(store, environment, " Ada@Acme.dev", "correct horse battery", Role::Viewer);
    assert_eq!(made.await.unwrap().email, "ada@acme.dev");
    let right = user::authenticate(store, "ada@acme.dev", "correct horse battery").await.unwrap();
    assert!(right.is_some());
    assert!(
        user::authenticate(store, "ada@acme.dev", "wrong horse battery").await.unwrap().is_none()
    );
    assert!(user::authenticate(store, "bob@acme.dev", "nobody").await.unwrap().is_none());
    let again =
        user::create(store, environment, "ada@acme.dev", "another password", Role::Viewer).await;
    assert!(matches!(again, Err(UserError::Taken)));
}

const DAY: i64 = 24 * 60 * 60 * 1_000;

fn kept(id: &str, data: &str) -> Kept {
    Kept { id: id.into(), data: data.into(), ..Kept::default() }
}

async fn a_session_that_nobody_uses_for_a_week_ends(database: Database) {
    let engine = database.start().await.engine;
    let (store, now) = (&engine.store, engine.now());
    session::save(store, kept("s", "1"), now).await.unwrap();
    session::save(store, kept("s", "2"), now).await.unwrap();
    let on_day = async |day: i64| {
        let found = session::load(store, "s", now.plus_millis(day * DAY)).await.unwrap();
        found.map(|(data, _)| data)
    };
    for day in [0, 6, 12] {
        assert_eq!(on_day(day).await.as_deref(), Some("2"), "day {day}");
    }
    assert_eq!(on_day(19).await, None);
}

async fn a_session_that_is_used_every_day_ends_after_thirty(database: Database) {
    let engine = database.start().await.engine;
    let (store, now) = (&engine.store, engine.now());
    session::save(store, kept("s", "1"), now).await.unwrap();
    for day in 1..30 {
        let at = now.plus_millis(day * DAY);
        let (_, ends) = session::load(store, "s", at).await.unwrap().expect("it goes on");
        assert!(ends <= now.plus_millis(30 * DAY), "day {day}");
    }
    assert!(session::load(store, "s", now.plus_millis(30 * DAY)).await.unwrap().is_none());
}

async fn a_session_that_was_ended_is_gone(database: Database) {
    let engine = database.start().await.engine;
    let (store, now) = (&engine.store, engine.now());
    session::save(store, kept("s", "1"), now).await.unwrap();
    session::delete(store, "s".into(), now).await.unwrap();
    assert!(session::load(store, "s", now).await.unwrap().is_none());
}

async fn people_see_their_own_sessions_and_end_them(database: Database) {
    let engine = database.start().await.engine;
    let (store, environment, now) = (&engine.store, &engine.environment, engine.now());
    let make = async |email: &str| {
        let made = user::create(store, environment, email, "correct horse battery", Role::Viewer);
        made.await.unwrap()
    };
    let (ada, bob) = (make("ada@acme.dev").await, make("bob@acme.dev").await);
    for (at, (id, user)) in [("a", &ada), ("b", &ada), ("c", &ada), ("d", &bob)].iter().enumerate()
    {
        let user = Some(user.id);
        let kept = Kept { user, client: format!("browser {id}"), ..kept(id, "1") };
        session::save(store, kept, now.plus_millis(at as i64)).await.unwrap();
    }
    // Before anybody had signed in.
    session::save(store, kept("e", "1"), now).await.unwrap();
    let seen = async |user: &user::User, later: i64| {
        let all = session::of(store, user.id, now.plus_millis(later)).await.unwrap();
        all.into_iter().map(|begun| (begun.handle, begun.client)).collect::<Vec<_>>()
    };
    let of_ada = |ids: &[&str]| -> Vec<_> {
        ids.iter().map(|id| (session::handle(id), format!("browser {id}"))).collect()
    };
    assert_eq!(seen(&ada, 0).await, of_ada(&["c", "b", "a"]), "the one used last first");
    assert!(seen(&ada, 0).await.iter().all(|(handle, _)| !["a", "b", "c"].contains(&&**handle)));
    session::load(store, "a", now.plus_millis(DAY)).await.unwrap().expect("it is used");
    assert_eq!(seen(&ada, DAY).await, of_ada(&["a", "c", "b"]));
    assert_eq!(
        seen(&ada, 7 * DAY + 1_000).await,
        of_ada(&["a"]),
        "those that ended by themselves are gone"
    );

    let others = session::handle("d");
    assert_eq!(session::end(store, &ada, |handle| handle == others).await.unwrap(), 0, "not hers");
    let own = session::handle("b");
    assert_eq!(session::end(store, &ada, |handle| handle != own).await.unwrap(), 2);
    assert_eq!(seen(&ada, 0).await, of_ada(&["b"]));
    assert_eq!(seen(&bob, 0).await.len(), 1);
    assert!(session::load(store, "a", now).await.unwrap().is_none());
    assert!(!session::is_open(store, "a", now).await.unwrap());

    // To look whether one is open does not keep it open.
    for day in [5, 6] {
        assert!(session::is_open(store, "d", now.plus_millis(day * DAY)).await.unwrap());
    }
    assert!(!session::is_open(store, "d", now.plus_millis(8 * DAY)).await.unwrap());
}
