//! `email/zammad-mail`: who wrote, about what, with which files, as another help desk's tests expect it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use redress_contract::FileName;
use redress_tests::results::{Bar, Results, say};
use serde::Deserialize;

use super::{Reader, differs, expected, folded, labelled};

#[derive(Deserialize)]
struct Fields {
    from_email: Option<String>,
    from_display_name: Option<String>,
    subject: Option<String>,
    #[serde(default)]
    attachments: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    #[serde(default)]
    preferences: BTreeMap<String, serde_json::Value>,
}

/// Compares sender, subject and files of each mail.
pub(super) fn measure(reader: &Reader, data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let folder = data.join("email/zammad-mail");
    let Some(labels) = expected::<BTreeMap<String, Fields>>(&folder.join("expected.json"))? else {
        return Ok(());
    };
    let mut wrong: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, raw, fields) in labelled(&folder, labels)? {
        let contact = reader.read(&raw);
        let sender = contact.sender.unwrap_or_default();
        let mut compare = |figure: &'static str,
                           wanted: Option<&String>,
                           got: &str,
                           fold: fn(&str) -> String| {
            let Some(wanted) = wanted else { return };
            if fold(wanted) != fold(got) {
                *wrong.entry(figure).or_default() += 1;
                differs(figure, &name, &format!("{wanted:?}"), &format!("{got:?} ({})", reason(wanted, got)));
            }
        };
        // That set takes a bare `MAILER-DAEMON` for an address; here nobody stands for it.
        let addressed = fields.from_email.as_ref().is_some_and(|from| from.contains('@'));
        if addressed || !sender.value.is_empty() {
            let named = fields.from_display_name.map(|name| own_name(&name));
            compare("email.zammad_from", fields.from_email.as_ref(), &sender.value, bare);
            compare("email.zammad_name", named.as_ref(), &sender.display_name, folded);
        } else if fields.from_email.is_some() {
            say(&format!("NOTE email.zammad_from {name}: expected a sender without an address, got nobody"));
        }
        compare("email.zammad_subject", fields.subject.as_ref(), &contact.subject, folded);
        if !fields.attachments.is_empty() {
            let got = contact.attachments.iter().map(|file| file.file_name.to_string());
            let (got, wanted) = (names(got), names(fields.attachments.iter().filter_map(file_name)));
            compare("email.zammad_attachments", Some(&wanted), &got, folded);
        }
    }
    for (figure, bar) in [
        ("email.zammad_from", 0),
        ("email.zammad_name", 1),
        ("email.zammad_subject", 0),
        ("email.zammad_attachments", 2),
    ] {
        results.count(
            figure,
            wrong.get(figure).copied().unwrap_or_default(),
            "differences",
            Bar::at_most(bar),
        );
    }
    Ok(())
}

/// Why they may differ, as far as it shows.
fn reason(wanted: &str, got: &str) -> &'static str {
    if wanted.contains('\u{fffd}') {
        "the set lost letters that are read here"
    } else if got.split(" | ").any(|name| name.starts_with("part-")) {
        "a file without a name: each makes one up"
    } else if !wanted.is_ascii() && !got.is_ascii() {
        "bytes in no declared charset: here they are read in that of the mail's text"
    } else {
        "not explained"
    }
}

/// That set stores the HTML form of the text as a file of its own; here it is a form of the text.
fn file_name(file: &File) -> Option<String> {
    let is_text = file.preferences.get("content-alternative").is_some_and(|stated| stated == true);
    // Names are made safe to show before they are recorded.
    (!is_text).then(|| FileName::new(&file.filename).to_string())
}

fn names(names: impl Iterator<Item = String>) -> String {
    names.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" | ")
}

/// An address that stands where a name was expected is no name.
fn own_name(name: &str) -> String {
    if name.contains('@') { String::new() } else { name.to_owned() }
}

/// An address without the brackets around it, which that set sometimes leaves.
fn bare(address: &str) -> String {
    address.trim().trim_matches(['<', '>']).to_lowercase()
}
