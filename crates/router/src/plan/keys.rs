//! The keys by which later contacts find a complaint: the root of a thread, which is claimed, and the others, which are
//! plain writes.

use bytes::Bytes;
use redress_contract::{ComplaintId, Contact, ContactId};
use serde::{Deserialize, Serialize};

use super::clues::{Clues, Origin};
use super::machine_of;

/// Value of a `thread.` key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// For which complaint.
    pub complaint: ComplaintId,
    /// By which contact.
    pub contact: ContactId,
    /// Keyed digest of the text, when the contact claimed the root by its own id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// One key to write once a contact has its complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Holds the complaint; written whatever stands there.
    Put(String),
    /// Holds a [`Claim`]; whoever stands there stays.
    Claim(String),
}

impl Claim {
    /// What a contact writes where it claims a thread for a complaint.
    pub fn of(clues: &Clues, complaint: &ComplaintId) -> Self {
        let by_own_id = clues.root.as_ref().is_some_and(|root| root.origin == Origin::OwnMessage);
        Self {
            complaint: complaint.clone(),
            contact: clues.contact.clone(),
            text: if by_own_id { clues.text.clone() } else { String::new() },
        }
    }

    /// Reads a claim; none when it is none.
    pub fn read(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok()
    }

    /// As it is written.
    pub fn bytes(&self) -> Bytes {
        serde_json::to_vec(self).expect("a claim is plain data and always becomes JSON").into()
    }
}

/// The key by which a party's contacts are found.
pub fn party_key(party: &str, contact: &ContactId) -> String {
    format!("party.{party}.{contact}")
}

/// What later contacts are found by, besides the root that was claimed on the way in.
pub fn kept(contact: &Contact, clues: &Clues) -> Vec<Kept> {
    let mut kept = Vec::new();
    if !clues.party.is_empty() && machine_of(contact).is_unspecified() {
        kept.extend(clues.orders.iter().map(|order| Kept::Put(format!("{order}.{}", contact.id))));
        kept.push(Kept::Put(party_key(&clues.party, &contact.id)));
    }
    // A thread that was entered by a token or a part has no claimed root yet.
    let unclaimed_root =
        clues.root.as_ref().filter(|_| !clues.tokens.is_empty() || clues.belongs_with.is_some());
    let claimed = clues.own_key.iter().chain(unclaimed_root.map(|root| &root.key));
    let answers = clues.by_hand.iter().flat_map(|sent| &sent.answer_keys);
    kept.extend(claimed.chain(answers).map(|key| Kept::Claim(key.clone())));
    kept
}
