//! Which complaint a contact belongs to: DESIGN §7 as one pure function.

use redress_contract::{ComplaintId, ContactId, PartyStanding};
use redress_domain::{Complaint, Relation, reference_confidence};

use super::clues::{Clues, Origin};

/// From here on a contact is attached to the complaint it was found to belong to.
const ATTACH_FROM: u32 = 90;
/// From here on (and below [`ATTACH_FROM`]) it opens its own, marked as a possible duplicate.
const SUGGEST_FROM: u32 = 50;

/// A complaint that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub complaint: ComplaintId,
    /// False while it is only claimed: nobody has opened it yet.
    pub committed: bool,
    /// True when the contact's sender is a party of it; of a mail that was sent by hand, one of those it went to.
    pub has_party: bool,
    /// True until it is closed.
    pub is_open: bool,
    /// Keyed hash of the contact's sender, when the complaint knows it and the contact does not say it; else empty.
    pub party: String,
}

impl Found {
    /// A complaint as it stands, seen by the contact with these clues.
    pub fn of(clues: &Clues, complaint: &Complaint) -> Self {
        let made_before = clues.same_sender_as.as_ref().and_then(|contact| complaint.contact(contact));
        let made_before = made_before.filter(|contact| contact.standing == PartyStanding::Party);
        Self {
            complaint: complaint.id.clone(),
            committed: true,
            has_party: match &clues.by_hand {
                None => made_before.is_some() || complaint.has_party(&clues.party),
                Some(sent) => sent.addressees.iter().any(|party| complaint.has_party(party)),
            },
            is_open: complaint.is_open(),
            party: made_before.map(|contact| contact.party.clone()).unwrap_or_default(),
        }
    }

    /// What the sender's stated address is to it.
    pub fn relation(&self) -> Relation {
        if self.has_party { Relation::Party } else { Relation::Stranger }
    }

    /// A complaint that is claimed, and that nobody has opened yet.
    pub fn unopened(id: &ComplaintId) -> Self {
        Self {
            complaint: id.clone(),
            committed: false,
            has_party: false,
            is_open: true,
            party: String::new(),
        }
    }
}

/// A root that somebody claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// By which contact.
    pub contact: ContactId,
    /// Digest of its text, when it claimed the root by its own id.
    pub text: String,
    /// For which complaint.
    pub found: Found,
}

/// What was found when the clues were looked up. What was not found is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// The complaint a signed token names.
    pub token: Option<Found>,
    /// The complaint of the contact this one is a part of.
    pub whole: Option<Found>,
    /// Who had claimed the root of the thread before us; also we ourselves, in an earlier delivery.
    pub root: Option<Claimed>,
    /// Who had claimed the root for this very text before us.
    pub text_root: Option<Claimed>,
    /// The complaint of another mail that is named.
    pub ancestor: Option<Found>,
    /// Complaints whose references stand in the contact.
    pub references: Vec<Found>,
    /// Complaints of the same sender with the same order number.
    pub orders: Vec<Found>,
}

/// Where a contact belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Belonging {
    /// To this complaint.
    Attach {
        /// Which.
        found: Found,
        /// How sure.
        confidence_percent: u32,
        /// Why.
        reason: &'static str,
    },
    /// To one of its own.
    Open {
        /// How sure it is that it is (or is not: `possible_duplicate_of`) a new one.
        confidence_percent: u32,
        /// What was weighed.
        reasons: Vec<&'static str>,
        /// A complaint that may be the same.
        possible_duplicate_of: Option<ComplaintId>,
    },
}

impl Belonging {
    /// How sure.
    pub fn confidence_percent(&self) -> u32 {
        match self {
            Self::Attach { confidence_percent, .. } | Self::Open { confidence_percent, .. } => {
                *confidence_percent
            }
        }
    }

    /// Why.
    pub fn reasons(&self) -> Vec<&'static str> {
        match self {
            Self::Attach { reason, .. } => vec![reason],
            Self::Open { reasons, .. } => reasons.clone(),
        }
    }

    /// A complaint that may be the same.
    pub fn possible_duplicate_of(&self) -> Option<&ComplaintId> {
        match self {
            Self::Attach { .. } => None,
            Self::Open { possible_duplicate_of, .. } => possible_duplicate_of.as_ref(),
        }
    }

    /// True when it belongs to a complaint that [`Found::has_party`].
    pub fn has_party(&self) -> bool {
        matches!(self, Self::Attach { found, .. } if found.has_party)
    }

    /// Keyed hash of the sender, when only the complaint knows it.
    pub fn party(&self) -> Option<&str> {
        match self {
            Self::Attach { found, .. } if !found.party.is_empty() => Some(&found.party),
            _ => None,
        }
    }

    /// True when nothing weighs more: a signed token, or a part of what is there.
    pub fn is_certain(&self) -> bool {
        matches!(self, Self::Attach { confidence_percent: 100, .. })
    }

    /// The complaint for which the root of the thread is claimed.
    pub fn complaint<'a>(&'a self, clues: &'a Clues) -> &'a ComplaintId {
        match self {
            Self::Attach { found, .. } => &found.complaint,
            Self::Open { .. } => &clues.own_complaint,
        }
    }
}

/// True when the root was claimed by another mail that bears the same id and says something else: anybody may write
/// any id into a mail, so an id alone must not make one complaint of two, nor hide one behind the other.
pub fn bears_anothers_id(clues: &Clues, claimed: &Claimed) -> bool {
    let starts_a_thread = clues.root.as_ref().is_some_and(|root| root.origin == Origin::OwnMessage);
    starts_a_thread
        && claimed.contact != clues.contact
        && !claimed.text.is_empty()
        && claimed.text != clues.text
}

/// Weighs the answers, the strongest first.
pub fn decide_belonging(clues: &Clues, answers: &Answers) -> Belonging {
    let mut suspects = Vec::new();
    for (found, confidence_percent, reason) in evidence(clues, answers) {
        if confidence_percent >= ATTACH_FROM {
            return Belonging::Attach { found: found.clone(), confidence_percent, reason };
        }
        suspects.push((found, confidence_percent, reason));
    }
    let Some((found, confidence_percent, _)) = suspects.first() else {
        return Belonging::Open {
            confidence_percent: 100,
            reasons: vec!["opened"],
            possible_duplicate_of: None,
        };
    };
    let possible_duplicate_of = (*confidence_percent >= SUGGEST_FROM).then(|| found.complaint.clone());
    let mut reasons = vec!["opened"];
    for (_, _, reason) in &suspects {
        if !reasons.contains(reason) {
            reasons.push(reason);
        }
    }
    Belonging::Open { confidence_percent: *confidence_percent, reasons, possible_duplicate_of }
}

type Evidence<'a> = (&'a Found, u32, &'static str);

/// All evidence in the order of its strength.
fn evidence<'a>(clues: &'a Clues, answers: &'a Answers) -> Vec<Evidence<'a>> {
    let token = answers.token.iter().map(|found| (found, 100, "token"));
    let as_what = if clues.is_revision { "revises" } else { "part_of" };
    let whole = answers.whole.iter().map(move |found| (found, 100, as_what));
    let ancestor = answers.ancestor.iter().map(|found| (found, 98, "references"));
    let another = |found: &&Found| found.is_open && found.complaint != clues.own_complaint;
    let orders = answers.orders.iter().filter(another).map(|found| (found, 80, "same_order"));
    let [verified, claimed, alone] = [95, 80, 40].map(|percent| references(clues, answers, percent));
    let certain = token.chain(by_hand(clues, answers)).chain(whole);
    let all = certain.chain(root(clues, answers)).chain(ancestor).chain(verified).chain(claimed);
    // The two mails with one id come after the order number (0.8) and before the reference alone (0.4).
    all.chain(orders).chain(same_id(clues, answers)).chain(alone).collect()
}

/// The references that prove so much: only an address that somebody vouches for proves that a party wrote.
fn references<'a>(
    clues: &'a Clues,
    answers: &'a Answers,
    percent: u32,
) -> impl Iterator<Item = Evidence<'a>> {
    let reason = match percent {
        95 => "reference_and_party",
        80 => "reference_and_address",
        _ => "reference_alone",
    };
    let weigh = move |found: &&Found| reference_confidence(found.relation(), clues.vouching) == percent;
    answers.references.iter().filter(weigh).map(move |found| (found, percent, reason))
}

/// Whoever has the mailbox knows what they write about, whomever they write to. It comes before the root of the thread:
/// a copy that came in another way may have made one of its own before.
fn by_hand<'a>(clues: &'a Clues, answers: &'a Answers) -> Option<Evidence<'a>> {
    clues.by_hand.as_ref()?;
    let about_a_party = answers.references.iter().find(|found| found.has_party);
    Some((about_a_party.or(answers.references.first())?, 95, "reference_by_hand"))
}

fn root<'a>(clues: &'a Clues, answers: &'a Answers) -> Option<Evidence<'a>> {
    let claimed = answers.root.as_ref()?;
    if bears_anothers_id(clues, claimed) {
        let first = answers.text_root.as_ref().filter(|first| !is_ours(clues, first))?;
        return Some((&first.found, 98, "same_message"));
    }
    if is_ours(clues, claimed) {
        return None;
    }
    let reason = match clues.root.as_ref()?.origin {
        Origin::OwnMessage if claimed.text.is_empty() => "references",
        Origin::OwnMessage => "same_message",
        Origin::References => "references",
        Origin::Platform => "platform_thread",
        Origin::Call => "same_call",
    };
    Some((&claimed.found, 98, reason))
}

/// True when this contact itself claimed the root, for the complaint that it opens.
fn is_ours(clues: &Clues, claimed: &Claimed) -> bool {
    claimed.contact == clues.contact && claimed.found.complaint == clues.own_complaint
}

fn same_id<'a>(clues: &'a Clues, answers: &'a Answers) -> Option<Evidence<'a>> {
    let claimed = answers.root.as_ref().filter(|claimed| bears_anothers_id(clues, claimed))?;
    Some((&claimed.found, 60, "same_message_id"))
}
