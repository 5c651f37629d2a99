//! The story as it is heard: CloudEvents in, lines for people out, until everything that should happen has.

use std::collections::{BTreeMap, BTreeSet};

use redress_contract::{CloudEvent, Disposition, Event};

/// What was heard so far.
#[derive(Debug, Default)]
pub(crate) struct Story {
    references: BTreeMap<String, String>,
    complaints: BTreeSet<String>,
    acknowledged: BTreeSet<String>,
    warned: BTreeSet<String>,
    breached: BTreeSet<String>,
    escalated: BTreeSet<String>,
    unattended: Option<String>,
    looked_after: bool,
    contacts: usize,
    machines: usize,
}

/// Complaints the demo makes: two by mail, one by the form.
const COMPLAINTS: usize = 3;

/// Contacts in all: the reply belongs to the second mail, the absence notice to nobody; of the call there are two.
const CONTACTS: usize = 7;

/// The highest rung of the demo's ladder.
const LAST_RUNG: u32 = 4;

impl Story {
    /// True once each complaint was acknowledged, warned about, breached and escalated to the last rung, and one of them
    /// is looked after.
    pub(crate) fn is_told(&self) -> bool {
        let all = |set: &BTreeSet<String>| set.len() >= COMPLAINTS;
        self.contacts >= CONTACTS
            && all(&self.acknowledged)
            && all(&self.warned)
            && all(&self.breached)
            && all(&self.escalated)
            && self.looked_after
    }

    /// The reference of the first complaint whose deadline passed, once: somebody looks after it.
    pub(crate) fn unattended(&mut self) -> Option<String> {
        self.unattended.take()
    }

    /// One more event; the line that tells it, when it is worth one.
    pub(crate) fn hear(&mut self, line: &str) -> Option<String> {
        let published: CloudEvent = serde_json::from_str(line).ok()?;
        let id = published.subject.to_string();
        let event = published.event().ok()?;
        if let Event::Registered(registered) = &event {
            self.references.insert(id.clone(), registered.reference.to_string());
        }
        let reference = self.references.get(&id).cloned().unwrap_or_else(|| id.clone());
        if matches!(event, Event::MilestoneBreached(_)) && self.breached.is_empty() {
            self.unattended = Some(reference.clone());
        }
        let told = self.tell(&id, &event)?;
        let time = published.time.strftime("%H:%M:%S");
        Some(format!("{time}  {reference}  {told}"))
    }

    fn tell(&mut self, id: &str, event: &Event) -> Option<String> {
        match event {
            Event::Registered(e) => Some(format!("is on record, by {}", e.channel)),
            Event::ContactLinked(e) => {
                self.contacts += 1;
                (e.reasons.iter().all(|reason| reason != "opened")).then(|| {
                    format!(
                        "a further message belongs here ({}, {} %)",
                        e.reasons.join(", "),
                        e.confidence_percent
                    )
                })
            }
            Event::Classified(e) => {
                if e.disposition == Disposition::Complaint {
                    self.complaints.insert(id.to_owned());
                } else {
                    self.machines += 1;
                }
                Some(format!("is a {}: {}, severity {}", e.disposition, e.category, e.severity))
            }
            Event::MilestoneSet(e) => {
                Some(format!("owes {} by {}", e.milestone, e.due_at.strftime("%H:%M:%S")))
            }
            Event::CommunicationAccepted(e) => {
                if e.recipient.token() == "complainant" {
                    self.acknowledged.insert(id.to_owned());
                }
                Some(format!("{} to {} went out", e.purpose, e.recipient))
            }
            Event::WarningReached(e) => {
                self.warned.insert(id.to_owned());
                Some(format!("WARNING: {} % of the time for {} is used up", e.percent, e.milestone))
            }
            Event::MilestoneBreached(e) => {
                self.breached.insert(id.to_owned());
                Some(format!("BREACH: {} was due {}", e.milestone, e.due_at.strftime("%H:%M:%S")))
            }
            Event::Escalated(e) => {
                if e.rung >= LAST_RUNG {
                    self.escalated.insert(id.to_owned());
                }
                if e.held_back {
                    return Some(format!("rung {}: somebody looks after it, so nobody is told", e.rung));
                }
                let told: Vec<&str> = e.recipients.iter().map(|r| r.token()).collect();
                Some(format!("ESCALATED to {}, rung {}", told.join(", "), e.rung))
            }
            Event::EscalationAcknowledged(e) => {
                self.looked_after = true;
                let who = e.handler.as_ref().map_or(e.recipient.token(), |handler| handler.as_str());
                Some(format!("ACKNOWLEDGED: {who} looks after {}, rung {}", e.milestone, e.rung))
            }
            _ => None,
        }
    }

    /// What happened, in numbers.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} messages came in: {} complaints, {} other matters; {} acknowledged, {} deadlines warned about, \
             {} breached, {} escalated to the last rung.",
            self.contacts,
            self.complaints.len(),
            self.machines,
            self.acknowledged.len(),
            self.warned.len(),
            self.breached.len(),
            self.escalated.len(),
        )
    }
}
