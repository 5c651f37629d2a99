//! The settings of a stage: TOML as an operator writes it, read and checked by the program's own types.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use redress::settings::{Config, Settings};

/// The mailbox complaints are sent to.
pub const HELP: &str = "help@example.org";

/// The folder of sent mail in that mailbox.
pub const SENT: &str = ".Sent";

/// Where reports of non-delivery go.
pub const BOUNCES: &str = "bounces@example.org";

/// The roles of staff and where they are told, the most junior first.
pub const STAFF: [(&str, &str); 6] = [
    ("owner", "owner@staff.example.net"),
    ("team_lead", "lead@staff.example.net"),
    ("supervisor", "supervisor@staff.example.net"),
    ("complaints_manager", "manager@staff.example.net"),
    ("head_of_unit", "head@staff.example.net"),
    ("executive", "executive@staff.example.net"),
];

/// Checked settings: those of the stage, and over them what a story adds.
pub(super) fn config(folder: &Path, broker: &str, smtp: SocketAddr, more: &[String]) -> Config {
    let mut table: toml::Table = base(folder, broker, smtp).parse().expect("the stage's settings are TOML");
    for text in more {
        let text = text.replace("{folder}", &folder.display().to_string());
        lay_over(&mut table, text.parse().expect("the story's settings are TOML"));
    }
    let settings: Settings = table.try_into().expect("every key is known");
    match Config::check(&settings, &BTreeMap::new()) {
        Ok(config) => config,
        Err(problems) => panic!("the settings are wrong: {:?}", problems.0),
    }
}

fn base(folder: &Path, broker: &str, smtp: SocketAddr) -> String {
    let roles = STAFF.map(|(role, address)| format!("{role} = \"{address}\"")).join("\n");
    format!(
        r#"
[data]
folder = "{folder}/data"
[bus]
servers = ["{broker}"]
users_folder = "{folder}/users"
store_mebibytes_max = 1024
ack_wait_seconds = 5
publish_patience_seconds = 30
[public]
address = "127.0.0.1:0"
[health]
address = "127.0.0.1:0"
[email]
own_addresses = ["{BOUNCES}"]
[email.accounts.help]
kind = "maildir"
address = "{HELP}"
path = "{folder}/help"
sent_folder = "{SENT}"
poll_seconds = 0.05
[notifier]
transport = "smtp"
organisation = "Example Ltd"
from_address = "{HELP}"
bounce_address = "{BOUNCES}"
contact_line = "Ask us on 020 7946 0000, nine to five."
escalation_line = "You may turn to the ombudsman."
[notifier.smtp]
host = "{host}"
port = {port}
tls = "none"
[notifier.roles]
{roles}"#,
        folder = folder.display(),
        host = smtp.ip(),
        port = smtp.port(),
    )
}

/// Tables are joined; anything else takes the place of what stood there.
fn lay_over(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => lay_over(under, over),
            (_, value) => drop(under.insert(key, value)),
        }
    }
}
