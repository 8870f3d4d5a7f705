//! The pages: rendered by Leptos for people who are signed in, with a strict content policy.

use std::sync::Arc;

use app::ssr::{Caller, Tries};
use axum::Router;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use engine::audit::{self, Actor};
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_axum::{
    LeptosRoutes, ResponseOptions, generate_route_list, render_app_to_stream_with_context,
};
use tower_sessions::Session;

use crate::assets;
use crate::auth::{AuthSession, origin};
use crate::problem::{Code, Problem};
use crate::proxies;
use crate::router::AppState;

/// Pages that can be seen without having signed in.
const OPEN: [&str; 3] = ["/login", "/setup", "/join"];

/// Pages and server functions, closed to everyone who is not signed in.
pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    let (context, page) = (context(state), page(state));
    Router::new()
        .leptos_routes_with_context(state, generate_route_list(app::App), context, page)
        .layer(from_fn(close))
}

/// The page for addresses that lead nowhere, for people who are signed in.
pub(crate) fn no_page(state: &AppState) -> Router<AppState> {
    let (context, page) = (context(state), page(state));
    Router::new().fallback(render_app_to_stream_with_context(context, page)).layer(from_fn(close))
}

fn context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let state = state.clone();
    move || provide(&state)
}

fn page(state: &AppState) -> impl Fn() -> AnyView + Clone + Send + Sync + 'static {
    let options = state.options.clone();
    move || {
        set_content_policy();
        app::shell(options.clone()).into_any()
    }
}

fn provide(state: &AppState) {
    provide_context(state.engine.clone());
    provide_context(state.instance.clone());
    provide_context(assets::ASSETS.clone());
    let Some(parts) = use_context::<Parts>() else { return };
    provide_context(parts.extensions.get::<Caller>().cloned().unwrap_or_default());
    if let Some(address) = state.proxies.client(&parts.headers, &parts.extensions) {
        let state = state.clone();
        let address = proxies::caller(address);
        provide_context(Tries(Arc::new(move || state.sign_ins.allow(address))));
    }
}

/// Only our own scripts run, by the nonce of this response; nothing is loaded from elsewhere.
fn set_content_policy() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
        return;
    };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(value) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// Lets people who are signed in through, and tells the pages who they are. A page sends others to
/// sign in; a server function refuses them.
async fn close(session: AuthSession, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let function = path.starts_with("/api/");
    if !origin::is_own(request.method(), request.headers()) {
        let detail = "Changes are only taken from Sluice's own pages.";
        return Problem::new(Code::ForeignOrigin, detail).into_response();
    }
    let user = session.user.map(|user| app::model::User {
        email: user.0.email.clone(),
        role: user.0.role.to_string(),
    });
    match user {
        Some(_) if OPEN.contains(&path) => Redirect::to("/").into_response(),
        None if !OPEN.contains(&path) && function => Problem::unauthorized().into_response(),
        None if !OPEN.contains(&path) => Redirect::to(&sign_in_from(request.uri())).into_response(),
        user => {
            if let Some(user) = &user {
                audit::enter(Actor::person(&user.email));
            }
            let id = request.extensions().get::<Session>().and_then(Session::id);
            let session = id.map(|id| engine::user::session::handle(&id.to_string()));
            request.extensions_mut().insert(Caller { user, session });
            no_store(next.run(request).await)
        }
    }
}

/// The sign-in page, which brings people back to where they were going.
pub(crate) fn sign_in_from(uri: &Uri) -> String {
    let wanted = uri.path_and_query().map_or("/", |wanted| wanted.as_str());
    match wanted {
        "/" => "/login".into(),
        wanted => {
            let next: String = wanted.bytes().map(percent_encoded).collect();
            format!("/login?next={next}")
        }
    }
}

fn percent_encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

/// What only signed-in people may see is not kept by caches.
pub(crate) fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
