//! What was promised against what is on record: contacts, complaints, acknowledgements, the chain, the feed.

use std::collections::{BTreeMap, BTreeSet};

use redress_contract::{CommunicationPurpose, Event};
use redress_testkit::SmtpSink;
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results};

/// What was promised.
pub(crate) struct Promised {
    /// Contacts on record, each linked once.
    pub(crate) contacts: usize,
    /// Complaints, each opened and acknowledged once.
    pub(crate) complaints: usize,
}

/// Who was killed how often.
#[derive(Debug, Default)]
pub(crate) struct Kills(BTreeMap<&'static str, usize>);

/// Messages the notifier hands over at once: the most that one kill can send twice.
const IN_FLIGHT: usize = 16;

impl Kills {
    pub(crate) fn note(&mut self, victim: &'static str) {
        *self.0.entry(victim).or_default() += 1;
    }

    pub(crate) fn all(&self) -> usize {
        self.0.values().sum()
    }

    /// Acknowledgements that may have gone out twice: those in flight at a kill of the notifier or the broker.
    fn duplicates_allowed(&self) -> usize {
        let of = |victim| self.0.get(victim).copied().unwrap_or_default();
        (of("notifier") + of("nats-server")) * IN_FLIGHT
    }
}

impl std::fmt::Display for Kills {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told: Vec<String> = self.0.iter().map(|(victim, times)| format!("{victim} {times}")).collect();
        f.write_str(&told.join(", "))
    }
}

/// True for the acknowledgement of a complaint.
pub(crate) fn is_acknowledged(event: &Event) -> bool {
    matches!(event, Event::CommunicationAccepted(e) if e.purpose == CommunicationPurpose::Acknowledgement)
}

pub(crate) async fn check(
    records: &Records,
    promised: &Promised,
    sink: &SmtpSink,
    kills: &Kills,
    results: &mut Results,
) -> anyhow::Result<()> {
    let (contacts, complaints) = (float(promised.contacts), float(promised.complaints));
    results.count("core.crash_contacts", records.contacts().await?.len(), "contacts", Bar::Exactly(contacts));
    let events = records.events().await?;
    tell_log(&events, contacts, complaints, results);
    tell_mails(sink, complaints, kills, results);
    let report = records.ledger.verify(None).await?;
    results.count("core.crash_chain_faults", report.faults.len(), "faults", Bar::Exactly(0.0));
    let wrong = feed_faults(&events, &records.feed().await?);
    results.count("core.crash_feed_faults", wrong, "complaints", Bar::Exactly(0.0));
    let dead = records.bus().dead_letters().await?.len();
    results.count("core.crash_dead_letters", dead, "letters", Bar::Exactly(0.0));
    Ok(())
}

fn tell_log(events: &BTreeMap<String, Vec<Event>>, contacts: f64, complaints: f64, results: &mut Results) {
    let all = || events.values().flatten();
    let registered = all().filter(|event| matches!(event, Event::Registered(_))).count();
    results.count("core.crash_complaints", events.len(), "complaints", Bar::Exactly(complaints));
    results.count("core.crash_registered", registered, "events", Bar::Exactly(complaints));
    let linked: Vec<String> = all()
        .filter_map(|event| match event {
            Event::ContactLinked(link) => Some(link.contact_id.to_string()),
            _ => None,
        })
        .collect();
    let distinct: BTreeSet<&String> = linked.iter().collect();
    results.count("core.crash_links", linked.len(), "links", Bar::Exactly(contacts));
    results.count("core.crash_contacts_linked", distinct.len(), "contacts", Bar::Exactly(contacts));
    let told = all().filter(|event| is_acknowledged(event)).count();
    results.count("core.crash_acknowledged", told, "complaints", Bar::Exactly(complaints));
}

fn tell_mails(sink: &SmtpSink, complaints: f64, kills: &Kills, results: &mut Results) {
    let mut sent: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for mail in sink.mails() {
        let id = message_id(&mail.bytes).unwrap_or_else(|| "(none)".to_owned());
        sent.entry(id).or_default().push(mail.bytes.to_vec());
    }
    let copies: usize = sent.values().map(|copies| copies.len() - 1).sum();
    let differing = sent.values().filter(|copies| copies.iter().any(|copy| copy != &copies[0])).count();
    results.count("core.crash_mails", sent.len(), "mails", Bar::Exactly(complaints));
    results.count("core.crash_mails_twice", copies, "mails", Bar::AtMost(float(kills.duplicates_allowed())));
    results.count("core.crash_mails_differing", differing, "mails", Bar::Exactly(0.0));
}

/// Complaints whose events are not each once and in order in the feed.
fn feed_faults(log: &BTreeMap<String, Vec<Event>>, feed: &BTreeMap<String, Vec<(u32, String)>>) -> usize {
    let good = |id: &String, events: &Vec<Event>| {
        let expected: Vec<(u32, String)> =
            (1..).zip(events).map(|(seq, event)| (seq, event.type_name())).collect();
        feed.get(id) == Some(&expected)
    };
    let missing = log.iter().filter(|(id, events)| !good(id, events)).count();
    missing + feed.keys().filter(|id| !log.contains_key(*id)).count()
}

fn message_id(mail: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(mail);
    let line = text.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn float(n: usize) -> f64 {
    n as f64
}
