//! A mail that a member of staff sent by hand, about a complaint: it went out, so it is no loop and opens nothing.
//!
//! Anybody can write our address into From. So it counts only where the mail lies in our own folder of sent mail, or
//! somebody we trust vouches for its sender; and only when it names a complaint. What our programs sent themselves does not
//! count, wherever it lies.

use redress_contract::MachineKind;
use redress_contract::contact::{Contact, Machine};
use redress_identity::reference;

use super::machine;
use super::parse::Mail;
use super::people::Own;

/// Marks a contact whose machine is known already, when it was sent by hand. The mark stays that of our own mail, so that
/// whoever knows nothing of replies by hand neither answers it nor takes it for a complaint.
pub(crate) fn mark(contact: &mut Contact, mail: &Mail<'_>, own: &Own<'_>, lies_in_sent: bool) {
    let is_ours = contact.machine.as_ref().is_some_and(|machine| machine.kind == MachineKind::Own);
    let vouched_for = lies_in_sent || (is_ours && contact.sender_authenticated);
    if vouched_for && names_a_complaint(contact, own) && !machine::is_automatic(mail, contact, own) {
        let (kind, evidence) = (MachineKind::Own, "sent by hand".to_owned());
        contact.machine = Some(Machine { kind, evidence, ..Machine::default() });
        contact.sent_by_hand = true;
    }
}

/// True when it says which complaint it is about: by a signed address or Message-ID of ours, or by a reference.
fn names_a_complaint(contact: &Contact, own: &Own<'_>) -> bool {
    let thread = contact.thread.iter().flat_map(|thread| thread.in_reply_to.iter().chain(&thread.references));
    let addresses = contact.recipients.iter().chain(&contact.reply_to).map(|address| &address.value);
    thread.chain(addresses).any(|id| own.signed(id))
        || [&contact.subject, &contact.text].into_iter().any(|text| !reference::find(text).is_empty())
}
