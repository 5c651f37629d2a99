//! The operating system asks the process to stop: SIGTERM or SIGINT. The first asks, the second insists.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Shutdown;

/// The signals that ask to stop, from the moment this was made; none is lost between two calls of [`Signals::next`].
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the two signals over from the operating system's default, which is to end at once.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Returns at the next one, with its name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Asks `shutdown` at the first signal and returns at the second: whoever waits for it ends without draining.
    pub async fn insist(mut self, shutdown: Shutdown) {
        let name = self.next().await;
        tracing::info!("Stopping on {name}: what is in flight is finished; a second signal ends at once");
        shutdown.ask();
        let name = self.next().await;
        tracing::warn!("Ending at once on a second {name}");
    }
}
