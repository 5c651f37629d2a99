//! A mail that comes in pieces, put together: whole up to the size that is kept whole, else its first bytes, with size and
//! digest of all of it. So a mail of any size passes through a bounded memory, and is told by all of its bytes.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::normalize::Whole;

/// What is read of a file at once.
const READ_BYTES: usize = 64 * 1024;

/// How much of a mail is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep {
    /// A mail up to this size is kept whole.
    pub(crate) whole_bytes_max: usize,
    /// Of a larger one so many bytes.
    pub(crate) head_bytes: usize,
}

impl Keep {
    /// Nothing is kept: for the digest alone.
    pub(crate) const NOTHING: Self = Self { whole_bytes_max: 0, head_bytes: 0 };

    /// What of a mail of this size will be held in memory.
    pub(crate) fn held(&self, size: u64) -> u64 {
        if size > self.whole_bytes_max as u64 { self.head_bytes as u64 } else { size }
    }
}

/// A mail as it is recorded.
#[derive(Clone)]
pub(crate) struct Mail {
    /// Its bytes, or the first of them.
    pub(crate) raw: Bytes,
    /// All of it, when only the first bytes are kept.
    pub(crate) whole: Option<Whole>,
}

impl Mail {
    /// A mail that lies nowhere else: whoever brought it keeps no copy, so all of it is kept.
    pub(crate) fn whole(raw: Bytes) -> Self {
        Self { raw, whole: None }
    }

    /// A mail that is in memory already.
    pub(crate) fn of(raw: Bytes, keep: Keep) -> Self {
        if raw.len() <= keep.whole_bytes_max {
            return Self::whole(raw);
        }
        let mut gather = Gather::new(keep, raw.len() as u64);
        gather.push(&raw);
        gather.finish()
    }
}

/// A mail being put together.
pub(crate) struct Gather {
    keep: Keep,
    kept: Vec<u8>,
    size: u64,
    /// Over all that came; begun once it is more than is kept whole.
    digest: Option<Sha256>,
}

impl Gather {
    /// A mail of which nothing has come yet; its size is what somebody says it is.
    pub(crate) fn new(keep: Keep, stated_size: u64) -> Self {
        let expected = usize::try_from(keep.held(stated_size)).unwrap_or(keep.head_bytes);
        Self { keep, kept: Vec::with_capacity(expected), size: 0, digest: None }
    }

    /// How many bytes came.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next piece.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.size += piece.len() as u64;
        if self.digest.is_none() && self.size <= self.keep.whole_bytes_max as u64 {
            self.kept.extend_from_slice(piece);
            return;
        }
        self.digest.get_or_insert_with(|| Sha256::new_with_prefix(&self.kept)).update(piece);
        let room = self.keep.head_bytes.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
        if self.kept.len() > self.keep.head_bytes {
            self.kept.truncate(self.keep.head_bytes);
            self.kept.shrink_to_fit();
        }
    }

    /// All came.
    pub(crate) fn finish(self) -> Mail {
        let size_bytes = self.size;
        let whole =
            self.digest.map(|digest| Whole { size_bytes, sha256: HEXLOWER.encode(&digest.finalize()) });
        Mail { raw: self.kept.into(), whole }
    }

    /// Nothing more will come, though there was said to be more: what came is the beginning of something larger, and is
    /// told by itself.
    pub(crate) fn break_off(self, stated_size: u64) -> Mail {
        if stated_size <= self.size {
            return self.finish();
        }
        let digest = self.digest.unwrap_or_else(|| Sha256::new_with_prefix(&self.kept));
        let whole = Whole { size_bytes: stated_size, sha256: HEXLOWER.encode(&digest.finalize()) };
        Mail { raw: self.kept.into(), whole: Some(whole) }
    }
}

/// Reads a file.
pub(crate) fn file(path: &Path, keep: Keep) -> io::Result<Mail> {
    let mut file = File::open(path)?;
    let mut gather = Gather::new(keep, file.metadata()?.len());
    let mut piece = vec![0; READ_BYTES];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(gather.finish()),
            Ok(size) => gather.push(piece.get(..size).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redress_contract::Commit;

    use super::*;

    const KEEP: Keep = Keep { whole_bytes_max: 100, head_bytes: 40 };

    proptest! {
        #[test]
        fn pieces_of_any_size_make_the_same_mail(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            piece in 1_usize..120,
            stated in 0_u64..400,
        ) {
            let mut gather = Gather::new(KEEP, stated);
            bytes.chunks(piece).for_each(|piece| gather.push(piece));
            prop_assert_eq!(gather.size(), bytes.len() as u64);
            let mail = gather.finish();
            if bytes.len() <= 100 {
                prop_assert_eq!(&mail.raw, &bytes);
                prop_assert_eq!(mail.whole, None);
            } else {
                prop_assert_eq!(&mail.raw, &bytes[..40]);
                let whole = Whole { size_bytes: bytes.len() as u64, sha256: Commit::hash(&bytes) };
                prop_assert_eq!(mail.whole, Some(whole));
            }
            let at_once = Mail::of(bytes.clone().into(), KEEP);
            prop_assert_eq!(at_once.raw.len(), bytes.len().min(if bytes.len() > 100 { 40 } else { 100 }));
        }
    }

    #[test]
    fn what_breaks_off_is_marked_as_a_beginning() {
        for (came, kept) in [(70, 70), (130, 40)] {
            let bytes = vec![b'a'; came];
            let begun = || {
                let mut gather = Gather::new(KEEP, 200);
                gather.push(&bytes);
                gather
            };
            let mail = begun().break_off(200);
            assert_eq!(mail.raw, bytes[..kept]);
            assert_eq!(mail.whole, Some(Whole { size_bytes: 200, sha256: Commit::hash(&bytes) }));
            let all = begun().break_off(came as u64);
            assert_eq!(
                (all.raw, all.whole),
                (begun().finish().raw, begun().finish().whole),
                "nothing was to come"
            );
        }
    }

    #[test]
    fn a_size_that_somebody_made_up_takes_no_memory() {
        assert!(Gather::new(KEEP, u64::MAX).kept.capacity() <= 100);
    }
}
