//! From a step to a communication with all its bytes. Pure: the same step makes the same bytes.
//!
//! What a stranger wrote never comes back in an automatic answer: of a contact only its Message-IDs are used, which a
//! mail program needs to keep the thread together.

use bytes::Bytes;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use minijinja::{Value, context};
use redress_contract::contact::Address;
use redress_contract::{
    ClockId, Communication, CommunicationId, Contact, Disposition, HeaderText, Medium, MilestoneId,
    Recipient, Reference,
};
use redress_domain::{Complaint, Status};
use redress_identity::{EscalationLink, Keys};

use crate::config::{Config, Sender};
use crate::mail::{BuildError, Draft, MailAddress, MessageId, Thread, build};
use crate::plan::{Body, Step};
use crate::texts::TextError;
use crate::way_in::WayIn;

/// What a message is made from.
#[derive(Clone, Copy)]
pub(crate) struct Material<'a> {
    /// What is wanted.
    pub(crate) step: &'a Step,
    /// About which complaint.
    pub(crate) complaint: &'a Complaint,
    /// The contact it answers.
    pub(crate) contact: Option<&'a Contact>,
    /// To whom.
    pub(crate) to: &'a Address,
    /// By what it travels.
    pub(crate) medium: Medium,
    /// True when the channel vouches for that address.
    pub(crate) authenticated: bool,
    /// Reasons of a decision; empty for other messages.
    pub(crate) reasons: &'a str,
    /// Complaints of the same person that this message acknowledges as well.
    pub(crate) others: &'a [Reference],
    /// Its date.
    pub(crate) at: Timestamp,
}

/// A message that cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderError {
    /// Its text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Its mail.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Renders a message.
///
/// # Errors
/// [`RenderError`]
pub(crate) fn render(
    material: &Material<'_>,
    config: &Config,
    keys: &Keys,
) -> Result<Communication, RenderError> {
    if material.medium == Medium::Social {
        return post::render(material, config, keys);
    }
    let Material { step, complaint, contact, .. } = *material;
    let id = step.id(keys);
    let sender = config.sender(&complaint.account);
    let words = Wording { material, config, sender, keys }.words()?;
    let draft = Draft {
        from_name: HeaderText::new(&sender.name),
        from: address(&sender.address, "sender")?,
        to: address(&material.to.value, "recipient")?,
        reply_to: address(&reply_to(complaint, sender, config, keys), "reply address")?,
        subject: HeaderText::new(&words.subject),
        message_id: MessageId::new(&keys.message_id(&id, &complaint.id, &config.message_id_domain))
            .ok_or(BuildError::MessageId)?,
        thread: thread(contact),
        auto_submitted: auto_submitted(step.recipient),
        date: material.at,
        text: words.text,
        html: words.html,
        id: id.clone(),
    };
    let message: Bytes = build(&draft)?;
    Ok(Communication {
        complaint_id: complaint.id.clone(),
        event_id: step.event_id.clone(),
        contact_id: step.contact_id.clone(),
        purpose: step.body.purpose(),
        recipient: step.recipient,
        medium: Medium::Email,
        to: material.to.clone(),
        envelope_from: bounce_address(&id, config, keys),
        message,
        rendered_at: material.at,
        provides: words.provides,
        recipient_authenticated: material.authenticated,
        id,
    })
}

fn address(text: &str, whose: &'static str) -> Result<MailAddress, BuildError> {
    MailAddress::new(text).ok_or(BuildError::Address(whose))
}

fn reply_to(complaint: &Complaint, sender: &Sender, config: &Config, keys: &Keys) -> String {
    if config.plus_addresses {
        keys.reply_address(&sender.address, &complaint.id)
    } else {
        sender.address.clone()
    }
}

fn bounce_address(id: &CommunicationId, config: &Config, keys: &Keys) -> String {
    if config.plus_addresses {
        keys.bounce_address(&config.bounce_address, id)
    } else {
        config.bounce_address.clone()
    }
}

fn auto_submitted(recipient: Recipient) -> &'static str {
    if recipient == Recipient::Complainant { "auto-replied" } else { "auto-generated" }
}

fn thread(contact: Option<&Contact>) -> Thread {
    let Some(thread) = contact.and_then(|contact| contact.thread.as_ref()) else { return Thread::default() };
    let ancestors = if thread.references.is_empty() { &thread.in_reply_to } else { &thread.references };
    Thread::answering(&thread.message_id, ancestors)
}

mod post;

struct Wording<'a> {
    material: &'a Material<'a>,
    config: &'a Config,
    sender: &'a Sender,
    keys: &'a Keys,
}

impl Wording<'_> {
    fn words(&self) -> Result<crate::texts::Words, TextError> {
        self.words_named(self.material.step.body.purpose().token())
    }

    fn words_named(&self, name: &str) -> Result<crate::texts::Words, TextError> {
        let Material { step, complaint, .. } = self.material;
        let language = self.language();
        let values = self.values(language)?;
        let mut words = self.config.texts.words(&complaint.account, language, name, values)?;
        if step.body == Body::Acknowledgement && self.promised_by().is_none() {
            words.provides.retain(|stated| stated != "deadline");
        }
        Ok(words)
    }

    /// The complainant's language; staff are written to in the organisation's own.
    fn language(&self) -> &str {
        let wanted = if self.material.step.recipient == Recipient::Complainant {
            self.material.complaint.language.as_str()
        } else {
            ""
        };
        self.config.texts.language(wanted, &self.sender.language)
    }

    fn values(&self, language: &str) -> Result<Value, TextError> {
        let common = context! {
            reference => self.material.complaint.reference.as_str(),
            organisation => self.config.organisation.as_str(),
            contact_line => self.config.contact_line.as_str(),
            escalation_line => self.config.escalation_line.as_str(),
        };
        Ok(match &self.material.step.body {
            Body::Acknowledgement => {
                context! { ..self.acknowledgement(language)?, ..self.way_in(language), ..common }
            }
            Body::FinalResponse { .. } => {
                context! { ..self.final_response(), ..self.way_in(language), ..common }
            }
            Body::HoldingResponse { due_at, .. } => {
                let deadline = self.date(language, *due_at)?;
                let own = context! { reasons => self.material.reasons, deadline => deadline };
                context! { ..own, ..self.way_in(language), ..common }
            }
            Body::Warning { clock, milestone, percent } => {
                let due = self.due(language, clock.as_str(), milestone.as_str())?;
                let own = context! { milestone => milestone.as_str(), percent => *percent, due => due };
                context! { ..own, ..self.for_staff(language)?, ..common }
            }
            Body::Escalation { clock, milestone, generation, rung } => {
                let due = self.due(language, clock.as_str(), milestone.as_str())?;
                let link = self.acknowledge_link((clock, milestone), (*generation, *rung));
                let own = context! { milestone => milestone.as_str(), rung => *rung, due => due, acknowledge_link => link };
                context! { ..own, ..self.for_staff(language)?, ..common }
            }
            Body::DeliveryProblem { purpose, status } => {
                let own = context! { purpose => purpose.token(), status => status.as_str() };
                context! { ..own, ..self.for_staff(language)?, ..common }
            }
        })
    }

    /// Where they see how it stands, with what shows that it is theirs.
    fn way_in(&self, language: &str) -> Value {
        let way =
            self.config.status_page.as_ref().map(|page| WayIn::of(self.material, page, language, self.keys));
        let WayIn { link, receipt_code } = way.unwrap_or_default();
        context! { status_link => link, receipt_code => receipt_code }
    }

    /// Where whoever is told says that they look after it; empty where the settings name no page.
    fn acknowledge_link(
        &self,
        (clock, milestone): (&ClockId, &MilestoneId),
        (generation, rung): (u32, u32),
    ) -> String {
        let Some(page) = &self.config.status_page else { return String::new() };
        let token = self.keys.escalation_token(&EscalationLink {
            complaint_id: self.material.complaint.id.clone(),
            clock: clock.clone(),
            milestone: milestone.clone(),
            generation,
            rung,
            recipient: self.material.step.recipient,
        });
        format!("{}/escalations/{token}", page.url)
    }

    fn acknowledgement(&self, language: &str) -> Result<Value, TextError> {
        let matter = match self.material.complaint.disposition {
            Disposition::Complaint | Disposition::Unspecified => "complaint",
            _ => "message",
        };
        let deadline =
            self.promised_by().map(|due| self.date(language, due)).transpose()?.unwrap_or_default();
        let others: Vec<Value> =
            self.material.others.iter().map(|other| Value::from(other.as_str().to_owned())).collect();
        let taken_mebibytes = self.cut_to().unwrap_or_default();
        Ok(
            context! { matter => matter, deadline => deadline, others => others, taken_mebibytes => taken_mebibytes },
        )
    }

    /// How much was taken of a message that was too large to be taken whole, in mebibytes. A smaller message is always
    /// taken whole, so this is also how large those with the rest may be.
    fn cut_to(&self) -> Option<u32> {
        let raw = self.material.contact?.raw.as_ref()?;
        raw.cut_from_bytes.map(|_| (raw.size_bytes / (1024 * 1024)).max(1))
    }

    fn final_response(&self) -> Value {
        let (outcome, remedy) = match &self.material.complaint.status {
            Status::Decided { outcome, remedy, .. } => (outcome.token(), remedy.as_str()),
            _ => ("unspecified", "none"),
        };
        context! { outcome => outcome, remedy => remedy, reasons => self.material.reasons }
    }

    fn for_staff(&self, language: &str) -> Result<Value, TextError> {
        let complaint = self.material.complaint;
        let mut deadlines = Vec::new();
        for (_, milestone) in complaint.pending().into_iter().filter(|(_, it)| !it.paused) {
            let due = self.date(language, milestone.due_at)?;
            deadlines.push(context! { milestone => milestone.id.as_str(), due => due });
        }
        let values = context! {
            category => complaint.category.as_str(),
            severity => complaint.severity.token(),
            status_word => complaint.status.word(),
            received => self.date(language, complaint.received_at)?,
            deadlines => deadlines,
        };
        let facts = self.config.texts.piece(&complaint.account, language, "facts", &values)?;
        Ok(context! { facts => facts, role => self.material.step.recipient.token() })
    }

    /// By when the complainant hears from us: the final response, else whatever else is owed first.
    fn promised_by(&self) -> Option<Timestamp> {
        let pending = self.material.complaint.pending();
        let answer = pending.iter().find(|(_, milestone)| milestone.id.as_str() == "final_response");
        let triage = || pending.iter().find(|(_, milestone)| milestone.id.as_str() == "triage");
        answer.or_else(triage).map(|(_, milestone)| milestone.due_at)
    }

    fn due(&self, language: &str, clock: &str, milestone: &str) -> Result<String, TextError> {
        let clocks = self.material.complaint.clocks.iter().filter(|c| c.id.as_str() == clock);
        let mut milestones = clocks.flat_map(|c| &c.milestones).filter(|m| m.id.as_str() == milestone);
        milestones.next().map(|m| self.date(language, m.due_at)).transpose().map(Option::unwrap_or_default)
    }

    fn date(&self, language: &str, at: Timestamp) -> Result<String, TextError> {
        let told = Told::new(at, self.material.at, &self.config.zone);
        let local = told.at.to_zoned(self.config.zone.clone());
        let values = context! {
            weekday => local.weekday().to_monday_one_offset(),
            day => local.day(), month => local.month(), year => local.year(),
            time => told.time.map(|pattern| local.strftime(pattern).to_string()).unwrap_or_default(),
            zone => local.strftime("%Z").to_string(),
        };
        self.config.texts.piece(&self.material.complaint.account, language, "date", &values)
    }
}

/// How a time is told: midnight at the end of a day is that day; the hour is told when it is near or already over.
struct Told {
    at: Timestamp,
    time: Option<&'static str>,
}

impl Told {
    fn new(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        let midnight = at.to_zoned(zone.clone()).time() == jiff::civil::Time::midnight();
        let shown = if midnight { at - SignedDuration::from_secs(1) } else { at };
        let left = at.duration_since(now);
        let time = match left {
            left if left > SignedDuration::from_hours(48) => None,
            left if left.abs() < SignedDuration::from_mins(10) => Some("%H:%M:%S"),
            _ => Some("%H:%M"),
        };
        Self { at: shown, time }
    }
}

impl std::fmt::Debug for Material<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Material").field("step", &self.step).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
