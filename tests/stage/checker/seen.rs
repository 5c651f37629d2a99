//! What there is to see after a run: the streams, and the mails that went out.

use std::collections::{BTreeMap, BTreeSet};

use redress_contract::{Commit, ContactId, Event};
use redress_testkit::smtp::Mail;

use crate::records::Records;

/// Everything the checker looks at.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Contacts in INTAKE.
    pub intake: BTreeSet<ContactId>,
    /// Contact → complaint, once for each `ContactLinked`.
    pub links: BTreeMap<ContactId, Vec<String>>,
    /// Complaint → what the log says of it.
    pub complaints: BTreeMap<String, Recorded>,
    /// Complaint → (seq, type) in the order of EVENTS.
    pub feed: BTreeMap<String, Vec<(u32, String)>>,
    /// Address → the different mails to it.
    pub mails: BTreeMap<String, BTreeMap<Mailed, usize>>,
}

/// One complaint as the log says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// How often it was registered.
    pub registered: usize,
    /// Its reference.
    pub reference: String,
    /// (seq, type) of its events.
    pub events: Vec<(u32, String)>,
}

/// One mail, whatever the number of its copies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mailed {
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl Seen {
    /// Reads the streams and takes the mails that went out.
    ///
    /// # Errors
    /// When a stream cannot be read.
    pub async fn look(records: &Records, mails: &[Mail]) -> anyhow::Result<Self> {
        let mut seen = Self { feed: records.feed().await?, ..Self::default() };
        for contact in records.contacts().await? {
            seen.intake.insert(ContactId::new(contact)?);
        }
        for (complaint, events) in records.events().await? {
            seen.note(&complaint, &events);
        }
        for mail in mails {
            seen.mailed(&mail.recipients, &mail.bytes);
        }
        Ok(seen)
    }

    /// The events of a complaint.
    pub(super) fn note(&mut self, complaint: &str, events: &[Event]) {
        let recorded = self.complaints.entry(complaint.to_owned()).or_default();
        recorded.events = (1..).zip(events).map(|(seq, event)| (seq, event.type_name())).collect();
        for event in events {
            match event {
                Event::Registered(registered) => {
                    recorded.registered += 1;
                    recorded.reference = registered.reference.to_string();
                }
                Event::ContactLinked(link) => {
                    self.links.entry(link.contact_id.clone()).or_default().push(complaint.to_owned());
                }
                _ => {}
            }
        }
    }

    /// A mail that went out.
    pub(super) fn mailed(&mut self, recipients: &[String], bytes: &[u8]) {
        let mailed = Mailed { sha256: Commit::hash(bytes) };
        for address in recipients {
            *self.mails.entry(address.clone()).or_default().entry(mailed.clone()).or_default() += 1;
        }
    }

    /// Mails that went out once more, byte for byte the same.
    pub(super) fn resent(&self) -> usize {
        self.mails.values().flat_map(BTreeMap::values).map(|copies| copies - 1).sum()
    }
}
