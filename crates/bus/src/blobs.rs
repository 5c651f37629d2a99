//! Blobs: bytes too large for a message, written before the message that names them.

use bytes::Bytes;
use redress_contract::subject::name;
use tokio::io::AsyncReadExt as _;

use crate::failure::chain;
use crate::{Bus, PublishError, ReadError};

/// The bucket `blobs`.
#[derive(Clone, Debug)]
pub struct Blobs {
    bus: Bus,
}

impl Bus {
    /// The bucket `blobs`.
    pub fn blobs(&self) -> Blobs {
        Blobs { bus: self.clone() }
    }
}

impl Blobs {
    /// Writes an object; done when the broker has acknowledged all of it. Writing the same name again replaces it.
    ///
    /// # Errors
    /// [`PublishError`] when the broker does not take it.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), PublishError> {
        let failed = |problem: String| PublishError { subject: format!("blobs/{name}"), problem };
        let store = self.store().await.map_err(failed)?;
        store.put(name, &mut bytes.as_ref()).await.map_err(|e| failed(chain(&e)))?;
        Ok(())
    }

    /// Reads an object whole; none when there is none.
    ///
    /// # Errors
    /// [`ReadError`] when the broker does not answer or the digest does not fit.
    pub async fn get(&self, name: &str) -> Result<Option<Bytes>, ReadError> {
        use async_nats::jetstream::object_store::GetErrorKind;
        let failed = |problem: String| ReadError::new(format!("blobs/{name}"), problem);
        let store = self.store().await.map_err(failed)?;
        let mut object = match store.get(name).await {
            Ok(object) => object,
            Err(error) if error.kind() == GetErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(chain(&error))),
        };
        let mut bytes = Vec::with_capacity(object.info().size);
        object.read_to_end(&mut bytes).await.map_err(|e| failed(chain(&e)))?;
        Ok(Some(bytes.into()))
    }

    async fn store(&self) -> Result<&async_nats::jetstream::object_store::ObjectStore, String> {
        self.bus
            .blob_store
            .get_or_try_init(|| self.bus.js.get_object_store(name::BLOBS))
            .await
            .map_err(|e| chain(&e))
    }
}
