//! Fresh databases, one for each test, and an engine on top.

use std::time::Duration;

use engine::event::envelope;
use engine::event::read::{self, EventRecord};
use engine::event::{EventStatus, Headers, Pattern};
use engine::id::{EventId, RunId};
use engine::intake;
use engine::key::manage::{self, NewKey};
use engine::key::{ApiKey, Permission};
use engine::run::targets::Targets;
use engine::store::{Accepted, Change, Location};
use engine::workflow::{Definition, apply};
use engine::{Engine, Environment, Settings};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

pub(crate) struct Database {
    pub(crate) location: Location,
    folder: tempfile::TempDir,
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { location: Location::Folder(folder.path().to_owned()), folder }
    }

    pub(crate) async fn postgres() -> Self {
        let server = std::env::var("SLUICE_TEST_POSTGRES").expect(
            "SLUICE_TEST_POSTGRES names no server: run these tests with `cargo xtask test`",
        );
        let name = format!("contract_{}", Environment::system().next_id());
        let admin = sea_orm::Database::connect(&server).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { location: Location::Postgres(format!("{base}/{name}")), folder }
    }

    /// Another empty one, on the same kind of database.
    pub(crate) async fn another(&self) -> Self {
        match self.is_sqlite() {
            true => Self::sqlite(),
            false => Self::postgres().await,
        }
    }

    /// The database itself, before anything serves it.
    pub(crate) async fn connect(&self) -> sea_orm::DatabaseConnection {
        let url = match &self.location {
            Location::Folder(folder) => {
                format!("sqlite://{}?mode=rwc", folder.join("sluice.db").display())
            }
            Location::Postgres(url) => url.clone(),
        };
        let mut options = sea_orm::ConnectOptions::new(url);
        options.max_connections(1);
        sea_orm::Database::connect(options).await.unwrap()
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.location, Location::Folder(_))
    }

    /// The files of the database in which this text lies.
    pub(crate) fn files_with(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let file = file.unwrap();
            let bytes = std::fs::read(file.path()).unwrap();
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(file.file_name().into_string().unwrap());
            }
        }
        found
    }

    pub(crate) async fn start(&self) -> Running {
        self.start_with(Environment::system()).await
    }

    /// With a clock and chance of one's own.
    pub(crate) async fn start_with(&self, environment: Environment) -> Running {
        self.start_keeping(environment, intake::IDEMPOTENCY_KEPT).await
    }

    /// And with a time for which idempotency keys are remembered.
    pub(crate) async fn start_keeping(
        &self,
        environment: Environment,
        idempotency_kept: Duration,
    ) -> Running {
        let settings = Settings {
            location: self.location.clone(),
            secret_key_file: self.folder.path().join("secret.key"),
            mailer: None,
            idempotency_kept,
            targets: Targets::allowing(["127.0.0.0/8".parse().unwrap()]),
        };
        let engine = Engine::start(settings, environment).await.unwrap();
        let new = NewKey {
            name: "test".into(),
            permissions: vec![Permission::Ingest],
            scopes: Vec::<Pattern>::new(),
            rate_limit: None,
            expires_at: None,
        };
        let (key, _) = manage::create(&engine.store, &engine.environment, new).await.unwrap();
        Running { engine, key }
    }
}

/// An engine with a key that may send anything.
pub(crate) struct Running {
    pub(crate) engine: Engine,
    pub(crate) key: ApiKey,
}

impl Running {
    pub(crate) async fn send(&self, event: Value) -> Accepted {
        let new = envelope::parse(event.to_string().as_bytes()).unwrap();
        intake::ingest(&self.engine, &self.key, new, Headers::default(), None).await.unwrap()
    }

    pub(crate) async fn order(&self, id: i64) -> Accepted {
        let payload = json!({ "id": id, "total": 120 });
        self.send(json!({ "eventType": "order.created", "source": "shop", "payload": payload }))
            .await
    }

    pub(crate) async fn apply(&self, yaml: &str) {
        apply::apply(&self.engine, Definition::parse(yaml).unwrap(), false).await.unwrap();
    }

    /// Leases the run to a node that is not there.
    pub(crate) async fn leave_to_a_dead_node(&self, run: RunId) {
        let sql = format!(
            "UPDATE runs SET lease_owner = 'node_gone', status = 'running' WHERE id = '{run}'"
        );
        self.execute(vec![sql]).await;
    }

    /// Changes the database past the engine, through its writer.
    pub(crate) async fn execute(&self, statements: Vec<String>) {
        let change = Change::new(move |transaction| {
            let statements = statements.clone();
            Box::pin(async move {
                for sql in statements {
                    transaction.execute_unprepared(&sql).await?;
                }
                Ok(())
            })
        });
        self.engine.store.writer.change(change).await.unwrap();
    }

    pub(crate) async fn get(&self, id: EventId) -> EventRecord {
        read::get(&self.engine, id).await.unwrap()
    }

    /// The event once it has this status; fails when it never has.
    pub(crate) async fn reaches(&self, id: EventId, status: EventStatus) -> EventRecord {
        for _ in 0..1_000 {
            let record = self.get(id).await;
            if record.row.status == status {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{id} did not become {status}: {:?}", self.get(id).await);
    }
}
