//! A real broker, a hand-moved clock, fake outside worlds, faults.
//!
//! In: nothing. Out: the world that services run in while they are tested: [`Broker`] is a real nats-server and
//! [`Cluster`] three of them, the outside is faked at the socket (an SMTP sink, a private Dovecot or clamd, a token endpoint), [`Proxy`] is a bad
//! network, [`Power`] a disk that forgets, time is [`redress_runtime::Clock::manual`], and [`eventually`] waits for a condition. Only ever a
//! dev-dependency.

pub mod broker;
pub mod clamd;
pub mod cluster;
pub mod dovecot;
pub mod mastodon;
pub mod port;
pub mod power;
pub mod proxy;
pub mod smtp;
pub mod token_server;

mod eventually;
mod process;

pub use broker::{Broker, Sync};
pub use cluster::Cluster;
pub use eventually::{PATIENCE, eventually, eventually_within};
pub use mastodon::Mastodon;
pub use port::Port;
pub use power::Power;
pub use proxy::Proxy;
pub use smtp::SmtpSink;
pub use token_server::TokenServer;
