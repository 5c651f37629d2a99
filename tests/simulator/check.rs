//! What must be true of every run when it has come to rest, and of some things at any time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use redress_contract::{
    CommunicationPurpose, ComplaintId, Contact, ContactId, Disposition, Event, EventId, PartyStanding,
    Recipient, SuppressReason,
};
use redress_domain::queue::{Urgency, urgency};
use redress_domain::{Complaint, DeliveryStatus, Rules, replay};
use redress_ledger::history::Entry;
use redress_ledger::verify::Verifier;
use redress_notifier::address::answer_to;

use crate::defect::Defect;
use crate::notifier::is_own;
use crate::service::House;
use crate::story::Truth;
use crate::world::World;

/// Everything that is wrong with a world at rest.
pub(crate) fn wrong(world: &World, house: &House) -> Vec<String> {
    let mut wrong = world.wrong.clone();
    states(world, &mut wrong);
    belonging(world, house, &mut wrong);
    parties(world, &mut wrong);
    acknowledgements(world, &mut wrong);
    limits(world, &mut wrong);
    rungs(world, &mut wrong);
    timers(world, &mut wrong);
    feed(world, &mut wrong);
    queue(world, house, &mut wrong);
    wrong
}

/// What came in and where it went, commit by commit: to understand a seed that failed.
pub(crate) fn told(world: &World) -> Vec<String> {
    let mut told = Vec::new();
    for contact in &world.intake {
        let truth = world.story.truth.get(&contact.id);
        let thread = contact.thread.as_ref().map(|thread| (&thread.message_id, &thread.references));
        told.push(format!("contact {} is {truth:?}, by {}, thread {thread:?}", contact.id, contact.channel));
    }
    for (seq, logged) in (1..).zip(&world.log) {
        let commit = &logged.commit;
        let events = commit.events.iter().map(|event| match &event.event {
            Event::ContactLinked(e) => {
                format!("ContactLinked {} {:?} as {}", e.contact_id, e.reasons, e.standing)
            }
            other => other.name().to_owned(),
        });
        let events: Vec<_> = events.collect();
        let (id, number, at) = (&commit.complaint_id, commit.number, commit.recorded_at);
        told.push(format!(
            "commit {seq}: {id} {number} at {at} by {}: {}",
            commit.actor.id,
            events.join(", ")
        ));
    }
    told
}

/// The cached state is what the events add up to, and the chain of hashes is whole.
fn states(world: &World, wrong: &mut Vec<String>) {
    let mut verifier = Verifier::new(None);
    for (stream_seq, logged) in (1..).zip(&world.log) {
        let (bytes, commit) = (logged.bytes.clone(), logged.commit.clone());
        let subject = redress_contract::subject::complaint(&commit.complaint_id);
        verifier.check(&Entry { stream_seq, subject, bytes, commit });
    }
    wrong.extend(verifier.finish().faults.iter().map(ToString::to_string));
    for (id, chain) in &world.chains {
        let events = chain.iter().flat_map(|place| &world.log[*place].commit.events);
        let cached = chain.last().and_then(|place| world.log[*place].commit.state.as_ref()?.body.as_ref());
        let cached = cached.and_then(|body| serde_json::from_str::<Complaint>(body.get()).ok());
        if replay(events) != cached {
            wrong.push(format!("{id}: the cached state is not what its events add up to"));
        }
    }
}

/// Every contact is in exactly one complaint, once, and where it belongs.
fn belonging(world: &World, house: &House, wrong: &mut Vec<String>) {
    let mut homes: BTreeMap<&ContactId, Vec<&ComplaintId>> = BTreeMap::new();
    for complaint in world.complaints() {
        for contact in &complaint.contacts {
            homes.entry(&contact.id).or_default().push(&complaint.id);
        }
    }
    let continued: BTreeMap<ComplaintId, ComplaintId> = world
        .complaints()
        .map(|full| {
            let name = house.keys.name("continuation", &[full.id.as_str()]);
            (name.parse().expect("derived names are ids"), full.id.clone())
        })
        .collect();
    let first = |id: &ComplaintId| {
        let mut id = id;
        while let Some(before) = continued.get(id) {
            id = before;
        }
        id.clone()
    };
    let mut conversations: BTreeMap<usize, BTreeSet<ComplaintId>> = BTreeMap::new();
    for contact in &world.intake {
        let home = match homes.get(&contact.id).map(Vec::as_slice) {
            Some([home]) => first(home),
            Some(several) => {
                wrong.push(format!("contact {} is in {} complaints", contact.id, several.len()));
                continue;
            }
            None => {
                wrong.push(format!("contact {} is lost", contact.id));
                continue;
            }
        };
        match world.story.truth.get(&contact.id) {
            Some(Truth::Conversation(number)) if !world.story.is_doubled(*number) => {
                conversations.entry(*number).or_default().insert(home);
            }
            Some(Truth::Complaint(theirs)) if first(theirs) != home => {
                wrong.push(format!("contact {} is in {home} and belongs to {theirs}", contact.id));
            }
            _ => {}
        }
    }
    let mut taken = BTreeSet::new();
    for (number, homes) in conversations {
        if homes.len() > 1 {
            wrong.push(format!("conversation {number} fell apart into {} complaints", homes.len()));
        }
        for home in homes {
            if !taken.insert(home.clone()) {
                wrong.push(format!("conversation {number} is mixed into {home}"));
            }
        }
    }
    if homes.len() != world.intake.len() {
        wrong.push(format!("{} contacts are linked and {} came in", homes.len(), world.intake.len()));
    }
}

/// Whoever did not open a complaint is no party of it, however often he writes.
fn parties(world: &World, wrong: &mut Vec<String>) {
    for complaint in world.complaints() {
        let parties: BTreeSet<&str> = complaint
            .contacts
            .iter()
            .filter(|contact| contact.standing == PartyStanding::Party)
            .map(|contact| contact.party.as_str())
            .collect();
        if parties.len() > 1 {
            wrong.push(format!("{} has {} parties", complaint.id, parties.len()));
        }
    }
}

/// Every acknowledgement that is owed was planned once and has a fate; none went to a machine.
fn acknowledgements(world: &World, wrong: &mut Vec<String>) {
    for (id, chain) in &world.chains {
        let Some(complaint) = chain.last().map(|place| &world.log[*place].loaded.complaint) else { continue };
        let Some(opener) = world.intake.iter().find(|contact| contact.id == complaint.contact_id) else {
            continue;
        };
        let events = || chain.iter().flat_map(|place| &world.log[*place].commit.events);
        let ever_other = events().any(|recorded| match &recorded.event {
            Event::Classified(classified) => {
                matches!(classified.disposition, Disposition::Machine | Disposition::Spam)
            }
            _ => false,
        });
        let all: Vec<_> = complaint
            .communications
            .iter()
            .filter(|delivery| {
                // A report of failure may overtake the note that it was accepted: then only the message knows.
                let mail = world.outbox.get(&delivery.id).filter(|mail| mail.message.complaint_id == *id);
                mail.map_or(delivery.purpose, |mail| mail.message.purpose)
                    == CommunicationPurpose::Acknowledgement
            })
            .collect();
        let fates: Vec<String> = all.iter().map(|delivery| format!("{:?}", delivery.status)).collect();
        match all.as_slice() {
            [] if ever_other => {}
            [one] if one.status == expected(opener, complaint, &one.status) => {}
            _ => wrong.push(format!("{id}: acknowledgements {fates:?} to {:?}", reach(opener))),
        }
    }
    for id in &world.sent {
        let Some(mail) = world.outbox.get(id).filter(|mail| mail.message.recipient == Recipient::Complainant)
        else {
            continue;
        };
        let answered = mail.message.contact_id.as_ref();
        let answered = answered.and_then(|id| world.intake.iter().find(|contact| contact.id == *id));
        if answered.is_some_and(|contact| contact.machine.is_some()) {
            wrong.push(format!("{id} was sent to a machine"));
        }
        if is_own(&mail.message.to.value) {
            wrong.push(format!("{id} was sent to ourselves"));
        }
    }
}

fn reach(opener: &Contact) -> &'static str {
    match answer_to(opener) {
        None => "nobody",
        Some(target) if is_own(&target.address.value) => "ourselves",
        Some(_) => "a person",
    }
}

/// The fate an acknowledgement should have; the one it has, where several are right.
fn expected(opener: &Contact, complaint: &Complaint, has: &DeliveryStatus) -> DeliveryStatus {
    let stale = opener.recorded_at.duration_since(opener.received_at) > SignedDuration::from_hours(72);
    let released = complaint.is_open() || !stale;
    let ended = matches!(
        has,
        DeliveryStatus::Accepted
            | DeliveryStatus::Bounced
            | DeliveryStatus::Failed
            | DeliveryStatus::Suppressed(SuppressReason::Superseded)
    );
    match reach(opener) {
        "nobody" => DeliveryStatus::Suppressed(SuppressReason::NoAddress),
        "ourselves" => DeliveryStatus::Suppressed(SuppressReason::OwnAddress),
        _ if opener.machine.is_some() => DeliveryStatus::Suppressed(SuppressReason::Machine),
        _ if ended => has.clone(),
        _ if stale && *has == DeliveryStatus::Suppressed(SuppressReason::ReceivedLongAgo) => has.clone(),
        _ if stale && !released => has.clone(),
        _ => DeliveryStatus::Accepted,
    }
}

/// No address gets more automatic messages in an hour than the widest limit allows.
fn limits(world: &World, wrong: &mut Vec<String>) {
    let slack = SignedDuration::from_millis(2 * world.trouble.skew_ms + 1);
    for counted in world.counted.values() {
        let mut times: Vec<Timestamp> = counted.iter().map(|one| one.at).collect();
        times.sort_unstable();
        let anonymous = counted.iter().all(|one| !one.authenticated);
        let limit = if anonymous { 2 } else { 4 };
        let crowded = times
            .windows(limit + 1)
            .any(|window| window[limit].duration_since(window[0]) + slack < SignedDuration::from_hours(1));
        if crowded {
            wrong.push(format!("more than {limit} automatic messages in an hour went to one address"));
        }
    }
}

/// A rung is recorded once for its clock, milestone and generation, never early, and never missed.
fn rungs(world: &World, wrong: &mut Vec<String>) {
    let slack = SignedDuration::from_millis(2 * world.trouble.skew_ms);
    for (id, chain) in &world.chains {
        let mut reached = BTreeSet::new();
        let mut before: Option<&Complaint> = None;
        for place in chain {
            let logged = &world.log[*place];
            for recorded in &logged.commit.events {
                let (clock, milestone, generation, rung) = match &recorded.event {
                    Event::WarningReached(e) => (&e.clock, &e.milestone, e.generation, e.rung),
                    Event::Escalated(e) => (&e.clock, &e.milestone, e.generation, e.rung),
                    _ => continue,
                };
                if !reached.insert((clock, milestone, generation, rung)) {
                    wrong.push(format!("{id}: rung {rung} of {clock}.{milestone} was reached twice"));
                }
                let owed = before.and_then(|state| state.clock(clock)?.milestone(milestone));
                let at = owed.and_then(|owed| owed.rungs.get(rung as usize - 1)).map(|rung| rung.at);
                if at.is_none_or(|at| at > logged.stored_at + slack) {
                    wrong.push(format!("{id}: rung {rung} of {clock}.{milestone} was reached early"));
                }
            }
            before = Some(&logged.loaded.complaint);
        }
    }
    for complaint in world.complaints() {
        for (clock, milestone) in complaint.pending() {
            let missed = milestone.next_rung().filter(|(_, rung)| rung.at <= world.now);
            if let Some((number, _)) = missed {
                let (id, clock, milestone) = (&complaint.id, &clock.id, &milestone.id);
                wrong.push(format!("{id}: rung {number} of {clock}.{milestone} was missed"));
            }
        }
        if complaint.is_open() && complaint.running_clocks().next().is_none() {
            wrong.push(format!("{} is open without a clock", complaint.id));
        }
    }
}

/// What is owed has its timer.
fn timers(world: &World, wrong: &mut Vec<String>) {
    for complaint in world.complaints() {
        for timer in redress_sla::plan::pending(complaint) {
            let place =
                redress_contract::subject::timer_set(&timer.complaint_id, &timer.clock, &timer.milestone);
            if world.timers.get(&place) != Some(&timer) {
                wrong.push(format!("{}: {}.{} has no timer", complaint.id, timer.clock, timer.milestone));
            }
        }
    }
}

/// EVENTS holds every event of the log, in its order, once.
fn feed(world: &World, wrong: &mut Vec<String>) {
    let log: Vec<EventId> = world
        .log
        .iter()
        .flat_map(|logged| logged.commit.events.iter().map(|event| logged.commit.event_id(event)))
        .collect();
    let published: Vec<EventId> = world.events.iter().map(|(_, id)| id.clone()).collect();
    if log != published {
        wrong.push(format!(
            "EVENTS holds {} events and the log {}, or in another order",
            published.len(),
            log.len()
        ));
    }
}

/// The order of urgency is total: it does not matter how the complaints lay before.
fn queue(world: &World, house: &House, wrong: &mut Vec<String>) {
    let open: Vec<&Complaint> = world.complaints().filter(|complaint| complaint.is_open()).collect();
    let order = |complaints: Vec<&Complaint>| -> Vec<ComplaintId> {
        let mut ordered = complaints;
        if house.defect == Some(Defect::QueueByReceipt) {
            ordered.sort_by_key(|complaint| complaint.received_at);
        } else {
            ordered.sort_by_cached_key(|complaint| urgency(&house.rules, complaint));
        }
        ordered.into_iter().map(|complaint| complaint.id.clone()).collect()
    };
    let (forwards, backwards) = (order(open.clone()), order(open.iter().rev().copied().collect()));
    if forwards != backwards {
        wrong.push("the order of urgency depends on how the complaints lay before".to_owned());
    }
    harm_first(&house.rules, &open, &forwards, wrong);
}

fn harm_first(rules: &Rules, open: &[&Complaint], order: &[ComplaintId], wrong: &mut Vec<String>) {
    let keys: BTreeMap<&ComplaintId, Urgency<'_>> =
        open.iter().map(|complaint| (&complaint.id, urgency(rules, complaint))).collect();
    let harmful =
        |id: &ComplaintId| open.iter().any(|c| c.id == *id && c.severity == redress_contract::Severity::S1);
    let first_harmless = order.iter().position(|id| !harmful(id)).unwrap_or(order.len());
    if order[first_harmless..].iter().any(harmful) {
        wrong.push("harm does not come first in the queue".to_owned());
    }
    if order.windows(2).any(|pair| keys[&pair[0]] >= keys[&pair[1]]) {
        wrong.push("two complaints are equally urgent, or in the wrong order".to_owned());
    }
}
