//! What strangers may try at the borders: guessed reply tokens, acknowledgements sent to a victim, headers smuggled into
//! mails. And what must not pass them outwards: personal data and secrets in logs, metrics, events and names.

pub(crate) mod bombing;
pub(crate) mod forgeries;
pub(crate) mod headers;
pub(crate) mod markers;
pub(crate) mod tokens;
