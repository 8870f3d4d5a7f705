//! Event types for the dashboard and the API.

use engine::Engine;
use engine::shape::Drift;
use engine::shape::read::{self, FieldLine, TypeDetail, TypeLine};

use super::convert::{number, time};
use super::{fail, not_found};
use crate::ApiError;
use crate::model::{DriftView, FieldView, TypeDetailView, TypeView};

pub async fn list(engine: &Engine) -> Result<Vec<TypeView>, ApiError> {
    Ok(read::list(engine).await.map_err(fail)?.into_iter().map(line).collect())
}

pub async fn get(engine: &Engine, name: &str) -> Result<TypeDetailView, ApiError> {
    let found = read::get(engine, name).await.map_err(fail)?;
    found.map(detail).ok_or_else(not_found)
}

pub fn line(line: TypeLine) -> TypeView {
    let settled = line.processed + line.failed;
    TypeView {
        event_type: line.event_type,
        accepted: number(line.accepted),
        processed: number(line.processed),
        failed: number(line.failed),
        failure_rate: (settled > 0).then(|| line.failed as f64 / settled as f64),
        p50: line.latency.map(|[p50, _]| number(p50)),
        p95: line.latency.map(|[_, p95]| number(p95)),
        average_bytes: number(line.average_bytes),
        largest_bytes: number(line.largest_bytes),
        first_seen: time(line.first_seen),
        last_seen: time(line.last_seen),
        drifts: number(line.drifts),
    }
}

pub fn detail(detail: TypeDetail) -> TypeDetailView {
    let field = |FieldLine { path, kinds, share }| FieldView { path, kinds, share };
    TypeDetailView {
        line: line(detail.line),
        events: number(detail.events),
        fields: detail.fields.into_iter().map(field).collect(),
        full: detail.full,
        changes: detail.drifts.into_iter().map(drift).collect(),
    }
}

fn drift(drift: Drift) -> DriftView {
    DriftView {
        at: time(drift.at),
        path: drift.path,
        turn: drift.turn,
        was: drift.was,
        became: drift.became,
        event_id: drift.event,
    }
}
