//! Who wrote: forms that mail for a person, mails sent on, addresses written two ways.

use jiff::Timestamp;
use redress_contract::{Contact, MachineKind, Verdict};
use redress_identity::Keys;

use super::super::limits::Limits;
use super::super::trust::{Authserv, Trust};
use super::super::{Envelope, normalize};

/// A mail with these header fields, read for an account with two form relays.
fn read(headers: &str) -> Contact {
    let trust = Trust {
        authserv: Authserv::of("mx.example.org"),
        form_relays: vec!["form@shop.example".to_owned(), "@forms.example".to_owned()],
    };
    let raw = format!("{headers}\r\nSubject: hello\r\n\r\nIt broke.\r\n");
    let envelope = Envelope {
        account: "help",
        received_at: Timestamp::UNIX_EPOCH,
        own_addresses: &["help@example.org".to_owned()],
        keys: &Keys::from_master(&[7; 32]),
        trust: &trust,
        verified: None,
        limits: &Limits::default(),
        whole: None,
        sent: false,
    };
    normalize(raw.as_bytes(), &envelope)
}

fn sender(contact: &Contact) -> &str {
    contact.sender.as_ref().map_or("", |sender| sender.value.as_str())
}

fn answers(contact: &Contact) -> Vec<&str> {
    contact.reply_to.iter().map(|address| address.value.as_str()).collect()
}

#[test]
fn who_fills_in_a_form_is_the_sender() {
    for relay in ["form@shop.example", "FORM@Shop.Example", "form+de@shop.example", "any@forms.example"] {
        let contact =
            read(&format!("From: Shop <{relay}>\r\nReply-To: Kim <kim@example.com>, office@shop.example"));
        assert_eq!((sender(&contact), answers(&contact)), ("kim@example.com", vec![]), "{relay}");
        assert_eq!(contact.sender.unwrap().display_name, "Kim");
    }
    for (from, reply_to, expected) in [
        // Not named in the settings: Reply-To says only where answers go.
        ("other@shop.example", "kim@example.com", "other@shop.example"),
        ("form@shop.example.evil.example", "kim@example.com", "form@shop.example.evil.example"),
        // Nobody stands there but the form and us.
        ("form@shop.example", "form@shop.example", "form@shop.example"),
        ("form@shop.example", "help@example.org", "form@shop.example"),
        ("form@shop.example", "nobody", "form@shop.example"),
    ] {
        let contact = read(&format!("From: {from}\r\nReply-To: {reply_to}"));
        assert_eq!(sender(&contact), expected, "{from} {reply_to}");
    }
}

#[test]
fn a_forms_own_marks_say_nothing_about_the_person() {
    let form = "From: form@shop.example\r\nReply-To: kim@example.com";
    for marks in
        ["Auto-Submitted: auto-generated", "Precedence: bulk", "List-Unsubscribe: <https://shop.example>"]
    {
        assert!(read(&format!("{form}\r\n{marks}")).machine.is_none(), "{marks}");
    }
    let relays_own = read("From: form@shop.example\r\nAuto-Submitted: auto-generated");
    assert_eq!(relays_own.machine.unwrap().kind, MachineKind::AutoReply);
}

#[test]
fn nobody_vouches_for_who_fills_in_a_form() {
    let form = |results: &str| {
        read(&format!(
            "Authentication-Results: mx.example.org; {results}\r\nFrom: form@shop.example\r\nReply-To: kim@example.com"
        ))
    };
    let contact = form("dmarc=pass header.from=shop.example");
    assert_eq!(sender(&contact), "kim@example.com");
    assert_eq!(contact.sender_verdict.unwrap().verdict, Verdict::None);
    assert!(!contact.sender_authenticated);
    // Who only writes the relay's name is no relay.
    let forged = form("dmarc=fail header.from=shop.example");
    assert_eq!((sender(&forged), answers(&forged)), ("form@shop.example", vec!["kim@example.com"]));
    assert_eq!(forged.sender_verdict.unwrap().verdict, Verdict::Fail);
}

#[test]
fn a_mail_that_was_sent_on_is_its_authors() {
    let on = "X-Forwarded-For: lee@example.net help@example.org\r\nX-Forwarded-To: help@example.org\r\n\
              Resent-From: lee@example.net\r\nResent-To: help@example.org";
    assert_eq!(sender(&read(&format!("From: kim@example.com\r\n{on}"))), "kim@example.com");
    let behalf = read("Sender: assistant@example.com\r\nFrom: Kim <kim@example.com>");
    assert_eq!(sender(&behalf), "kim@example.com");
    // A From that can hardly be read is one.
    let broken = read("Sender: assistant@example.com\r\nFrom: Kim [kim@example.com");
    assert_eq!(sender(&broken), "kim@example.com");
    assert_eq!(sender(&read("Sender: assistant@example.com\r\nFrom: nobody")), "assistant@example.com");
    assert_eq!(sender(&read("Sender: assistant@example.com")), "assistant@example.com");
}

#[test]
fn a_signed_address_counts_where_a_mail_was_sent_on_from() {
    let keys = Keys::from_master(&[7; 32]);
    let complaint = keys.complaint_id(&keys.mail_contact_id("help", "00"));
    let ours = keys.reply_address("help@example.org", &complaint);
    let contact = read(&format!("From: kim@example.com\r\nTo: all@example.net\r\nX-Forwarded-To: {ours}"));
    assert!(contact.recipients.iter().any(|address| address.value == ours));
}

#[test]
fn a_domain_in_letters_and_in_ascii_is_the_same() {
    let contact = read(
        "From: jo@bücher.example\r\nReply-To: JO@xn--bcher-kva.example\r\nTo: a@bücher.example\r\nCc: a@XN--bcher-kva.example",
    );
    assert_eq!(answers(&contact), Vec::<&str>::new());
    assert_eq!(contact.recipients.len(), 1);
    // An address with a tag is another place to answer to.
    assert_eq!(
        answers(&read("From: jo@example.com\r\nReply-To: jo+case@example.com")),
        ["jo+case@example.com"]
    );
}
