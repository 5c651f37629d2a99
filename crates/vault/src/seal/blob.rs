//! Sealed blobs: chunks of 64 KiB, each sealed with its number and whether it is the last (the STREAM construction), so
//! that writing and reading hold one chunk at a time, and a blob that was cut, reordered or lengthened does not open.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::stream::{DecryptorBE32, EncryptorBE32};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use super::{Broken, DataKey, MAGIC, random};

const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
/// The cipher's nonce without the number and the mark of the last chunk.
const NONCE: usize = 19;

/// Reads as the sealed form of the bytes within.
pub(crate) struct Sealing {
    plain: Bytes,
    bound_to: String,
    encryptor: Option<EncryptorBE32<XChaCha20Poly1305>>,
    ready: Bytes,
}

impl DataKey {
    /// The sealed form of a blob of this name, made as it is read.
    pub(crate) fn seal_blob(&self, name: &str, plain: Bytes) -> Sealing {
        let mut nonce = [0; NONCE];
        random(&mut nonce);
        let encryptor = EncryptorBE32::from_aead(self.cipher(), (&nonce).into());
        let ready = Bytes::from([MAGIC.as_slice(), &nonce].concat());
        Sealing { plain, bound_to: self.bound_to(name), encryptor: Some(encryptor), ready }
    }

    /// Opens a blob of this name; `size_hint` is the size of its sealed form.
    ///
    /// # Errors
    /// What reading met; [`Broken`] inside it when the bytes are not what was sealed.
    pub(crate) async fn open_blob(
        &self,
        name: &str,
        sealed: &mut (impl AsyncRead + Unpin),
        size_hint: usize,
    ) -> Result<Bytes, BlobError> {
        let mut head = [0; MAGIC.len() + NONCE];
        fill(sealed, &mut head).await?.eq(&head.len()).then_some(()).ok_or(Broken)?;
        let nonce: [u8; NONCE] =
            head.strip_prefix(MAGIC).and_then(|rest| rest.try_into().ok()).ok_or(Broken)?;
        let mut decryptor = DecryptorBE32::from_aead(self.cipher(), (&nonce).into());
        let bound_to = self.bound_to(name);
        let mut plain = BytesMut::with_capacity(size_hint);
        let mut chunk = vec![0; CHUNK + TAG];
        let mut next = vec![0; CHUNK + TAG];
        let mut length = fill(sealed, &mut chunk).await?;
        loop {
            // The last chunk is marked: whether this is it shows only when nothing follows.
            let following = if length == chunk.len() { fill(sealed, &mut next).await? } else { 0 };
            chunk.truncate(length);
            if following == 0 {
                decryptor.decrypt_last_in_place(bound_to.as_bytes(), &mut chunk).map_err(|_| Broken)?;
                plain.extend_from_slice(&chunk);
                return Ok(plain.freeze());
            }
            decryptor.decrypt_next_in_place(bound_to.as_bytes(), &mut chunk).map_err(|_| Broken)?;
            plain.extend_from_slice(&chunk);
            chunk.resize(CHUNK + TAG, 0);
            std::mem::swap(&mut chunk, &mut next);
            length = following;
        }
    }
}

/// Why a blob could not be opened.
#[derive(Debug)]
pub(crate) enum BlobError {
    Read(std::io::Error),
    Broken,
}

impl From<std::io::Error> for BlobError {
    fn from(error: std::io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<Broken> for BlobError {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

/// Reads until the buffer is full or nothing follows; answers how much came.
async fn fill(from: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]).await? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

impl Sealing {
    fn seal_next(&mut self) {
        let Some(mut encryptor) = self.encryptor.take() else { return };
        let mut chunk = self.plain.split_to(CHUNK.min(self.plain.len())).to_vec();
        let bound_to = self.bound_to.as_bytes();
        let sealed = if self.plain.is_empty() {
            encryptor.encrypt_last_in_place(bound_to, &mut chunk)
        } else {
            let sealed = encryptor.encrypt_next_in_place(bound_to, &mut chunk);
            self.encryptor = Some(encryptor);
            sealed
        };
        sealed.expect("a blob has fewer chunks than 32 bits count");
        self.ready = chunk.into();
    }
}

impl AsyncRead for Sealing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        // As much as fits: the store makes a message of each read.
        while into.remaining() > 0 {
            if self.ready.is_empty() {
                self.seal_next();
            }
            if self.ready.is_empty() {
                break;
            }
            let length = into.remaining().min(self.ready.len());
            into.put_slice(&self.ready.split_to(length));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sealed(key: &DataKey, name: &str, plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        key.seal_blob(name, Bytes::copy_from_slice(plain)).read_to_end(&mut sealed).await.unwrap();
        sealed
    }

    async fn opened(key: &DataKey, name: &str, sealed: &[u8]) -> Option<Bytes> {
        let mut reader = sealed;
        key.open_blob(name, &mut reader, sealed.len()).await.ok()
    }

    #[tokio::test]
    async fn blobs_of_every_size_come_back() {
        let key = DataKey::draw();
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7] {
            let plain: Vec<u8> = (0..=250).cycle().take(size).collect();
            let sealed = sealed(&key, "k/0", &plain).await;
            assert_eq!(opened(&key, "k/0", &sealed).await.unwrap(), plain, "{size}");
            assert!(opened(&key, "k/1", &sealed).await.is_none(), "{size} under another name");
            assert!(opened(&DataKey::draw(), "k/0", &sealed).await.is_none(), "{size} with another key");
        }
    }

    #[tokio::test]
    async fn a_blob_that_was_cut_reordered_or_lengthened_does_not_open() {
        let key = DataKey::draw();
        let good = sealed(&key, "k/0", &vec![7; 3 * CHUNK]).await;
        let (head, one) = (MAGIC.len() + NONCE, CHUNK + TAG);
        for end in [0, 3, head, head + one, head + 2 * one, good.len() - 1] {
            assert!(opened(&key, "k/0", &good[..end]).await.is_none(), "cut to {end}");
        }
        let mut swapped = good.clone();
        swapped[head..head + 2 * one].rotate_left(one);
        assert!(opened(&key, "k/0", &swapped).await.is_none());
        assert!(opened(&key, "k/0", &[good.clone(), vec![0]].concat()).await.is_none());
        assert!(opened(&key, "k/0", &[good.clone(), good[head..].to_vec()].concat()).await.is_none());
    }

    #[tokio::test]
    async fn a_read_is_filled_so_that_the_store_makes_few_messages() {
        let mut sealing = DataKey::draw().seal_blob("k/0", Bytes::from(vec![1; 10 * CHUNK]));
        let mut read = vec![0; 2 * CHUNK];
        assert_eq!(sealing.read(&mut read).await.unwrap(), read.len());
    }

    #[tokio::test]
    async fn sealing_holds_one_chunk_at_a_time() {
        let key = DataKey::draw();
        let mut sealing = key.seal_blob("k/0", Bytes::from(vec![1; 10 * CHUNK]));
        let mut read = vec![0; 4096];
        while sealing.read(&mut read).await.unwrap() > 0 {
            assert!(sealing.ready.len() <= CHUNK + TAG);
        }
    }
}
