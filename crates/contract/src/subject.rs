//! Subjects: the only place where they are built and taken apart (DESIGN §4).

use crate::id::{ClockId, CommunicationId, ComplaintId, ContactId, ContentId, MilestoneId};
use crate::words::{Channel, Medium};

/// Names of streams and buckets.
pub mod name {
    /// Contacts.
    pub const INTAKE: &str = "INTAKE";
    /// Commits.
    pub const COMPLAINTS: &str = "COMPLAINTS";
    /// The published feed.
    pub const EVENTS: &str = "EVENTS";
    /// Free text written inside.
    pub const CONTENT: &str = "CONTENT";
    /// Broker schedules.
    pub const TIMERS: &str = "TIMERS";
    /// Communications on their way out.
    pub const OUTBOX: &str = "OUTBOX";
    /// Dead letters and the broker's advisories.
    pub const DEAD: &str = "DEAD";
    /// Object store of raw bytes.
    pub const BLOBS: &str = "blobs";
    /// KV: wrapped data keys.
    pub const KEYS: &str = "keys";
    /// KV: reference → contact, complaint.
    pub const REFERENCES: &str = "references";
    /// KV: keyed hashes → complaint.
    pub const CORRELATION: &str = "correlation";
    /// KV: compiled policies and calendars.
    pub const POLICIES: &str = "policies";
    /// KV: how far each source was read.
    pub const CURSORS: &str = "cursors";
    /// KV: who does it now.
    pub const LEASES: &str = "leases";
    /// KV: what was sent to whom lately.
    pub const LIMITS: &str = "limits";
    /// KV: outcomes noted of tries.
    pub const ATTEMPTS: &str = "attempts";
}

/// `intake.<channel>.<contact>`
pub fn intake(channel: Channel, contact: &ContactId) -> String {
    format!("intake.{}.{contact}", channel.token())
}

/// The channel and contact of an INTAKE subject.
pub fn parse_intake(subject: &str) -> Option<(Channel, ContactId)> {
    let (channel, contact) = subject.strip_prefix("intake.")?.split_once('.')?;
    Some((Channel::from_token(channel)?, ContactId::new(contact).ok()?))
}

/// `complaint.<complaint>`
pub fn complaint(complaint: &ComplaintId) -> String {
    format!("complaint.{complaint}")
}

/// The complaint of a COMPLAINTS subject.
pub fn parse_complaint(subject: &str) -> Option<ComplaintId> {
    ComplaintId::new(subject.strip_prefix("complaint.")?).ok()
}

/// `event.<Type>.<complaint>`
pub fn event(name: &str, complaint: &ComplaintId) -> String {
    format!("event.{name}.{complaint}")
}

/// `content.<complaint>.<content>`
pub fn content(complaint: &ComplaintId, content: &ContentId) -> String {
    format!("content.{complaint}.{content}")
}

/// `outbox.<medium>.<communication>`
pub fn outbox(medium: Medium, communication: &CommunicationId) -> String {
    format!("outbox.{}.{communication}", medium.token())
}

/// `timer.set.<complaint>.<clock>.<milestone>`
pub fn timer_set(complaint: &ComplaintId, clock: &ClockId, milestone: &MilestoneId) -> String {
    format!("timer.set.{complaint}.{clock}.{milestone}")
}

/// `timer.due.<complaint>.<clock>.<milestone>`
pub fn timer_due(complaint: &ComplaintId, clock: &ClockId, milestone: &MilestoneId) -> String {
    format!("timer.due.{complaint}.{clock}.{milestone}")
}

/// `timer.cancelled.<complaint>.<clock>.<milestone>`
pub fn timer_cancelled(complaint: &ComplaintId, clock: &ClockId, milestone: &MilestoneId) -> String {
    format!("timer.cancelled.{complaint}.{clock}.{milestone}")
}

/// `timer.acknowledged.<complaint>.<clock>.<milestone>.<generation>.<rung>`: somebody who was told of this rung looks
/// after it; the body is the signed last part of the link that they followed.
pub fn timer_acknowledged(
    complaint: &ComplaintId,
    clock: &ClockId,
    milestone: &MilestoneId,
    (generation, rung): (u32, u32),
) -> String {
    format!("timer.acknowledged.{complaint}.{clock}.{milestone}.{generation}.{rung}")
}

/// `dead.<service>.<kind>`
pub fn dead(service: &str, kind: &str) -> String {
    format!("dead.{service}.{kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intake_subjects_come_apart_again() {
        let id = ContactId::new("abc123").unwrap();
        for channel in Channel::ALL {
            assert_eq!(parse_intake(&intake(*channel, &id)), Some((*channel, id.clone())));
        }
        assert_eq!(parse_intake("intake.fax.abc"), None);
        assert_eq!(parse_intake("intake.email.a.b"), None);
    }
}
