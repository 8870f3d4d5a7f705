//! The runs in the hands of this node, whose leases it extends, and what ends the work on each.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::id::RunId;

#[derive(Clone, Default)]
pub(super) struct Held(Arc<Mutex<Hands>>);

#[derive(Default)]
struct Hands {
    runs: HashMap<RunId, Arc<CancellationToken>>,
    /// Those that were ended while runs were being claimed: they may be among them.
    ended: Option<HashSet<RunId>>,
}

/// The work on one run. A run that was given back may have begun anew before this ends, so it takes out no
/// more than itself.
pub(super) struct UnderWay {
    held: Held,
    run: RunId,
    end: Arc<CancellationToken>,
}

/// While this lives, who is ended is remembered.
pub(super) struct Claiming(Held);

impl Held {
    /// Of one that was just born, or claimed.
    pub(super) fn begin(&self, run: RunId) -> UnderWay {
        let end = Arc::new(CancellationToken::new());
        self.hands().runs.insert(run, Arc::clone(&end));
        UnderWay { held: self.clone(), run, end }
    }

    /// Before runs are claimed.
    pub(super) fn claiming(&self) -> Claiming {
        self.hands().ended = Some(HashSet::new());
        Claiming(self.clone())
    }

    /// Ends the work on a run that was ended in the store.
    pub(super) fn end(&self, run: RunId) {
        let Hands { runs, ended, .. } = &mut *self.hands();
        if let Some(end) = runs.get(&run) {
            end.cancel();
        }
        // What is held may be its last work, which has just ended, and not that which is being claimed.
        if let Some(ended) = ended {
            ended.insert(run);
        }
    }

    pub(super) fn runs(&self) -> Vec<RunId> {
        self.hands().runs.keys().copied().collect()
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claiming {
    /// Of one that was claimed, unless it has been ended since.
    pub(super) fn begin(&self, run: RunId) -> Option<UnderWay> {
        let under_way = self.0.begin(run);
        let ended = self.0.hands().ended.as_ref().is_some_and(|ended| ended.contains(&run));
        (!ended).then_some(under_way)
    }
}

impl Drop for Claiming {
    fn drop(&mut self) {
        self.0.hands().ended = None;
    }
}

impl UnderWay {
    pub(super) fn is_ended(&self) -> bool {
        self.end.is_cancelled()
    }

    pub(super) async fn ended(&self) {
        self.end.cancelled().await;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut hands = self.held.hands();
        if hands.runs.get(&self.run).is_some_and(|end| Arc::ptr_eq(end, &self.end)) {
            hands.runs.remove(&self.run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_ends_takes_out_no_more_than_itself() {
        let (held, run) = (Held::default(), RunId::new(1));
        let first = held.begin(run);
        let second = held.begin(run);
        drop(first);
        assert_eq!(held.runs(), [run], "the second is under way");
        drop(second);
        assert!(held.runs().is_empty());
    }

    #[test]
    fn a_run_that_was_ended_while_it_was_claimed_does_not_begin() {
        let (held, ended, other) = (Held::default(), RunId::new(1), RunId::new(2));
        held.end(ended);
        let claiming = held.claiming();
        assert!(claiming.begin(ended).is_some(), "that was before");
        held.end(ended);
        assert!(claiming.begin(ended).is_none());
        assert!(claiming.begin(other).is_some());
        drop(claiming);
        assert!(held.claiming().begin(ended).is_some(), "that was for the last claim");
        assert!(held.runs().is_empty());
    }

    #[test]
    fn work_is_ended_from_outside() {
        let (held, run) = (Held::default(), RunId::new(1));
        let (claiming, under_way) = (held.claiming(), held.begin(run));
        held.end(run);
        assert!(under_way.is_ended());
        assert!(claiming.begin(run).is_none(), "it was claimed before its last work had gone");
        drop((claiming, under_way));
        held.end(run);
    }
}
