//! Changes to a log: what carelessness, a broken disk or an insider would do.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use redress_contract::Commit;
use redress_tests::mails::Dice;
use serde_json::Value;

/// Subject and body of a message of COMPLAINTS.
pub(super) type Message = (String, Bytes);

/// What is done to it.
pub(super) const KINDS: [&str; 9] = [
    "a bit flipped",
    "a commit removed",
    "two commits exchanged",
    "the tail of a complaint cut",
    "a complaint removed",
    "the tail of the log cut",
    "a commit doubled",
    "a commit moved to another complaint",
    "a commit rewritten, and all hashes after it",
];

/// The log after a change of this kind.
pub(super) fn change(log: &[Message], kind: &str, dice: &mut Dice) -> Vec<Message> {
    let mut log = log.to_vec();
    let at = dice.below(log.len());
    let own = places(&log, &log[at].0);
    match kind {
        "a bit flipped" => log[at].1 = flipped(&log[at].1, dice),
        "a commit removed" => drop(log.remove(at)),
        "two commits exchanged" => {
            let several: Vec<usize> = (0..log.len()).filter(|n| places(&log, &log[*n].0).len() > 1).collect();
            let own = places(&log, &log[several[dice.below(several.len())]].0);
            let first = dice.below(own.len() - 1);
            log.swap(own[first], own[first + 1]);
        }
        "the tail of a complaint cut" => {
            let from = own[dice.below(own.len())];
            let subject = log[at].0.clone();
            let mut place = 0;
            log.retain(|(other, _)| {
                place += 1;
                *other != subject || place - 1 < from
            });
        }
        "a complaint removed" => {
            let subject = log[at].0.clone();
            log.retain(|(other, _)| *other != subject);
        }
        "the tail of the log cut" => log.truncate(at),
        "a commit doubled" => log.insert(at + 1, log[at].clone()),
        "a commit moved to another complaint" => {
            let others: Vec<String> =
                log.iter().map(|(subject, _)| subject.clone()).filter(|it| *it != log[at].0).collect();
            log[at].0.clone_from(&others[dice.below(others.len())]);
        }
        _ => rewrite(&mut log, &own, own[dice.below(own.len())]),
    }
    log
}

/// Flips one bit anywhere in the broker's message files of the log.
pub(super) fn flip_on_disk(store: &Path, dice: &mut Dice) -> anyhow::Result<()> {
    let mut blocks = Vec::new();
    find_blocks(store, &mut blocks)?;
    let block = blocks.first().context("the log has a file")?;
    let mut bytes = std::fs::read(block)?;
    let at = dice.below(bytes.len());
    bytes[at] ^= 1 << dice.below(8);
    Ok(std::fs::write(block, bytes)?)
}

/// Removes the folder of the log, whatever is left of it, from the stopped broker's store.
pub(super) fn remove_log(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.ends_with("streams/COMPLAINTS") {
            std::fs::remove_dir_all(&path)?;
        } else if path.is_dir() {
            remove_log(&path)?;
        }
    }
    Ok(())
}

/// True when no folder of the log is in the store.
pub(super) fn holds_no_log(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return true };
    entries
        .flatten()
        .map(|entry| entry.path())
        .all(|path| !path.ends_with("streams/COMPLAINTS") && (!path.is_dir() || holds_no_log(&path)))
}

fn find_blocks(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find_blocks(&path, found)?;
        } else if path.extension().is_some_and(|it| it == "blk")
            && path.to_string_lossy().contains("/COMPLAINTS/")
        {
            found.push(path);
        }
    }
    Ok(())
}

/// Where the commits of a complaint lie.
fn places(log: &[Message], subject: &str) -> Vec<usize> {
    (0..log.len()).filter(|n| log[*n].0 == subject).collect()
}

fn flipped(body: &Bytes, dice: &mut Dice) -> Bytes {
    let mut bytes = body.to_vec();
    let at = dice.below(bytes.len());
    bytes[at] ^= 1 << dice.below(8);
    bytes.into()
}

/// Backdates a commit, and makes the chain after it whole again.
fn rewrite(log: &mut [Message], own: &[usize], from: usize) {
    let mut previous = None;
    for &place in own.iter().filter(|place| **place >= from) {
        let mut commit: Value = serde_json::from_slice(&log[place].1).expect("the log holds commits");
        match &previous {
            None => commit["recordedAt"] = "2020-01-01T00:00:00Z".into(),
            Some(sha256) => commit["previousSha256"] = Value::from(String::clone(sha256)),
        }
        let body = serde_json::to_vec(&commit).expect("JSON stays JSON");
        previous = Some(Commit::hash(&body));
        log[place].1 = body.into();
    }
}
