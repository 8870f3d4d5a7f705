//! Every route on one screen.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use app::model::Instance;
use axum::Router;
use axum::extract::{FromRef, Request};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::routing::future::RouteFuture;
use axum::routing::{get, post, put};
use engine::Engine;
use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;
use tower::util::MapFutureLayer;

use crate::auth::throttle::SignInThrottle;
use crate::auth::{origin, sessions};
use crate::config::ByteSize;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::proxies::TrustedProxies;
use crate::rate_limit::Addresses;
use crate::routes::retention::limits;
use crate::routes::{
    alerts, audit, bulk, dead_letters, erasures, events, health, ingest, keys, metrics, not_found,
    quarantine, retention, runs, secrets, sign_in, sources, stats, stream, types, users, workflows,
};
use crate::{assets, dashboard, docs, intake, openapi};

/// What handlers share. Every request takes a clone, so it is one pointer.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

pub(crate) struct Shared {
    pub engine: Engine,
    pub max_body: ByteSize,
    pub proxies: TrustedProxies,
    pub sign_ins: SignInThrottle,
    pub stats: stats::Shared,
    pub feeds: stream::Feeds,
    pub last_write: health::LastWrite,
    pub metrics: Metrics,
    /// Ends live streams, which would otherwise keep the server from stopping.
    pub stop: CancellationToken,
    /// What the settings page shows.
    pub instance: Instance,
    pub options: LeptosOptions,
}

impl AppState {
    pub(crate) fn new(
        engine: Engine,
        max_body: ByteSize,
        proxies: TrustedProxies,
        stop: CancellationToken,
        instance: Instance,
        metrics: Metrics,
    ) -> Self {
        let options =
            LeptosOptions::builder().output_name("sluice").site_root("target/site").build();
        let (sign_ins, stats) = (SignInThrottle::default(), stats::Shared::default());
        let feeds = stream::Feeds::default();
        Self(Arc::new(Shared {
            engine,
            max_body,
            proxies,
            sign_ins,
            stats,
            feeds,
            last_write: health::LastWrite::default(),
            metrics,
            stop,
            instance,
            options,
        }))
    }
}

impl std::ops::Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.options.clone()
    }
}

pub(crate) fn router(state: AppState, addresses: &Addresses) -> Router {
    let intake = Router::new()
        .route("/api/webhooks/ingest", post(ingest::event))
        .route("/api/webhooks/ingest/batch", post(ingest::batch::events))
        .route("/api/webhooks/{source}", post(ingest::source::delivery))
        .method_not_allowed_fallback(not_found::method);
    let intake = match addresses.layer() {
        Some(layer) => intake.layer(layer),
        None => intake,
    };
    let (answering, limit) = (state.clone(), addresses.limit());
    let intake = intake.layer(MapFutureLayer::new(move |answer: RouteFuture<Infallible>| {
        let (state, begun) = (answering.clone(), Instant::now());
        async move {
            Ok::<_, Infallible>(intake::answered(&state, limit, answer.await?, begun.elapsed()))
        }
    }));

    let management = Router::new()
        .route("/events", get(events::list))
        .route("/events/{id}", get(events::get).delete(events::delete))
        .route("/events/{id}/explain", get(events::explain::of_event))
        .route("/events/{id}/replay", post(events::replay))
        .route("/events/{id}/processed", post(events::processed))
        .route("/events/{id}/failed", post(events::failed))
        .route("/events/{id}/hold", post(events::hold))
        .route("/events/{id}/release", post(events::release))
        .route("/dead-letters", get(dead_letters::list))
        .route("/dead-letters/{id}/retry", post(dead_letters::retry))
        .route("/dead-letters/groups", get(dead_letters::groups))
        .route("/dead-letters/export", get(dead_letters::export))
        .route("/events/export", get(events::export))
        .route("/bulk", get(bulk::list).post(bulk::start))
        .route("/bulk/{id}", get(bulk::get).delete(bulk::cancel))
        .route("/bulk/{id}/resume", post(bulk::resume))
        .route("/erasures", get(erasures::list).post(erasures::start))
        .route("/erasures/{id}", get(erasures::get))
        .route("/workflows", get(workflows::list).post(workflows::apply))
        .route("/workflows/check", post(workflows::check))
        .route("/workflows/preview", post(workflows::trial::preview))
        .route("/workflows/backtest", post(workflows::trial::backtest))
        .route("/workflows/{id}/test", post(workflows::trial::test))
        .route("/workflows/{id}", get(workflows::get).delete(workflows::delete))
        .route("/workflows/{id}/versions", get(workflows::versions::list))
        .route("/workflows/{id}/versions/{version}", get(workflows::versions::get))
        .route("/workflows/{id}/versions/{version}/restore", post(workflows::versions::restore))
        .route("/workflows/{id}/signing-secret", get(workflows::signing::show))
        .route("/workflows/{id}/signing-secret/rotate", post(workflows::signing::rotate))
        .route("/workflows/{id}/enable", post(workflows::enable))
        .route("/workflows/{id}/disable", post(workflows::disable))
        .route("/runs", get(runs::list))
        .route("/runs/{id}", get(runs::get))
        .route("/runs/{id}/cancel", post(runs::cancel))
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/{id}", axum::routing::delete(keys::revoke))
        .route("/secrets", get(secrets::list))
        .route("/secrets/{name}", axum::routing::put(secrets::set).delete(secrets::delete))
        .route("/sources", get(sources::list).post(sources::create))
        .route("/sources/{name}", get(sources::get).delete(sources::delete))
        .route("/sources/{name}/rotate", post(sources::rotate))
        .route("/sources/{name}/end-old", post(sources::end_old_secrets))
        .route("/quarantine", get(quarantine::list))
        .route("/quarantine/{id}", axum::routing::delete(quarantine::delete))
        .route("/quarantine/{id}/release", post(quarantine::release))
        .route("/alerts", get(alerts::list).post(alerts::create))
        .route("/alerts/{id}", put(alerts::replace).delete(alerts::delete))
        .route("/alerts/{id}/mute", post(alerts::mute))
        .route("/alert-history", get(alerts::history))
        .route("/alert-messages", get(alerts::messages))
        .route("/alert-channels", get(alerts::channels).post(alerts::create_channel))
        .route("/alert-channels/{id}", axum::routing::delete(alerts::delete_channel))
        .route("/alert-channels/{id}/test", post(alerts::try_channel))
        .route("/retention", get(retention::list).put(retention::set).delete(retention::remove))
        .route("/retention/limits", get(limits::list).put(limits::set).delete(limits::remove))
        .route("/users", get(users::list))
        .route("/audit", get(audit::list))
        .route("/types", get(types::list))
        .route("/types/{type}", get(types::get))
        .route("/stats", get(stats::current))
        .route("/stream", get(stream::open))
        .route("/openapi.json", get(openapi::serve))
        .method_not_allowed_fallback(not_found::closed_method)
        .fallback(not_found::closed);

    let with_sessions = |routes: Router<AppState>| {
        routes
            .layer(sessions::layer(&state.engine))
            .layer(from_fn_with_state(state.proxies.clone(), sessions::secure_cookies))
            .layer(from_fn(async |request: Request, next: Next| {
                engine::audit::within(next.run(request)).await
            }))
    };
    let people = Router::new()
        .nest("/api/v1", management)
        .route("/api/docs", get(docs::page))
        .route("/metrics", get(metrics::scrape))
        .route("/login", post(sign_in::login))
        .route("/setup", post(sign_in::set_up))
        .route("/join", post(sign_in::join))
        .route("/logout", post(sign_in::logout))
        .merge(dashboard::routes(&state));
    let no_page = with_sessions(dashboard::no_page(&state)).with_state(state.clone());

    Router::new()
        .merge(with_sessions(people))
        .merge(intake)
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/favicon.svg", get(assets::serve))
        .route("/pkg/{*path}", get(assets::serve))
        .fallback(move |request| not_found::anything(no_page.clone(), request))
        .with_state(state)
}

/// A request that changes something by cookie must come from our own pages.
pub(crate) fn own_origin(
    method: &axum::http::Method,
    headers: &axum::http::HeaderMap,
) -> Result<(), Problem> {
    match origin::is_own(method, headers) {
        true => Ok(()),
        false => Err(Problem::new(
            crate::problem::Code::ForeignOrigin,
            "Changes are only taken from Sluice's own pages.",
        )),
    }
}
