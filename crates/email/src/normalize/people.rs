//! Who wrote a mail, who wants the answer, to whom it went.

use redress_contract::contact::{Address, Contact};
use redress_identity::Keys;
use redress_identity::address::normal;

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
        let host = address.rfind('@').and_then(|at| address.get(at..)).unwrap_or_default();
        !host.is_empty() && self.addresses.iter().any(|own| own == host)
    }

    /// True when our keys signed it.
    pub(crate) fn signed(&self, address_or_message_id: &str) -> bool {
        self.keys.token_in(address_or_message_id).is_some()
    }
}

/// Fills in sender, `reply_to` and recipients; answers what was too much.
pub(crate) fn fill(contact: &mut Contact, mail: &Mail<'_>, own: &Own<'_>, limits: &Limits) -> Option<String> {
    contact.sender =
        ["From", "Sender", "X-Envelope-From"].into_iter().find_map(|field| addresses(mail, field).next());
    if contact.sender.is_none() {
        contact.sender = mail.fields("From").find_map(|field| clean::address_in(&field));
    }
    let mut answers: Vec<Address> = addresses(mail, "Reply-To").take(limits.recipients_max).collect();
    dedup(&mut answers);
    if answers.iter().all(|answer| contact.sender.as_ref().is_some_and(|sender| same(sender, answer))) {
        answers.clear();
    }
    let mut all = ["To", "Cc"].into_iter().flat_map(|field| addresses(mail, field));
    let mut recipients: Vec<Address> = all.by_ref().take(limits.recipients_max).collect();
    let surplus = all.next().map(|_| format!("more than {} recipients", limits.recipients_max));
    // A signed address of ours says what a mail answers, even where it stands only on the envelope.
    for field in ["Delivered-To", "X-Original-To", "Envelope-To"] {
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

fn same(one: &Address, other: &Address) -> bool {
    one.value.eq_ignore_ascii_case(&other.value)
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
