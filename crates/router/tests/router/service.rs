//! The router on a real broker.

use futures::TryStreamExt as _;
use redress_bus::{Delivery, Failure};
use redress_contract::contact::{DeliveryReport, Field, Machine};
use redress_contract::subject::name;
use redress_contract::{
    Actor, Cause, Channel, Communication, CommunicationPurpose, Contact, Disposition, Event, EventId,
    MachineKind, Medium, PartyStanding, Recipient,
};
use redress_domain::command::Fate;
use redress_domain::settings::LimitsSettings;
use redress_domain::{Command, CommunicationFact, Complaint, RulesSettings};
use redress_intake::references;
use redress_testkit::eventually;
use redress_vault::{PrivateKey, Seals};

use crate::stage::{Stage, address, form, keys, mail, mail_to, now};

#[tokio::test]
async fn a_fresh_mail_opens_one_complaint_with_its_clocks_in_one_commit() {
    let stage = Stage::start().await;
    let mail = mail("a@x", &[]);
    let complaint = stage.route(&mail).await;
    assert_eq!(complaint.id, keys().complaint_id(&mail.id));
    let history = stage.ledger.history(&complaint.id).await.unwrap();
    assert_eq!(history.len(), 1, "one commit");
    let names: Vec<_> = history[0].commit.events.iter().map(|event| event.event.name().to_owned()).collect();
    assert_eq!(names[..4], ["Registered", "ContactLinked", "Classified", "Assigned"]);
    assert!(
        names.contains(&"ClockStarted".to_owned()) && names.contains(&"MilestoneSet".to_owned()),
        "{names:?}"
    );
    let claim = references::look_up(stage.ledger.vault(), &complaint.reference).await.unwrap().unwrap();
    assert_eq!(claim.complaint_id, Some(complaint.id));
    assert_eq!(claim.contact_id, mail.id);
}

#[tokio::test]
async fn a_second_delivery_changes_nothing() {
    let stage = Stage::start().await;
    let (first, reply, web) = (mail("a@x", &[]), mail("b@x", &["a@x"]), form("1"));
    for contact in [&first, &reply, &web] {
        stage.route(contact).await;
    }
    let before = stage.picture().await;
    for attempt in [1, 2] {
        for contact in [&web, &reply, &first] {
            stage.route_again(contact, attempt).await;
        }
    }
    assert_eq!(stage.picture().await, before);
    assert!(stage.links().await.values().all(|&links| links == 1));
}

#[tokio::test]
async fn two_routers_make_one_complaint_of_each_thread_in_whatever_order_its_mails_arrive() {
    const THREADS: usize = 100;
    let stage = Stage::start().await;
    let mut contacts: Vec<Contact> = (0..THREADS).flat_map(thread).collect();
    shuffle(&mut contacts);
    let routers = [stage.run(), stage.run()];
    for contact in &contacts {
        stage.put(contact).await;
    }
    eventually("every contact is linked", || stage.all_routed(contacts.len())).await;
    for (shutdown, running) in routers {
        shutdown.ask();
        running.await.unwrap();
    }
    let links = stage.links().await;
    assert_eq!(links.len(), contacts.len());
    assert!(links.values().all(|&links| links == 1), "each contact once");
    let complaints = stage.ledger.complaints().await.unwrap();
    assert_eq!(complaints.len(), THREADS);
    assert!(
        complaints
            .iter()
            .all(|complaint| complaint.contacts.iter().all(|c| c.standing == PartyStanding::Party))
    );
    assert!(stage.bus.dead_letters().await.unwrap().is_empty());
}

/// Four mails, each naming the first; in each tenth thread all of them in a second mailbox too.
fn thread(n: usize) -> Vec<Contact> {
    let from = format!("person{n}@example.org");
    let id = |mail: usize| format!("{mail}.{n}@example.org");
    let mut contacts = Vec::new();
    for account in if n.is_multiple_of(10) { ["help", "office"].as_slice() } else { ["help"].as_slice() } {
        for mail in 0..4 {
            let references: Vec<String> = (0..mail).map(id).collect();
            let references: Vec<&str> = references.iter().map(String::as_str).collect();
            contacts.push(mail_to(account, &from, &id(mail), &references));
        }
    }
    contacts
}

/// Fisher and Yates, with a fixed sequence of numbers.
fn shuffle(contacts: &mut [Contact]) {
    let mut state: u64 = 42;
    for left in (1..contacts.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at = usize::try_from((state >> 33) % (left as u64 + 1)).unwrap();
        contacts.swap(left, at);
    }
}

#[tokio::test]
async fn two_mails_with_one_id_are_both_recorded_and_each_is_seen() {
    let stage = Stage::start().await;
    let real = mail_to("help", "ann@example.org", "a@x", &[]);
    let other =
        Contact { text: "Something else.".to_owned(), ..mail_to("office", "ann@example.org", "a@x", &[]) };
    let other_again = Contact { id: mail_to("desk", "ann@example.org", "a@x", &[]).id, ..other.clone() };
    let same = mail_to("sales", "ann@example.org", "a@x", &[]);
    let first = stage.route(&real).await;
    let second = stage.route(&other).await;
    assert_ne!(first.id, second.id);
    assert_eq!(suspected(&stage, &second).await, Some(first.id.clone()));
    assert_eq!(stage.route(&same).await.id, first.id, "the same words in another mailbox");
    assert_eq!(stage.route(&other_again).await.id, second.id, "and those of the other");
    for contact in [&other_again, &same, &other, &real] {
        stage.route_again(contact, 2).await;
    }
    assert_eq!(stage.links().await.len(), 4);
}

async fn suspected(stage: &Stage, complaint: &Complaint) -> Option<redress_contract::ComplaintId> {
    stage.events(&complaint.id).await.into_iter().find_map(|event| match event {
        Event::ContactLinked(linked) => linked.possible_duplicate_of,
        _ => None,
    })
}

#[tokio::test]
async fn a_token_attaches_and_a_stranger_who_holds_one_is_no_party() {
    let stage = Stage::start().await;
    let complaint = stage.route(&mail("a@x", &[])).await;
    let to_us = address(&keys().reply_address("help@example.com", &complaint.id));
    let anns = Contact { recipients: vec![to_us.clone()], ..mail("b@x", &[]) };
    let strangers = mail_to("help", "eve@example.net", "c@x", &[]);
    let strangers = Contact { recipients: vec![to_us], ..strangers };
    // A later mail of the stranger finds the same complaint by its thread, and is a stranger's still.
    let answers = mail_to("help", "eve@example.net", "d@x", &["c@x"]);
    for (contact, standing) in [
        (anns, PartyStanding::Party),
        (strangers, PartyStanding::UnverifiedParty),
        (answers, PartyStanding::UnverifiedParty),
    ] {
        let holder = stage.route(&contact).await;
        assert_eq!(holder.id, complaint.id);
        assert_eq!(holder.contact(&contact.id).unwrap().standing, standing);
    }
}

#[tokio::test]
async fn what_is_added_on_the_status_page_is_its_partys() {
    let stage = Stage::start().await;
    let first = form("1");
    let complaint = stage.route(&first).await;
    let added = Contact {
        sender: None,
        sender_authenticated: true,
        part_of: Some(first.id.clone()),
        text: "Now the switch is broken, too.".to_owned(),
        ..form("2")
    };
    let holder = stage.route(&added).await;
    assert_eq!(holder.id, complaint.id);
    let (opener, added) = (holder.contact(&first.id).unwrap(), holder.contact(&added.id).unwrap());
    assert_eq!((added.standing, &added.party), (PartyStanding::Party, &opener.party));
    // It is found where whoever erases that party looks.
    let key = format!("party.{}.{}", opener.party, added.id);
    assert!(stage.bus.kv(name::CORRELATION).get(&key).await.unwrap().is_some());
    // Only who can see a receipt code is believed that one was shown.
    let mail = Contact { channel: Channel::Email, id: form("3").id, ..form("3") };
    let mail = Contact { sender: None, sender_authenticated: true, part_of: Some(first.id.clone()), ..mail };
    let holder = stage.route(&mail).await;
    assert_eq!(holder.contact(&mail.id).unwrap().standing, PartyStanding::UnverifiedParty);
}

#[tokio::test]
async fn a_reference_attaches_a_party_somebody_vouches_for_and_nobody_else() {
    let stage = Stage::start().await;
    let complaint = stage.route(&mail("a@x", &[])).await;
    let subject = format!("About {}", complaint.reference);
    let anns = Contact { subject: subject.clone(), sender_authenticated: true, ..mail("b@x", &[]) };
    assert_eq!(stage.route(&anns).await.id, complaint.id);
    // Nobody vouches for it: anybody may write her address above a reference.
    let perhaps = stage.route(&Contact { subject: subject.clone(), ..mail("d@x", &[]) }).await;
    assert_ne!(perhaps.id, complaint.id);
    assert_eq!(suspected(&stage, &perhaps).await, Some(complaint.id.clone()));
    let bobs = Contact { subject, ..mail_to("help", "bob@example.org", "c@x", &[]) };
    let own = stage.route(&bobs).await;
    assert_ne!(own.id, complaint.id);
    assert_eq!(suspected(&stage, &own).await, None);
    let events = stage.events(&own.id).await;
    let noted = |event: &Event| matches!(event, Event::ContactLinked(l) if l.reasons == ["opened", "reference_alone"]);
    assert!(events.iter().any(noted));
}

#[tokio::test]
async fn what_became_known_since_does_not_move_a_contact_that_is_delivered_again() {
    let stage = Stage::start().await;
    let promised = form("1");
    let reference = references::claim(stage.ledger.vault(), &promised.id, None).await.unwrap();
    // The mail that quotes the reference is routed before the form to which it was promised.
    let mail = Contact { subject: format!("Re: {reference}"), ..mail("a@x", &[]) };
    let own = stage.route(&mail).await;
    let complaint = stage.route(&Contact { reference: Some(reference), ..promised }).await;
    assert_ne!(own.id, complaint.id);
    assert_eq!(stage.route_again(&mail, 2).await.id, own.id);
}

#[tokio::test]
async fn the_same_order_number_of_the_same_person_suggests_a_duplicate() {
    let stage = Stage::start().await;
    let order = vec![Field { name: "order_number".to_owned(), value: "4711-08".to_owned() }];
    let first = stage.route(&Contact { fields: order.clone(), ..form("1") }).await;
    let written = Contact { text: "My order 4711-08 again".to_owned(), ..mail("a@x", &[]) };
    let second = stage.route(&written).await;
    assert_eq!(suspected(&stage, &second).await, Some(first.id.clone()));
    let bobs = Contact { sender: Some(address("bob@example.org")), fields: order, ..form("2") };
    let bobs = stage.route(&bobs).await;
    assert_eq!(suspected(&stage, &bobs).await, None, "a number is no proof about another person");
}

#[tokio::test]
async fn the_reference_that_was_promised_is_the_complaints() {
    let stage = Stage::start().await;
    let promised = form("1");
    let vault = stage.ledger.vault();
    let reference = references::claim(vault, &promised.id, None).await.unwrap();
    let complaint = stage.route(&Contact { reference: Some(reference.clone()), ..promised }).await;
    assert_eq!(complaint.reference, reference);
    let claim = references::look_up(vault, &reference).await.unwrap().unwrap();
    assert_eq!(claim.complaint_id, Some(complaint.id));
}

#[tokio::test]
async fn a_bounce_of_the_acknowledgement_reopens_its_milestone() {
    let stage = Stage::start().await;
    let complaint = stage.route(&mail("a@x", &[])).await;
    let sent = acknowledged(&stage, &complaint).await;
    let bounce = bounce_of(&sent);
    let after = stage.route(&bounce).await;
    assert_eq!(after.id, complaint.id);
    assert_eq!(after.contact(&bounce.id).unwrap().standing, PartyStanding::Machine);
    let names: Vec<String> =
        stage.events(&complaint.id).await.iter().map(|event| event.name().to_owned()).collect();
    for expected in ["CommunicationAccepted", "MilestoneMet", "CommunicationBounced", "MilestoneReopened"] {
        assert!(names.contains(&expected.to_owned()), "{expected} in {names:?}");
    }
    let before = stage.picture().await;
    stage.route_again(&bounce, 2).await;
    assert_eq!(stage.picture().await, before, "a second delivery of the report");
}

/// An acknowledgement that the next hop took.
async fn acknowledged(stage: &Stage, complaint: &Complaint) -> Communication {
    let event_id = EventId::of(&complaint.id, 1);
    let communication = Communication {
        id: keys().communication_id(&event_id, "acknowledgement", Recipient::Complainant),
        complaint_id: complaint.id.clone(),
        event_id,
        contact_id: Some(complaint.contact_id.clone()),
        purpose: CommunicationPurpose::Acknowledgement,
        recipient: Recipient::Complainant,
        medium: Medium::Email,
        ..Communication::default()
    };
    stage.ledger.vault().put_communication(&communication, Vec::new()).await.unwrap();
    let provides = ["reference", "next_steps", "deadline", "contact", "escalation", "free_of_charge"];
    let fact = CommunicationFact {
        communication_id: communication.id.clone(),
        purpose: communication.purpose,
        recipient: communication.recipient,
        medium: communication.medium,
        contact_id: communication.contact_id.clone(),
        fate: Fate::Accepted { at: now(), provides: provides.map(str::to_owned).to_vec() },
    };
    let noted = Command::NoteCommunication(fact);
    stage.ledger.execute(&complaint.id, &noted, Actor::service("notifier"), Cause::default()).await.unwrap();
    communication
}

fn bounce_of(sent: &Communication) -> Contact {
    let report = DeliveryReport { status: "5.1.1".to_owned(), permanent: true, ..DeliveryReport::default() };
    let machine = Machine { kind: MachineKind::Bounce, evidence: String::new(), deliveries: vec![report] };
    Contact {
        sender: None,
        recipients: vec![address(&keys().bounce_address("bounce@example.com", &sent.id))],
        machine: Some(machine),
        ..mail("z@x", &[])
    }
}

#[tokio::test]
async fn a_machines_mail_is_recorded_as_such_and_holds_no_persons_mail() {
    let stage = Stage::start().await;
    let machine = Machine { kind: MachineKind::AutoReply, ..Machine::default() };
    let away = Contact { machine: Some(machine), ..mail("a@x", &["newsletter@x"]) };
    let machines = stage.route(&away).await;
    assert_eq!(machines.disposition, Disposition::Machine);
    let persons = stage.route(&mail("b@x", &["newsletter@x"])).await;
    assert_ne!(persons.id, machines.id);
    assert_eq!(persons.disposition, Disposition::Complaint);
}

#[tokio::test]
async fn a_full_complaint_goes_on_in_a_continuation() {
    let limits = LimitsSettings { contacts_per_complaint: 3 };
    let stage = Stage::with_rules(&RulesSettings { limits, ..RulesSettings::default() }).await;
    let mails: Vec<Contact> =
        std::iter::once(mail("0@x", &[])).chain((1..8).map(|n| mail(&format!("{n}@x"), &["0@x"]))).collect();
    for mail in &mails {
        stage.route(mail).await;
    }
    for mail in &mails {
        stage.route_again(mail, 2).await;
    }
    let mut sizes: Vec<usize> =
        stage.ledger.complaints().await.unwrap().iter().map(|complaint| complaint.contacts.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [2, 3, 3]);
    assert!(stage.links().await.values().all(|&links| links == 1));
}

#[tokio::test]
async fn what_is_no_contact_becomes_a_dead_letter_and_the_rest_goes_on() {
    let stage = Stage::start().await;
    stage.bus.publish_once("intake.email.poison", Vec::new(), "{not json".into()).await.unwrap();
    stage.bus.publish_once("intake.email.erased", Vec::new(), bytes::Bytes::new()).await.unwrap();
    let good = mail("a@x", &[]);
    stage.put(&good).await;
    let (shutdown, running) = stage.run();
    eventually("the good one is routed", || stage.all_routed(1)).await;
    let letters = eventually("the broken one is a dead letter", || async {
        Some(stage.bus.dead_letters().await.unwrap()).filter(|letters| !letters.is_empty())
    })
    .await;
    shutdown.ask();
    running.await.unwrap();
    assert_eq!(letters.len(), 1, "a tombstone is none");
    let letter = letters[0].letter.as_ref().unwrap();
    assert_eq!((letter.subject.as_str(), letter.stream.as_str()), ("intake.email.poison", name::INTAKE));
    assert_eq!(stage.ledger.complaints().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_router_with_a_wrong_key_buries_nothing() {
    let stage = Stage::start().await;
    let mail = mail("a@x", &[]);
    stage.put(&mail).await;
    let delivery = stage.delivery(&mail, 1).await;
    for seals in [Seals::with(&PrivateKey::of([8; 32])), Seals::default()] {
        let failure = stage.router_with(seals).handle(&delivery).await.unwrap_err();
        assert!(matches!(failure, Failure::Blocked { .. }), "{failure:?}");
    }
    stage.route_again(&mail, 2).await;
}

#[tokio::test]
async fn what_was_erased_before_it_was_routed_is_nothing_to_do() {
    let stage = Stage::start().await;
    let mail = mail("a@x", &[]);
    stage.put(&mail).await;
    let delivery = stage.delivery(&mail, 1).await;
    let keys = stage.bus.kv(name::KEYS);
    for entry in keys.scan().await.unwrap().try_collect::<Vec<_>>().await.unwrap() {
        keys.erase(entry.seq).await.unwrap();
    }
    let failure = stage.router().handle(&delivery).await.unwrap_err();
    assert!(matches!(failure, Failure::Blocked { .. }), "its key is gone but it is there: {failure:?}");
    stage.bus.erase(name::INTAKE, delivery.stream_seq).await.unwrap();
    stage.router().handle(&delivery).await.unwrap();
    let tombstone = Delivery { body: bytes::Bytes::new(), headers: Vec::new(), ..delivery };
    stage.router().handle(&tombstone).await.unwrap();
    assert!(stage.links().await.is_empty());
}
