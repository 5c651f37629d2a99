//! Blobs: bytes too large for a message, written before the message that names them.

use bytes::Bytes;

use crate::{Bus, ReadError, PublishError};

/// The bucket `blobs`.
#[derive(Clone, Debug)]
pub struct Blobs {
    pub(crate) bus: Bus,
}

impl Bus {
    /// The bucket `blobs`.
    pub fn blobs(&self) -> Blobs {
        Blobs { bus: self.clone() }
    }
}

impl Blobs {
    /// Writes an object; done when the broker has acknowledged all of it.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), PublishError> {
        let _ = (name, bytes);
        todo!()
    }

    /// Reads an object whole.
    pub async fn get(&self, name: &str) -> Result<Option<Bytes>, ReadError> {
        let _ = name;
        todo!()
    }
}
