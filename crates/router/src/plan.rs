//! Pure: what a contact says of itself, and where it therefore belongs.
//!
//! [`clues()`] are read from the contact alone; [`Answers`] are what was found when they were looked up; from both
//! [`decide_belonging`] says which complaint it is, how sure that is, and why. [`Entry`] is how it gets in there,
//! [`kept`] are the keys it leaves for those who come after it. [`facts()`] are what the routing rules look at.

pub mod belonging;
pub mod clues;
pub mod entry;
pub mod facts;
pub mod keys;
pub mod language;
pub mod orders;

pub use belonging::{Answers, Belonging, Claimed, Found, bears_anothers_id, decide_belonging};
pub use clues::{Bounce, Clues, Origin, Root, clues};
pub use entry::{Barred, CONTINUATIONS_MAX, Entry, Step};
pub use facts::facts;
pub use keys::{Claim, Kept, kept, party_key};
pub use language::language;
pub use orders::OrderPattern;

use redress_contract::{Contact, MachineKind, PartyStanding};
use redress_domain::Link;

/// The kind of machine that wrote a contact; `Unspecified` for a person.
pub fn machine_of(contact: &Contact) -> MachineKind {
    contact.machine.as_ref().map_or(MachineKind::Unspecified, |machine| machine.kind)
}

/// The link that a contact gets where it belongs.
pub fn link(contact: &Contact, party: &str, belonging: &Belonging) -> Link {
    let machine = machine_of(contact);
    let standing = match (machine, belonging) {
        (MachineKind::Unspecified, Belonging::Attach { found, .. })
            if found.committed && !found.has_party =>
        {
            PartyStanding::UnverifiedParty
        }
        (MachineKind::Unspecified, _) => PartyStanding::Party,
        _ => PartyStanding::Machine,
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
