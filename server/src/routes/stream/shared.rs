//! What one task makes for all who watch, for as long as somebody does.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast::{self, Receiver, Sender};

/// Where those who come find the task, if there is one.
pub(super) struct Shared<T>(Arc<Mutex<Option<Sender<Arc<T>>>>>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Shared<T> {
    /// All that is made from now on; who lags behind by more than `lag` misses some. `begin` starts the task,
    /// where there is none.
    pub(super) fn watch(&self, lag: usize, begin: impl FnOnce(Sender<Arc<T>>)) -> Receiver<Arc<T>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*running {
            return sender.subscribe();
        }
        let (sender, receiver) = broadcast::channel(lag);
        begin(sender.clone());
        *running = Some(sender);
        receiver
    }

    /// Whether nobody watches any more: the task that is told so has ended, and the next who comes starts anew.
    pub(super) fn ends(&self, sender: &Sender<Arc<T>>) -> bool {
        if sender.receiver_count() > 0 {
            return false;
        }
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody may have come meanwhile.
        let nobody = sender.receiver_count() == 0;
        if nobody {
            *running = None;
        }
        nobody
    }
}
