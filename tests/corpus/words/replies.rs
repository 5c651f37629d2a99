//! `reply/…`: new words against quoted ones, as the tests of three libraries expect them. White space is folded.
//!
//! The libraries mean different things: `email_reply_trimmer` leaves out forwarded mails and signatures too, `talon`
//! keeps both in a reply and tells the signature (closing formula included) in tests of its own.

use std::collections::BTreeMap;
use std::path::Path;

use redress_contract::{Contact, TextRole};
use redress_tests::results::{Bar, Results};
use serde::Deserialize;

use super::{Reader, differs, expected, folded, labelled, share};

const TRIMMED: &[TextRole] = &[TextRole::Quoted, TextRole::Forwarded, TextRole::Signature];
const SIGNED: &[TextRole] = &[TextRole::Signature, TextRole::SignOff];

/// Measures each library's cases.
pub(super) fn measure(reader: &Reader, data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let data = data.join("reply");
    trimmer(reader, &data, results)?;
    let mut cases = Cases { reader, right: 0, all: 0 };
    cases.talon(&data.join("talon"))?;
    cases.talon_mails(&data.join("talon"))?;
    cases.tell("email.reply_talon", results);
    let mut cases = Cases { reader, right: 0, all: 0 };
    cases.quotequail(&data.join("quotequail"))?;
    cases.tell("email.reply_quotequail", results);
    Ok(())
}

#[derive(Deserialize)]
struct Trimmed {
    trimmed: String,
}

fn trimmer(reader: &Reader, data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let folder = data.join("email_reply_trimmer");
    let Some(labels) = expected::<BTreeMap<String, Trimmed>>(&folder.join("expected.json"))? else {
        return Ok(());
    };
    let mut cases = Cases { reader, right: 0, all: 0 };
    for (name, text, label) in labelled(&folder, labels)? {
        let contact = reader.read(&plain(&text));
        cases.compare(&format!("email_reply_trimmer/{name}"), &label.trimmed, &without(&contact, TRIMMED));
    }
    // 29 of the 32 of that library's own tests that the set holds; the same share of any other half.
    results.count("email.reply_trimmer_exact", cases.right, "texts", Bar::None);
    results.tell("email.reply_trimmer", share(cases.right, cases.all), "share", Bar::AtLeast(29.0 / 32.0));
    Ok(())
}

#[derive(Deserialize)]
struct Vector {
    #[serde(rename = "fn")]
    function: String,
    test: String,
    input: String,
    expected: serde_json::Value,
}

#[derive(Deserialize)]
struct Quoted {
    text: String,
    expected_quote_intro_line: Vec<(bool, String)>,
}

struct Cases<'a> {
    reader: &'a Reader,
    right: usize,
    all: usize,
}

impl Cases<'_> {
    fn compare(&mut self, name: &str, wanted: &str, got: &str) {
        self.all += 1;
        if folded(wanted) == folded(got) {
            self.right += 1;
        } else {
            differs("email.reply", name, &format!("{:?}", folded(wanted)), &format!("{:?}", folded(got)));
        }
    }

    fn tell(&self, figure: &str, results: &mut Results) {
        if self.all > 0 {
            results.tell(figure, share(self.right, self.all), "share", Bar::AtLeast(0.9));
        }
    }

    fn talon(&mut self, folder: &Path) -> anyhow::Result<()> {
        for vector in expected::<Vec<Vector>>(&folder.join("vectors.json"))?.unwrap_or_default() {
            let contact = self.reader.read(&plain(vector.input.as_bytes()));
            let name = format!("talon/{}", vector.test);
            match (vector.function.as_str(), &vector.expected) {
                ("reply", serde_json::Value::String(wanted)) => {
                    self.compare(&name, wanted, &without(&contact, &[TextRole::Quoted]));
                }
                ("signature", serde_json::Value::Array(wanted)) => {
                    let wanted: Vec<&str> = wanted.iter().map(|v| v.as_str().unwrap_or_default()).collect();
                    let got = [without(&contact, SIGNED), only(&contact, SIGNED)];
                    self.compare(&name, &wanted.join(" | "), &got.join(" | "));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// That library's tests expect the same answer of each mail of a folder; a file beside it says otherwise.
    fn talon_mails(&mut self, folder: &Path) -> anyhow::Result<()> {
        for mail in crate::mails(&folder.join("standard_replies"))? {
            let beside = mail.path.with_extension("").display().to_string() + "_reply_text";
            let wanted = std::fs::read_to_string(beside).unwrap_or_else(|_| "Hello".to_owned());
            let contact = self.reader.read(&mail.raw);
            self.compare(&mail.path.display().to_string(), &wanted, &without(&contact, &[TextRole::Quoted]));
        }
        let pages = folder.join("html_replies");
        if !pages.is_dir() {
            return Ok(());
        }
        for entry in std::fs::read_dir(pages)? {
            let path = entry?.path();
            let mut raw = b"From: ann@example.org\nContent-Type: text/html; charset=utf-8\n\n".to_vec();
            raw.extend(std::fs::read(&path)?);
            let contact = self.reader.read(&raw);
            let wanted = "Hi. I am fine. Thanks, Alex";
            self.compare(&path.display().to_string(), wanted, &without(&contact, &[TextRole::Quoted]));
        }
        Ok(())
    }

    fn quotequail(&mut self, folder: &Path) -> anyhow::Result<()> {
        for (n, case) in
            expected::<Vec<Quoted>>(&folder.join("vectors.json"))?.unwrap_or_default().into_iter().enumerate()
        {
            let kept = case.expected_quote_intro_line.iter().filter(|(keep, _)| *keep);
            let wanted: Vec<&str> = kept.map(|(_, text)| text.as_str()).collect();
            let contact = self.reader.read(&plain(case.text.as_bytes()));
            self.compare(&format!("quotequail/{n}"), &wanted.join("\n"), &without(&contact, TRIMMED));
        }
        Ok(())
    }
}

fn plain(text: &[u8]) -> Vec<u8> {
    let mut raw = b"From: ann@example.org\nContent-Type: text/plain; charset=utf-8\n\n".to_vec();
    raw.extend_from_slice(text);
    raw
}

fn without(contact: &Contact, roles: &[TextRole]) -> String {
    let (mut kept, mut from) = (String::new(), 0);
    for span in contact.text_spans.iter().filter(|span| roles.contains(&span.role)) {
        kept.push_str(contact.text.get(from..span.start_byte as usize).unwrap_or_default());
        kept.push('\n');
        from = span.end_byte as usize;
    }
    kept + contact.text.get(from..).unwrap_or_default()
}

fn only(contact: &Contact, roles: &[TextRole]) -> String {
    let spans = contact.text_spans.iter().filter(|span| roles.contains(&span.role));
    spans.map(|span| span.of(&contact.text)).collect::<Vec<_>>().join("\n")
}
