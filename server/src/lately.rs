//! What was found lately: whoever asks again soon gets the same, however many they are.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// Found by one at a time; the others wait for what that one finds.
pub(crate) struct Lately<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Lately<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Copy> Lately<T> {
    /// What was found less than `fresh` ago, or what `find` does. An error is nothing that is found.
    pub(crate) async fn get<E>(
        &self,
        fresh: Duration,
        find: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut last = self.0.lock().await;
        if let Some((at, known)) = *last
            && at.elapsed() < fresh
        {
            return Ok(known);
        }
        let found = find.await?;
        *last = Some((Instant::now(), found));
        Ok(found)
    }
}
