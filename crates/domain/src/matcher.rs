//! One matcher for routing rules and policies: an ordered table of field → allowed values or patterns.
