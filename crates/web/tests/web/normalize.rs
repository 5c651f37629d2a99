//! Any bytes at all: never a panic, and whatever passes keeps every promise a contact makes.

use jiff::Timestamp;
use proptest::prelude::*;
use redress_contract::{Channel, Contact, ContactId, ParseStatus, Reference};
use redress_web::config::{Anonymous, Demands};
use redress_web::normalize::{
    Arrival, JsonError, PARTS_MAX, Stated, TooManyFields, contact, read_form, read_json, urlencoded_pairs,
};
use redress_web::submission::{Draft, Field, FieldName};

fn arrival() -> Arrival {
    Arrival {
        channel: Channel::Web,
        account: "default".to_owned(),
        page_language: "ar".to_owned(),
        contact_id: ContactId::new("abc").unwrap(),
        reference: Reference::new("RD-4F7K-2QMX").unwrap(),
        stated: Stated::default(),
        recorded_at: Timestamp::UNIX_EPOCH,
        media_type: "application/json".to_owned(),
        sha256: String::new(),
    }
}

fn recorded(draft: &Draft, demands: &Demands) -> Option<Contact> {
    Some(contact(&draft.check(demands).ok()?, arrival()))
}

fn keeps_its_promises(contact: &Contact, demands: &Demands) {
    let lines = contact
        .fields
        .iter()
        .filter(|field| !["remedy", "circumstances"].contains(&field.name.as_str()))
        .map(|field| &field.value);
    let sender = contact.sender.iter().flat_map(|sender| [&sender.value, &sender.display_name]);
    for line in lines.chain(sender).chain([&contact.language]) {
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    let text = contact.text.as_str();
    assert!(
        !text.trim().is_empty() && text.chars().count() <= demands.limits.what_happened_chars_max as usize
    );
    assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
    let bytes = serde_json::to_vec(contact).unwrap();
    assert_eq!(&serde_json::from_slice::<Contact>(&bytes).unwrap(), contact);
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,40}",
        Just("kim@example.org".to_owned()),
        Just("030 901820".to_owned())
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_as_a_form_or_named_as_wrong(body in proptest::collection::vec(any::<u8>(), 0..600)) {
        let form = read_form(urlencoded_pairs(&body).unwrap_or_default(), &Demands::default());
        let _ = recorded(&form.draft, &Demands::default());
        if let Ok(body) = read_json(&body) {
            let _ = body.fill_in(&Demands::default());
        }
    }

    #[test]
    fn any_values_of_our_fields_keep_the_promises(values in proptest::collection::vec(any_text(), Field::ALL.len())) {
        let demands = Demands { anonymous: Anonymous::Taken, ..Demands::default() };
        let mut draft = Draft::default();
        for (field, value) in Field::ALL.into_iter().zip(values) {
            draft.set(FieldName::Known(field), value).unwrap();
        }
        if let Some(contact) = recorded(&draft, &demands) {
            keeps_its_promises(&contact, &demands);
        }
    }

    #[test]
    fn a_form_and_json_that_say_the_same_are_the_same(text in any_text(), email in any_text()) {
        let urlencoded = form_urlencoded::Serializer::new(String::new())
            .append_pair("what_happened", &text)
            .append_pair("email", &email)
            .finish();
        let json = serde_json::json!({ "whatHappened": text, "email": email }).to_string();
        let form = read_form(urlencoded_pairs(urlencoded.as_bytes()).unwrap(), &Demands::default());
        prop_assert_eq!(read_json(json.as_bytes()).unwrap().fill_in(&Demands::default()), (form.draft, form.errors));
    }
}

#[test]
fn bytes_that_are_no_text_are_marked() {
    let form = read_form(
        urlencoded_pairs(b"what_happened=Gr%F6%DFe&email=kim%40example.org").unwrap(),
        &Demands::default(),
    );
    let contact = recorded(&form.draft, &Demands::default()).unwrap();
    assert_eq!(contact.parse_status, ParseStatus::Partial);
    assert_eq!(contact.text, "Gr\u{fffd}\u{fffd}e");
}

#[test]
fn a_name_without_an_address_is_not_lost() {
    let form = read_form(urlencoded_pairs(b"what_happened=x&name=Kim").unwrap(), &Demands::default());
    let demands = Demands { anonymous: Anonymous::Taken, ..Demands::default() };
    let contact = recorded(&form.draft, &demands).unwrap();
    assert_eq!((contact.sender, contact.fields[0].value.as_str()), (None, "Kim"));
}

#[test]
fn fields_are_counted() {
    let pairs = |count: usize| urlencoded_pairs("&a".repeat(count).as_bytes()).map(|pairs| pairs.len());
    assert_eq!((pairs(PARTS_MAX), pairs(PARTS_MAX + 1)), (Ok(PARTS_MAX), Err(TooManyFields)));
    let members = |count: usize| read_json(format!("{{{}}}", vec!["\"a\":0"; count].join(",")).as_bytes());
    assert_eq!(members(PARTS_MAX).unwrap().fill_in(&Demands::default()).1.len(), PARTS_MAX);
    assert_eq!(members(PARTS_MAX + 1).unwrap_err(), JsonError::TooManyFields);
}
