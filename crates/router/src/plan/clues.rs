//! What a contact says about where it belongs, in the order of how much it proves. Everything that was written by a
//! person leaves here as a keyed hash.

use redress_contract::contact::{DeliveryReport, Thread};
use redress_contract::{
    Act, Channel, CommunicationId, ComplaintId, Contact, ContactId, MachineKind, Reference,
};
use redress_domain::Vouching;
use redress_identity::token::Token;
use redress_identity::{Keys, reference};

use super::orders::OrderPattern;
use super::{calls, machine_of, vouching};
use crate::Config;

/// Most ids and addresses of one contact in which a token is looked for.
const TOKEN_PLACES_MAX: usize = 100;
/// Most other mails a contact names that are looked up.
const ANCESTORS_MAX: usize = 8;
/// Threads of people.
const THREAD: &str = "thread";
/// Most addressees of a mail sent by hand whose answers are found by it.
const ANSWERERS_MAX: usize = 10;
/// Most references in a text that are looked up.
const REFERENCES_MAX: usize = 5;

/// The clues of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clues {
    /// The contact.
    pub contact: ContactId,
    /// The complaint it opens when it belongs to none.
    pub own_complaint: ComplaintId,
    /// Keyed hash of its sender; empty without one.
    pub party: String,
    /// What is known of whether the sender is who they say.
    pub vouching: Vouching,
    /// Signed tokens, the most telling first.
    pub tokens: Vec<Token>,
    /// What it says about a communication of ours that did not arrive.
    pub bounce: Option<Bounce>,
    /// The contact it is a part, revision or new reading of.
    pub belongs_with: Option<ContactId>,
    /// True when it is an edit or the deletion of that one.
    pub is_revision: bool,
    /// A contact whose sender showed that this one is theirs, too.
    pub same_sender_as: Option<ContactId>,
    /// What its sender did beside writing; believed only with `same_sender_as`.
    pub act: Act,
    /// The root of its thread, which one contact claims for its complaint.
    pub root: Option<Root>,
    /// Keyed digest of what it says, to know the same mail in two mailboxes.
    pub text: String,
    /// Keys of the other mails it names, from this sender.
    pub ancestors: Vec<String>,
    /// Key of its own id, when that is not the root.
    pub own_key: Option<String>,
    /// References that stand in it.
    pub references: Vec<Reference>,
    /// Keys (without the contact) of the order numbers it names.
    pub orders: Vec<String>,
    /// Set when a member of staff sent it by hand.
    pub by_hand: Option<ByHand>,
}

/// A mail that a member of staff sent from a mailbox of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand {
    /// What tells it from other mails, whichever way it was met: its Message-ID, else the contact's id.
    pub mail: String,
    /// Keyed hashes of those it went to.
    pub addressees: Vec<String>,
    /// Keys by which their answers to it are found.
    pub answer_keys: Vec<String>,
}

/// The root of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its key.
    pub key: String,
    /// Its key for one text: where two different mails bear one id, each text is a root of its own.
    pub text_key: String,
    /// What it was made from.
    pub origin: Origin,
}

/// What the root of a thread was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The contact's own id: it starts a thread.
    OwnMessage,
    /// The first mail it names.
    References,
    /// The platform's own thread.
    Platform,
    /// The telephone call it is about, whoever calls it theirs.
    Call,
}

/// A report that a communication did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// The communication.
    pub communication: CommunicationId,
    /// Enhanced status code; empty when not said.
    pub status: String,
    /// Will not be tried again.
    pub permanent: bool,
}

impl Clues {
    /// True when the contact gives cause to look something up before it can open a complaint of its own.
    pub fn call_for_lookups(&self) -> bool {
        let names_nothing = self.tokens.is_empty()
            && self.ancestors.is_empty()
            && self.references.is_empty()
            && self.orders.is_empty()
            && self.belongs_with.is_none();
        let is_of_a_call = self.root.as_ref().is_some_and(|root| root.origin == Origin::Call);
        !names_nothing || is_of_a_call
    }
}

/// Reads the clues of a contact.
pub fn clues(contact: &Contact, keys: &Keys, config: &Config) -> Clues {
    let party = match &contact.sender {
        Some(sender) => keys.party(sender, config.default_country.as_deref()),
        None => String::new(),
    };
    let tokens = tokens(contact, keys);
    let text = text_digest(contact, keys);
    let family = Family::of(contact, &party, keys);
    let root = family.root(contact, &text);
    let own_key = family.own_key(contact).filter(|key| root.as_ref().is_none_or(|root| root.key != *key));
    let ancestors = match &root {
        Some(root) => family.ancestors(contact, &root.key),
        None => Vec::new(),
    };
    Clues {
        contact: contact.id.clone(),
        own_complaint: keys.complaint_id(&contact.id),
        bounce: bounce(contact, keys, &tokens),
        belongs_with: belongs_with(contact),
        is_revision: contact.revises.is_some(),
        act: act(contact),
        same_sender_as: same_sender_as(contact),
        references: references(contact),
        orders: orders(contact, &party, keys, &config.orders),
        by_hand: by_hand(contact, keys, config),
        party,
        vouching: vouching(contact),
        tokens,
        root,
        text,
        ancestors,
        own_key,
    }
}

/// What is part of a call is found by the call: the contact it names need not be there yet.
fn belongs_with(contact: &Contact) -> Option<ContactId> {
    let part_of = contact.part_of.as_ref().filter(|_| calls::call(contact).is_none());
    part_of.or(contact.revises.as_ref()).or(contact.reparses.as_ref()).cloned()
}

/// Whoever shows a contact's receipt code made it. The form and the API, who alone can see that, vouch then for a sender
/// whom they do not name: the address is sealed from them.
fn same_sender_as(contact: &Contact) -> Option<ContactId> {
    let shown = contact.sender_authenticated && contact.sender.is_none();
    let by_code = shown && matches!(contact.channel, Channel::Web | Channel::Api);
    contact.part_of.clone().filter(|_| by_code)
}

/// Nobody else's word makes an act: what a mail or another channel says of itself is read by a person.
fn act(contact: &Contact) -> Act {
    same_sender_as(contact).map_or(Act::Unspecified, |_| contact.act)
}

fn by_hand(contact: &Contact, keys: &Keys, config: &Config) -> Option<ByHand> {
    let message_id = contact.thread.as_ref().map(|thread| thread.message_id.trim()).unwrap_or_default();
    let mail = if message_id.is_empty() { contact.id.as_str() } else { message_id };
    contact.sent_by_hand.then(|| {
        let party = |address| keys.party(address, config.default_country.as_deref());
        let addressees: Vec<String> = contact.recipients.iter().map(party).collect();
        let key = |party: &String| Family { keys, party, kind: THREAD }.key(mail);
        let answer_keys = addressees.iter().take(ANSWERERS_MAX).map(key).collect();
        ByHand { mail: mail.to_owned(), addressees, answer_keys }
    })
}

/// Whose threads are looked at: those of this sender, and apart those of machines, so that no person's complaint
/// is ever taken for the continuation of a machine's mail, and those of mails that are not from whom they say, so that
/// nobody else's mail makes a thread which a person's complaint would vanish in.
struct Family<'a> {
    keys: &'a Keys,
    party: &'a str,
    kind: &'static str,
}

impl<'a> Family<'a> {
    fn of(contact: &Contact, party: &'a str, keys: &'a Keys) -> Self {
        let kind = match (machine_of(contact), vouching(contact)) {
            (MachineKind::Unspecified, Vouching::Refuted) => "refuted-thread",
            (MachineKind::Unspecified, _) => THREAD,
            _ => "machine-thread",
        };
        Self { keys, party, kind }
    }

    fn key(&self, id: &str) -> String {
        format!("thread.{}", self.keys.correlation_key(self.kind, &[self.party, id]))
    }

    fn root(&self, contact: &Contact, text: &str) -> Option<Root> {
        if let Some(call) = calls::call(contact) {
            let key = |kind| self.keys.correlation_key(kind, &[&call.system, &call.call_id]);
            let (key, text_key) = (format!("thread.{}", key("call")), format!("thread.{}", key("call-text")));
            return Some(Root { key, text_key, origin: Origin::Call });
        }
        let thread = contact.thread.as_ref()?;
        let (parts, origin) = if thread.platform_thread.is_empty() {
            let (id, origin) = first_named(thread)?;
            (vec![self.party, id], origin)
        } else {
            (vec![self.party, contact.channel.token(), thread.platform_thread.as_str()], Origin::Platform)
        };
        let key = format!("thread.{}", self.keys.correlation_key(self.kind, &parts));
        let with_text = [parts, vec!["text", text]].concat();
        let text_key = format!("thread.{}", self.keys.correlation_key(self.kind, &with_text));
        Some(Root { key, text_key, origin })
    }

    fn own_key(&self, contact: &Contact) -> Option<String> {
        let id = contact.thread.as_ref()?.message_id.trim();
        (!id.is_empty()).then(|| self.key(id))
    }

    /// Keys of what the contact answers and of its youngest ancestors, but for its root and itself.
    fn ancestors(&self, contact: &Contact, root: &str) -> Vec<String> {
        let Some(thread) = &contact.thread else { return Vec::new() };
        let own = thread.message_id.trim();
        let mut keys = Vec::new();
        for id in thread
            .in_reply_to
            .iter()
            .take(ANCESTORS_MAX)
            .chain(thread.references.iter().rev().take(ANCESTORS_MAX))
        {
            let id = id.trim();
            if id.is_empty() || id == own || keys.len() == ANCESTORS_MAX {
                continue;
            }
            let key = self.key(id);
            if key != root && !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

/// The oldest mail this one names, else itself.
fn first_named(thread: &Thread) -> Option<(&str, Origin)> {
    let named =
        thread.references.iter().chain(&thread.in_reply_to).map(|id| id.trim()).find(|id| !id.is_empty());
    match named {
        Some(id) => Some((id, Origin::References)),
        None => Some((thread.message_id.trim(), Origin::OwnMessage)).filter(|(id, _)| !id.is_empty()),
    }
}

/// Tokens in the recipients (somebody answered to our address), in what it answers, in its ancestors from the
/// youngest on, and last in its own id (our own mail come back).
fn tokens(contact: &Contact, keys: &Keys) -> Vec<Token> {
    let recipients = contact.recipients.iter().map(|address| address.value.as_str());
    let thread = contact.thread.iter().flat_map(|thread| {
        let answered = thread.in_reply_to.iter();
        answered.chain(thread.references.iter().rev()).chain([&thread.message_id]).map(String::as_str)
    });
    let reported =
        reports(contact).flat_map(|report| [report.original_message_id.as_str(), report.recipient.as_str()]);
    let mut tokens = Vec::new();
    for place in recipients.chain(reported).chain(thread).take(TOKEN_PLACES_MAX) {
        match keys.token_in(place) {
            Some(token) if !tokens.contains(&token) => tokens.push(token),
            _ => {}
        }
    }
    tokens
}

fn reports(contact: &Contact) -> impl Iterator<Item = &DeliveryReport> {
    contact.machine.iter().flat_map(|machine| &machine.deliveries)
}

/// The communication a bounce is about, and the worst it says of it. A bounce that says nothing readable counts as
/// permanent: better a person looks once too often than a complainant is thought to have been told.
fn bounce(contact: &Contact, keys: &Keys, tokens: &[Token]) -> Option<Bounce> {
    if machine_of(contact) != MachineKind::Bounce {
        return None;
    }
    let communication = tokens.iter().find_map(|token| match token {
        Token::Bounce(id) | Token::Message(id, _) => Some(id.clone()),
        Token::Complaint(_) => None,
    })?;
    let about_it = |report: &&DeliveryReport| match keys.token_in(&report.original_message_id) {
        Some(Token::Message(id, _)) => id == communication,
        _ => true,
    };
    let reports: Vec<_> = reports(contact).filter(about_it).collect();
    let worst = reports.iter().find(|report| report.permanent).or(reports.first());
    Some(Bounce {
        communication,
        status: worst.map(|report| report.status.clone()).unwrap_or_default(),
        permanent: worst.is_none_or(|report| report.permanent),
    })
}

/// References in the subject, the text and the fields; the one that was promised to the contact itself is none.
fn references(contact: &Contact) -> Vec<Reference> {
    let texts =
        [&contact.subject, &contact.text].into_iter().chain(contact.fields.iter().map(|field| &field.value));
    let mut found: Vec<Reference> = Vec::new();
    for reference in texts.flat_map(|text| reference::find(text)) {
        let own = contact.reference.as_ref() == Some(&reference);
        if !own && !found.contains(&reference) && found.len() < REFERENCES_MAX {
            found.push(reference);
        }
    }
    found
}

/// One sender's order numbers; without a sender a number proves nothing.
fn orders(contact: &Contact, party: &str, keys: &Keys, pattern: &OrderPattern) -> Vec<String> {
    if party.is_empty() || machine_of(contact) != MachineKind::Unspecified {
        return Vec::new();
    }
    let key = |number: &String| format!("order.{}", keys.correlation_key("order", &[party, number]));
    pattern.find(contact).iter().map(key).collect()
}

/// Subject, words (however they are wrapped) and files.
fn text_digest(contact: &Contact, keys: &Keys) -> String {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (subject, text) = (words(&contact.subject), words(&contact.text));
    let files: Vec<&str> = contact.attachments.iter().map(|file| file.sha256.as_str()).collect();
    keys.correlation_key("text", &[&subject, &text, &files.join(",")])
}
