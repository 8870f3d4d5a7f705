//! One's own sessions: where they were begun, and their end.

use engine::Engine;
use engine::user::manage;
use engine::user::session::{self, Begun};
use leptos::prelude::use_context;

use super::{Caller, convert, fail, not_found, people};
use crate::ApiError;
use crate::model::{BegunSession, OTHERS, User};

pub async fn list(engine: &Engine, me: &User) -> Result<Vec<BegunSession>, ApiError> {
    let own = own();
    let user = manage::named(&engine.store, &me.email).await.map_err(fail)?;
    let begun = session::of(&engine.store, user.id, engine.now()).await;
    let view = |begun: Begun| BegunSession {
        own: own.as_deref() == Some(&begun.handle),
        id: begun.handle,
        browser: browser(&begun.client),
        client: begun.client,
        address: begun.address,
        created_at: convert::time(begun.created_at),
        used_at: convert::time(begun.used_at),
    };
    Ok(begun.map_err(fail)?.into_iter().map(view).collect())
}

/// Ends the one of this name, or all but the one by which this is asked; says how many.
pub async fn end(
    engine: &Engine,
    me: &User,
    password: &str,
    which: &str,
) -> Result<usize, ApiError> {
    let own = own();
    let user = people::proven(engine, me, password).await?;
    let chosen = |handle: &str| match which {
        OTHERS => own.as_deref() != Some(handle),
        one => handle == one,
    };
    match session::end(&engine.store, &user, chosen).await.map_err(fail)? {
        0 if which != OTHERS => Err(not_found()),
        count => Ok(count),
    }
}

fn own() -> Option<String> {
    use_context::<Caller>()?.session
}

/// What people call the browser that says this of itself. Each names those before it too, for whose
/// pages it wants to be given.
fn browser(client: &str) -> String {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let named = |names: &[(&str, &'static str)]| {
        names.iter().find(|(said, _)| client.contains(said)).map(|(_, name)| *name)
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::browser;

    #[test]
    fn a_browser_is_called_by_its_own_name() {
        let linux = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";
        assert_eq!(browser(&format!("{linux} Chrome/143.0.0.0 Safari/537.36")), "Chrome on Linux");
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                    Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0";
        assert_eq!(browser(edge), "Edge on Windows");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
                     (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(browser(phone), "Safari on iPhone");
        let mac =
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0";
        assert_eq!(browser(mac), "Firefox on macOS");
        assert_eq!(browser("curl/8.14.1"), "curl");
        assert_eq!(browser(""), "Unknown browser");
    }
}
