//! A real broker, a hand-moved clock, fake outside worlds, faults.
//!
//! In: nothing. Out: the world that services run in while they are tested: [`Broker`] is a real nats-server, the
//! outside is faked at the socket (an SMTP sink, a private Dovecot), time is [`redress_runtime::Clock::manual`], and
//! [`eventually`] waits for a condition. Only ever a dev-dependency.

pub mod broker;
pub mod dovecot;
pub mod smtp;

mod eventually;

pub use broker::{Broker, Sync};
pub use eventually::{eventually, eventually_within};
pub use smtp::SmtpSink;
