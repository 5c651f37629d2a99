//! Sealed blobs: chunks of 64 KiB, each sealed with its number and whether it is the last (the STREAM construction), so
//! that writing and reading hold a chunk or two at a time, and a blob that was cut, reordered or lengthened does not open.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::stream::{DecryptorBE32, EncryptorBE32};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use super::{Broken, DataKey, MAGIC, random};

const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
/// The cipher's nonce without the number and the mark of the last chunk.
const NONCE: usize = 19;

/// Reads as the sealed form of what it reads.
pub(crate) struct Sealing<R> {
    plain: R,
    /// Nothing once the last chunk is sealed.
    encryptor: Option<Encryptor>,
    /// Plain bytes that were read: a chunk and one byte more, which shows that it is not the last.
    next: Vec<u8>,
    filled: usize,
    ready: Bytes,
}

impl DataKey {
    /// The sealed form of a blob of this name, made as it is read.
    pub(crate) fn seal_blob<R>(&self, name: &str, plain: R) -> Sealing<R> {
        let mut nonce = [0; NONCE];
        random(&mut nonce);
        let chunks = EncryptorBE32::from_aead(self.cipher(), (&nonce).into());
        let encryptor = Some(Encryptor { chunks, bound_to: self.bound_to(name) });
        let ready = Bytes::from([MAGIC.as_slice(), &nonce].concat());
        Sealing { plain, encryptor, next: vec![0; CHUNK + 1], filled: 0, ready }
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
        let chunks = DecryptorBE32::from_aead(self.cipher(), (&nonce).into());
        let mut decryptor = Decryptor { chunks, bound_to: self.bound_to(name) };
        let mut plain = BytesMut::with_capacity(size_hint);
        let mut chunk = vec![0; CHUNK + TAG];
        let mut next = vec![0; CHUNK + TAG];
        let mut length = fill(sealed, &mut chunk).await?;
        loop {
            // The last chunk is marked: whether this is it shows only when nothing follows.
            let following = if length == chunk.len() { fill(sealed, &mut next).await? } else { 0 };
            chunk.truncate(length);
            if following == 0 {
                decryptor.last(&mut chunk)?;
                plain.extend_from_slice(&chunk);
                return Ok(plain.freeze());
            }
            decryptor.next(&mut chunk)?;
            plain.extend_from_slice(&chunk);
            chunk.resize(CHUNK + TAG, 0);
            std::mem::swap(&mut chunk, &mut next);
            length = following;
        }
    }
}

/// Seals chunk after chunk. Its work is done in this crate, whose build is optimised for tests too: what is generic or
/// `async` is compiled by whoever calls it.
struct Encryptor {
    chunks: EncryptorBE32<XChaCha20Poly1305>,
    bound_to: String,
}

impl Encryptor {
    #[inline(never)]
    fn next(&mut self, chunk: &mut Vec<u8>) {
        self.chunks.encrypt_next_in_place(self.bound_to.as_bytes(), chunk).expect(FEW_CHUNKS);
    }

    #[inline(never)]
    fn last(self, chunk: &mut Vec<u8>) {
        self.chunks.encrypt_last_in_place(self.bound_to.as_bytes(), chunk).expect(FEW_CHUNKS);
    }
}

const FEW_CHUNKS: &str = "a blob has fewer chunks than 32 bits count";

/// The reverse of [`Encryptor`].
struct Decryptor {
    chunks: DecryptorBE32<XChaCha20Poly1305>,
    bound_to: String,
}

impl Decryptor {
    #[inline(never)]
    fn next(&mut self, chunk: &mut Vec<u8>) -> Result<(), Broken> {
        self.chunks.decrypt_next_in_place(self.bound_to.as_bytes(), chunk).map_err(|_| Broken)
    }

    #[inline(never)]
    fn last(self, chunk: &mut Vec<u8>) -> Result<(), Broken> {
        self.chunks.decrypt_last_in_place(self.bound_to.as_bytes(), chunk).map_err(|_| Broken)
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

impl<R: AsyncRead + Unpin> Sealing<R> {
    /// Reads until it is known whether the next chunk is the last.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        while self.filled < self.next.len() {
            let mut room = ReadBuf::new(&mut self.next[self.filled..]);
            ready!(Pin::new(&mut self.plain).poll_read(context, &mut room))?;
            match room.filled().len() {
                0 => break,
                read => self.filled += read,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn seal_next(&mut self, mut encryptor: Encryptor) {
        let length = self.filled.min(CHUNK);
        let mut chunk = Vec::with_capacity(length + TAG);
        chunk.extend_from_slice(&self.next[..length]);
        self.next.copy_within(length..self.filled, 0);
        self.filled -= length;
        if self.filled == 0 {
            encryptor.last(&mut chunk);
        } else {
            encryptor.next(&mut chunk);
            self.encryptor = Some(encryptor);
        }
        self.ready = chunk.into();
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Sealing<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.ready.is_empty() && self.encryptor.is_some() {
            ready!(self.poll_fill(context))?;
            if let Some(encryptor) = self.encryptor.take() {
                self.seal_next(encryptor);
            }
        }
        let length = into.remaining().min(self.ready.len());
        into.put_slice(&self.ready.split_to(length));
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::aead::Payload;
    use zeroize::Zeroizing;

    use super::super::KeyName;
    use super::*;

    /// `the kettle`, sealed with a nonce of 5s.
    const GOLDEN: &str =
        "52445331050505050505050505050505050505050505051db6718bc6e5c26f18e4f1abf7cda93436fecac3fa33cdd72fd1";

    async fn sealed(key: &DataKey, name: &str, plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        key.seal_blob(name, plain).read_to_end(&mut sealed).await.unwrap();
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

    /// As the scheme says, over bytes that are all there.
    fn sealed_whole(key: &DataKey, name: &str, nonce: [u8; NONCE], plain: &[u8]) -> Vec<u8> {
        let mut encryptor = EncryptorBE32::<XChaCha20Poly1305>::from_aead(key.cipher(), (&nonce).into());
        let (mut sealed, bound_to) = ([MAGIC.as_slice(), &nonce].concat(), key.bound_to(name));
        let last = plain.len().saturating_sub(1) / CHUNK * CHUNK;
        for chunk in plain[..last].chunks(CHUNK) {
            let payload = Payload { msg: chunk, aad: bound_to.as_bytes() };
            sealed.append(&mut encryptor.encrypt_next(payload).unwrap());
        }
        let payload = Payload { msg: &plain[last..], aad: bound_to.as_bytes() };
        sealed.append(&mut encryptor.encrypt_last(payload).unwrap());
        sealed
    }

    #[tokio::test]
    async fn what_comes_in_pieces_is_sealed_as_what_is_all_there() {
        let key = DataKey::draw();
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7] {
            let plain: Vec<u8> = (0..=250).cycle().take(size).collect();
            for piece in [1000, CHUNK, CHUNK + 1] {
                let (mut sealed, source) = (Vec::new(), Pieces::of(&plain, piece));
                key.seal_blob("k/0", source).read_to_end(&mut sealed).await.unwrap();
                let nonce = sealed[MAGIC.len()..MAGIC.len() + NONCE].try_into().unwrap();
                assert!(sealed == sealed_whole(&key, "k/0", nonce, &plain), "{size} in pieces of {piece}");
            }
        }
    }

    #[tokio::test]
    async fn what_was_sealed_long_ago_opens() {
        let name = KeyName::parse("00112233445566778899aabbccddeeff").unwrap();
        let key = DataKey { name, key: Zeroizing::new([7; 32]) };
        let sealed = data_encoding::HEXLOWER.decode(GOLDEN.as_bytes()).unwrap();
        assert_eq!(opened(&key, "00112233445566778899aabbccddeeff/0", &sealed).await.unwrap(), "the kettle");
    }

    #[tokio::test]
    async fn a_source_that_breaks_is_not_taken_for_one_that_ends() {
        let key = DataKey::draw();
        let plain = vec![1; 2 * CHUNK];
        let broken = Pieces { fails: true, ..Pieces::of(&plain, 1000) };
        let mut sealed = Vec::new();
        let problem = key.seal_blob("k/0", broken).read_to_end(&mut sealed).await.unwrap_err();
        assert_eq!(problem.kind(), std::io::ErrorKind::ConnectionReset);
        assert!(opened(&key, "k/0", &sealed).await.is_none());
    }

    #[tokio::test]
    async fn sealing_holds_two_chunks_at_a_time() {
        let plain = vec![1; 10 * CHUNK];
        let mut sealing = DataKey::draw().seal_blob("k/0", Pieces::of(&plain, 1000));
        let (mut read, mut got) = (vec![0; 4096], 0);
        loop {
            got += match sealing.read(&mut read).await.unwrap() {
                0 => break,
                length => length,
            };
            assert!(sealing.ready.len() <= CHUNK + TAG && sealing.next.len() == CHUNK + 1);
            assert!(plain.len() - sealing.plain.left.len() <= got + 2 * CHUNK, "read far ahead");
        }
    }

    /// Bytes as they come over a connection: in pieces, with waits between them, until it ends or breaks.
    struct Pieces<'a> {
        left: &'a [u8],
        piece: usize,
        fails: bool,
        waited: bool,
    }

    impl<'a> Pieces<'a> {
        fn of(bytes: &'a [u8], piece: usize) -> Self {
            Self { left: bytes, piece, fails: false, waited: false }
        }
    }

    impl AsyncRead for Pieces<'_> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            into: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            self.waited = !self.waited;
            if self.waited {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.left.is_empty() && self.fails {
                return Poll::Ready(Err(std::io::ErrorKind::ConnectionReset.into()));
            }
            let length = self.piece.min(self.left.len()).min(into.remaining());
            let (piece, left) = self.left.split_at(length);
            into.put_slice(piece);
            self.left = left;
            Poll::Ready(Ok(()))
        }
    }
}
