//! Pure: the way from a mail to the status page, and who is given what opens it.
//!
//! A receipt code opens the page. A mail that goes back to where the complaint came from may hold it, and so may one to an
//! address that the channel vouches for. An address that was typed into a form may be a stranger's, and whoever typed it was
//! shown the code.

use redress_contract::{Channel, Contact, Verdict};
use redress_identity::Keys;
use redress_identity::address::normal;

use crate::config::StatusPage;
use crate::render::Material;

/// What a mail says of the status page; empty where it says nothing.
#[derive(Default)]
pub(crate) struct WayIn {
    /// The address of the page, with reference and code in its fragment, which is sent to no server.
    pub(crate) link: String,
    /// The code, to be typed in.
    pub(crate) receipt_code: String,
}

impl WayIn {
    /// The way in for whom a message goes to.
    pub(crate) fn of(material: &Material<'_>, page: &StatusPage, language: &str, keys: &Keys) -> Self {
        let in_language = page.languages.iter().find(|tag| *tag == language);
        let in_language = in_language.map(|tag| format!("/{tag}")).unwrap_or_default();
        let address = format!("{}{in_language}/status", page.url);
        if !may_hold_code(material) {
            return Self { link: address, receipt_code: String::new() };
        }
        let receipt_code = keys.receipt_code(&material.complaint.contact_id);
        Self { link: format!("{address}#{}.{receipt_code}", material.complaint.reference), receipt_code }
    }
}

/// The code is of the contact that opened the complaint, so only whoever made that one may have it.
fn may_hold_code(material: &Material<'_>) -> bool {
    let opener = material.contact.filter(|contact| contact.id == material.complaint.contact_id);
    opener.is_some_and(|contact| {
        !is_refuted(contact) && (material.authenticated || goes_back(material, contact))
    })
}

fn is_refuted(contact: &Contact) -> bool {
    contact.sender_verdict.as_ref().is_some_and(|known| known.verdict == Verdict::Fail)
}

/// True for an answer to the very address from which somebody wrote a mail.
fn goes_back(material: &Material<'_>, contact: &Contact) -> bool {
    let sender = contact.sender.as_ref().filter(|_| contact.channel == Channel::Email);
    sender.is_some_and(|sender| normal(sender, None) == normal(material.to, None))
}
