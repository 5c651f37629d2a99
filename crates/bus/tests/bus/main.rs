//! The bus on a real broker: streams, once-only publishing, appends, buckets, blobs, consumers, dead letters.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod consuming;
mod copying;
mod storing;
mod uploading;
