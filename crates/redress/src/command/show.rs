//! `redress show`: one complaint with its deadlines, its timeline and the words.

mod calls;

use anyhow::Context as _;
use redress_contract::communication::Answer;
use redress_contract::contact::Attachment;
use redress_contract::{
    Act, CommitEvent, Communication, ComplaintId, Contact, Content, ContentId, Event, Medium, ScanState,
};
use redress_domain::{Complaint, Milestone};
use redress_email::normalize::limits::Limits;
use redress_ledger::history::Entry;
use serde_json::json;

use super::fold::{self, Shown};
use super::queue::due;
use super::sender;
use super::timeline::{clock_time, plain_table, words};
use crate::house::House;
use crate::out::{Out, printable};

/// Everything that is shown of a complaint.
struct Story {
    complaint: Complaint,
    history: Vec<Entry>,
    contacts: Vec<Contact>,
    contents: Vec<Content>,
    communications: Vec<Communication>,
}

pub(super) async fn run(
    house: &House,
    text: &str,
    (shown, country): (Shown, Option<&str>),
    out: Out,
) -> anyhow::Result<()> {
    let id = house.find(text).await?;
    let story = Story::read(house, &id).await?;
    if out.is_json() {
        return Ok(out.json(&story.json())?);
    }
    out.line(story.head())?;
    out.line(story.deadlines(house.clock.now()))?;
    let calls = calls::table(&story.contacts);
    if !calls.is_empty() {
        out.line(calls)?;
    }
    out.line(story.timeline())?;
    Ok(out.line(story.words(shown, country))?)
}

impl Story {
    async fn read(house: &House, id: &ComplaintId) -> anyhow::Result<Self> {
        let loaded = house.ledger.load_at_leader(id).await?;
        let complaint = loaded.with_context(|| format!("show {id}: it is not registered (yet)"))?.complaint;
        let history = house.ledger.history(id).await?;
        let (mut contacts, mut contents, mut communications) = (Vec::new(), Vec::new(), Vec::new());
        for contact in &complaint.contacts {
            contacts.extend(house.vault.contact(contact.channel, &contact.id).await?);
        }
        for content in history.iter().flat_map(|entry| &entry.commit.events).filter_map(content_of) {
            contents.extend(house.vault.content(id, content).await?);
        }
        for delivery in &complaint.communications {
            communications.extend(house.vault.communication(delivery.medium, &delivery.id).await?);
        }
        Ok(Self { complaint, history, contacts, contents, communications })
    }

    fn events(&self) -> impl Iterator<Item = (&Entry, &CommitEvent)> {
        self.history.iter().flat_map(|entry| entry.commit.events.iter().map(move |event| (entry, event)))
    }

    /// Raw bytes stay where they are; the words are here.
    fn json(&self) -> serde_json::Value {
        let contacts: Vec<Contact> =
            self.contacts.iter().map(|contact| Contact { raw: None, ..contact.clone() }).collect();
        let events: Vec<_> = self
            .events()
            .map(|(entry, event)| {
                json!({ "event": event, "actor": entry.commit.actor, "recorded_at": entry.commit.recorded_at })
            })
            .collect();
        let communications: Vec<_> = self
            .communications
            .iter()
            .map(|communication| {
                let (subject, text) = mail_words(communication);
                json!({
                    "id": communication.id, "purpose": communication.purpose, "recipient": communication.recipient,
                    "to": communication.to, "subject": subject, "text": text,
                })
            })
            .collect();
        json!({
            "reference": self.complaint.reference, "complaint_id": self.complaint.id, "complaint": self.complaint,
            "events": events, "contacts": contacts, "contents": self.contents, "communications": communications,
            "calls": calls::json(&self.contacts),
        })
    }

    fn head(&self) -> String {
        let complaint = &self.complaint;
        let team = complaint.team.as_ref().map(ToString::to_string).unwrap_or_default();
        let handler = complaint.handler.as_ref().map(|handler| format!(", {handler}")).unwrap_or_default();
        let waits = !complaint.hold.is_unspecified();
        let hold = if waits { format!(", {}", complaint.hold) } else { String::new() };
        format!(
            "{}  {}{hold}  {} {} {}  {team}{handler}\nreceived {} by {} ({})  id {}",
            complaint.reference,
            complaint.status.word(),
            complaint.disposition,
            complaint.category,
            complaint.severity,
            clock_time(complaint.received_at),
            complaint.channel,
            complaint.account,
            complaint.id,
        )
    }

    fn deadlines(&self, now: jiff::Timestamp) -> String {
        let mut table = plain_table();
        for clock in &self.complaint.clocks {
            for milestone in &clock.milestones {
                let stands = match (milestone.met_at, clock.stopped) {
                    (Some(met), _) => format!("met {}", clock_time(met)),
                    (None, Some(reason)) => format!("stopped ({reason})"),
                    (None, None) if milestone.paused => "paused".to_owned(),
                    (None, None) => due(milestone.due_at, now),
                };
                let breached = breached(milestone, clock.stopped.is_none());
                table.add_row([
                    format!("{}/{}", clock.id, milestone.id),
                    clock_time(milestone.due_at),
                    stands,
                    breached,
                ]);
            }
        }
        format!("\nDeadlines\n{table}")
    }

    fn timeline(&self) -> String {
        let mut table = plain_table();
        for (entry, event) in self.events() {
            table.add_row([
                event.seq.to_string(),
                clock_time(event.occurred_at),
                entry.commit.actor.id.clone(),
                event.event.name().to_owned(),
                printable(&words(&event.event)),
            ]);
        }
        format!("\nTimeline\n{table}")
    }

    fn words(&self, shown: Shown, country: Option<&str>) -> String {
        let contacts =
            self.contacts.iter().map(|contact| (contact.received_at, contact_words(contact, shown, country)));
        let contents = self.contents.iter().map(|content| {
            (content.recorded_at, format!("written by {}\n{}", content.author, printable(&content.text)))
        });
        let communications = self.communications.iter().map(|communication| {
            let head = format!("{} to the {}", communication.purpose, communication.recipient);
            let words = printable(&sent_words(communication));
            (communication.rendered_at, format!("{head}\n{words}"))
        });
        let mut all: Vec<_> = contacts.chain(contents).chain(communications).collect();
        all.sort_by_key(|(at, _)| *at);
        let parts = all.iter().map(|(at, words)| format!("\n--- {} {}", clock_time(*at), words.trim_end()));
        format!("\nWords{}", parts.collect::<Vec<_>>().join("\n"))
    }
}

/// Whether the deadline passed, and whether somebody looks after what is late.
fn breached(milestone: &Milestone, running: bool) -> String {
    let looked_after = match milestone.acknowledged_rung {
        _ if !running || !milestone.is_escalated() => String::new(),
        _ if milestone.awaits_acknowledgement() => {
            format!(", rung {} waits to be acknowledged", milestone.rungs_reached)
        }
        rung => format!(", rung {rung} acknowledged"),
    };
    if milestone.breached { format!("breached{looked_after}") } else { String::new() }
}

fn contact_words(contact: &Contact, shown: Shown, country: Option<&str>) -> String {
    let sender = sender::sender(contact);
    let confirmed = sender::confirmed(contact).map(|said| format!("\nSender {said}")).unwrap_or_default();
    let files: String = contact.attachments.iter().map(file_words).collect();
    let text = fold::words(contact, shown);
    let by_hand = if contact.sent_by_hand { " (sent by hand)" } else { "" };
    let problem = match contact.parse_problem.as_str() {
        "" => String::new(),
        problem => format!("\nNot read in full: {problem}"),
    };
    let subject = calls::of(contact, country).unwrap_or_else(|| subject_of(contact));
    let recorded = recorded(contact).map(|said| format!("\n{said}")).unwrap_or_default();
    let act = match contact.act {
        Act::Withdraw => "\nTakes the complaint back",
        Act::RequestReview => "\nAsks for a review",
        Act::Unspecified => "",
    };
    let head = format!("from {sender}{by_hand}{confirmed}{recorded}{act}\n{subject}{problem}");
    let words = printable(&format!("{head}\n\n{text}{files}"));
    format!("contact {} by {} {words}", contact.id, contact.channel)
}

/// The subject; of a post where it stands, since most have none.
fn subject_of(contact: &Contact) -> String {
    match &contact.post {
        Some(post) => {
            let parts = [
                post.platform.as_str(),
                post.kind.token(),
                post.visibility.token(),
                &post.url,
                &contact.subject,
            ];
            let parts = parts.into_iter().filter(|part| !part.is_empty() && *part != "unspecified");
            format!("Post: {}", parts.collect::<Vec<_>>().join(", "))
        }
        None => format!("Subject: {}", contact.subject),
    }
}

/// What a file is, and what a scanner says of it where one is to look.
fn file_words(file: &Attachment) -> String {
    let finding = &file.scan_finding;
    let scan = match file.scan {
        ScanState::Unspecified => String::new(),
        ScanState::Scanned => ", scanned".to_owned(),
        ScanState::Infected => format!(", infected: {finding}; kept out of reach"),
        ScanState::Unscanned => format!(", not scanned: {finding}"),
    };
    format!("\n[{}, {} bytes{scan}]", file.file_name, file.size_bytes)
}

/// Who wrote it down for the complainant, how it came, and why so late.
fn recorded(contact: &Contact) -> Option<String> {
    let by = contact.recorded_by.as_ref()?;
    let given = |words: &str, text: &str| (!text.is_empty()).then(|| format!("{words} {text}"));
    let parts = [
        Some(format!("Recorded {} by {}", clock_time(contact.recorded_at), by.actor)),
        given("came as", &by.arrival),
        given("late because:", &by.backdating_reason),
        by.read_back.then(|| "read back and confirmed".to_owned()),
    ];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// What was sent, as its medium tells it.
fn sent_words(communication: &Communication) -> String {
    if communication.medium == Medium::Social
        && let Ok(answer) = Answer::read(&communication.message)
    {
        return format!(
            "On {} ({}), {}\n\n{}",
            answer.platform, answer.account, answer.visibility, answer.text
        );
    }
    let (subject, text) = mail_words(communication);
    format!("Subject: {subject}\n\n{text}")
}

/// Subject and text of a mail that was sent.
fn mail_words(communication: &Communication) -> (String, String) {
    let words = redress_email::normalize::words(&communication.message, &Limits::default());
    words.unwrap_or_else(|| (String::new(), String::from_utf8_lossy(&communication.message).into_owned()))
}

fn content_of(event: &CommitEvent) -> Option<&ContentId> {
    match &event.event {
        Event::NoteAdded(note) => Some(&note.content_id),
        Event::Held(held) => held.content_id.as_ref(),
        Event::Decided(decided) => Some(&decided.reasons_content_id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use redress_contract::FileName;

    use super::*;

    #[test]
    fn each_file_says_whether_it_was_scanned() {
        for (scan, finding, words) in [
            (ScanState::Unspecified, "", "\n[a.pdf, 7 bytes]"),
            (ScanState::Scanned, "", "\n[a.pdf, 7 bytes, scanned]"),
            (ScanState::Infected, "Test-1", "\n[a.pdf, 7 bytes, infected: Test-1; kept out of reach]"),
            (ScanState::Unscanned, "clamd hung up", "\n[a.pdf, 7 bytes, not scanned: clamd hung up]"),
        ] {
            let scan_finding = finding.to_owned();
            let file_name = FileName::new("a.pdf");
            let file = Attachment { file_name, size_bytes: 7, scan, scan_finding, ..Attachment::default() };
            assert_eq!(file_words(&file), words);
        }
    }
}
