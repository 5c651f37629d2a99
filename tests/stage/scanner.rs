//! Somebody who got hold of the broker's files and of private keys, and reads everything that opens.
//!
//! Written after docs/adr/0009 and the broker's file formats, without a line of the vault: records of streams, records of
//! Raft logs, and whatever else holds a subject and, somewhere behind it, sealed bytes, deleted or not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use crypto_box::{PublicKey, SalsaBox, SecretKey};

const LABEL: &[u8] = b"redress.wrapped.v1 ";
const WRAPPED: usize = 32 + 24 + 16 + 19 + 32 + 32;
const MAGIC: &[u8] = b"RDS1";
const CHUNK: usize = 64 * 1024 + 16;
/// How far behind a subject its headers may end.
const NEAR: usize = 1024;

/// Everything that opened: for messages by subject, for blobs by name.
#[derive(Debug, Default)]
pub struct Opened(pub BTreeMap<String, Vec<u8>>);

impl Opened {
    /// The places whose plain bytes hold a word, as it is or within (base 64 in JSON is looked into).
    pub fn holding(&self, word: &str) -> BTreeSet<&str> {
        let holds = |plain: &[u8]| plain.windows(word.len()).any(|part| part == word.as_bytes());
        self.0.iter().filter(|(_, plain)| holds(plain)).map(|(place, _)| place.as_str()).collect()
    }
}

/// Reads every file below these folders with these private keys (lines of key files).
///
/// # Errors
/// When a folder or file cannot be read.
///
/// # Panics
/// When a line is no private key.
pub fn scan(folders: &[&Path], private_lines: &[&str]) -> std::io::Result<Opened> {
    let private: Vec<SecretKey> = private_lines.iter().map(|line| secret(line)).collect();
    let mut files = Vec::new();
    for folder in folders {
        read_all(folder, &mut files)?;
    }
    let mut keys = BTreeMap::new();
    for bytes in &files {
        find_keys(bytes, &private, &mut keys);
    }
    let mut opened = Opened::default();
    for bytes in &files {
        find_messages(bytes, &keys, &mut opened);
    }
    Ok(opened)
}

fn secret(line: &str) -> SecretKey {
    let hex = line.trim().strip_prefix("redress-private-1:").expect("a line of a private key file");
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("64 hex digits");
    SecretKey::from_slice(&bytes).expect("32 bytes")
}

fn read_all(folder: &Path, files: &mut Vec<Vec<u8>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_all(&path, files)?;
        } else if let Ok(bytes) = std::fs::read(&path) {
            files.push(bytes);
        }
    }
    Ok(())
}

/// `$KV.keys.<name>.<pair>`, then (behind headers, and a length in Raft logs) the wrapped key.
fn find_keys(bytes: &[u8], private: &[SecretKey], keys: &mut BTreeMap<String, Vec<u8>>) {
    const SUBJECT: &[u8] = b"$KV.keys.";
    for at in positions(bytes, SUBJECT) {
        let name = &bytes[at + SUBJECT.len()..];
        let Some((name, rest)) = name.split_at_checked(32) else { continue };
        let Ok(name) = std::str::from_utf8(name) else { continue };
        if rest.len() < 17 || rest[0] != b'.' {
            continue;
        }
        let behind = &rest[17..];
        let near = &behind[..behind.len().min(NEAR)];
        let headers_end = positions(near, b"\r\n\r\n").first().map_or(0, |end| end + 4);
        for start in [0, headers_end, headers_end + 4, 4, 6, 8, 12] {
            let Some(wrapped) = behind.get(start..start + WRAPPED) else { continue };
            for private in private {
                let Some(plain) = unwrap(private, wrapped) else { continue };
                let key = plain.strip_prefix(LABEL).and_then(|rest| rest.strip_prefix(name.as_bytes()));
                keys.extend(key.map(|key| (name.to_owned(), key.to_vec())));
            }
        }
    }
}

/// The sender's public half, 24 bytes of nonce, the box.
fn unwrap(private: &SecretKey, wrapped: &[u8]) -> Option<Vec<u8>> {
    let (sender, rest) = wrapped.split_first_chunk::<32>()?;
    let (nonce, sealed) = rest.split_first_chunk::<24>()?;
    SalsaBox::new(&PublicKey::from(*sender), private).decrypt(nonce.into(), sealed).ok()
}

fn find_messages(bytes: &[u8], keys: &BTreeMap<String, Vec<u8>>, opened: &mut Opened) {
    for at in positions(bytes, MAGIC) {
        let before = &bytes[at.saturating_sub(NEAR)..at];
        if let Some((start, subject)) = subject_before(before) {
            let start = at - before.len() + start;
            let header = positions(before, b"redress-key: ").last().map(|found| found + 13);
            let name = header.and_then(|found| std::str::from_utf8(before.get(found..found + 32)?).ok());
            if let Some((name, key)) = name.and_then(|name| Some((name, keys.get(name)?))) {
                let lengths = [record_length(bytes, start, at), word(bytes, at.wrapping_sub(4))];
                for length in lengths.into_iter().flatten() {
                    let sealed = at.checked_add(length).and_then(|end| bytes.get(at..end));
                    opened.0.extend(sealed.and_then(|sealed| open(key, &subject, name, sealed)));
                }
            }
        }
        if positions(before, b"$O.blobs.C.").last().is_some() {
            for (name, key) in keys {
                find_blob(&bytes[at..], name, key, opened);
            }
        }
    }
}

/// The nearest subject of the three streams, and where it begins.
fn subject_before(before: &[u8]) -> Option<(usize, String)> {
    let roots: [&[u8]; 3] = [b"intake.", b"content.", b"outbox."];
    let start = roots.iter().filter_map(|root| positions(before, root).last().copied()).max()?;
    let is_token = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'.' | b'-' | b'_');
    let subject: Vec<u8> = before[start..].iter().take_while(is_token).copied().collect();
    // Headers follow with their length (four bytes, the first of which may look like a letter) or NATS/1.0.
    let subject = String::from_utf8(subject).ok()?;
    Some((start, subject))
}

/// The body's length in a record of a stream's file: length, sequence, time, length of the subject, subject, ….
fn record_length(bytes: &[u8], subject: usize, body: usize) -> Option<usize> {
    let record = subject.checked_sub(22)?;
    let length = word(bytes, record)? & 0x7fff_ffff;
    (record + length).checked_sub(8 + body)
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(four)).ok()
}

/// The subject it opens under, and its plain bytes.
fn open(key: &[u8], subject: &str, name: &str, sealed: &[u8]) -> Option<(String, Vec<u8>)> {
    let (nonce, text) = sealed.get(4..)?.split_at_checked(24)?;
    // A letter that belongs to what follows the subject may have been read as a part of it.
    (0..3).find_map(|cut| {
        let subject = subject.get(..subject.len() - cut)?;
        let aad = format!("redress.sealed.v1 {subject} {name}");
        let payload = Payload { msg: text, aad: aad.as_bytes() };
        let plain = cipher(key)?.decrypt(XNonce::from_slice(nonce), payload).ok()?;
        Some((subject.to_owned(), plain))
    })
}

/// The first chunk of a blob, whole or cut by the end of the broker's own chunk.
fn find_blob(sealed: &[u8], name: &str, key: &[u8], opened: &mut Opened) {
    let Some((nonce, chunks)) = sealed.get(4..).and_then(|rest| rest.split_at_checked(19)) else { return };
    for number in 0..3 {
        let blob = format!("{name}/{number}");
        let aad = format!("redress.sealed.v1 {blob} {name}");
        let nonce = [nonce, &[0, 0, 0, 0, 0]].concat();
        let Some(chunk) = chunks.get(..CHUNK) else { return };
        let payload = Payload { msg: chunk, aad: aad.as_bytes() };
        if let Some(Ok(plain)) = cipher(key).map(|cipher| cipher.decrypt(XNonce::from_slice(&nonce), payload))
        {
            opened.0.insert(format!("blob {blob}"), plain);
            return;
        }
    }
}

fn cipher(key: &[u8]) -> Option<XChaCha20Poly1305> {
    XChaCha20Poly1305::new_from_slice(key).ok()
}

fn positions(bytes: &[u8], needle: &[u8]) -> Vec<usize> {
    let first = needle[0];
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(|b| *b == first) {
        if bytes[at + next..].starts_with(needle) {
            found.push(at + next);
        }
        at += next + 1;
    }
    found
}
