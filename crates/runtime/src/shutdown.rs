//! Asking services to stop, and knowing when they have: fetch no more, finish what is in flight, then end.

use std::future::Future;

use tokio_util::sync::CancellationToken;

/// Tells whoever holds a clone that it is time to stop. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// Nobody has asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everybody to stop.
    pub fn ask(&self) {
        self.token.cancel();
    }

    /// True once somebody asked.
    pub fn is_asked(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Returns once somebody asked.
    pub async fn asked(&self) {
        self.token.cancelled().await;
    }

    /// A part that stops when the whole does, and can be stopped alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { token: self.token.child_token() }
    }

    /// Runs a future until it ends or somebody asks to stop; `None` when it was cut off.
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.token.run_until_cancelled(work).await
    }
}
