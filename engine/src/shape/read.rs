//! The event types, with their figures of the last day, and one of them whole.

use std::collections::HashMap;
use std::time::Duration;

use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use super::Drift;
use super::infer::{self, Shape};
use crate::Engine;
use crate::store::entity::{type_change, type_shape};
use crate::store::{StoreError, quantiles};
use crate::time::Timestamp;

/// How far back figures go.
pub const FIGURES: Duration = Duration::from_secs(24 * 3_600);
/// How far back changes are counted.
pub const DRIFTS: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How many changes of one type are told, the newest.
const TOLD: u64 = 50;

/// An event type.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeLine {
    pub event_type: String,
    /// Events of the last day.
    pub accepted: i64,
    pub processed: i64,
    pub failed: i64,
    /// Milliseconds from acceptance to settling, p50 and p95, events with runs, last day.
    pub latency: Option<[i64; 2]>,
    /// Bytes of a payload, on average over all that were learnt from.
    pub average_bytes: i64,
    pub largest_bytes: i64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// How often the shape changed within the last week.
    pub drifts: i64,
}

/// A place in the payloads of a type.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldLine {
    pub path: String,
    /// `number or string`.
    pub kinds: String,
    /// In what share of the events where it could be it is.
    pub share: f64,
}

/// A type whole.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeDetail {
    pub line: TypeLine,
    /// How many events were learnt from.
    pub events: i64,
    pub fields: Vec<FieldLine>,
    /// Whether there are more fields than are kept.
    pub full: bool,
    /// The newest first.
    pub drifts: Vec<Drift>,
}

/// All types, those with the most events first.
pub async fn list(engine: &Engine) -> Result<Vec<TypeLine>, StoreError> {
    let models = type_shape::Entity::find().all(&engine.store.read).await?;
    let mut lines = lines(engine, &models, None).await?;
    lines.sort_by(|a, b| b.accepted.cmp(&a.accepted).then(a.event_type.cmp(&b.event_type)));
    Ok(lines)
}

/// `None` for a type that never came, or of which nothing is known yet.
pub async fn get(engine: &Engine, name: &str) -> Result<Option<TypeDetail>, StoreError> {
    let read = &engine.store.read;
    let Some(model) = type_shape::Entity::find_by_id(name).one(read).await? else {
        return Ok(None);
    };
    let shape: Shape = serde_json::from_str(&model.shape).unwrap_or_default();
    let field = |(path, field): (&String, &infer::Field)| FieldLine {
        path: infer::shown(path).to_owned(),
        kinds: infer::words(&field.kinds),
        share: field.seen as f64 / (field.seen + field.missed).max(1) as f64,
    };
    let fields = shape.fields.iter().map(field).collect();
    let drifts = type_change::Entity::find()
        .filter(type_change::Column::EventType.eq(name))
        .order_by_desc(type_change::Column::Id)
        .limit(TOLD)
        .all(read)
        .await?;
    let events = model.events;
    let line = lines(engine, &[model], Some(name)).await?.pop();
    Ok(line.map(|line| TypeDetail {
        line,
        events,
        fields,
        full: shape.full,
        drifts: drifts.into_iter().map(drift).collect(),
    }))
}

fn drift(model: type_change::Model) -> Drift {
    Drift {
        event_type: model.event_type,
        at: Timestamp::from_millis(model.at),
        event: model.event_id,
        path: model.path,
        turn: model.turn,
        was: model.was,
        became: model.became,
    }
}

#[derive(FromQueryResult)]
struct Sums {
    event_type: String,
    accepted: i64,
    processed: i64,
    failed: i64,
}

#[derive(FromQueryResult)]
struct Bucket {
    event_type: String,
    bucket: i64,
    count: i64,
}

#[derive(FromQueryResult)]
struct Drifts {
    event_type: String,
    count: i64,
}

/// The types with their figures; of one alone where only that is asked for.
async fn lines(
    engine: &Engine,
    models: &[type_shape::Model],
    only: Option<&str>,
) -> Result<Vec<TypeLine>, StoreError> {
    let (read, now) = (&engine.store.read, engine.now());
    let backend = sea_orm::ConnectionTrait::get_database_backend(read);
    let asked = |sql: &str, since: i64| {
        let narrowed = if only.is_some() { "AND event_type = $2" } else { "" };
        let mut values = vec![since.into()];
        values.extend(only.map(Into::into));
        Statement::from_sql_and_values(backend, sql.replace("{only}", narrowed), values)
    };
    let since = now.minus(FIGURES);
    let sums = "SELECT event_type, CAST(SUM(accepted) AS BIGINT) AS accepted,
            CAST(SUM(processed) AS BIGINT) AS processed, CAST(SUM(failed) AS BIGINT) AS failed
        FROM event_rollups WHERE minute > $1 {only} GROUP BY event_type";
    let sums = Sums::find_by_statement(asked(sums, since.minute())).all(read).await?;
    let sums: HashMap<String, Sums> =
        sums.into_iter().map(|sums| (sums.event_type.clone(), sums)).collect();
    let buckets = "SELECT event_type, bucket, CAST(SUM(count) AS BIGINT) AS count
        FROM type_latencies WHERE hour > $1 {only} GROUP BY event_type, bucket ORDER BY bucket";
    let buckets = Bucket::find_by_statement(asked(buckets, since.minute() / 60)).all(read).await?;
    let mut latencies: HashMap<String, Vec<(i64, i64)>> = HashMap::new();
    for Bucket { event_type, bucket, count } in buckets {
        latencies.entry(event_type).or_default().push((bucket, count));
    }
    let drifts = "SELECT event_type, COUNT(*) AS count FROM type_changes
        WHERE at > $1 {only} GROUP BY event_type";
    let drifts = asked(drifts, now.minus(DRIFTS).millis());
    let drifts = Drifts::find_by_statement(drifts).all(read).await?;
    let drifts: HashMap<String, i64> =
        drifts.into_iter().map(|drifts| (drifts.event_type, drifts.count)).collect();
    let line = |model: &type_shape::Model| {
        let name = &model.event_type;
        let sums = sums.get(name);
        let counts = latencies.get(name).map(Vec::as_slice).unwrap_or_default();
        TypeLine {
            event_type: name.clone(),
            accepted: sums.map_or(0, |sums| sums.accepted),
            processed: sums.map_or(0, |sums| sums.processed),
            failed: sums.map_or(0, |sums| sums.failed),
            latency: quantiles(counts, [0.5, 0.95]),
            average_bytes: model.bytes / model.events.max(1),
            largest_bytes: model.largest,
            first_seen: Timestamp::from_millis(model.first_seen),
            last_seen: Timestamp::from_millis(model.last_seen),
            drifts: drifts.get(name).copied().unwrap_or(0),
        }
    };
    Ok(models.iter().map(line).collect())
}

/// How many changes there were since, by type.
pub(crate) async fn drifts_since(
    engine: &Engine,
    since: Timestamp,
) -> Result<Vec<(String, i64)>, StoreError> {
    let read = &engine.store.read;
    let sql =
        "SELECT event_type, COUNT(*) AS count FROM type_changes WHERE at > $1 GROUP BY event_type";
    let backend = sea_orm::ConnectionTrait::get_database_backend(read);
    let statement = Statement::from_sql_and_values(backend, sql, [since.millis().into()]);
    let found = Drifts::find_by_statement(statement).all(read).await?;
    Ok(found.into_iter().map(|drifts| (drifts.event_type, drifts.count)).collect())
}
