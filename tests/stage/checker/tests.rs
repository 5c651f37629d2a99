//! The checker finds each kind of fault, and none where there is none.

use redress_contract::Event;
use serde_json::json;

use super::*;
use crate::promises::Answer;

fn contact(id: &str) -> ContactId {
    ContactId::new(id).unwrap()
}

fn event(kind: &str, data: &serde_json::Value) -> Event {
    Event::from_parts(&format!("redress.complaint.v1.{kind}"), data.clone()).unwrap()
}

fn registered(reference: &str) -> Event {
    event("Registered", &json!({ "reference": reference }))
}

fn linked(id: &str) -> Event {
    event("ContactLinked", &json!({ "contactId": id }))
}

/// One mail and its answer make the complaint x1, a form makes x2; everything is as it should be.
fn good() -> (Promises, Seen) {
    let promises = Promises::default();
    for (id, thread) in [("m1", "ann"), ("m2", "ann"), ("f1", "bob")] {
        promises.sent(contact(id), thread, Some(&format!("{thread}@example.com")));
    }
    let answer = Answer { reference: "RD-1".to_owned(), receipt_code: "c".to_owned() };
    promises.told_yes(&contact("m1"), None);
    promises.told_yes(&contact("f1"), Some(answer));
    let mut seen = Seen::default();
    seen.intake.extend(["m1", "m2", "f1"].map(contact));
    seen.note("x1", &[registered("RD-0"), linked("m1"), linked("m2")]);
    seen.note("x2", &[registered("RD-1"), linked("f1")]);
    seen.feed = seen.complaints.iter().map(|(id, it)| (id.clone(), it.events.clone())).collect();
    for thread in ["ann", "bob"] {
        seen.mailed(&[format!("{thread}@example.com")], thread.as_bytes());
    }
    (promises, seen)
}

/// (ok, lost, unknown, duplicated) after a change.
fn sorted(change: impl FnOnce(&Promises, &mut Seen)) -> (usize, usize, usize, usize) {
    let (promises, mut seen) = good();
    change(&promises, &mut seen);
    let verdicts = sort(&promises, &seen, true);
    (verdicts.ok, verdicts.lost.len(), verdicts.unknown, verdicts.duplicated.len())
}

#[test]
fn all_is_well() {
    assert_eq!(sorted(|_, _| {}), (3, 0, 0, 0));
}

#[test]
fn what_is_missing_is_lost() {
    let gone = |seen: &mut Seen, id: &str| seen.intake.remove(&contact(id));
    assert_eq!(sorted(|_, seen| assert!(gone(seen, "m1"))), (2, 1, 0, 0));
    // Nobody was told anything about m2.
    assert_eq!(sorted(|_, seen| assert!(gone(seen, "m2"))), (2, 0, 1, 0));
    assert_eq!(sorted(|_, seen| assert!(seen.links.remove(&contact("m2")).is_some())), (2, 1, 0, 0));
    assert_eq!(sorted(|_, seen| assert!(seen.mails.remove("ann@example.com").is_some())), (1, 2, 0, 0));
    assert_eq!(sorted(|_, seen| assert!(seen.feed.remove("x2").is_some())), (2, 1, 0, 0));
    let renamed = |_: &Promises, seen: &mut Seen| {
        seen.complaints.get_mut("x2").unwrap().reference = "RD-2".to_owned();
    };
    assert_eq!(sorted(renamed), (2, 1, 0, 0));
    assert_eq!(sorted(|promises, _| promises.broke(&contact("m1"), "flagged too early")), (3, 1, 0, 0));
}

#[test]
fn what_is_there_twice_is_duplicated() {
    assert_eq!(sorted(|_, seen| seen.note("x3", &[registered("RD-3"), linked("m2")])), (1, 0, 0, 2));
    // Ann's thread has two homes, and Bob shares one of them.
    let shared = [registered("RD-1"), linked("f1"), linked("m2")];
    assert_eq!(sorted(|_, seen| seen.note("x2", &shared)), (0, 0, 0, 3));
    assert_eq!(sorted(|_, seen| assert!(seen.intake.insert(contact("stranger")))), (3, 0, 0, 1));
    let twice = |_: &Promises, seen: &mut Seen| seen.mailed(&["bob@example.com".to_owned()], b"other words");
    assert_eq!(sorted(twice), (2, 0, 0, 1));
    let published = |_: &Promises, seen: &mut Seen| {
        let events = seen.feed.get_mut("x2").unwrap();
        events.push(events[0].clone());
    };
    assert_eq!(sorted(published), (2, 0, 0, 1));
}

#[test]
fn the_same_bytes_again_are_only_counted() {
    let (promises, mut seen) = good();
    seen.mailed(&["bob@example.com".to_owned()], b"bob");
    let verdicts = sort(&promises, &seen, true);
    assert_eq!((verdicts.ok, verdicts.resent), (3, 1));
}

#[test]
fn a_repeat_must_be_answered_alike() {
    let (promises, seen) = good();
    promises.told_yes(
        &contact("f1"),
        Some(Answer { reference: "RD-1".to_owned(), receipt_code: "d".to_owned() }),
    );
    assert_eq!(sort(&promises, &seen, true).lost.len(), 1);
}
