//! Pure: which messages the status page shows to whom, and what they say.
//!
//! Of a mail that was sent its date, its subject and its plain text are read; what else its header holds (tokens, addresses
//! for answers) is nobody's to see on a page.

use std::fmt;

use jiff::Timestamp;
use mail_parser::{MessageParser, MimeHeaders as _, PartType};
use redress_contract::communication::Answer;
use redress_contract::{Communication, CommunicationPurpose, ContactId, Medium, PartyStanding, Recipient};
use redress_domain::{Complaint, Delivery, DeliveryStatus};

/// A message as it is shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Its date.
    pub(crate) at: Timestamp,
    /// Its subject line.
    pub(crate) subject: String,
    /// Its words.
    pub(crate) text: String,
}

/// What the page shows of the messages.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    /// The newest first.
    pub(crate) shown: Vec<Sent>,
    /// True when more were sent than are shown.
    pub(crate) is_more: bool,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({} bytes)", self.text.len())
    }
}

/// How many messages went to the complainant, whoever is looking.
pub(crate) fn count(complaint: &Complaint) -> usize {
    complaint.communications.iter().filter(|delivery| went_out(delivery)).count()
}

/// The messages that went to whoever made this contact, the newest first. What a member of staff sent from a mailbox lies
/// elsewhere, where the status page has no key.
pub(crate) fn to_show<'a>(complaint: &'a Complaint, contact: &ContactId) -> Vec<&'a Delivery> {
    let is_written_here = |delivery: &&Delivery| delivery.purpose != CommunicationPurpose::Reply;
    let went_out = complaint.communications.iter().rev().filter(|delivery| went_out(delivery));
    went_out.filter(is_written_here).filter(|delivery| went_to(complaint, delivery, contact)).collect()
}

/// The next hop took it. One that came back is shown all the more: there is no other way to read it.
fn went_out(delivery: &Delivery) -> bool {
    delivery.recipient == Recipient::Complainant
        && matches!(delivery.status, DeliveryStatus::Accepted | DeliveryStatus::Bounced)
}

/// A message goes to the address of the contact that it answers.
fn went_to(complaint: &Complaint, delivery: &Delivery, contact: &ContactId) -> bool {
    let answered = delivery.contact_id.as_ref().unwrap_or(&complaint.contact_id);
    let party = |id: &ContactId| {
        let contact = complaint.contact(id).filter(|contact| contact.standing == PartyStanding::Party);
        contact.map(|contact| contact.party.as_str()).filter(|party| !party.is_empty())
    };
    answered == contact || party(answered).is_some_and(|other| party(contact) == Some(other))
}

/// What a communication says; none when it is not this complaint's, not for its complainant, or no mail.
pub(crate) fn read(communication: &Communication, complaint: &Complaint) -> Option<Sent> {
    if communication.recipient != Recipient::Complainant || communication.complaint_id != complaint.id {
        return None;
    }
    if communication.medium == Medium::Social {
        let answer = Answer::read(&communication.message).ok()?;
        return Some(Sent { at: communication.rendered_at, subject: String::new(), text: answer.text });
    }
    let mail = MessageParser::new().parse(communication.message.as_ref())?;
    let plain = mail.text_bodies().find(|part| part.is_content_type("text", "plain"))?;
    let PartType::Text(text) = &plain.body else { return None };
    Some(Sent {
        at: communication.rendered_at,
        subject: mail.subject().unwrap_or_default().to_owned(),
        text: text.trim_end().replace("\r\n", "\n"),
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use redress_contract::event::{ContactLinked, Registered};
    use redress_contract::{CommunicationId, ComplaintId, Event, SuppressReason};

    use super::*;

    fn complaint() -> Complaint {
        let contact_id = ContactId::new("opener").unwrap();
        let complaint_id = ComplaintId::new("c1").unwrap();
        let registered = Registered { complaint_id, contact_id: contact_id.clone(), ..Registered::default() };
        let (standing, party) = (PartyStanding::Party, "p1".to_owned());
        let linked = ContactLinked { contact_id, standing, party, ..ContactLinked::default() };
        let state = redress_domain::evolve(None, 1, Timestamp::UNIX_EPOCH, &Event::from(registered));
        redress_domain::evolve(state, 2, Timestamp::UNIX_EPOCH, &Event::from(linked)).unwrap()
    }

    const MAIL: &str = "From: help@example.org\r\nReply-To: help+c-token@example.org\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
        Two lines\r\nof text.\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>HTML</p>\r\n--b--\r\n";

    fn communication(mail: &'static str) -> Communication {
        Communication {
            complaint_id: ComplaintId::new("c1").unwrap(),
            recipient: Recipient::Complainant,
            medium: Medium::Email,
            message: Bytes::from_static(mail.as_bytes()),
            ..Communication::default()
        }
    }

    #[test]
    fn of_a_mail_subject_and_plain_text_are_shown_and_no_token() {
        let sent = read(&communication(MAIL), &complaint()).unwrap();
        assert_eq!((sent.subject.as_str(), sent.text.as_str()), ("Grüße", "Two lines\nof text."));
    }

    #[test]
    fn of_an_answer_to_a_post_its_words_are_shown() {
        let answer = Answer {
            text: "Thank you.".to_owned(),
            mention: "mastodon:ann@s.example".to_owned(),
            ..Answer::default()
        };
        let posted = Communication { medium: Medium::Social, message: answer.bytes(), ..communication("") };
        assert_eq!(read(&posted, &complaint()).unwrap().text, "Thank you.");
    }

    #[test]
    fn what_is_anothers_or_no_text_is_not_shown() {
        let to_staff = Communication { recipient: Recipient::Owner, ..communication(MAIL) };
        let other = Communication { complaint_id: ComplaintId::new("c2").unwrap(), ..communication(MAIL) };
        let html = communication("Content-Type: text/html\r\n\r\n<p>HTML</p>");
        for communication in [to_staff, other, html, communication("")] {
            assert_eq!(read(&communication, &complaint()), None);
        }
    }

    #[test]
    fn messages_are_shown_to_whom_they_went_once_they_went_out_the_newest_first() {
        use DeliveryStatus::{Accepted, Bounced, Failed, Queued, Suppressed};
        let mut complaint = complaint();
        let opener = complaint.contact_id.clone();
        let mut other = complaint.contacts[0].clone();
        other.id = ContactId::new("other").unwrap();
        other.party = "p2".to_owned();
        let mut again = complaint.contacts[0].clone();
        again.id = ContactId::new("again").unwrap();
        complaint.contacts.extend([other, again]);
        let delivery = |id: &str, status, to: Option<&str>| Delivery {
            id: CommunicationId::new(id).unwrap(),
            purpose: CommunicationPurpose::Acknowledgement,
            recipient: Recipient::Complainant,
            medium: Medium::Email,
            contact_id: to.map(|id| ContactId::new(id).unwrap()),
            status,
            at: complaint.received_at,
        };
        let staff = Delivery { recipient: Recipient::Owner, ..delivery("staff", Accepted, None) };
        let by_hand =
            Delivery { purpose: CommunicationPurpose::Reply, ..delivery("by-hand", Accepted, None) };
        complaint.communications = vec![
            delivery("first", Accepted, None),
            delivery("queued", Queued, None),
            delivery("failed", Failed, None),
            delivery("kept", Suppressed(SuppressReason::ReceivedLongAgo), None),
            staff,
            by_hand,
            delivery("theirs", Accepted, Some("other")),
            delivery("back", Bounced, Some("again")),
        ];
        let shown = |contact: &ContactId| {
            to_show(&complaint, contact).iter().map(|it| it.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(shown(&opener), ["back", "first"]);
        assert_eq!(shown(&ContactId::new("again").unwrap()), ["back", "first"]);
        assert_eq!(shown(&ContactId::new("other").unwrap()), ["theirs"]);
        assert_eq!(count(&complaint), 4);
    }
}
