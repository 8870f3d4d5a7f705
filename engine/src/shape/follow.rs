//! Follows the events as they come and learns their shapes, at a pace that nobody notices.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Statement, sea_query::OnConflict,
};

use super::infer::{Shape, Turn};
use crate::Engine;
use crate::event::EventRow;
use crate::event::export::after;
use crate::id::TurnId;
use crate::pace::{HARDLY, Pace};
use crate::store::entity::{type_change, type_shape};
use crate::store::{Change, StoreError};

/// How often it is looked for new events.
const LOOK: Duration = Duration::from_secs(1);
/// How many events are learnt from at once, at most.
const PAGE: u64 = 500;
/// Of a type whose events come faster than they can be learnt from, the newest are.
const FURTHEST_BEHIND: i64 = 200_000;
/// The most types that have a shape.
const MOST_TYPES: u64 = 1_000;
/// How many changes of a type are kept.
const KEPT: u64 = 200;

/// Runs until the engine stops.
pub(crate) async fn keep_following(engine: Engine) {
    // The rest is four times the work: the processors are for what comes in.
    let mut pace = Pace::new(&engine.live, 4, HARDLY);
    loop {
        let begun = Instant::now();
        let pause = match follow(&engine).await {
            Ok(true) => pace.rest(&engine.live, begun.elapsed()),
            Ok(false) | Err(StoreError::Conflict) => LOOK,
            Err(error) => {
                tracing::debug!(%error, "the shapes of events could not be learnt");
                LOOK
            }
        };
        tokio::select! {
            () = engine.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// What was learnt of a type, from some of its events.
struct Learnt {
    model: type_shape::Model,
    turns: Vec<(Turn, EventRow)>,
}

/// Learns from the next events; whether there may be more.
pub(super) async fn follow(engine: &Engine) -> Result<bool, StoreError> {
    let newest = engine.live.cursor().seq;
    let position = position(engine).await?.max(newest - FURTHEST_BEHIND);
    if position >= newest {
        return Ok(false);
    }
    let (rows, bodies) = after(engine, position, newest, PAGE).await?;
    let Some(upto) = rows.last().map(|row| row.seq) else { return Ok(false) };
    let known = known(engine, &rows).await?;
    let room = match rows.iter().all(|row| known.contains_key(row.event_type.as_str())) {
        true => 0,
        false => {
            let types = type_shape::Entity::find().count(&engine.store.read).await?;
            MOST_TYPES.saturating_sub(types)
        }
    };
    let learnt = tokio::task::spawn_blocking(move || {
        let payload = |row: &EventRow| bodies.get(&row.seq).map(|(payload, _)| payload.clone());
        let each = rows.into_iter().filter_map(|row| Some((payload(&row)?, row)));
        learn(known, each, room)
    });
    let learnt = learnt.await.map_err(|_| StoreError::Defect)?;
    keep(engine, learnt, position, upto).await?;
    Ok(true)
}

/// Learns from events in their order. Pure.
fn learn(
    mut known: BTreeMap<String, type_shape::Model>,
    events: impl Iterator<Item = (std::sync::Arc<str>, EventRow)>,
    mut room: u64,
) -> Vec<Learnt> {
    let mut shapes: BTreeMap<String, (Shape, Learnt)> = BTreeMap::new();
    for (payload, row) in events {
        let name = row.event_type.as_str();
        if !shapes.contains_key(name) {
            let model = match known.remove(name) {
                Some(model) => model,
                None if room == 0 => continue,
                None => {
                    room -= 1;
                    type_shape::Model::new(name, row.received_at.millis())
                }
            };
            let shape = serde_json::from_str(&model.shape).unwrap_or_default();
            shapes.insert(name.to_owned(), (shape, Learnt { model, turns: Vec::new() }));
        }
        let Some((shape, learnt)) = shapes.get_mut(name) else { continue };
        let model = &mut learnt.model;
        model.events += 1;
        model.bytes += row.payload_bytes;
        model.largest = model.largest.max(row.payload_bytes);
        model.first_seen = model.first_seen.min(row.received_at.millis());
        model.last_seen = model.last_seen.max(row.received_at.millis());
        let Ok(payload) = serde_json::from_str(&payload) else { continue };
        let turns = shape.learn(&payload);
        learnt.turns.extend(turns.into_iter().map(|turn| (turn, row.clone())));
    }
    let written = |(shape, mut learnt): (Shape, Learnt)| {
        learnt.model.shape = serde_json::json!(shape).to_string();
        learnt
    };
    shapes.into_values().map(written).collect()
}

async fn position(engine: &Engine) -> Result<i64, StoreError> {
    let read = &engine.store.read;
    let sql = "SELECT position FROM shape_progress WHERE id = 1";
    let row = read.query_one_raw(Statement::from_string(read.get_database_backend(), sql)).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

async fn known(
    engine: &Engine,
    rows: &[EventRow],
) -> Result<BTreeMap<String, type_shape::Model>, StoreError> {
    let mut names: Vec<&str> = rows.iter().map(|row| row.event_type.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let found = type_shape::Entity::find().filter(type_shape::Column::EventType.is_in(names));
    let found = found.all(&engine.store.read).await?;
    Ok(found.into_iter().map(|model| (model.event_type.clone(), model)).collect())
}

/// Stores what was learnt with how far that goes; `Conflict` where another node was quicker.
async fn keep(
    engine: &Engine,
    learnt: Vec<Learnt>,
    position: i64,
    upto: i64,
) -> Result<(), StoreError> {
    let mut changes = Vec::new();
    for of_type in &learnt {
        for (turn, row) in &of_type.turns {
            changes.push(type_change::Model {
                id: TurnId::new(engine.environment.next_id()).to_string(),
                event_type: row.event_type.to_string(),
                at: row.received_at.millis(),
                event_id: row.id.to_string(),
                path: turn.path.clone(),
                turn: turn.kind.as_str().to_owned(),
                was: turn.was.clone(),
                became: turn.became.clone(),
            });
        }
    }
    let shapes: Vec<_> = learnt.into_iter().map(|learnt| learnt.model).collect();
    let change = Change::new(move |transaction| {
        let (shapes, changes) = (shapes.clone(), changes.clone());
        Box::pin(async move {
            let sql = "UPDATE shape_progress SET position = $2 WHERE id = 1 AND position <= $1";
            let backend = transaction.get_database_backend();
            let values = [position.into(), upto.into()];
            let moved = Statement::from_sql_and_values(backend, sql, values);
            if transaction.execute_raw(moved).await?.rows_affected() == 0 {
                return Err(StoreError::Conflict);
            }
            for model in shapes {
                let replace = OnConflict::column(type_shape::Column::EventType)
                    .update_columns([
                        type_shape::Column::Shape,
                        type_shape::Column::Events,
                        type_shape::Column::Bytes,
                        type_shape::Column::Largest,
                        type_shape::Column::FirstSeen,
                        type_shape::Column::LastSeen,
                    ])
                    .to_owned();
                let model = model.into_active_model().reset_all();
                let insert = type_shape::Entity::insert(model).on_conflict(replace);
                insert.exec_without_returning(transaction).await?;
            }
            for change in changes {
                let event_type = change.event_type.clone();
                change.into_active_model().reset_all().insert(transaction).await?;
                let of_type = type_change::Column::EventType.eq(event_type);
                let oldest_kept = type_change::Entity::find()
                    .filter(of_type.clone())
                    .order_by_desc(type_change::Column::Id)
                    .offset(KEPT - 1)
                    .one(transaction)
                    .await?;
                if let Some(oldest) = oldest_kept {
                    type_change::Entity::delete_many()
                        .filter(of_type)
                        .filter(type_change::Column::Id.lt(oldest.id))
                        .exec(transaction)
                        .await?;
                }
            }
            Ok(())
        })
    });
    engine.store.writer.change(change).await
}
