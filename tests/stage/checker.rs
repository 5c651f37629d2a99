//! What was promised against what is on record: every contact is ok, lost, unknown or duplicated, by INTAKE, COMPLAINTS,
//! EVENTS and the mails that went out. Sorting is pure, so that it is itself tested by records with a fault in them.
//!
//! - *lost*: it was promised (or it is on record) and something that is owed is missing: the message in INTAKE, its
//!   complaint, the promised reference, its events in the feed, the acknowledgement of its thread.
//! - *unknown*: its sender heard neither yes nor no, and it is not on record. Nobody was told anything wrong.
//! - *duplicated*: it took effect twice: two links, two complaints for one thread, one complaint for two threads, events
//!   published twice, a second acknowledgement that is not the first one byte for byte. What is on record although
//!   nobody sent it counts here too.

mod seen;

use std::collections::{BTreeMap, BTreeSet};

use redress_contract::ContactId;

pub use seen::{Mailed, Recorded, Seen};

use crate::promises::{Promise, Promises, Told};
use crate::results::{Bar, Results, say};

/// Offenders that are named.
const NAMED_MAX: usize = 5;

/// What became of each contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Everything owed is there, once.
    pub ok: usize,
    /// With what is missing.
    pub lost: Vec<(String, String)>,
    /// Neither promised nor on record.
    pub unknown: usize,
    /// With what is there twice.
    pub duplicated: Vec<(String, String)>,
    /// Mails that went out once more, byte for byte the same.
    pub resent: usize,
}

enum Verdict {
    Ok,
    Lost(String),
    Unknown,
    Duplicated(String),
}

/// Sorts every contact. `acknowledged`: acknowledgements go out by mail in this run.
pub fn sort(promises: &Promises, seen: &Seen, acknowledged: bool) -> Verdicts {
    let all = promises.all();
    let threads = Threads::of(&all, seen);
    let mut verdicts = Verdicts { resent: seen.resent(), ..Verdicts::default() };
    for (contact, why) in promises.broken() {
        verdicts.lost.push((contact.to_string(), why));
    }
    for (contact, promise) in &all {
        match judge(contact, promise, seen, &threads, acknowledged) {
            Verdict::Ok => verdicts.ok += 1,
            Verdict::Lost(why) => verdicts.lost.push((contact.to_string(), why)),
            Verdict::Unknown => verdicts.unknown += 1,
            Verdict::Duplicated(why) => verdicts.duplicated.push((contact.to_string(), why)),
        }
    }
    for stranger in seen.intake.iter().filter(|contact| !all.contains_key(*contact)) {
        verdicts.duplicated.push((stranger.to_string(), "it is on record and nobody sent it".to_owned()));
    }
    verdicts
}

/// Which complaints hold which thread, and the other way round.
struct Threads<'a> {
    complaints: BTreeMap<&'a str, BTreeSet<&'a str>>,
    threads: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Threads<'a> {
    fn of(all: &'a BTreeMap<ContactId, Promise>, seen: &'a Seen) -> Self {
        let mut found = Self { complaints: BTreeMap::new(), threads: BTreeMap::new() };
        for (contact, promise) in all {
            for complaint in seen.links.get(contact).into_iter().flatten() {
                found.complaints.entry(&promise.thread).or_default().insert(complaint);
                found.threads.entry(complaint).or_default().insert(&promise.thread);
            }
        }
        found
    }
}

fn judge(
    contact: &ContactId,
    promise: &Promise,
    seen: &Seen,
    threads: &Threads<'_>,
    acknowledged: bool,
) -> Verdict {
    if !seen.intake.contains(contact) {
        return match promise.told {
            Told::Nothing => Verdict::Unknown,
            Told::Yes(_) => Verdict::Lost("it was promised and is not in INTAKE".to_owned()),
        };
    }
    let complaint = match seen.links.get(contact).map(Vec::as_slice) {
        None | Some([]) => return Verdict::Lost("no complaint holds it".to_owned()),
        Some([complaint]) => complaint,
        Some(several) => return Verdict::Duplicated(format!("it is linked {} times", several.len())),
    };
    let homes = threads.complaints.get(promise.thread.as_str()).map_or(0, BTreeSet::len);
    if homes > 1 {
        return Verdict::Duplicated(format!("its thread became {homes} complaints"));
    }
    if threads.threads.get(complaint.as_str()).is_some_and(|threads| threads.len() > 1) {
        return Verdict::Duplicated("its complaint holds another thread too".to_owned());
    }
    of_complaint(complaint, promise, seen).unwrap_or_else(|| match &promise.address {
        Some(address) if acknowledged => of_mails(address, seen),
        _ => Verdict::Ok,
    })
}

/// What is wrong with the complaint that holds it.
fn of_complaint(complaint: &str, promise: &Promise, seen: &Seen) -> Option<Verdict> {
    let Some(recorded) = seen.complaints.get(complaint) else {
        return Some(Verdict::Lost("its complaint is not in COMPLAINTS".to_owned()));
    };
    if recorded.registered != 1 {
        return Some(Verdict::Duplicated(format!(
            "its complaint was registered {} times",
            recorded.registered
        )));
    }
    if let Told::Yes(Some(answer)) = &promise.told
        && answer.reference != recorded.reference
    {
        return Some(Verdict::Lost("its complaint bears another reference than was promised".to_owned()));
    }
    let published = seen.feed.get(complaint).map(Vec::as_slice).unwrap_or_default();
    if published == recorded.events {
        return None;
    }
    let distinct: BTreeSet<&(u32, String)> = published.iter().collect();
    Some(if distinct.len() < published.len() {
        Verdict::Duplicated("an event of its complaint was published twice".to_owned())
    } else {
        Verdict::Lost("the events of its complaint were not all published in order".to_owned())
    })
}

/// The acknowledgement of its thread: one message, of which copies are the same to the byte.
fn of_mails(address: &str, seen: &Seen) -> Verdict {
    match seen.mails.get(address).map(BTreeMap::len) {
        None | Some(0) => Verdict::Lost("it was never acknowledged".to_owned()),
        Some(1) => Verdict::Ok,
        Some(several) => Verdict::Duplicated(format!("it was acknowledged by {several} different mails")),
    }
}

impl Verdicts {
    /// Prints them, the first offenders by name. None may be lost or duplicated; `resent` mails only as many as said.
    pub fn tell(&self, name: &str, resent_max: usize, results: &mut Results) {
        for (what, offenders) in [("lost", &self.lost), ("duplicated", &self.duplicated)] {
            for (contact, why) in offenders.iter().take(NAMED_MAX) {
                say(&format!("{what}: contact {contact}: {why}"));
            }
        }
        let zero = Bar::Exactly(0.0);
        results.count(&format!("{name}_ok"), self.ok, "contacts", Bar::None);
        results.count(&format!("{name}_unknown"), self.unknown, "contacts", Bar::None);
        results.count(&format!("{name}_lost"), self.lost.len(), "contacts", zero);
        results.count(&format!("{name}_duplicated"), self.duplicated.len(), "contacts", zero);
        results.count(&format!("{name}_mails_resent"), self.resent, "mails", Bar::at_most(resent_max));
    }
}

#[cfg(test)]
mod tests;
