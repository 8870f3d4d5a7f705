//! Leases: which runs this node works on, and for how long others leave them alone.

use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};

use super::work::Work;
use super::{Claimed, StoreError};
use crate::id::RunId;
use crate::run::worker::{HEARTBEAT, LEASE_MILLIS};
use crate::store::entity::run;
use crate::time::Timestamp;

impl Work<'_, DatabaseTransaction> {
    /// Leases up to `limit` runs that are due to this node.
    pub(super) async fn claim(&self, limit: usize) -> Result<Vec<Claimed>, StoreError> {
        let now = self.steady;
        let skip = if self.is_postgres() { "FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "UPDATE runs SET lease_owner = $1, due_at = $2 WHERE id IN (
                SELECT id FROM runs WHERE due_at IS NOT NULL AND due_at <= $3
                ORDER BY due_at LIMIT $4 {skip}
             ) RETURNING *"
        );
        let lease = now.plus_millis(LEASE_MILLIS).millis();
        let node = self.lane.node().to_string();
        let values = vec![node.into(), lease.into(), now.millis().into(), (limit as i64).into()];
        let statement = self.statements().with(&sql, values);
        let models = run::Model::find_by_statement(statement).all(&self.connection).await?;
        let claimed = |model: run::Model| {
            Some(Claimed {
                run: model.id.parse().ok()?,
                event_seq: model.event_seq,
                workflow_id: model.workflow_id.parse().ok()?,
                workflow_version: model.workflow_version,
                trigger: usize::try_from(model.trigger_index).ok()?,
                state: serde_json::from_str(&model.state).unwrap_or_default(),
                started_at: model.started_at.map(Timestamp::from_millis),
            })
        };
        Ok(models.into_iter().filter_map(claimed).collect())
    }

    /// Puts the end of this node's leases off, as far as it comes before the next but one heartbeat.
    pub(super) async fn extend_leases(&self, runs: &[RunId]) -> Result<(), StoreError> {
        let heartbeat = HEARTBEAT.as_millis() as i64;
        self.extend(runs, self.steady.plus_millis(LEASE_MILLIS - heartbeat).millis()).await
    }

    /// The same for those that have run out although the node is still at it, as when it was held up: it
    /// must not claim them from itself.
    pub(super) async fn renew_leases(&self, runs: &[RunId]) -> Result<(), StoreError> {
        match runs {
            [] => Ok(()),
            runs => self.extend(runs, self.steady.millis()).await,
        }
    }

    /// Of these runs, those whose leases end by `before` or earlier.
    async fn extend(&self, runs: &[RunId], before: i64) -> Result<(), StoreError> {
        let mut ids = self.batch();
        runs.iter().for_each(|run| ids.push(&[run]));
        let until = self.steady.plus_millis(LEASE_MILLIS).millis();
        let node = self.lane.node().to_string();
        let values = vec![ids.into_value(), until.into(), node.into(), before.into()];
        let statement = self.statements().with(&self.statements().extend_leases, values);
        self.connection.execute_raw(statement).await?;
        Ok(())
    }
}
