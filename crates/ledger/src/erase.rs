//! Erasing a party, or one complaint: what belongs to it, found in the log, and erased place by place between two commits.
//!
//! Of a party: every contact it sent; of the complaints it opened, everything that was written about them (a machine's
//! reports quote, handlers' notes name people). What other people sent to such a complaint stays, and is told. Events stay:
//! they hold no personal data. Doing it again finds what is left.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use redress_bus::{KvError, ReadError};
use redress_contract::subject::{self, name};
use redress_contract::{Actor, Cause, Channel, ComplaintId, Contact, ContactId, Reference};
use redress_domain::command::{Erased, Erasing};
use redress_domain::{Command, Complaint};
use redress_vault::OpenError;
use redress_vault::erase::{EraseError, Holds, Place};
use serde::Serialize;

use crate::{ExecuteError, Ledger, LoadError};

/// Durable consumers behind which lies what the log does not know yet, with their streams and what they handle of them.
const NOT_YET_HANDLED: [(&str, &str, &str); 3] = [
    (name::INTAKE, ">", "router"),
    (name::OUTBOX, "outbox.email.*", "notifier-outbox"),
    (name::OUTBOX, "outbox.social.*", "social-outbox"),
];

/// What would be erased, or was.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Erasure {
    /// By complaint.
    pub complaints: Vec<OfComplaint>,
    /// Contacts and communications that are not in the log (yet).
    pub unlogged: usize,
    /// Where the same words still are: what no deleting in here reaches.
    pub at_the_source: Vec<Source>,
    #[serde(skip)]
    places: BTreeSet<Place>,
    #[serde(skip)]
    party: String,
}

/// What belongs to one complaint.
#[derive(Debug, Clone, Serialize)]
pub struct OfComplaint {
    /// The case.
    pub complaint_id: ComplaintId,
    /// What a person reads out.
    pub reference: Reference,
    /// How many contacts.
    pub contacts: u32,
    /// How many texts written inside.
    pub contents: u32,
    /// How many communications.
    pub communications: u32,
    /// Contacts of other people that stay; they may quote what is erased.
    pub others: u32,
    #[serde(skip)]
    erasing: Erasing,
    #[serde(skip)]
    places: Vec<Place>,
}

/// A contact as its source has it.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// How it came.
    pub channel: Channel,
    /// The mailbox, form or profile.
    pub account: String,
    /// When it was received there.
    pub received_at: Timestamp,
    /// Its id in here.
    pub contact_id: ContactId,
}

/// An erasure that could not be planned or was broken off; doing it again goes on.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    /// The broker did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A bucket did not answer.
    #[error(transparent)]
    Keys(#[from] KvError),
    /// The log cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// What is not in the log yet cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A place cannot be erased.
    #[error(transparent)]
    Erase(#[from] EraseError),
    /// It cannot be noted.
    #[error("note the erasure")]
    Note(#[from] ExecuteError),
}

impl Erasure {
    /// True when nothing is there to erase.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty() && self.complaints.is_empty()
    }
}

impl Ledger {
    /// What erasing a party (by its keyed hash) would erase.
    ///
    /// # Errors
    /// [`ErasureError`].
    pub async fn plan_party(&self, party: &str) -> Result<Erasure, ErasureError> {
        let mut plan = Erasure { party: party.to_owned(), ..Erasure::default() };
        let erasing = Erasing { reason: "party".to_owned(), party: party.to_owned() };
        let keys = self.vault().bus().kv(name::CORRELATION).entries(&format!("party.{party}")).await?;
        let ids: BTreeSet<ComplaintId> =
            keys.iter().filter_map(|(_, id)| ComplaintId::new(String::from_utf8_lossy(id)).ok()).collect();
        for id in ids {
            if let Some(loaded) = self.load_at_leader(&id).await? {
                self.plan_complaint_of(&mut plan, &loaded.complaint, erasing.clone()).await?;
            }
        }
        self.plan_unlogged(&mut plan, |found| found.party == party).await?;
        Ok(plan)
    }

    /// What erasing all of a complaint would erase.
    ///
    /// # Errors
    /// [`ErasureError`].
    pub async fn plan_complaint(
        &self,
        complaint: &ComplaintId,
        reason: &str,
    ) -> Result<Erasure, ErasureError> {
        let mut plan = Erasure::default();
        let erasing = Erasing { reason: reason.to_owned(), party: String::new() };
        if let Some(loaded) = self.load_at_leader(complaint).await? {
            self.plan_complaint_of(&mut plan, &loaded.complaint, erasing).await?;
            self.plan_unlogged(&mut plan, |found| found.complaint.as_ref() == Some(complaint)).await?;
        }
        Ok(plan)
    }

    /// Erases what was planned, complaint by complaint, each between two events.
    ///
    /// # Errors
    /// [`ErasureError`]; planning and erasing again goes on.
    pub async fn erase(&self, plan: &Erasure, actor: &Actor) -> Result<(), ErasureError> {
        let cause = Cause { causation_id: "erase".to_owned(), ..Cause::default() };
        for part in &plan.complaints {
            let request = Command::RequestErasure(part.erasing.clone());
            self.execute(&part.complaint_id, &request, actor.clone(), cause.clone()).await?;
            for place in &part.places {
                self.vault().erase(place).await?;
            }
            let erased = Erased {
                contacts: part.contacts,
                contents: part.contents,
                communications: part.communications,
            };
            let complete = Command::CompleteErasure { erasing: part.erasing.clone(), erased };
            self.execute(&part.complaint_id, &complete, actor.clone(), cause.clone()).await?;
        }
        for place in &plan.places {
            self.vault().erase(place).await?;
        }
        self.forget_limits(&plan.party).await
    }

    async fn plan_complaint_of(
        &self,
        plan: &mut Erasure,
        complaint: &Complaint,
        erasing: Erasing,
    ) -> Result<(), ErasureError> {
        let party = erasing.party.as_str();
        let opened_by = complaint.contacts.iter().find(|contact| contact.id == complaint.contact_id);
        let whole = party.is_empty() || opened_by.is_some_and(|contact| contact.party == party);
        let mut part = OfComplaint::of(complaint, erasing.clone());
        let mut left = Left::default();
        for contact in &complaint.contacts {
            let nobodys = contact.party.is_empty() || !contact.machine.is_unspecified();
            if contact.party == party || party.is_empty() || (whole && nobodys) {
                let place = Place::of_contact(contact.channel, &contact.id);
                if self.add(&mut part.places, place, &mut part.contacts, &mut left).await? {
                    plan.at_the_source.push(Source {
                        channel: contact.channel,
                        account: contact.account.clone(),
                        received_at: contact.received_at,
                        contact_id: contact.id.clone(),
                    });
                }
            } else {
                part.others += 1;
            }
        }
        let own = |id: Option<&ContactId>| {
            id.and_then(|id| complaint.contact(id)).is_some_and(|contact| contact.party == party)
        };
        for sent in complaint.communications.iter().filter(|sent| whole || own(sent.contact_id.as_ref())) {
            let place = Place::of_communication(sent.medium, &sent.id);
            self.add(&mut part.places, place, &mut part.communications, &mut left).await?;
        }
        let contents = if whole { self.vault().contents_of(&complaint.id).await? } else { Vec::new() };
        for place in contents {
            self.add(&mut part.places, place, &mut part.contents, &mut left).await?;
        }
        // When all of it was erased before and noted, there is nothing to do and nothing to note.
        if left.messages > 0 || complaint.erasing.contains(&erasing) {
            plan.complaints.push(part);
        }
        Ok(())
    }

    /// Adds a place that holds something or did; true when it is a message.
    async fn add(
        &self,
        places: &mut Vec<Place>,
        place: Place,
        count: &mut u32,
        left: &mut Left,
    ) -> Result<bool, ErasureError> {
        let holds = self.vault().holds(&place).await?;
        if holds == Holds::Nothing {
            return Ok(false);
        }
        *count += 1;
        places.push(place);
        left.messages += usize::from(holds == Holds::Message);
        Ok(holds == Holds::Message)
    }

    /// What lies behind the services' consumers, and what they gave up, is opened to see whose it is.
    async fn plan_unlogged(
        &self,
        plan: &mut Erasure,
        wanted: impl Fn(&Unlogged) -> bool,
    ) -> Result<(), ErasureError> {
        let bus = self.vault().bus();
        let known: BTreeSet<Place> =
            plan.complaints.iter().flat_map(|part| part.places.iter().cloned()).collect();
        let mut found = BTreeMap::new();
        for (stream, filter, consumer) in NOT_YET_HANDLED {
            let from = bus.handled_up_to(stream, consumer).await? + 1;
            let mut behind = bus.scan(stream, filter, from).await?;
            while let Some(stored) = behind.try_next().await? {
                found.insert(stored.subject.clone(), stored);
            }
        }
        for letter in bus.dead_letters().await.map_err(|e| KvError::Failed {
            act: "list",
            bucket: name::DEAD.to_owned(),
            key: String::new(),
            problem: e.to_string(),
        })? {
            let Some(letter) = letter.letter.filter(|letter| Place::parse(&letter.subject).is_some()) else {
                continue;
            };
            let stream = letter.stream.as_str();
            found.extend(
                bus.last_at_leader(stream, &letter.subject).await?.map(|it| (letter.subject.clone(), it)),
            );
        }
        for (subject, stored) in found {
            let Some(place) = Place::parse(&subject).filter(|place| !known.contains(place)) else { continue };
            if let Some(unlogged) = self.look_into(&stored).await?
                && wanted(&unlogged)
            {
                plan.at_the_source.extend(unlogged.source);
                plan.places.insert(place);
                plan.unlogged += 1;
            }
        }
        Ok(())
    }

    async fn look_into(&self, stored: &redress_bus::Stored) -> Result<Option<Unlogged>, ErasureError> {
        let (vault, keys) = (self.vault(), self.vault().keys());
        let (subject, headers, body) = (&stored.subject, &stored.headers, &stored.body);
        if subject::parse_intake(subject).is_some() {
            let contact = match vault.open_contact(subject, headers, body).await {
                // Whose it is nobody can say; it cannot be read either.
                Err(OpenError::Broken { .. }) => None,
                other => other?,
            };
            let Some(contact) = contact else { return Ok(None) };
            let (party, complaint) = self.belongs(&contact).await?;
            return Ok(Some(Unlogged {
                party,
                complaint: Some(complaint),
                source: Some(Source {
                    channel: contact.channel,
                    account: contact.account,
                    received_at: contact.received_at,
                    contact_id: contact.id,
                }),
            }));
        }
        let communication = match vault.open_communication(subject, headers, body).await {
            Err(OpenError::Broken { .. }) => None,
            other => other?,
        };
        Ok(communication.map(|communication| Unlogged {
            party: keys.party(&communication.to, None),
            complaint: Some(communication.complaint_id),
            source: None,
        }))
    }

    /// Whose an unrouted contact is, and the complaint that it will belong to. What is added on the status page names no
    /// sender: it is theirs who made the contact that it is a part of.
    async fn belongs(&self, contact: &Contact) -> Result<(String, ComplaintId), ErasureError> {
        let keys = self.vault().keys();
        let Some(first) = contact.part_of.as_ref().filter(|_| contact.sender.is_none()) else {
            let party = contact.sender.as_ref().map(|sender| keys.party(sender, None)).unwrap_or_default();
            return Ok((party, keys.complaint_id(&contact.id)));
        };
        let complaint = keys.complaint_id(first);
        let loaded = self.load_at_leader(&complaint).await?;
        let party = loaded.and_then(|it| it.complaint.contact(first).map(|contact| contact.party.clone()));
        Ok((party.unwrap_or_default(), complaint))
    }

    /// What was sent to the party lately, and what waits for its turn (the notifier's keys in `limits`).
    async fn forget_limits(&self, party: &str) -> Result<(), ErasureError> {
        if party.is_empty() {
            return Ok(());
        }
        let limits = self.vault().bus().kv(name::LIMITS);
        let sent = format!("sent.{party}");
        if limits.get_at_leader(&sent).await?.is_some() {
            limits.delete(&sent).await?;
        }
        for (key, _) in limits.entries(&format!("waiting.{party}")).await? {
            limits.delete(&key).await?;
        }
        Ok(())
    }
}

/// How many of the places still hold a message.
#[derive(Default)]
struct Left {
    messages: usize,
}

/// A message that the log does not know.
struct Unlogged {
    party: String,
    complaint: Option<ComplaintId>,
    source: Option<Source>,
}

impl OfComplaint {
    fn of(complaint: &Complaint, erasing: Erasing) -> Self {
        Self {
            complaint_id: complaint.id.clone(),
            reference: complaint.reference.clone(),
            contacts: 0,
            contents: 0,
            communications: 0,
            others: 0,
            erasing,
            places: Vec::new(),
        }
    }
}
