//! `sluice serve`: opens the engine, prints where to go, serves until told to stop.

use engine::run::targets::Targets;
use engine::user::{self, Role};
use engine::{Engine, Environment, Settings};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::output;
use crate::config::ServeArgs;
use crate::intake::Door;
use crate::metrics::Metrics;
use crate::proxies::TrustedProxies;
use crate::rate_limit::Addresses;
use crate::router::{self, AppState};
use crate::{instance, listen, telemetry};

pub(super) async fn run(args: ServeArgs) -> anyhow::Result<()> {
    args.refuse_what_is_not_built()?;
    let recorder = telemetry::init(&args.log, args.log_format)?;
    let settings = Settings {
        location: args.database.location()?,
        secret_key_file: args.database.secret_key_file(),
        mailer: args.mailer()?,
        idempotency_kept: args.idempotency_ttl,
        targets: Targets::allowing(args.allow_targets()),
    };
    let instance = instance::describe(&args, &settings);
    // The port first: without it there is no point in opening the database.
    let listener = listen::bind(args.listen)?;
    let url = format!("http://{}", listener.local_addr()?);
    let engine = Engine::start(settings, Environment::system()).await?;
    if recorder.is_some() {
        engine.tracing.set(telemetry::otlp::Runs);
    }
    let first = first_owner(&engine, &args).await?;

    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    let proxies = TrustedProxies::new(&args.trusted_proxies());
    let state = AppState::new(
        engine.clone(),
        args.max_body,
        proxies,
        stop.clone(),
        instance,
        Metrics::new(&engine, args.metrics_open),
    );
    let addresses = Addresses::new(args.ingest_rate_limit, state.proxies.clone());
    let router = router::router(state.clone(), &addresses);
    let door = Door::new(state, addresses, router);

    output::line(format!("listening on {url}"));
    if let Some(token) = first {
        output::line(format!("set up the first owner: {url}/setup?token={token}"));
    }
    let worker = async {
        stop.cancelled().await;
        // Attempts that take longer are taken up again at the next start.
        if tokio::time::timeout(listen::DRAIN, engine.stop()).await.is_err() {
            tracing::warn!("some steps did not end in time and will be tried again");
        }
    };
    tokio::join!(listen::serve(listener, door, stop.clone()), worker);
    if let Some(recorder) = recorder {
        recorder.end().await;
    }
    Ok(())
}

/// Makes the owner named by the environment, or a link for the first person to come.
async fn first_owner(engine: &Engine, args: &ServeArgs) -> anyhow::Result<Option<String>> {
    let (store, environment) = (&engine.store, &engine.environment);
    if user::is_set_up(store).await? {
        return Ok(None);
    }
    match args.owner()? {
        Some((email, password)) => {
            user::create(store, environment, &email, &password, Role::Owner).await?;
            Ok(None)
        }
        None => Ok(Some(user::new_setup_link(store, environment).await?)),
    }
}

async fn stop_on_signal(stop: CancellationToken) {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping: nothing new is accepted, what is under way may end");
    stop.cancel();
}
