//! A house for load and faults: its settings, and mails read by the email service's own reader.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use jiff::Timestamp;
use redress_contract::Contact;
use redress_email::normalize::limits::Limits;
use redress_email::normalize::trust::{Authserv, Trust};
use redress_email::normalize::{Envelope, normalize};
use redress_identity::Keys;
use redress_vault::{PrivateKey, Seals};

const MASTER: [u8; 32] = [0x42; 32];

/// Writes the keys of every house for load and faults into its data folder.
///
/// # Errors
/// When they cannot be written.
pub fn write_keys(data: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(data)?;
    std::fs::write(data.join("identity.key"), format!("{}\n", "42".repeat(MASTER.len())))?;
    std::fs::write(data.join("sealing.key"), pair().line().as_str())?;
    std::fs::write(data.join("sealing.pub"), pair().public().line())
}

/// The identity keys of such a house.
pub fn keys() -> Keys {
    Keys::from_master(&MASTER)
}

/// Its sealing keys, both halves.
pub fn seals() -> Seals {
    Seals::with(&pair())
}

fn pair() -> PrivateKey {
    PrivateKey::of(MASTER)
}

/// Settings of services on a given broker that send to a given mail server: no limit per address, no breaker, short waits.
/// `more` is appended (further tables).
pub fn settings(folder: &Path, broker: &str, smtp: SocketAddr, more: &str) -> String {
    let mut text = format!(
        "[data]\nfolder = \"{0}/data\"\n[bus]\nservers = [\"{broker}\"]\nack_wait_seconds = 5\nstore_mebibytes_max = 2048\n\
         publish_patience_seconds = 60\n[public]\naddress = \"127.0.0.1:0\"\n[health]\naddress = \"127.0.0.1:0\"\n\
         [log]\nfilter = \"warn\"\n",
        folder.display()
    );
    let _ = write!(
        text,
        "[notifier]\ntransport = \"smtp\"\nbreaker_per_minute = 100000000\nfrom_address = \"help@example.org\"\n\
         [notifier.smtp]\nhost = \"{}\"\nport = {}\ntls = \"none\"\n\
         [notifier.limits]\nauthenticated_per_hour = 1000000\nauthenticated_per_day = 1000000\n\
         anonymous_per_hour = 1000000\nanonymous_per_day = 1000000\n{more}\n",
        smtp.ip(),
        smtp.port()
    );
    text
}

/// A mail as a contact, read by the email service's own reader for an account that trusts nobody.
pub fn normalised(keys: &Keys, account: &str, raw: &[u8], received_at: Timestamp) -> Contact {
    normalised_trusting(keys, account, raw, received_at, "")
}

/// As [`normalised`], for an account that believes the `Authentication-Results` of this server.
pub fn normalised_trusting(
    keys: &Keys,
    account: &str,
    raw: &[u8],
    received_at: Timestamp,
    authserv_id: &str,
) -> Contact {
    let limits = Limits::default();
    let own_addresses = ["help@example.org".to_owned()];
    let trust = Trust { authserv: Authserv::of(authserv_id), form_relays: Vec::new() };
    let envelope = Envelope {
        account,
        received_at,
        own_addresses: &own_addresses,
        keys,
        trust: &trust,
        verified: None,
        limits: &limits,
        whole: None,
        sent: false,
    };
    normalize(raw, &envelope)
}
