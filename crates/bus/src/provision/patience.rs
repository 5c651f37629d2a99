//! A cluster that has just started, or elects, says "not now" to whoever changes it, or nothing: its leader has not heard
//! of every node yet. It is asked again until the patience of the settings is over. Every such request may be made twice.

use std::error::Error as _;
use std::time::{Duration, Instant};

use async_nats::jetstream::context::{
    CreateStreamError, CreateStreamErrorKind, GetStreamError, GetStreamErrorKind, RequestError,
    RequestErrorKind,
};
use async_nats::jetstream::stream::{ConsumerError, ConsumerErrorKind};
use async_nats::jetstream::{Error, ErrorCode};
use tracing::warn;

use crate::Bus;
use crate::failure::chain;

/// An answer that may be another one soon.
pub(super) trait Passing: std::error::Error + 'static {
    fn is_passing(&self) -> bool;
}

impl Bus {
    /// Asks until the answer is one that stays, or patience is over.
    pub(super) async fn until_ready<T, E: Passing>(
        &self,
        mut ask: impl AsyncFnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        let until = Instant::now() + self.config.publish_patience;
        let mut pause = Duration::from_millis(50);
        loop {
            // A question of the client is a large future; there are many in a plan.
            match Box::pin(ask()).await {
                Err(error) if error.is_passing() && Instant::now() + pause < until => {
                    warn!(problem = chain(&error), "the broker is not ready; it is asked again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
                answer => return answer,
            }
        }
    }
}

impl Passing for CreateStreamError {
    fn is_passing(&self) -> bool {
        match self.kind() {
            CreateStreamErrorKind::TimedOut => true,
            CreateStreamErrorKind::JetStream(error) => is_passing(&error),
            _ => false,
        }
    }
}

impl Passing for GetStreamError {
    fn is_passing(&self) -> bool {
        match self.kind() {
            GetStreamErrorKind::Request => has_timed_out(self.source()),
            GetStreamErrorKind::JetStream(error) => is_passing(&error),
            _ => false,
        }
    }
}

impl Passing for ConsumerError {
    fn is_passing(&self) -> bool {
        match self.kind() {
            ConsumerErrorKind::TimedOut => true,
            ConsumerErrorKind::Request => has_timed_out(self.source()),
            ConsumerErrorKind::JetStream(error) => is_passing(&error),
            _ => false,
        }
    }
}

/// Codes: nats-server `errors.json`. Too few nodes (10005) passes when one is merely not back yet.
fn is_passing(error: &Error) -> bool {
    const PASSING: [ErrorCode; 2] = [ErrorCode::CLUSTER_NO_PEERS, ErrorCode::CLUSTER_NOT_AVAILABLE];
    PASSING.contains(&error.error_code())
}

/// Nobody leads, so nobody answered.
fn has_timed_out(source: Option<&(dyn std::error::Error + 'static)>) -> bool {
    let request = source.and_then(|source| source.downcast_ref::<RequestError>());
    request.is_some_and(|request| request.kind() == RequestErrorKind::TimedOut)
}
