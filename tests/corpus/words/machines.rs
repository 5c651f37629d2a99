//! `email/machine-mail-labels.json`: which mails a machine wrote, and of what kind.

use std::collections::BTreeMap;
use std::path::Path;

use redress_contract::{Contact, MachineKind};
use redress_tests::results::{Bar, Results};
use serde::Deserialize;

use super::{Reader, differs, expected, labelled, share};

#[derive(Deserialize)]
struct Label {
    #[serde(default, rename = "label")]
    kind: String,
    may_auto_respond: Option<bool>,
    out_of_office: Option<bool>,
}

/// Hits and all of one label.
#[derive(Default)]
struct Tally {
    right: usize,
    all: usize,
}

impl Tally {
    fn add(&mut self, figure: &str, name: &str, wanted: &str, (right, got): (bool, &str)) {
        self.all += 1;
        self.right += usize::from(right);
        if !right {
            differs(figure, name, wanted, got);
        }
    }

    fn share(&self) -> f64 {
        share(self.right, self.all)
    }
}

/// Compares the mark of each mail with its label.
pub(super) fn measure(reader: &Reader, data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let labels = data.join("email/machine-mail-labels.json");
    let Some(labels) = expected::<BTreeMap<String, Label>>(&labels)? else { return Ok(()) };
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let (mut called, mut rightly) = (0, 0);
    for (name, raw, label) in labelled(data, labels)? {
        let contact = reader.read(&raw);
        let kind = contact.machine.as_ref().map_or(MachineKind::Unspecified, |machine| machine.kind);
        let got = mark(&contact);
        let mut tally = |figure: &'static str, right| {
            tallies.entry(figure).or_default().add(figure, &name, &label.kind, right);
        };
        if kind == MachineKind::Bounce && !label.kind.is_empty() {
            called += 1;
            // A folder of spam holds the bounces of forged spam, too; what people and lists write is never one.
            let right = ["bounce", "spam"].contains(&label.kind.as_str());
            rightly += usize::from(right);
            if label.kind != "bounce" {
                differs("email.bounce_precision", &name, &label.kind, &got);
            }
        }
        match label.kind.as_str() {
            "bounce" => tally("email.bounce_recall", (kind == MachineKind::Bounce, &got)),
            "abuse-report" => tally("email.abuse_reports", (kind == MachineKind::Report, &got)),
            "auto-reply" => tally("email.auto_replies", (kind == MachineKind::AutoReply, &got)),
            "delivery-success-notice" => tally("email.success_notices", (kind == MachineKind::Receipt, &got)),
            _ => {}
        }
        let silent = contact.machine.is_some();
        match label.may_auto_respond {
            Some(false) => tally("email.never_answered", (silent, &got)),
            Some(true) => tally("email.answered", (!silent, &got)),
            None => {}
        }
        if let Some(away) = label.out_of_office {
            tally("email.out_of_office", ((kind == MachineKind::AutoReply) == away, &got));
        }
    }
    let told = |figure: &str| tallies.get(figure).map_or(1.0, Tally::share);
    results.tell("email.bounce_recall", told("email.bounce_recall"), "share", Bar::AtLeast(0.97));
    results.tell("email.bounce_precision", share(rightly, called), "share", Bar::AtLeast(1.0));
    for figure in [
        "email.abuse_reports",
        "email.auto_replies",
        "email.success_notices",
        "email.never_answered",
        "email.answered",
        "email.out_of_office",
    ] {
        results.tell(figure, told(figure), "share", Bar::AtLeast(1.0));
    }
    Ok(())
}

fn mark(contact: &Contact) -> String {
    contact
        .machine
        .as_ref()
        .map_or_else(|| "no machine".to_owned(), |machine| format!("{} ({})", machine.kind, machine.evidence))
}
