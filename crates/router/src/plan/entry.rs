//! How a contact enters its complaint: it opens or links, whichever is possible. Somebody else may open a complaint
//! first, and a full one goes on in its continuation.

use redress_contract::{CommunicationId, ComplaintId, Contact, Reference};
use redress_domain::{Command, Link, Register, Routed};
use redress_identity::Keys;

use super::belonging::Belonging;
use super::clues::Clues;
use super::{language, link};

/// Most continuations of a full complaint.
pub const CONTINUATIONS_MAX: usize = 100;

/// A contact at the door of a complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is tried next.
    pub step: Step,
    /// As what it enters.
    pub link: Link,
    /// The communication that it is, when a member of staff sent it by hand to a party of the complaint.
    pub reply: Option<CommunicationId>,
}

/// What is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Opening this complaint.
    Open(ComplaintId),
    /// Linking to it.
    Link(ComplaintId),
}

/// Why a try led nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// Another contact opened it.
    Taken,
    /// It holds as many contacts as it may.
    Full,
}

impl Entry {
    /// The first try.
    pub fn of(contact: &Contact, clues: &Clues, belonging: &Belonging, keys: &Keys) -> Self {
        let complaint = belonging.complaint(clues).clone();
        let step = match belonging {
            Belonging::Attach { found, .. } if found.committed => Step::Link(complaint),
            Belonging::Attach { .. } | Belonging::Open { .. } => Step::Open(complaint),
        };
        let reply = clues.by_hand.as_ref().filter(|_| belonging.has_party());
        let reply = reply.map(|sent| keys.reply_id(belonging.complaint(clues), &sent.mail));
        Self { step, link: link(contact, &clues.party, belonging), reply }
    }

    /// The next try. `continuation` names the complaint in which a full one goes on; everybody derives it alike.
    pub fn after(&mut self, barred: Barred, continuation: impl FnOnce(&ComplaintId) -> ComplaintId) {
        let (Step::Open(complaint) | Step::Link(complaint)) = self.step.clone();
        self.step = match barred {
            Barred::Taken => Step::Link(complaint),
            Barred::Full => {
                let next = continuation(&complaint);
                self.link.possible_duplicate_of = Some(complaint);
                if !self.link.reasons.iter().any(|reason| reason == "continuation") {
                    self.link.reasons.push("continuation".to_owned());
                }
                Step::Open(next)
            }
        };
    }

    /// The command that opens a complaint.
    pub fn register(
        &self,
        contact: &Contact,
        complaint: &ComplaintId,
        reference: Reference,
        routed: Routed,
    ) -> Command {
        Command::Register(Register {
            complaint_id: complaint.clone(),
            reference,
            link: self.link.clone(),
            recorded_at: contact.recorded_at,
            language: language(&contact.language),
            classification: routed.classification,
            assignment: routed.assignment,
        })
    }

    /// The command that links to a complaint: a report of non-delivery, a reply by hand or an act is noted along.
    pub fn linking(&self, clues: &Clues) -> Command {
        let link = self.link.clone();
        match clues.bounce.clone() {
            Some(bounce) => Command::NoteBounce {
                link,
                communication_id: bounce.communication,
                status: bounce.status,
                permanent: bounce.permanent,
            },
            None => match self.reply.clone() {
                Some(communication_id) => Command::NoteReply { link, communication_id },
                None if clues.act.is_unspecified() => Command::Link(link),
                None => Command::NoteAct { link, act: clues.act },
            },
        }
    }
}
