//! People for the dashboard: asked in, given a role, taken out; and one's own password.

use axum::http::{StatusCode, header, request::Parts};
use engine::Engine;
use engine::user::{self, Role, UserError, invitation, manage, session};
use leptos::prelude::use_context;

use super::{Tries, convert, fail, invalid, once};
use crate::ApiError;
use crate::model::{People, RoleGiven, User};

pub async fn list(engine: &Engine, me: &User) -> Result<People, ApiError> {
    let users = user::list(&engine.store).await.map_err(fail)?;
    let invitations = match me.role == "owner" {
        true => invitation::list(&engine.store, engine.now()).await.map_err(fail)?,
        false => Vec::new(),
    };
    Ok(People {
        users: users.iter().map(convert::user).collect(),
        invitations: invitations.into_iter().map(convert::invitation).collect(),
        me: me.email.clone(),
    })
}

/// Asks someone in; the ticket with which the link is seen once.
pub async fn invite(
    engine: &Engine,
    me: &User,
    email: &str,
    role: &str,
) -> Result<String, ApiError> {
    let role = parse_role(role)?;
    let invited =
        invitation::invite(&engine.store, &engine.environment, email, role, &me.email).await;
    let (invitation, token) = invited.map_err(refused)?;
    Ok(once::keep(engine, me, format!("{}{}", here(), invitation.path(&token))))
}

/// The address by which the browser reached us, as it says itself.
fn here() -> String {
    let header = |name| {
        let parts = use_context::<Parts>()?;
        Some(parts.headers.get(name)?.to_str().ok()?.to_owned())
    };
    let host = || header(header::HOST).map(|host| format!("http://{host}"));
    header(header::ORIGIN).filter(|origin| origin != "null").or_else(host).unwrap_or_default()
}

pub async fn withdraw(engine: &Engine, email: &str) -> Result<(), ApiError> {
    invitation::withdraw(&engine.store, email).await.map_err(fail)
}

pub async fn change_role(engine: &Engine, id: &str, role: &str) -> Result<RoleGiven, ApiError> {
    let role = parse_role(role)?;
    let before = manage::named(&engine.store, id).await.map_err(refused)?.role;
    let user = manage::set_role(&engine.store, id, role).await.map_err(refused)?;
    Ok(RoleGiven {
        id: user.id.to_string(),
        email: user.email,
        role: user.role.to_string(),
        before: before.to_string(),
    })
}

pub async fn remove(engine: &Engine, me: &User, id: &str) -> Result<(), ApiError> {
    let found = manage::named(&engine.store, id).await.map_err(refused)?;
    if found.email == me.email {
        return Err(invalid("Another owner has to take you out, so that it is no mistake."));
    }
    manage::remove(&engine.store, id).await.map(drop).map_err(refused)
}

/// Every session of this person ends, this one too.
pub async fn change_password(
    engine: &Engine,
    me: &User,
    current: &str,
    new: &str,
) -> Result<(), ApiError> {
    let user = proven(engine, me, current).await?;
    let (store, environment) = (&engine.store, &engine.environment);
    let changed = manage::set_password(store, environment, &user.id.to_string(), new).await;
    changed.map(drop).map_err(refused)
}

/// Who is signed in, having given their password again. It is guessed as slowly as at the sign-in.
pub async fn proven(
    engine: &Engine,
    me: &User,
    password: &str,
) -> Result<engine::user::User, ApiError> {
    if !use_context::<Tries>().is_some_and(|Tries(take)| take()) {
        let reason = "Too many tries from your address: wait a minute.";
        return Err(super::refuse_with(StatusCode::TOO_MANY_REQUESTS, reason));
    }
    let user = manage::named(&engine.store, &me.email).await.map_err(refused)?;
    manage::prove(&user, password).await.map_err(refused)?;
    Ok(user)
}

/// Ends all of someone's sessions; says how many.
pub async fn sign_out(engine: &Engine, id: &str) -> Result<usize, ApiError> {
    let user = manage::named(&engine.store, id).await.map_err(refused)?;
    session::end(&engine.store, &user, |_| true).await.map_err(fail)
}

fn parse_role(text: &str) -> Result<Role, ApiError> {
    Role::parse(text).ok_or_else(|| invalid("Choose viewer, operator or owner."))
}

fn refused(error: UserError) -> ApiError {
    match error {
        UserError::Store(_) | UserError::Hash(_) => fail(error),
        UserError::Unknown(_) => super::not_found(),
        error => {
            let said = error.to_string();
            let mut letters = said.chars();
            let first = letters.next().map(|letter| letter.to_uppercase().to_string());
            invalid(format!("{}{}.", first.unwrap_or_default(), letters.as_str()))
        }
    }
}
