//! Who is it, and is it ours: addresses in normal form, keyed hashes, ids, references, signed tokens.
//!
//! In: parts that identify something, and [`Keys`]. Out: ids and codes that anybody with the same keys derives
//! again. No I/O, no clock, no randomness: fresh keys are made from random bytes that are handed in.
//!
//! Reading order: [`keys`], [`mod@derive`] (ids), [`address`] (normal forms, parties), [`mod@reference`], [`token`]
//! (signed addresses and Message-IDs), [`escalation`] (the link in a mail about an escalation); `mac` and `phone` serve them.

pub mod address;
pub mod derive;
pub mod escalation;
pub mod keys;
pub mod numbers;
pub mod reference;
pub mod token;

mod mac;
mod phone;

pub use phone::calling_code;

pub use escalation::EscalationLink;
pub use keys::{Keys, KeysError};
