//! Counts what is known of senders, and says so once when the server whose word is awaited says nothing: then its id is
//! probably wrong, and nobody would notice.

use std::sync::atomic::{AtomicU32, Ordering};

use redress_contract::{Contact, ParseStatus};
use tracing::warn;

/// So many mails in a row without a word of the server are no coincidence.
const SILENT_MAX: u32 = 50;

/// The verdicts on the mails of one account.
pub(crate) struct Verdicts {
    account: String,
    is_awaited: bool,
    silent: AtomicU32,
}

impl Verdicts {
    pub(crate) fn new(account: &str, is_awaited: bool) -> Self {
        Self { account: account.to_owned(), is_awaited, silent: AtomicU32::new(0) }
    }

    pub(crate) fn count(&self, contact: &Contact) {
        let known = contact.sender_verdict.as_ref().map(|known| known.verdict);
        let word = known.map_or("unchecked", redress_contract::Verdict::token);
        let account = self.account.clone();
        metrics::counter!("redress_email_verdicts_total", "account" => account, "verdict" => word)
            .increment(1);
        if self.is_awaited
            && contact.parse_status != ParseStatus::Failed
            && self.falls_silent(known.is_some())
        {
            warn!(
                account = self.account.as_str(),
                "The last {SILENT_MAX} mails bear no word of the server in authserv_id; see docs/email.md, \"Who wrote it\""
            );
        }
    }

    /// True once, when the last mails all bore no word.
    fn falls_silent(&self, is_known: bool) -> bool {
        if is_known {
            self.silent.store(0, Ordering::Relaxed);
            return false;
        }
        self.silent.fetch_add(1, Ordering::Relaxed) == SILENT_MAX - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_once() {
        let verdicts = Verdicts::new("help", true);
        assert!((1..SILENT_MAX).all(|_| !verdicts.falls_silent(false)));
        assert!(verdicts.falls_silent(false));
        assert!((0..200).all(|_| !verdicts.falls_silent(false)));
        assert!(!verdicts.falls_silent(true));
        assert!((1..SILENT_MAX).all(|_| !verdicts.falls_silent(false)) && verdicts.falls_silent(false));
    }
}
