//! What `{:?}` shows of things that hold people's words, addresses and secrets: nothing of those.

use redress_contract::contact::{Address, Attachment, DeliveryReport, Field, Machine, Raw, Thread};
use redress_contract::{Communication, Contact, Content, DeadLetter, FileName, HeaderText};
use redress_identity::Keys;
use redress_runtime::Secret;

const MARKER: &str = "zqmarkervw";

fn marker() -> String {
    MARKER.to_owned()
}

fn bytes() -> bytes::Bytes {
    marker().into()
}

fn address() -> Address {
    Address { value: marker(), display_name: marker(), ..Address::default() }
}

fn contact() -> Contact {
    let report =
        DeliveryReport { recipient: marker(), original_message_id: marker(), ..DeliveryReport::default() };
    Contact {
        sender: Some(address()),
        reply_to: vec![address()],
        recipients: vec![address()],
        subject: marker(),
        text: marker(),
        language: marker(),
        attachments: vec![Attachment { file_name: FileName::new(MARKER), ..Attachment::default() }],
        raw: Some(Raw { inline: bytes(), ..Raw::default() }),
        thread: Some(Thread { message_id: marker(), references: vec![marker()], ..Thread::default() }),
        machine: Some(Machine { evidence: marker(), deliveries: vec![report], ..Machine::default() }),
        fields: vec![Field { name: marker(), value: marker() }],
        ..Contact::default()
    }
}

/// Each thing as `{:?}` and `{:#?}` write it.
fn shown() -> Vec<String> {
    let contact = contact();
    let communication = Communication {
        to: address(),
        envelope_from: marker(),
        message: bytes(),
        ..Communication::default()
    };
    let stored = redress_bus::Stored {
        seq: 1,
        subject: "intake.email.x".to_owned(),
        headers: vec![("x".to_owned(), marker())],
        body: bytes(),
        stored_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let delivery = redress_bus::Delivery {
        subject: "intake.email.x".to_owned(),
        headers: vec![("x".to_owned(), marker())],
        body: bytes(),
        stream_seq: 1,
        attempt: 1,
        stored_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let words = redress_notifier::texts::Words {
        subject: marker(),
        text: marker(),
        html: marker(),
        provides: Vec::new(),
    };
    let mut master = [0; 32];
    master[..MARKER.len()].copy_from_slice(MARKER.as_bytes());
    let keys = Keys::from_master(&master);
    let things: Vec<Box<dyn std::fmt::Debug>> = vec![
        Box::new(contact.sender.clone()),
        Box::new(contact.attachments.clone()),
        Box::new(contact.raw.clone()),
        Box::new(contact.thread.clone()),
        Box::new(contact.machine.clone()),
        Box::new(contact.fields.clone()),
        Box::new(contact),
        Box::new(communication),
        Box::new(Content { text: marker(), ..Content::default() }),
        Box::new(DeadLetter { payload: bytes(), ..DeadLetter::default() }),
        Box::new((HeaderText::new(MARKER), FileName::new(MARKER))),
        Box::new((stored, delivery, redress_bus::Created::Exists(bytes()))),
        Box::new((Secret::new(MARKER), words, keys)),
        Box::new(redress_notifier::mail::MailAddress::new(&format!("{MARKER}@example.org"))),
        Box::new(redress_notifier::mail::MessageId::new(&format!("{MARKER}@example.org"))),
        Box::new(redress_web::submission::FieldName::Other(marker())),
        Box::new(redress_web::addition::read_status(vec![("text".to_owned(), marker())])),
        Box::new(redress::cli::Text::from(marker())),
    ];
    things.iter().flat_map(|thing| [format!("{thing:?}"), format!("{thing:#?}")]).collect()
}

#[test]
fn debug_shows_no_words_no_addresses_and_no_secrets() {
    let shown = shown();
    assert!(shown.iter().any(|text| text.contains("intake.email.x")), "what may be shown is shown");
    let leaks: Vec<_> = shown.iter().filter(|text| text.to_lowercase().contains(MARKER)).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn settings_show_no_password() {
    let text = "[email.accounts.help]\nkind = \"imap\"\naddress = \"help@example.org\"\nhost = \"localhost\"\n\
                user = \"help\"\npassword = \"zqmarkervw\"\n[notifier.smtp]\nuser = \"u\"\npassword = \"zqmarkervw\"\n";
    let settings: redress::settings::Settings = toml::from_str(text).unwrap();
    assert!(!format!("{settings:?}").contains(MARKER));
    let email = redress_email::Config::check(&settings.email).unwrap();
    let place = format!("{email:?}");
    assert!(place.contains("localhost") && !place.contains(MARKER), "{place}");
}
