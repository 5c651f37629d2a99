//! What was sent to the complainant, opened with the status page's own key: after the proof, within the patience of the
//! page, so many at most.

use std::time::Duration;

use futures::future::join_all;
use redress_contract::ContactId;
use redress_domain::{Complaint, Delivery};
use redress_runtime::logs::chain;
use redress_vault::{OpenError, Vault};
use tracing::{debug, warn};

use super::App;
use crate::sent::{self, Letters, Sent};

/// Most text of all messages together, so that no page grows without end.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// The messages that went to whoever made this contact. What cannot be had is not shown; the page stands without it.
pub(super) async fn letters(
    app: &App,
    complaint: &Complaint,
    contact: &ContactId,
    patience: Duration,
) -> Letters {
    let to_show = sent::to_show(complaint, contact);
    let newest = &to_show[..to_show.len().min(app.config.status_messages_max)];
    let opened = match &app.deps.status {
        Some(vault) => {
            let all = join_all(newest.iter().map(|delivery| open(vault, complaint, delivery)));
            tokio::time::timeout(patience, all).await.unwrap_or_default()
        }
        None => Vec::new(),
    };
    let mut room = TEXT_BYTES_MAX;
    let fits = |letter: &Sent| {
        let left = room.checked_sub(letter.text.len());
        room = left.unwrap_or_default();
        left.is_some()
    };
    let shown: Vec<Sent> = opened.into_iter().flatten().take_while(fits).collect();
    Letters { is_more: shown.len() < sent::count(complaint), shown }
}

async fn open(vault: &Vault, complaint: &Complaint, delivery: &Delivery) -> Option<Sent> {
    match vault.sent(delivery.medium, &delivery.id).await {
        Ok(communication) => sent::read(&communication?, complaint),
        Err(OpenError::Locked { problem, .. }) => {
            // Sent before the status page had its pair, or for another one.
            debug!(complaint.id = %complaint.id, "A message is not shown on the status page: {problem}");
            None
        }
        Err(error) => {
            let error = chain(&error);
            warn!(complaint.id = %complaint.id, error, "Could not open a message for the status page");
            None
        }
    }
}
