//! The hash chain: each commit holds the SHA-256 of the one before, events count without gaps.
