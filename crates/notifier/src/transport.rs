//! How a message leaves: to a mail server, or into a folder.

mod maildir;
mod smtp;

use redress_contract::CommunicationId;

use crate::config::TransportConfig;
use maildir::Maildir;
use smtp::Smtp;

/// The way out.
#[derive(Debug)]
pub(crate) enum Transport {
    /// A mail server.
    Smtp(Box<Smtp>),
    /// A folder.
    Maildir(Maildir),
}

/// A message and where it goes.
#[derive(Clone, Copy)]
pub(crate) struct Parcel<'a> {
    /// Its id, which names the file in a folder.
    pub(crate) id: &'a CommunicationId,
    /// Envelope sender.
    pub(crate) from: &'a str,
    /// Envelope recipient.
    pub(crate) to: &'a str,
    /// The message as it goes out.
    pub(crate) message: &'a [u8],
}

/// A message that did not leave. The texts hold status codes and kinds of failure, never what a server said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    /// The way out itself is blocked: says nothing about this message.
    #[error("{0}")]
    Unreachable(String),
    /// Not now; perhaps it even left, and nobody could say so.
    #[error("{0}")]
    NotNow(String),
    /// Never.
    #[error("{0}")]
    Never(String),
}

/// A way out that cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("set up the mail transport: {0}")]
pub struct TransportError(pub(crate) String);

impl Transport {
    /// Sets it up; nothing connects yet.
    pub(crate) fn new(config: &TransportConfig, parallel: usize) -> Result<Self, TransportError> {
        Ok(match config {
            TransportConfig::Smtp(smtp) => Self::Smtp(Box::new(Smtp::new(smtp.clone(), parallel)?)),
            TransportConfig::Maildir(folder) => Self::Maildir(Maildir::new(folder)?),
        })
    }

    /// Hands a message on: returns when the next hop has taken it.
    pub(crate) async fn send(&self, parcel: Parcel<'_>) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(parcel).await,
            Self::Maildir(maildir) => maildir.send(parcel).await,
        }
    }
}
