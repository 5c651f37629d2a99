//! `email/bounces-sisimai`: what a bounce says about whom, as another bounce reader understood it.

use std::collections::BTreeMap;
use std::path::Path;

use redress_contract::contact::DeliveryReport;
use redress_tests::results::{Bar, Results};
use serde::Deserialize;

use super::{Reader, differs, expected, labelled, share};

/// What the set says about one recipient.
#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    dsn: String,
    #[serde(default)]
    recipient: String,
}

/// Compares the number of recipients (their addresses, where the set has them) and whether it was for good.
pub(super) fn measure(reader: &Reader, data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let folder = data.join("email/bounces-sisimai");
    let Some(labels) = expected::<BTreeMap<String, serde_json::Value>>(&folder.join("expected.json"))? else {
        return Ok(());
    };
    let (mut classes, mut right_class, mut whole, mut right_recipients) = (0, 0, 0, 0);
    for (name, raw, label) in labelled(&folder, labels)? {
        // Entries of another shape say that a mail is no bounce.
        let Ok(reports) = serde_json::from_value::<Vec<Report>>(label) else { continue };
        let permanent: Vec<bool> = reports
            .iter()
            .filter(|r| r.dsn.starts_with(['4', '5']))
            .map(|r| r.dsn.starts_with('5'))
            .collect();
        if permanent.is_empty() {
            continue;
        }
        let contact = reader.read(&raw);
        let got = contact.machine.map(|machine| machine.deliveries).unwrap_or_default();
        whole += 1;
        if same_recipients(&reports, &got, &raw) {
            right_recipients += 1;
        } else {
            let got: Vec<_> = got.iter().map(|report| report.recipient.as_str()).collect();
            differs(
                "email.bounce_recipient",
                &name,
                &format!("{} recipients", reports.len()),
                &got.join(", "),
            );
        }
        classes += permanent.len();
        let right = right_classes(&permanent, &got);
        right_class += right;
        if right < permanent.len() {
            let got: Vec<_> = got.iter().map(|r| format!("{} permanent={}", r.status, r.permanent)).collect();
            let wanted: Vec<_> = reports.iter().map(|r| r.dsn.as_str()).collect();
            differs("email.bounce_class", &name, &wanted.join(", "), &got.join(", "));
        }
    }
    results.tell("email.bounce_class", share(right_class, classes), "share", Bar::AtLeast(0.92));
    results.tell("email.bounce_recipient", share(right_recipients, whole), "share", Bar::AtLeast(0.95));
    Ok(())
}

/// As many whole addresses as the set counts, each standing in the mail, and those it names where it names any.
fn same_recipients(wanted: &[Report], got: &[DeliveryReport], raw: &[u8]) -> bool {
    let text = String::from_utf8_lossy(raw).to_lowercase();
    let stands = |report: &DeliveryReport| {
        let address = report.recipient.to_lowercase();
        address.contains('@') && (text.contains(&address) || !text.contains('@'))
    };
    let named = wanted.iter().filter(|report| !report.recipient.is_empty());
    let all_named = named
        .into_iter()
        .all(|report| got.iter().any(|r| r.recipient.eq_ignore_ascii_case(&report.recipient)));
    got.len() == wanted.len() && got.iter().all(stands) && all_named
}

/// How many reports agree on being for good; their order means nothing.
fn right_classes(wanted: &[bool], got: &[DeliveryReport]) -> usize {
    [true, false]
        .into_iter()
        .map(|permanent| {
            let wanted = wanted.iter().filter(|w| **w == permanent).count();
            wanted.min(got.iter().filter(|r| is_hard(r) == permanent).count())
        })
        .sum()
}

/// The class of the status where there is one: a mail that was tried for days and then given up (4.4.7) is of the
/// soft class, and for good all the same.
fn is_hard(report: &DeliveryReport) -> bool {
    match report.status.as_bytes().first() {
        Some(class) => *class == b'5',
        None => report.permanent,
    }
}
