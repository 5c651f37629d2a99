//! A folder of mails with a manifest that says what each must become, made by somebody else: `manifest.jsonl`, one object a
//! line, with its number `n`, `file`, and `reply_to` (null for a new complaint, else the number of the mail that opened the
//! complaint). What more it may say is compared where it does: `from`, `name`, `marker` (a word of the text), `attachments`
//! (each with `name` and `sha256`).

use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

/// A mail, and what it must become.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Its bytes, lines ended as on the wire.
    pub raw: Vec<u8>,
    /// The complaint it is part of.
    pub thread: String,
    /// True when it opens that complaint.
    pub opens: bool,
    /// Its sender's address, in lower case; empty when not said.
    pub from: String,
    /// Its sender's name; empty when not said.
    pub name: String,
    /// A word that must stand in the text; empty when not said.
    pub marker: String,
    /// File name and SHA-256 of each attachment.
    pub files: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Line {
    n: u64,
    file: String,
    reply_to: Option<u64>,
    #[serde(default)]
    from: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    marker: String,
    #[serde(default)]
    attachments: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    sha256: String,
}

/// Reads a folder.
///
/// # Errors
/// Names the file that is missing, or the line of the manifest that cannot be read.
pub fn read(folder: &Path) -> anyhow::Result<Vec<Expected>> {
    let manifest = folder.join("manifest.jsonl");
    let text = std::fs::read_to_string(&manifest).with_context(|| format!("read {}", manifest.display()))?;
    let line = |(number, line): (usize, &str)| {
        expected(folder, line).with_context(|| format!("read line {} of {}", number + 1, manifest.display()))
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(line).collect()
}

fn expected(folder: &Path, line: &str) -> anyhow::Result<Expected> {
    let line: Line = serde_json::from_str(line)?;
    let raw = std::fs::read(folder.join(&line.file)).with_context(|| format!("read {}", line.file))?;
    Ok(Expected {
        raw: on_the_wire(&raw),
        thread: line.reply_to.unwrap_or(line.n).to_string(),
        opens: line.reply_to.is_none(),
        from: line.from.to_lowercase(),
        name: line.name,
        marker: line.marker,
        files: line.attachments.into_iter().map(|file| (file.name, file.sha256)).collect(),
    })
}

/// IMAP ends every line with CR LF, whatever the file does.
fn on_the_wire(raw: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(raw.len() + raw.len() / 32);
    for (index, byte) in raw.iter().enumerate() {
        if *byte == b'\n' && (index == 0 || raw[index - 1] != b'\r') {
            wire.push(b'\r');
        }
        wire.push(*byte);
    }
    wire
}

impl Expected {
    /// The same story told again in another mail: its Message-ID, and those it answers, begin with `round`.
    #[must_use]
    pub fn told_again(&self, round: &str) -> Self {
        let end = self.raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(self.raw.len());
        let (head, rest) = self.raw.split_at(end);
        let mut raw = Vec::with_capacity(self.raw.len() + 64);
        let mut names_mails = false;
        for line in head.split_inclusive(|byte| *byte == b'\n') {
            if !line.starts_with(b" ") && !line.starts_with(b"\t") {
                let field = line.split(|byte| *byte == b':').next().unwrap_or_default();
                names_mails = ["message-id", "in-reply-to", "references"]
                    .iter()
                    .any(|name| field.eq_ignore_ascii_case(name.as_bytes()));
            }
            for byte in line {
                raw.push(*byte);
                if names_mails && *byte == b'<' {
                    raw.extend_from_slice(round.as_bytes());
                }
            }
        }
        raw.extend_from_slice(rest);
        Self { raw, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_again_only_the_ids_are_others() {
        let raw = b"Subject: <a>\r\nMessage-ID: <1@x>\r\nReferences: <2@x>\r\n <3@x>\r\nTo: <b@x>\r\n\r\nMessage-ID: <1@x>";
        let mail = Expected {
            raw: raw.to_vec(),
            thread: "1".to_owned(),
            opens: true,
            from: String::new(),
            name: String::new(),
            marker: String::new(),
            files: Vec::new(),
        };
        let again = String::from_utf8(mail.told_again("r2.").raw).unwrap();
        assert_eq!(
            again,
            "Subject: <a>\r\nMessage-ID: <r2.1@x>\r\nReferences: <r2.2@x>\r\n <r2.3@x>\r\nTo: <b@x>\r\n\r\nMessage-ID: <1@x>"
        );
    }
}
