//! The normaliser alone over labelled sets: what it makes of each mail, beside what the set says.
//!
//! Nothing runs here but pure code, so a difference is the normaliser's. Each one is printed with what was expected
//! and what came, and a set that the folder does not hold is passed over.

mod bounces;
mod every;
mod hooks;
mod machines;
mod replies;
mod senders;
mod wrapped;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;
use redress_contract::Contact;
use redress_email::normalize::limits::Limits;
use redress_email::normalize::trust::Trust;
use redress_email::normalize::{Envelope, normalize};
use redress_identity::Keys;
use redress_tests::results::{Results, say};
use serde::de::DeserializeOwned;

/// Runs every measurement whose set is there.
pub(crate) fn measure(data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let reader = Reader { keys: Keys::from_master(&[7; 32]), limits: Limits::default() };
    every::measure(&reader, data, results)?;
    senders::measure(&reader, data, results)?;
    machines::measure(&reader, data, results)?;
    bounces::measure(&reader, data, results)?;
    replies::measure(&reader, data, results)?;
    wrapped::measure(&reader, data, results)?;
    hooks::measure(&reader, data, results)
}

/// The normaliser with an account whose address no set knows.
struct Reader {
    keys: Keys,
    limits: Limits,
}

impl Reader {
    fn read(&self, raw: &[u8]) -> Contact {
        let envelope = Envelope {
            account: "help",
            received_at: Timestamp::UNIX_EPOCH,
            // The sets know one system by its host, which is told apart by nothing else.
            own_addresses: &["help@redress.example".to_owned(), "@zammad.example.com".to_owned()],
            trust: &Trust::default(),
            verified: None,
            keys: &self.keys,
            limits: &self.limits,
            whole: None,
            sent: false,
        };
        normalize(raw, &envelope)
    }
}

/// What a set expects, by file; nothing when the set is not there.
fn expected<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    if !path.exists() {
        return Ok(None);
    }
    let doing = || format!("read {}", path.display());
    let bytes = std::fs::read(path).with_context(doing)?;
    serde_json::from_slice(&bytes).map(Some).with_context(doing)
}

/// Labelled mails that are there: their names in the set and their bytes, in order.
fn labelled<T>(folder: &Path, labels: BTreeMap<String, T>) -> anyhow::Result<Vec<(String, Vec<u8>, T)>> {
    let mut found = Vec::new();
    for (name, label) in labels {
        let path: PathBuf = folder.join(&name);
        if path.is_file() {
            let raw = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
            found.push((name, raw, label));
        }
    }
    Ok(found)
}

/// One line for a mail that came out otherwise than its set says.
fn differs(figure: &str, name: &str, wanted: &str, got: &str) {
    say(&format!("DIFF {figure} {name}: expected {wanted}, got {got}"));
}

/// Lines and blanks folded to single blanks.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn share(part: usize, whole: usize) -> f64 {
    crate::count(part) / crate::count(whole.max(1))
}
