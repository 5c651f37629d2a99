//! Streams and buckets: created when missing, checked when there; a setting that drifted is named.

/// A stream or bucket that is not as it must be.
#[derive(Debug, thiserror::Error)]
#[error("prepare {name}: {problem}")]
pub struct PrepareError {
    name: String,
    problem: String,
}

impl crate::Bus {
    /// Creates every stream and bucket that is missing and compares those that are there.
    ///
    /// # Errors
    /// [`PrepareError`] names the stream and each setting that differs.
    pub async fn prepare(&self) -> Result<(), PrepareError> {
        todo!()
    }
}
