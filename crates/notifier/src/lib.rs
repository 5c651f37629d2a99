//! Messages to customers and staff.
//!
//! In: commits from COMPLAINTS. Out: messages in OUTBOX, rendered once and for all, and from there to a mail server or
//! a folder; what became of each is noted on its complaint. Every effect has a key made from the event that caused
//! it, so that a second delivery changes nothing. What may send the same bytes with the same Message-ID once more: a
//! crash between a mail server's yes and our noting of it, and a replay by hand, on another replica, within the first
//! minute of a message.
//!
//! Reading order: [`plan`] (which messages a commit calls for), [`standing`] (is one still wanted), `perform` (steps → OUTBOX), `limits` and
//! `waiting` (one address is not flooded: the rest is gathered into a later message), `deliver` (OUTBOX → the next
//! hop), [`restored`] (what a restore leaves in doubt), `transport`; for what is said: [`texts`], `render`, `way_in`, [`mail`],
//! `header`; [`settings`], [`config`],
//! [`staff`].

pub mod address;
mod breaker;
pub mod config;
mod deliver;
mod header;
mod kept;
mod limits;
pub mod mail;
mod perform;
pub mod plan;
pub mod quiet;
mod render;
pub mod restored;
pub mod roster;
mod run;
#[cfg(test)]
mod sample;
pub mod settings;
pub mod staff;
pub mod standing;
pub mod texts;
mod transport;
pub mod under_way;
mod waiting;
mod way_in;

pub use config::{Config, StatusPage};
pub use run::{Deps, Error, run};
pub use settings::Settings;
