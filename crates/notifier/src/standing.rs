//! How a message stands while it is planned: whether anything is left to plan, what the guards look at. Pure. Whether it is
//! still to be sent says [`redress_domain::outbox`].

use redress_contract::{CommunicationId, CommunicationPurpose, MachineKind};
use redress_domain::guard::Outgoing;
use redress_domain::{Complaint, DeliveryStatus};

use crate::address::Target;
use crate::plan::Step;

/// True when nothing is left to plan: it is on its way or its fate is known. A released one may go.
pub fn is_settled(complaint: &Complaint, id: &CommunicationId) -> bool {
    complaint.delivery(id).is_some_and(|delivery| delivery.status != DeliveryStatus::Released)
}

/// True when the fate of a message that waited for its turn is open.
pub fn is_waited_for(complaint: &Complaint, id: &CommunicationId) -> bool {
    let status = complaint.delivery(id).map(|delivery| &delivery.status);
    matches!(status, None | Some(DeliveryStatus::Queued | DeliveryStatus::Released))
}

/// True for messages that nobody asked for: the limits for one address count them.
pub fn is_automatic(purpose: CommunicationPurpose) -> bool {
    purpose == CommunicationPurpose::Acknowledgement
}

/// What the guards look at, but for what only the installation knows: whether the address leads back to us, and whether
/// the message may have gone out before a restore.
pub fn outgoing(complaint: &Complaint, step: &Step, target: Option<&Target>) -> Outgoing {
    let answered = step.contact_id.as_ref().and_then(|id| complaint.contact(id));
    let received_at = answered.map_or(complaint.received_at, |contact| contact.received_at);
    let typed_in = target.is_some_and(|target| target.typed_in);
    Outgoing {
        purpose: step.body.purpose(),
        recipient: step.recipient,
        machine: answered.map_or(MachineKind::Unspecified, |contact| contact.machine),
        has_address: target.is_some(),
        to_own_address: false,
        authenticated: target.is_some_and(|target| target.authenticated),
        received_at,
        // Clerks type in one after the other what lay in a tray: that is no old mailbox, and nobody has to let it go.
        recorded_at: if typed_in { received_at } else { complaint.recorded_at },
        perhaps_sent: false,
        released: step.released,
        recently: Vec::new(),
    }
}
