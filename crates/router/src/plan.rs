//! Pure: what a contact says of itself, and where it therefore belongs.
//!
//! [`clues()`] are read from the contact alone; [`Answers`] are what was found when they were looked up; from both
//! [`decide_belonging`] says which complaint it is, how sure that is, and why. [`Entry`] is how it gets in there,
//! [`kept`] are the keys it leaves for those who come after it. [`facts()`] are what the routing rules look at.

pub mod belonging;
pub mod calls;
pub mod clues;
pub mod entry;
pub mod facts;
pub mod keys;
pub mod language;
pub mod orders;
pub mod posts;

pub use belonging::{Answers, Belonging, Claimed, Found, bears_anothers_id, decide_belonging};
pub use calls::{Noted, facts_of};
pub use clues::{Bounce, ByHand, Clues, Origin, Root, clues};
pub use entry::{Barred, CONTINUATIONS_MAX, Entry, Step};
pub use facts::facts;
pub use keys::{Claim, Kept, kept, party_key};
pub use language::language;
pub use orders::OrderPattern;

use redress_contract::{Contact, MachineKind, PartyStanding, Verdict};
use redress_domain::{Link, Relation, Vouching, standing};

/// The kind of machine that wrote a contact; `Unspecified` for a person.
pub fn machine_of(contact: &Contact) -> MachineKind {
    contact.machine.as_ref().map_or(MachineKind::Unspecified, |machine| machine.kind)
}

/// What is known of whether the sender is who they say.
pub fn vouching(contact: &Contact) -> Vouching {
    let verdict = contact.sender_verdict.as_ref().map(|known| known.verdict);
    match (contact.sender_authenticated, verdict) {
        (_, Some(Verdict::Fail)) => Vouching::Refuted,
        (true, _) => Vouching::Vouched,
        (false, _) => Vouching::Unknown,
    }
}

/// The link that a contact gets where it belongs.
pub fn link(contact: &Contact, party: &str, belonging: &Belonging) -> Link {
    let machine = machine_of(contact);
    let relation = match belonging {
        Belonging::Attach { found, .. } if found.committed => found.relation(),
        // Claimed and not opened yet, or its own: this contact opens it.
        Belonging::Attach { .. } | Belonging::Open { .. } => Relation::Opener,
    };
    let standing = if posts::is_deletion(contact) {
        // The platform tells it; nobody said a word.
        PartyStanding::Machine
    } else {
        standing(machine, relation, vouching(contact))
    };
    Link {
        contact_id: contact.id.clone(),
        channel: contact.channel,
        account: contact.account.clone(),
        received_at: contact.received_at,
        standing,
        party: party.to_owned(),
        machine,
        confidence_percent: belonging.confidence_percent(),
        reasons: belonging.reasons().iter().map(|&reason| reason.to_owned()).collect(),
        possible_duplicate_of: belonging.possible_duplicate_of().cloned(),
    }
}
