//! Posts of mail providers as somebody recorded them: each a contact, refused with a reason, or of a provider that is not
//! taken. Their signatures are of long ago, made with keys nobody has, so the mails are read without asking who posted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::Context as _;
use redress_contract::ParseStatus;
use redress_email::config::webhook::Provider;
use redress_email::hooks::{Form, Post, mail};
use redress_tests::results::{Bar, Results, say};

use super::Reader;

/// How a file of the set begins, by provider; all others are of providers that are not taken.
const TAKEN: [(&str, Provider); 4] = [
    ("mailgun", Provider::Mailgun),
    ("postmark", Provider::Postmark),
    ("sendgrid", Provider::Sendgrid),
    ("ses", Provider::Ses),
];

#[derive(Default)]
struct Sorted {
    all: usize,
    raw: usize,
    composed: usize,
    refused: usize,
    not_taken: usize,
    unread: usize,
    panics: usize,
}

/// Reads every recorded post of the folder.
pub(super) fn measure(reader: &Reader, data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let folder = data.join("webhooks/inbound-mail");
    if !folder.is_dir() {
        return Ok(());
    }
    let mut sorted = Sorted::default();
    for (name, recorded) in posts(&folder)? {
        sorted.all += 1;
        let known = TAKEN.iter().find(|(start, _)| name.to_ascii_lowercase().starts_with(start));
        let Some((_, provider)) = known else {
            say(&format!("HOOK {name}: a provider that is not taken"));
            sorted.not_taken += 1;
            continue;
        };
        match catch_unwind(AssertUnwindSafe(|| read(reader, *provider, &recorded, &name))) {
            Ok(kind) => sorted.count(kind),
            Err(_) => sorted.panics += 1,
        }
    }
    sorted.tell(results);
    Ok(())
}

#[derive(Clone, Copy)]
enum Kind {
    Refused,
    Unread,
    Contact(Form),
}

fn read(reader: &Reader, provider: Provider, post: &Post, name: &str) -> Kind {
    let posted = match mail(provider, post) {
        Ok(posted) => posted,
        Err(refusal) => {
            say(&format!("HOOK {name}: refused: {refusal}"));
            return Kind::Refused;
        }
    };
    let contact = reader.read(&posted.raw);
    say(&format!(
        "HOOK {name}: {:?}, subject {:?}, {} characters, {} files, {}",
        posted.form,
        contact.subject,
        contact.text.chars().count(),
        contact.attachments.len(),
        contact.parse_status.token(),
    ));
    if contact.parse_status == ParseStatus::Failed { Kind::Unread } else { Kind::Contact(posted.form) }
}

impl Sorted {
    fn count(&mut self, kind: Kind) {
        match kind {
            Kind::Refused => self.refused += 1,
            Kind::Unread => self.unread += 1,
            Kind::Contact(Form::Raw) => self.raw += 1,
            Kind::Contact(Form::Composed) => self.composed += 1,
        }
    }

    fn tell(&self, results: &mut Results) {
        let sorted = self.raw + self.composed + self.unread + self.refused + self.not_taken;
        results.count("email.hooks_unsorted", self.all - sorted, "posts in none", Bar::Exactly(0.0));
        results.count("email.hooks_raw", self.raw, "contacts of the mail as it came", Bar::None);
        results.count("email.hooks_composed", self.composed, "contacts of a mail put together", Bar::None);
        results.count(
            "email.hooks_unread",
            self.unread,
            "contacts that could not be read",
            Bar::Exactly(0.0),
        );
        results.count(
            "email.hooks_refused",
            self.refused,
            "posts of providers that are taken",
            Bar::Exactly(0.0),
        );
        results.count("email.hooks_not_taken", self.not_taken, "posts of other providers", Bar::None);
        results.count("email.hooks_panics", self.panics, "panics", Bar::Exactly(0.0));
    }
}

/// Each recorded post: a line, headers, an empty line, the body.
fn posts(folder: &Path) -> anyhow::Result<Vec<(String, Post)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_none_or(|ending| ending != "txt")
            || name.starts_with("LICENCE")
            || name.starts_with("SOURCES")
        {
            continue;
        }
        found.push((name, recorded(&std::fs::read(&path)?)));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

fn recorded(file: &[u8]) -> Post {
    let ends = [&b"\r\n\r\n"[..], b"\n\n"].map(|end| {
        let at = file.windows(end.len()).position(|window| window == end);
        at.map(|at| (at, at + end.len()))
    });
    let (head, body) = ends.into_iter().flatten().min().unwrap_or((file.len(), file.len()));
    let head = String::from_utf8_lossy(&file[..head]);
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let headers =
        fields.filter_map(|(name, value)| Some((name.trim().parse().ok()?, value.trim().parse().ok()?)));
    Post { headers: headers.collect(), body: file[body..].to_vec().into() }
}
