//! The domain of Sluice: events, keys, workflows, runs, and the store they live in.
//!
//! Invariant: nothing here knows HTTP servers, axum or Leptos. Clock, randomness and outgoing calls
//! are reached through the edges in [`Environment`] and [`run::http`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub mod alert;
pub mod audit;
pub mod bulk;
pub mod erasure;
pub mod event;
pub mod expression;
mod hex;
pub mod id;
pub mod intake;
mod json;
pub mod key;
pub mod live;
pub mod mail;
pub mod meters;
mod pace;
pub mod retention;
pub mod run;
pub mod search;
pub mod secret;
pub mod shape;
pub mod source;
pub mod stats;
pub mod store;
pub mod time;
pub mod user;
pub mod vault;
pub mod workflow;

use id::{IdSource, NodeId, Random, SystemRandom};
use live::Live;
use mail::Mailer;
use run::http::{Caller, CallerError};
use run::room::Room;
use run::targets::Targets;
use run::worker;
use store::{Location, OpenError, Role, Store, StoreError};
use time::steady::{Steady, kept};
use time::{Clock, SystemClock, Timestamp};
use vault::{Vault, VaultError};

const FORGET_EVERY: Duration = Duration::from_secs(300);
const TOUCH_KEYS_EVERY: Duration = Duration::from_secs(15);

/// The edges to the world: time and chance.
#[derive(Clone)]
pub struct Environment {
    pub clock: Arc<dyn Clock>,
    /// What timers go by.
    pub steady: Arc<Steady>,
    pub random: Arc<dyn Random>,
    ids: Arc<IdSource>,
}

impl Environment {
    pub fn new(clock: impl Clock, random: impl Random) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let steady = Arc::new(Steady::new(Arc::clone(&clock)));
        Self { clock, steady, random: Arc::new(random), ids: Arc::default() }
    }

    pub fn system() -> Self {
        Self::new(SystemClock, SystemRandom)
    }

    pub fn next_id(&self) -> u128 {
        self.ids.next(self.clock.now(), &*self.random)
    }

    /// Between 0 and 1.
    pub(crate) fn jitter(&self) -> f64 {
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
    }
}

/// What an engine needs to know.
#[derive(Clone)]
pub struct Settings {
    pub location: Location,
    pub targets: Targets,
    /// Where the key lies that secrets are encrypted with; made when it is missing.
    pub secret_key_file: PathBuf,
    /// How email is sent, where it is.
    pub mailer: Option<Mailer>,
    /// How long an idempotency key is remembered.
    pub idempotency_kept: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Caller(#[from] CallerError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the workflows could not be read: {0}")]
    Workflows(#[source] StoreError),
    #[error("what is due could not be brought to the time of this clock: {0}")]
    Clock(#[source] StoreError),
}

/// A running engine; clones share everything.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

pub struct Inner {
    pub environment: Environment,
    pub store: Store,
    pub live: Live,
    pub workflows: workflow::Catalog,
    pub(crate) keys: key::verify::KeyCache,
    pub(crate) sources: source::Cache,
    pub(crate) quarantine_pace: source::quarantine::Pace,
    pub(crate) overviews: stats::overview::Cache,
    pub vault: Vault,
    pub(crate) node: NodeId,
    pub(crate) caller: Caller,
    pub tracing: run::trace::Tracing,
    pub(crate) mailer: Option<Mailer>,
    pub(crate) idempotency_kept: Duration,
    pub(crate) breakers: run::breaker::Breakers,
    pub(crate) credentials: run::credentials::Cache,
    pub(crate) inbox: worker::Inbox,
    pub(crate) bulk: bulk::Desk,
    pub(crate) search: search::index::Index,
    /// Wakes the worker of the erasures.
    pub(crate) erasing: Notify,
    /// Wakes those who bring alerts to their channels.
    pub(crate) telling: Notify,
    pub(crate) room: Room,
    pub(crate) tasks: TaskTracker,
    /// Held while a workflow is being applied.
    pub(crate) applying: Mutex<()>,
    stop: CancellationToken,
}

impl std::ops::Deref for Engine {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Engine {
    /// Opens the store and starts working. Runs that a dead process left are picked up at once.
    pub async fn start(settings: Settings, environment: Environment) -> Result<Self, StartError> {
        let (worker, inbox) = worker::new();
        let live = Live::default();
        let node = NodeId::new(environment.next_id());
        let caller = Caller::new(settings.targets)?;
        let store = store::open::open(
            &settings.location,
            Role::Server,
            &environment,
            node,
            live.clone(),
            inbox.clone(),
            settings.idempotency_kept,
        )
        .await?;
        kept::resume(&store, &environment.steady).await.map_err(StartError::Clock)?;
        let vault = Vault::open(&settings.secret_key_file, &*environment.random)?;
        let room = Room::new(!store.is_shared());
        let workflows = workflow::Catalog::default();
        workflows.replace(workflow::list::load(&store, &[]).await.map_err(StartError::Workflows)?);
        let engine = Self(Arc::new(Inner {
            environment,
            store,
            live,
            workflows,
            keys: key::verify::KeyCache::default(),
            sources: source::Cache::default(),
            quarantine_pace: source::quarantine::Pace::default(),
            overviews: stats::overview::Cache::default(),
            vault,
            node,
            caller,
            tracing: run::trace::Tracing::default(),
            mailer: settings.mailer,
            idempotency_kept: settings.idempotency_kept,
            breakers: run::breaker::Breakers::default(),
            credentials: run::credentials::Cache::default(),
            inbox,
            bulk: bulk::Desk::default(),
            search: search::index::Index::default(),
            erasing: Notify::new(),
            telling: Notify::new(),
            room,
            tasks: TaskTracker::new(),
            applying: Mutex::default(),
            stop: CancellationToken::new(),
        }));
        engine.tasks.spawn(worker::work(worker, engine.clone(), engine.stop.clone()));
        engine.tasks.spawn(bulk::worker::work(engine.clone(), engine.stop.clone()));
        engine.tasks.spawn(run::moves::follow(engine.clone()));
        engine.tasks.spawn(search::index::follow(engine.clone()));
        engine.tasks.spawn(erasure::worker::keep_erasing(engine.clone()));
        engine.tasks.spawn(shape::follow::keep_following(engine.clone()));
        engine.tasks.spawn(workflow::follow::keep_following(engine.clone()));
        engine.tasks.spawn(touch_keys(engine.clone()));
        engine.tasks.spawn(forget_old(engine.clone()));
        engine.tasks.spawn(alert::watch::watch(engine.clone()));
        engine.tasks.spawn(alert::deliver::keep_delivering(engine.clone()));
        engine.tasks.spawn(retention::sweep::keep_sweeping(engine.clone()));
        Ok(engine)
    }

    /// What the wall shows: it labels what happens.
    pub fn now(&self) -> Timestamp {
        self.environment.clock.now()
    }

    /// What timers go by.
    pub(crate) fn steady(&self) -> Timestamp {
        self.environment.steady.now()
    }

    /// Takes no new runs, lets the attempts under way end, and writes down what is left.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        let used = self.keys.take_used();
        if !used.is_empty() {
            // The last uses of keys are nice to know, not worth holding up the shutdown.
            let _lost = self.store.writer.touch_keys(used).await;
        }
    }
}

/// Opens the store for a command that works beside the server, or without one. A database of an older version is
/// brought up to date, unless somebody may be using it as it is.
pub async fn open_for_tool(
    location: &Location,
    environment: &Environment,
) -> Result<Store, OpenError> {
    let (_worker, inbox) = worker::new();
    let node = NodeId::new(environment.next_id());
    let (live, kept) = (Live::default(), intake::IDEMPOTENCY_KEPT);
    store::open::open(location, Role::Tool, environment, node, live, inbox, kept).await
}

async fn touch_keys(engine: Engine) {
    let mut tick = tokio::time::interval(TOUCH_KEYS_EVERY);
    loop {
        tokio::select! {
            () = engine.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let used = engine.keys.take_used();
        if !used.is_empty()
            && let Err(error) = engine.store.writer.touch_keys(used).await
        {
            tracing::debug!(%error, "the last uses of keys could not be noted");
        }
    }
}

async fn forget_old(engine: Engine) {
    let mut tick = tokio::time::interval(FORGET_EVERY);
    loop {
        tokio::select! {
            () = engine.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = intake::forget_old_keys(&engine).await {
            tracing::debug!(%error, "old idempotency keys could not be forgotten");
        }
    }
}
