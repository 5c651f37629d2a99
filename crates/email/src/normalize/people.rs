//! Who wrote a mail, who wants the answer, to whom it went.

use redress_contract::contact::{Address, Contact};
use redress_identity::Keys;
use redress_identity::address::{domain, normal};

use super::clean;
use super::limits::Limits;
use super::parse::Mail;

/// What is ours.
pub(crate) struct Own<'a> {
    pub(crate) addresses: &'a [String],
    pub(crate) keys: &'a Keys,
}

impl Own<'_> {
    /// True for one of our addresses, whatever its plus-tag.
    pub(crate) fn has(&self, address: &Address) -> bool {
        let written = normal(address, None);
        !written.is_empty() && (self.addresses.contains(&written) || self.is_host(&written))
    }

    /// True for a Message-ID that a host of ours made (`@host` among our addresses: a system beside this one).
    pub(crate) fn made(&self, message_id: &str) -> bool {
        self.is_host(&message_id.to_lowercase())
    }

    fn is_host(&self, address: &str) -> bool {
        is_host_of(self.addresses, address)
    }

    /// True when our keys signed it.
    pub(crate) fn signed(&self, address_or_message_id: &str) -> bool {
        self.keys.token_in(address_or_message_id).is_some()
    }
}

fn is_host_of(addresses: &[String], address: &str) -> bool {
    let host = address.rfind('@').and_then(|at| address.get(at..)).unwrap_or_default();
    !host.is_empty() && addresses.iter().any(|listed| listed == host)
}

/// Through whom a person wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// Through their own mail program.
    Sender,
    /// Through a form that mails in its own name.
    ThroughRelay,
}

/// Puts the person in `Reply-To` in the place of a sender that is one of these form relays (addresses in normal form,
/// or `@host`). What else stands in `Reply-To` is the relay's own.
pub(crate) fn behind_relay(contact: &mut Contact, relays: &[String], own: &Own<'_>) -> Wrote {
    let is_relay = |address: &Address| {
        let written = normal(address, None);
        relays.contains(&written) || is_host_of(relays, &written)
    };
    if !contact.sender.as_ref().is_some_and(is_relay) {
        return Wrote::Sender;
    }
    let Some(person) = contact.reply_to.iter().find(|it| !is_relay(it) && !own.has(it)).cloned() else {
        return Wrote::Sender;
    };
    contact.sender = Some(person);
    contact.reply_to.clear();
    Wrote::ThroughRelay
}

/// Fills in sender, `reply_to` and recipients; answers what was too much. The author is who stands in From, however the
/// mail went on from there: Sender, Resent-From and X-Forwarded-For name who sent it on, and Sender alone names somebody
/// only where From names nobody.
pub(crate) fn fill(contact: &mut Contact, mail: &Mail<'_>, own: &Own<'_>, limits: &Limits) -> Option<String> {
    let first = |field: &'static str| addresses(mail, field).next();
    contact.sender = first("From")
        .or_else(|| mail.fields("From").find_map(|field| clean::address_in(&field)))
        .or_else(|| first("Sender"))
        .or_else(|| first("X-Envelope-From"));
    let mut answers: Vec<Address> = addresses(mail, "Reply-To").take(limits.recipients_max).collect();
    dedup(&mut answers);
    if answers.iter().all(|answer| contact.sender.as_ref().is_some_and(|sender| same(sender, answer))) {
        answers.clear();
    }
    let mut all = ["To", "Cc"].into_iter().flat_map(|field| addresses(mail, field));
    let mut recipients: Vec<Address> = all.by_ref().take(limits.recipients_max).collect();
    let surplus = all.next().map(|_| format!("more than {} recipients", limits.recipients_max));
    // A signed address of ours says what a mail answers, even where it stands only on the envelope.
    for field in ["Delivered-To", "X-Original-To", "Envelope-To", "X-Forwarded-To"] {
        let envelope = mail.fields(field).take(5).map(|text| Address {
            value: text.trim_matches(['<', '>', ' ']).to_owned(),
            kind: redress_contract::AddressKind::Email,
            display_name: String::new(),
        });
        recipients.extend(envelope.filter(|address| own.signed(&address.value)));
    }
    dedup(&mut recipients);
    contact.reply_to = answers;
    contact.recipients = recipients;
    surplus
}

fn addresses(mail: &Mail<'_>, field: &str) -> impl Iterator<Item = Address> + use<> {
    mail.mailboxes(field).into_iter().filter_map(|mailbox| clean::address(&mailbox))
}

/// The same address, whether its domain is written in letters or in their ASCII form. Plus-tags tell addresses apart here:
/// an answer goes to the one that was given.
fn same(one: &Address, other: &Address) -> bool {
    let local = |address: &Address| address.value.rsplit_once('@').map(|(local, _)| local.to_lowercase());
    local(one) == local(other) && domain(&one.value) == domain(&other.value)
}

fn dedup(addresses: &mut Vec<Address>) {
    let mut kept: Vec<Address> = Vec::new();
    for address in addresses.drain(..) {
        if !kept.iter().any(|other| same(other, &address)) {
            kept.push(address);
        }
    }
    *addresses = kept;
}

#[cfg(test)]
mod tests;
