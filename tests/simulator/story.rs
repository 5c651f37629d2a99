//! Who writes what, and where it belongs: the truth that the router has to find out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use redress_contract::contact::{Address, DeliveryReport, Field, Machine, Thread};
use redress_contract::{
    AddressKind, Channel, CloseReason, Communication, ComplaintId, Contact, ContactId, Disposition, Hold,
    MachineKind, Outcome, Recipient, Severity,
};
use redress_domain::{Assignment, Classification, Command};
use redress_identity::Keys;

use crate::dice::Dice;

/// The domain of our own mail.
const OURS: &str = "own.example.org";

/// Where a contact belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Truth {
    /// With all others of this conversation, and with no other.
    Conversation(usize),
    /// To this complaint, or to a continuation of it.
    Complaint(ComplaintId),
    /// Either is right: it depends on what was there when it was looked at.
    Open,
}

/// Mails that hang together, from one person.
#[derive(Debug, Clone)]
struct Conversation {
    person: usize,
    root: String,
    subject: String,
    text: String,
    last: String,
    /// The same person sent another mail with the same id: what refers to that id may mean either.
    doubled: bool,
}

/// What happens in a run, made up as it goes.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) truth: BTreeMap<ContactId, Truth>,
    people: usize,
    conversations: Vec<Conversation>,
    serial: usize,
    spared: BTreeSet<ContactId>,
}

impl Story {
    pub(crate) fn new(people: usize) -> Self {
        Self { truth: BTreeMap::new(), people, conversations: Vec::new(), serial: 0, spared: BTreeSet::new() }
    }

    /// True when nobody can tell what belongs to this conversation.
    pub(crate) fn is_doubled(&self, conversation: usize) -> bool {
        self.conversations[conversation].doubled
    }

    /// The delivery of this contact counts as done whatever comes (a defect).
    pub(crate) fn spare(&mut self, contact: &ContactId) {
        self.spared.insert(contact.clone());
    }

    pub(crate) fn is_spared(&self, contact: &ContactId) -> bool {
        self.spared.contains(contact)
    }

    /// The next contact. `sent` is a message of ours that somebody may answer, or that comes back.
    pub(crate) fn contact(
        &mut self,
        dice: &mut Dice,
        now: Timestamp,
        sent: Option<&Communication>,
        keys: &Keys,
    ) -> Contact {
        self.serial += 1;
        let known = self.conversations.len();
        let (contact, truth) = match (dice.below(16), sent) {
            (0, Some(sent)) => (self.bounce(dice, sent, keys), Truth::Complaint(sent.complaint_id.clone())),
            (1, Some(sent)) if sent.recipient == Recipient::Complainant => {
                (self.auto_reply(sent, keys), Truth::Complaint(sent.complaint_id.clone()))
            }
            (2 | 3, Some(sent)) if sent.recipient == Recipient::Complainant => {
                (self.answer(dice, sent, keys), Truth::Complaint(sent.complaint_id.clone()))
            }
            (4 | 5, _) if known > 0 => self.reply(dice.below(known)),
            (6, _) if known > 0 => self.copy(dice.below(known)),
            (7, _) if known > 0 => self.pretender(dice.below(known), dice.below(self.people)),
            (8 | 9, _) => (self.form(dice), Truth::Open),
            (10, _) => (self.list(), Truth::Open),
            _ => self.mail(dice),
        };
        // A little of what comes in lay about for days.
        let received_at = if dice.chance(4) { now - SignedDuration::from_hours(120) } else { now };
        let contact = Contact { received_at, recorded_at: now, ..contact };
        self.truth.insert(contact.id.clone(), truth);
        contact
    }

    fn blank(&self, account: &str) -> Contact {
        let id = format!("k{}", self.serial).parse().expect("letters and digits are an id");
        Contact { id, channel: Channel::Email, account: account.to_owned(), ..Contact::default() }
    }

    fn mail(&mut self, dice: &mut Dice) -> (Contact, Truth) {
        let person = dice.below(self.people);
        let root = format!("mail{}@example.com", self.serial);
        let text = if dice.chance(25) { "order 12345".to_owned() } else { format!("text {}", self.serial) };
        let subject = dice.pick(&["a wish", "banking", "danger"]).copied().unwrap_or_default().to_owned();
        self.conversations.push(Conversation {
            person,
            root: root.clone(),
            subject: subject.clone(),
            text: text.clone(),
            last: root.clone(),
            doubled: false,
        });
        let thread = Thread { message_id: root, ..Thread::default() };
        let contact = Contact {
            subject,
            text,
            thread: Some(thread),
            sender_authenticated: dice.chance(70),
            ..self.from(person, "help")
        };
        (contact, Truth::Conversation(self.conversations.len() - 1))
    }

    fn from(&self, person: usize, account: &str) -> Contact {
        Contact { sender: Some(person_address(person)), ..self.blank(account) }
    }

    /// A further mail of the same person in the same thread; it may be routed before the first.
    fn reply(&mut self, conversation: usize) -> (Contact, Truth) {
        let id = format!("mail{}@example.com", self.serial);
        let known = &mut self.conversations[conversation];
        let mut references = vec![known.root.clone()];
        if known.last != known.root {
            references.push(known.last.clone());
        }
        let in_reply_to = vec![std::mem::replace(&mut known.last, id.clone())];
        let person = known.person;
        let thread = Thread { message_id: id, in_reply_to, references, ..Thread::default() };
        let text = format!("and then {}", self.serial);
        let contact = Contact { text, thread: Some(thread), ..self.from(person, "help") };
        (contact, Truth::Conversation(conversation))
    }

    /// The same mail in another mailbox.
    fn copy(&mut self, conversation: usize) -> (Contact, Truth) {
        let known = &self.conversations[conversation];
        let thread = Thread { message_id: known.root.clone(), ..Thread::default() };
        let copy = Contact {
            subject: known.subject.clone(),
            text: known.text.clone(),
            thread: Some(thread),
            ..self.from(known.person, "sales")
        };
        (copy, Truth::Conversation(conversation))
    }

    /// Another mail that bears an id which is taken, of the same sender or of somebody else.
    fn pretender(&mut self, conversation: usize, person: usize) -> (Contact, Truth) {
        let root = self.conversations[conversation].root.clone();
        let mut doubled = false;
        for known in
            self.conversations.iter_mut().filter(|known| known.root == root && known.person == person)
        {
            known.doubled = true;
            doubled = true;
        }
        let text = format!("something else {}", self.serial);
        let thread = Thread { message_id: root.clone(), ..Thread::default() };
        let contact = Contact { text: text.clone(), thread: Some(thread), ..self.from(person, "help") };
        let (subject, last) = (String::new(), root.clone());
        self.conversations.push(Conversation { person, root, subject, text, last, doubled });
        (contact, Truth::Conversation(self.conversations.len() - 1))
    }

    fn form(&mut self, dice: &mut Dice) -> Contact {
        let mut fields = Vec::new();
        if dice.chance(70) {
            let value = person_address(dice.below(self.people)).value;
            fields.push(Field { name: "email".to_owned(), value });
        }
        let text = format!("form {}", self.serial);
        Contact { channel: Channel::Web, text, fields, ..self.blank("form") }
    }

    fn list(&self) -> Contact {
        let machine = Machine { kind: MachineKind::List, ..Machine::default() };
        Contact { machine: Some(machine), text: "news".to_owned(), ..self.from(0, "help") }
    }

    /// Somebody answers a message of ours: whom it was for, or somebody it was passed on to.
    fn answer(&self, dice: &mut Dice, sent: &Communication, keys: &Keys) -> Contact {
        let sender = if dice.chance(70) { sent.to.clone() } else { person_address(dice.below(self.people)) };
        Contact {
            sender: Some(sender),
            text: format!("answer {}", self.serial),
            recipients: vec![email(&keys.reply_address("help@own.example.org", &sent.complaint_id))],
            thread: Some(Thread {
                message_id: format!("mail{}@example.com", self.serial),
                in_reply_to: vec![keys.message_id(&sent.id, &sent.complaint_id, OURS)],
                ..Thread::default()
            }),
            ..self.blank("help")
        }
    }

    fn auto_reply(&self, sent: &Communication, keys: &Keys) -> Contact {
        let machine = Machine { kind: MachineKind::AutoReply, ..Machine::default() };
        let in_reply_to = vec![keys.message_id(&sent.id, &sent.complaint_id, OURS)];
        Contact {
            sender: Some(sent.to.clone()),
            machine: Some(machine),
            thread: Some(Thread { in_reply_to, ..Thread::default() }),
            ..self.blank("help")
        }
    }

    fn bounce(&self, dice: &mut Dice, sent: &Communication, keys: &Keys) -> Contact {
        let permanent = dice.chance(70);
        let report = DeliveryReport {
            recipient: sent.to.value.clone(),
            status: if permanent { "5.1.1".to_owned() } else { "4.2.2".to_owned() },
            permanent,
            original_message_id: keys.message_id(&sent.id, &sent.complaint_id, OURS),
        };
        let machine = Machine { kind: MachineKind::Bounce, deliveries: vec![report], ..Machine::default() };
        let recipients = vec![email(&keys.bounce_address("bounce@own.example.org", &sent.id))];
        Contact { machine: Some(machine), recipients, ..self.blank("help") }
    }

    /// What a handler wishes.
    pub(crate) fn wish(&mut self, dice: &mut Dice, contacts: &[ContactId]) -> Command {
        self.serial += 1;
        let handler = if dice.chance(80) { "h-1" } else { "h-2" };
        let handler = handler.parse().expect("an id");
        let content = |serial: usize| format!("note-{serial}").parse().expect("an id");
        match dice.below(13) {
            0..=2 => Command::Accept { handler },
            3 | 4 => Command::Decide {
                outcome: Outcome::ALL[dice.below(Outcome::ALL.len())],
                reasons_content_id: content(self.serial),
                remedy: "refund".to_owned(),
                handler,
            },
            5 => Command::Close { reason: CloseReason::ALL[dice.below(CloseReason::ALL.len())] },
            6 => Command::Close { reason: CloseReason::Decided },
            7 => Command::Reopen {
                reason: "dissatisfied".to_owned(),
                contact_id: dice.pick(contacts).cloned(),
            },
            8 => Command::Release,
            9 => Command::Hold { hold: Hold::ALL[dice.below(Hold::ALL.len())], content_id: None },
            10 | 11 => Command::Classify(Classification {
                jurisdiction: String::new(),
                needs: Vec::new(),
                evidence: Vec::new(),
                disposition: if dice.chance(60) {
                    Disposition::Complaint
                } else {
                    Disposition::ALL[dice.below(Disposition::ALL.len())]
                },
                category: if dice.chance(50) { "banking".to_owned() } else { "general".to_owned() },
                product: String::new(),
                severity: Severity::ALL[dice.below(Severity::ALL.len())],
                rule: String::new(),
            }),
            _ => Command::Assign(Assignment {
                team: "billing".parse().expect("an id"),
                handler: Some(handler),
                rule: String::new(),
            }),
        }
    }
}

/// The last of the people writes from an address of our own: whoever answers it talks to himself.
fn person_address(person: usize) -> Address {
    if person == 3 { email("sales@own.example.org") } else { email(&format!("p{person}@example.com")) }
}

fn email(value: &str) -> Address {
    Address { kind: AddressKind::Email, value: value.to_owned(), display_name: String::new() }
}
