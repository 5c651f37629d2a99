//! The body of a request, read whole within a size and a time. Shared by all services that take posts.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use tokio::time::timeout;

/// How much of a body that is too large is still read, so that its sender hears the answer instead of a broken
/// connection.
const DRAIN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A body that could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Larger than allowed.
    #[error("the body is too large")]
    TooLarge,
    /// Not sent in time.
    #[error("the body came too slowly")]
    TooSlow,
    /// It ended early.
    #[error("the body is broken")]
    Broken,
}

/// Reads a body whole.
///
/// # Errors
/// [`ReadError`] when it is larger, slower or shorter than it may be.
pub async fn read(body: Body, bytes_max: usize, time_max: Duration) -> Result<Bytes, ReadError> {
    timeout(time_max, read_to_end(body.into_data_stream(), bytes_max))
        .await
        .unwrap_or(Err(ReadError::TooSlow))
}

async fn read_to_end(mut chunks: BodyDataStream, bytes_max: usize) -> Result<Bytes, ReadError> {
    let (mut whole, mut size) = (BytesMut::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ReadError::Broken)?;
        size = size.saturating_add(chunk.len());
        if size > DRAIN_BYTES_MAX.max(bytes_max) {
            return Err(ReadError::TooLarge);
        }
        if size <= bytes_max {
            whole.extend_from_slice(&chunk);
        } else {
            whole = BytesMut::new();
        }
    }
    if size > bytes_max { Err(ReadError::TooLarge) } else { Ok(whole.freeze()) }
}
