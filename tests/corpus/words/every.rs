//! Every mail of every set: in exactly one of contact, machine and failed-but-kept, without a panic, in no time.

use std::path::Path;
use std::time::{Duration, Instant};

use redress_contract::{Contact, ParseStatus};
use redress_tests::results::{Bar, Results, say};

use super::{Reader, differs};

/// Reads all mails of the folder.
pub(super) fn measure(reader: &Reader, data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let (mut contacts, mut machines, mut failed, mut partial, mut panics) = (0, 0, 0, 0, 0);
    let (mut all, mut slowest) = (0, Duration::ZERO);
    for folder in ["email", "reply", "webhooks"] {
        for mail in crate::mails(&data.join(folder))? {
            let start = Instant::now();
            let contact = reader.read(&mail.raw);
            let name = mail.path.strip_prefix(data).unwrap_or(&mail.path).display().to_string();
            if start.elapsed() > slowest {
                slowest = start.elapsed();
                say(&format!("slowest so far {slowest:.3?} {name}"));
            }
            all += 1;
            panics += usize::from(contact.parse_problem.contains("the parser gave up"));
            match kind(&contact) {
                Kind::Contact => contacts += 1,
                Kind::Machine => machines += 1,
                Kind::Failed => failed += 1,
                Kind::Torn => differs("email.normalize_sorted", &name, "one of three", "several"),
            }
            partial += usize::from(contact.parse_status == ParseStatus::Partial);
        }
    }
    let sorted = contacts + machines + failed;
    results.count("email.normalize_sorted", all - sorted, "mails in none or several", Bar::Exactly(0.0));
    results.count("email.normalize_contacts", contacts, "mails", Bar::None);
    results.count("email.normalize_machines", machines, "mails", Bar::None);
    results.count("email.normalize_failed", failed, "mails kept unread", Bar::None);
    results.count("email.normalize_partial", partial, "mails read in part", Bar::None);
    results.count("email.normalize_panics", panics, "panics", Bar::Exactly(0.0));
    results.tell("email.normalize_slowest", slowest.as_secs_f64(), "s", Bar::AtMost(1.0));
    Ok(())
}

enum Kind {
    Contact,
    Machine,
    Failed,
    Torn,
}

/// A mail that failed is kept with its raw bytes named, and says why.
fn kind(contact: &Contact) -> Kind {
    let is_kept = contact.raw.as_ref().is_some_and(|raw| raw.sha256.len() == 64);
    match (contact.parse_status, contact.machine.is_some()) {
        (ParseStatus::Failed, false) if is_kept && !contact.parse_problem.is_empty() => Kind::Failed,
        (ParseStatus::Parsed | ParseStatus::Partial, true) if is_kept => Kind::Machine,
        (ParseStatus::Parsed | ParseStatus::Partial, false) if is_kept => Kind::Contact,
        _ => Kind::Torn,
    }
}
