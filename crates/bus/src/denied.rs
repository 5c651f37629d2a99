//! What the broker refuses a connection: a permission that is missing.
//!
//! To whoever waits for an answer a refusal looks like a time-out, and a subscription that was refused looks idle; the
//! broker says it beside, on the connection. It does not get better by trying again, so it ends the service.

use std::sync::Arc;

use tokio::sync::watch;

use crate::Bus;

/// The broker refused something to this user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{act} {subject} as user {user}: the broker's permissions do not allow it")]
pub struct Denied {
    /// Who: the name of the connection.
    pub user: String,
    /// `publish on`, `subscribe to`.
    pub act: &'static str,
    /// The subject.
    pub subject: String,
}

/// Where a connection notes what it was refused.
#[derive(Debug, Clone)]
pub(crate) struct Notice(Arc<watch::Sender<Option<Denied>>>);

impl Notice {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// Takes the broker's words apart: `Permissions Violation for Publish to "complaint.x"`.
    pub(crate) fn hear(&self, user: &str, words: &str) -> bool {
        let lower = words.to_ascii_lowercase();
        let Some(at) = lower.find("permissions violation for ") else { return false };
        let act = if lower[at..].contains("for publish") { "publish on" } else { "subscribe to" };
        let what = &words[at..];
        let subject = what.split('"').nth(1).unwrap_or(what).to_owned();
        self.0.send_replace(Some(Denied { user: user.to_owned(), act, subject }));
        true
    }
}

impl Bus {
    /// Waits until the broker refuses this connection something for want of a permission.
    pub async fn denied(&self) -> Denied {
        let mut notices = self.notice.0.subscribe();
        match notices.wait_for(Option::is_some).await.map(|noted| noted.clone()) {
            Ok(Some(denied)) => denied,
            // The sender lives as long as the connection.
            _ => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_brokers_words_are_taken_apart() {
        for (words, act, subject) in [
            (r#"Permissions Violation for Publish to "complaint.x""#, "publish on", "complaint.x"),
            (r#"permissions violation for subscription to "intake.>""#, "subscribe to", "intake.>"),
        ] {
            let notice = Notice::new();
            assert!(notice.hear("web", words));
            let noted = notice.0.borrow().clone().unwrap();
            assert_eq!((noted.act, noted.subject.as_str(), noted.user.as_str()), (act, subject, "web"));
        }
        assert!(!Notice::new().hear("web", "maximum connections exceeded"));
    }
}
