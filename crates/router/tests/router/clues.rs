//! What is read from a contact.

use proptest::prelude::*;
use redress_contract::contact::{Address, Attachment, DeliveryReport, Field, Machine, Thread};
use redress_contract::{
    AddressKind, CommunicationId, ComplaintId, Contact, ContactId, MachineKind, Reference,
};
use redress_identity::Keys;
use redress_identity::token::Token;
use redress_router::plan::{Bounce, Clues, Origin, clues};
use redress_router::{Config, Settings};

fn keys() -> Keys {
    Keys::from_master(&[7; 32])
}

fn read(contact: &Contact) -> Clues {
    clues(contact, &keys(), &Config::check(&Settings::default()).unwrap())
}

fn address(value: &str) -> Address {
    Address { kind: AddressKind::Email, value: value.to_owned(), display_name: String::new() }
}

fn mail(id: &str, references: &[&str]) -> Contact {
    Contact {
        id: ContactId::new("c1").unwrap(),
        sender: Some(address("ann@example.org")),
        subject: "Broken kettle".to_owned(),
        text: "It leaks\nall over.".to_owned(),
        thread: Some(Thread {
            message_id: id.to_owned(),
            references: references.iter().map(|&id| id.to_owned()).collect(),
            ..Thread::default()
        }),
        ..Contact::default()
    }
}

fn ours() -> (CommunicationId, ComplaintId) {
    (CommunicationId::new("comm").unwrap(), ComplaintId::new("comp").unwrap())
}

fn our_message_id() -> String {
    let (communication, complaint) = ours();
    keys().message_id(&communication, &complaint, "example.org")
}

#[test]
fn the_root_is_the_first_mail_named_else_the_mail_itself() {
    let first = read(&mail("a@x", &[]));
    let root = first.root.clone().unwrap();
    assert_eq!(root.origin, Origin::OwnMessage);
    assert!(!first.call_for_lookups());
    for answer in [mail("b@x", &["a@x"]), mail("c@x", &["a@x", "b@x"])] {
        let clues = read(&answer);
        assert_eq!(clues.root.as_ref().unwrap().key, root.key);
        assert_eq!(clues.root.unwrap().origin, Origin::References);
        assert!(clues.own_key.is_some());
    }
    let mut by_header = mail("b@x", &[]);
    by_header.thread.as_mut().unwrap().in_reply_to = vec!["a@x".to_owned()];
    assert_eq!(read(&by_header).root.unwrap().key, root.key);
    assert_eq!(read(&mail("", &[])).root, None, "a mail without any id has no root");
}

#[test]
fn a_thread_is_one_senders_and_never_mixes_people_with_machines() {
    let root = |contact: &Contact| read(contact).root.unwrap().key;
    let anns = mail("a@x", &[]);
    let bobs = Contact { sender: Some(address("bob@example.org")), ..anns.clone() };
    let machine = Machine { kind: MachineKind::AutoReply, ..Machine::default() };
    let machines = Contact { machine: Some(machine), ..anns.clone() };
    assert_ne!(root(&anns), root(&bobs));
    assert_ne!(root(&anns), root(&machines));
    let again = Contact { sender: Some(address("Ann@Example.ORG")), ..anns.clone() };
    assert_eq!(root(&anns), root(&again));
}

#[test]
fn the_text_is_the_same_however_it_is_wrapped_and_another_with_another_file() {
    let text = |contact: &Contact| read(contact).text;
    let mail = mail("a@x", &[]);
    let wrapped = Contact { text: "It   leaks all\r\nover. ".to_owned(), ..mail.clone() };
    let other = Contact { text: "It leaks.".to_owned(), ..mail.clone() };
    let file = Attachment { sha256: "ab".to_owned(), ..Attachment::default() };
    let with_file = Contact { attachments: vec![file], ..mail.clone() };
    assert_eq!(text(&mail), text(&wrapped));
    assert_ne!(text(&mail), text(&other));
    assert_ne!(text(&mail), text(&with_file));
    assert_ne!(read(&mail).root.unwrap().text_key, read(&other).root.unwrap().text_key);
}

#[test]
fn tokens_are_found_in_addresses_and_ids_the_answered_address_first() {
    let (communication, complaint) = ours();
    let mut contact = mail("b@x", &["a@x", &our_message_id()]);
    contact.recipients =
        vec![address("help@example.org"), address(&keys().reply_address("help@example.org", &complaint))];
    assert_eq!(
        read(&contact).tokens,
        [Token::Complaint(complaint.clone()), Token::Message(communication, complaint)]
    );
    contact.recipients = vec![address("help+c.comp.aaaaaaaaaaaaaaaaaaaa@example.org")];
    contact.thread = None;
    assert_eq!(read(&contact).tokens, []);
}

fn bounce_of(deliveries: Vec<DeliveryReport>) -> Contact {
    let (communication, _) = ours();
    Contact {
        recipients: vec![address(&keys().bounce_address("bounce@example.org", &communication))],
        machine: Some(Machine { kind: MachineKind::Bounce, evidence: String::new(), deliveries }),
        sender: None,
        ..mail("z@x", &[])
    }
}

#[test]
fn a_bounce_names_its_communication_and_the_worst_it_says() {
    let report = |status: &str, permanent| DeliveryReport {
        status: status.to_owned(),
        permanent,
        ..DeliveryReport::default()
    };
    for (deliveries, status, permanent) in [
        (vec![], "", true),
        (vec![report("4.4.1", false)], "4.4.1", false),
        (vec![report("4.4.1", false), report("5.1.1", true)], "5.1.1", true),
    ] {
        let expect = Bounce { communication: ours().0, status: status.to_owned(), permanent };
        assert_eq!(read(&bounce_of(deliveries)).bounce, Some(expect));
    }
}

#[test]
fn a_bounce_without_our_address_is_known_by_the_mail_it_returns() {
    let report = DeliveryReport {
        original_message_id: our_message_id(),
        permanent: true,
        ..DeliveryReport::default()
    };
    let contact = Contact { recipients: vec![], ..bounce_of(vec![report]) };
    assert_eq!(read(&contact).bounce.unwrap().communication, ours().0);
    let report = DeliveryReport { original_message_id: "a@x".to_owned(), ..DeliveryReport::default() };
    assert_eq!(read(&Contact { recipients: vec![], ..bounce_of(vec![report]) }).bounce, None);
}

#[test]
fn references_are_found_but_not_the_one_promised_to_the_contact_itself() {
    let reference = |n: &str| keys().reference(&ContactId::new(n).unwrap(), 0);
    let (one, two, own) = (reference("1"), reference("2"), reference("3"));
    let contact = Contact {
        subject: format!("Re: {one}"),
        text: format!("as I said in {two} and {one}; you call this {own}"),
        reference: Some(own),
        ..Contact::default()
    };
    assert_eq!(read(&contact).references, [one, two]);
    assert_eq!(
        read(&Contact { text: "RD-0000".to_owned(), ..Contact::default() }).references,
        Vec::<Reference>::new()
    );
}

#[test]
fn an_order_number_counts_for_its_sender_alone() {
    let fields = vec![Field { name: "order_number".to_owned(), value: "4711".to_owned() }];
    let anns = Contact { fields, ..mail("a@x", &[]) };
    let bobs = Contact { sender: Some(address("bob@example.org")), ..anns.clone() };
    let nobodys = Contact { sender: None, ..anns.clone() };
    assert_eq!(read(&anns).orders.len(), 1);
    assert_ne!(read(&anns).orders, read(&bobs).orders);
    assert_eq!(read(&nobodys).orders, Vec::<String>::new());
}

#[test]
fn what_is_looked_up_has_a_limit() {
    let ids: Vec<String> = (0..5_000).map(|n| format!("{n}@x")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(read(&mail("me@x", &ids)).ancestors.len(), 8);
}

proptest! {
    #[test]
    fn nothing_a_person_wrote_leaves_in_the_clear(
        word in "[a-z]{12}", id in "[a-z]{12}@example\\.com", names_another in any::<bool>()
    ) {
        let references = if names_another { vec![id.as_str()] } else { vec![] };
        let mut contact = mail(&id, &references);
        contact.sender = Some(address(&format!("{word}@example.org")));
        contact.text = format!("order number 123456 {word}");
        let shown = format!("{:?}", read(&contact));
        prop_assert!(!shown.contains(&word) && !shown.contains(&id) && !shown.contains("123456"));
    }

    #[test]
    fn any_thread_is_read_without_panic(
        id in "\\PC{0,20}", references in proptest::collection::vec("\\PC{0,20}", 0..10), text in "\\PC{0,80}"
    ) {
        let references: Vec<&str> = references.iter().map(String::as_str).collect();
        let mut contact = mail(&id, &references);
        contact.text = text;
        prop_assert!(read(&contact).ancestors.len() <= 8);
    }
}

#[test]
fn answers_to_a_mail_sent_by_hand_are_found_by_it() {
    let sent = Contact {
        sender: Some(address("help@example.org")),
        recipients: vec![address("ann@example.org")],
        machine: Some(Machine { kind: MachineKind::Own, ..Machine::default() }),
        sent_by_hand: true,
        ..mail("sent@x", &[])
    };
    let by_hand = read(&sent).by_hand.unwrap();
    assert_eq!(by_hand.mail, "sent@x");
    let answer = read(&mail("answer@x", &["sent@x"]));
    assert_eq!(by_hand.addressees, std::slice::from_ref(&answer.party));
    assert_eq!(by_hand.answer_keys, [answer.root.unwrap().key]);
    assert_eq!(read(&Contact { sent_by_hand: false, ..sent }).by_hand, None);
}
