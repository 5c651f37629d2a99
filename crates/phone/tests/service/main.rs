//! The service over a real broker: folders that are written on, posts of telephone systems.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod folder;
mod posts;
mod world;
