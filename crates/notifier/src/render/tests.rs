//! Every mail as it goes out, and what hostile contacts cannot do to it.

use mail_parser::{Address as Parsed, MessageParser};
use proptest::prelude::*;
use redress_contract::contact::{Raw, SenderVerdict, Thread as ContactThread};
use redress_contract::{
    Channel, CommunicationPurpose, ContactId, EventId, HandlerId, MilestoneId, Outcome, Verdict,
};

use super::*;
use crate::config::StatusPage;
use crate::run::email;
use crate::sample::{at, complaint, contact};
use crate::settings::{AccountSettings, Settings};

fn config() -> Config {
    let mut settings = Settings {
        organisation: "Example Parcels".to_owned(),
        from_address: "complaints@example.org".to_owned(),
        bounce_address: "bounce@example.org".to_owned(),
        contact_line: "You can also call us on +43 1 234 (Monday to Friday, 9 to 17).".to_owned(),
        zone: "Europe/Vienna".to_owned(),
        ..Settings::default()
    };
    let help = AccountSettings {
        address: "help@example.org".to_owned(),
        name: "Example Parcels, Öffentlichkeit".to_owned(),
        language: String::new(),
    };
    settings.accounts.insert("help".to_owned(), help);
    Config::check(&settings).unwrap()
}

fn with_status_page() -> Config {
    let (url, languages) = ("https://complaints.example.org".to_owned(), vec!["en".to_owned()]);
    Config { status_page: Some(StatusPage { url, languages }), ..config() }
}

fn keys() -> Keys {
    Keys::from_master(&[7; 32])
}

fn step(recipient: Recipient, body: Body) -> Step {
    let complaint = complaint();
    Step {
        event_id: EventId::of(&complaint.id, 1),
        recipient,
        contact_id: (recipient == Recipient::Complainant).then(|| complaint.contact_id.clone()),
        body,
        id: None,
        released: false,
    }
}

fn acknowledgement() -> Step {
    step(Recipient::Complainant, Body::Acknowledgement)
}

struct Case {
    step: Step,
    complaint: Complaint,
    contact: Contact,
    reasons: &'static str,
    others: Vec<Reference>,
}

impl Case {
    fn new(step: Step, language: &str) -> Self {
        let mut complaint = complaint();
        language.clone_into(&mut complaint.language);
        Self { step, complaint, contact: contact(), reasons: "", others: Vec::new() }
    }

    fn render(&self) -> Communication {
        self.render_with(&config(), false)
    }

    fn render_with(&self, config: &Config, authenticated: bool) -> Communication {
        let to = email("jane@example.com");
        let material = Material {
            step: &self.step,
            complaint: &self.complaint,
            contact: (self.step.recipient == Recipient::Complainant).then_some(&self.contact),
            to: &to,
            medium: Medium::Email,
            authenticated,
            reasons: self.reasons,
            others: &self.others,
            at: at("2026-03-06T09:12:02Z"),
        };
        render(&material, config, &keys()).unwrap()
    }
}

/// Headers as they go out, then the two texts as a mail program reads them.
fn readable(communication: &Communication) -> String {
    let mail = std::str::from_utf8(&communication.message).unwrap();
    let (headers, _) = mail.split_once("\r\n\r\n").unwrap();
    let parsed = MessageParser::new().parse(&communication.message[..]).unwrap();
    let text = parsed.body_text(0).unwrap();
    let html = parsed.body_html(0).unwrap();
    let provides = communication.provides.join(", ");
    format!("{headers}\n\nprovides: {provides}\n\n--- text\n{text}\n--- html\n{html}").replace("\r\n", "\n")
}

fn check(name: &str, case: &Case) {
    check_mail(name, &case.render());
}

fn check_mail(name: &str, mail: &Communication) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../../tests/snapshots");
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, readable(mail)));
}

#[test]
fn acknowledgements() {
    check("acknowledgement_en", &Case::new(acknowledgement(), "en"));
    check("acknowledgement_de", &Case::new(acknowledgement(), "de-AT"));
    let mut enquiry = Case::new(acknowledgement(), "en");
    enquiry.complaint.disposition = Disposition::Enquiry;
    enquiry.complaint.clocks[0].milestones[1].id = MilestoneId::new("triage").unwrap();
    check("acknowledgement_of_an_enquiry_en", &enquiry);
    let mut gathered = Case::new(acknowledgement(), "en");
    gathered.others = ["RD-AAAA-AAAA", "RD-BBBB-BBBB"].map(|text| Reference::new(text).unwrap()).to_vec();
    check("acknowledgement_of_several_en", &gathered);
}

#[test]
fn whoever_sent_too_much_is_told_how_to_send_the_rest() {
    for language in ["en", "de"] {
        let mut case = Case::new(acknowledgement(), language);
        let raw = Raw { size_bytes: 25 << 20, cut_from_bytes: Some(80 << 20), ..Raw::default() };
        case.contact.raw = Some(raw);
        check(&format!("acknowledgement_of_a_large_mail_{language}"), &case);
    }
}

#[test]
fn final_responses() {
    for (language, outcome, remedy) in [
        ("en", Outcome::Upheld, "refund"),
        ("de", Outcome::NotUpheld, "none"),
        ("en-GB", Outcome::Resolved, "none"),
    ] {
        let mut case =
            Case::new(step(Recipient::Complainant, Body::FinalResponse { reasons: None }), language);
        case.complaint.status = Status::Decided {
            at: at("2026-03-20T10:00:00Z"),
            outcome,
            remedy: remedy.to_owned(),
            handler: HandlerId::new("h1").unwrap(),
        };
        case.reasons = "The parcel was left in the rain.\r\n\r\nWe are sorry & <ashamed>.";
        check(&format!("final_response_{outcome}_{language}"), &case);
    }
}

#[test]
fn holding_responses() {
    for language in ["en", "de"] {
        let body =
            Body::HoldingResponse { words: "why".parse().unwrap(), due_at: at("2026-04-30T22:00:00Z") };
        let mut case = Case::new(step(Recipient::Complainant, body), language);
        case.reasons = "We wait for the carrier's report.";
        check(&format!("holding_response_{language}"), &case);
    }
}

#[test]
fn messages_to_staff() {
    let (clock, milestone) = ("house".parse().unwrap(), "final_response".parse().unwrap());
    let warning = Body::Warning { clock, milestone, percent: 75 };
    let (clock, milestone) = ("house".parse().unwrap(), "acknowledge".parse().unwrap());
    let escalation = Body::Escalation { clock, milestone, generation: 1, rung: 4 };
    let purpose = CommunicationPurpose::Acknowledgement;
    let problem = Body::DeliveryProblem { purpose, status: "550 5.1.1".to_owned() };
    for (role, body) in [
        (Recipient::TeamLead, warning),
        (Recipient::ComplaintsManager, escalation),
        (Recipient::Owner, problem),
    ] {
        let name = body.purpose().token();
        check(&format!("{name}_en"), &Case::new(step(role, body), "de"));
    }
}

#[test]
fn staff_texts_in_german() {
    let mut config = config();
    let settings = Settings { languages: vec!["de".to_owned()], ..Settings::default() };
    config.texts = Config::check(&settings).unwrap().texts;
    let body = Body::Warning {
        clock: "house".parse().unwrap(),
        milestone: "final_response".parse().unwrap(),
        percent: 50,
    };
    let (step, complaint, to) = (step(Recipient::Owner, body), complaint(), email("owner@example.org"));
    let material = Material {
        step: &step,
        complaint: &complaint,
        contact: None,
        to: &to,
        medium: Medium::Email,
        authenticated: true,
        reasons: "",
        others: &[],
        at: complaint.recorded_at,
    };
    let communication = render(&material, &config, &keys()).unwrap();
    insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "../../tests/snapshots", omit_expression => true}, {
        insta::assert_snapshot!("warning_de", readable(&communication));
    });
}

#[test]
fn the_same_message_has_the_same_bytes() {
    let case = Case::new(acknowledgement(), "de");
    assert_eq!(case.render(), case.render());
}

#[test]
fn without_plus_addresses_the_message_id_alone_carries_the_token() {
    let config = Config { plus_addresses: false, ..config() };
    let case = Case::new(acknowledgement(), "en");
    let to = email("jane@example.com");
    let material = Material {
        step: &case.step,
        complaint: &case.complaint,
        contact: None,
        to: &to,
        medium: Medium::Email,
        authenticated: false,
        reasons: "",
        others: &[],
        at: case.complaint.recorded_at,
    };
    let communication = render(&material, &config, &keys()).unwrap();
    assert_eq!(communication.envelope_from, "bounce@example.org");
    let parsed = MessageParser::new().parse(&communication.message[..]).unwrap();
    assert_eq!(parsed.reply_to().and_then(Parsed::first).and_then(|a| a.address()), Some("help@example.org"));
    assert!(keys().token_in(parsed.message_id().unwrap()).is_some());
}

#[test]
fn what_goes_out_can_be_recognised_when_it_comes_back() {
    let communication = Case::new(acknowledgement(), "en").render();
    let parsed = MessageParser::new().parse(&communication.message[..]).unwrap();
    let reply_to = parsed.reply_to().and_then(Parsed::first).and_then(|a| a.address()).unwrap();
    for token in [parsed.message_id().unwrap(), reply_to, communication.envelope_from.as_str()] {
        assert!(keys().token_in(token).is_some(), "{token}");
    }
}

#[test]
fn no_word_of_the_contact_comes_back() {
    for language in ["en", "de"] {
        let shown = readable(&Case::new(acknowledgement(), language).render());
        assert!(!shown.contains("MARKER"), "{shown}");
        assert!(!shown.contains("Jane"), "{shown}");
    }
}

#[test]
fn a_promise_is_only_stated_when_there_is_one() {
    let mut case = Case::new(acknowledgement(), "en");
    case.complaint.clocks.clear();
    let communication = case.render();
    assert!(!communication.provides.iter().any(|stated| stated == "deadline"));
    assert!(!readable(&communication).contains("at the latest"));
}

#[test]
fn times_are_told_as_people_tell_them() {
    let zone = TimeZone::get("Europe/Vienna").unwrap();
    let now = at("2026-03-06T09:00:00Z");
    for (due, day, time) in [
        ("2026-04-03T22:00:00Z", 3, None),
        ("2026-04-03T15:00:00Z", 3, None),
        ("2026-03-06T16:00:00Z", 6, Some("%H:%M")),
        ("2026-03-06T09:00:20Z", 6, Some("%H:%M:%S")),
        ("2026-03-05T16:00:00Z", 5, Some("%H:%M")),
    ] {
        let told = Told::new(at(due), now, &zone);
        assert_eq!((told.at.to_zoned(zone.clone()).day(), told.time), (day, time), "{due}");
    }
}

/// The headers that every acknowledgement has, and no others.
const HEADERS: [&str; 12] = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "From",
    "In-Reply-To",
    "MIME-Version",
    "Message-ID",
    "References",
    "Reply-To",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
];

/// Text as an attacker would write it.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\r\nBcc: victim@example.net\r\n".to_owned()),
        Just("\n\n<script>alert(1)</script>".to_owned()),
        Just("\u{202e}\u{2066}\u{0}\u{7f}\u{85}\u{2028}".to_owned()),
        Just("=?utf-8?q?=0D=0ABcc:_v@example.net?=".to_owned()),
        Just("\r.\r\n.\r\nMAIL FROM:<x@example.net>\r\n".to_owned()),
        Just("id@example.com>\r\n <x".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nobody_adds_a_header_or_a_recipient(
        name in hostile(), message_id in hostile(), ids in proptest::collection::vec(hostile(), 0..4), reasons in hostile(),
    ) {
        let mut config = config();
        if let Some(sender) = config.accounts.get_mut("help") {
            sender.name.clone_from(&name);
        }
        let mut case = Case::new(step(Recipient::Complainant, Body::FinalResponse { reasons: None }), "en");
        case.contact.sender = Some(Address { display_name: name.clone(), ..email("jane@example.com") });
        case.contact.thread = Some(ContactThread {
            message_id: format!("{message_id}@example.com"),
            references: ids.clone(),
            in_reply_to: ids,
            ..ContactThread::default()
        });
        let to = email("jane@example.com");
        let material = Material {
            step: &case.step, complaint: &case.complaint, contact: Some(&case.contact), to: &to,
            medium: Medium::Email,
            authenticated: false, reasons: &reasons, others: &[], at: case.complaint.recorded_at,
        };
        let communication = render(&material, &config, &keys()).unwrap();
        let bytes = &communication.message[..];
        let bare = bytes.windows(2).any(|pair| (pair[0] == b'\r') != (pair[1] == b'\n'));
        prop_assert!(!bare, "only CRLF ends lines");
        prop_assert!(bytes.split(|b| *b == b'\n').all(|line| line.len() <= 999), "no line is too long");
        let parsed = MessageParser::new().parse(bytes).unwrap();
        let found: Vec<&str> = parsed.headers().iter().map(mail_parser::Header::name).collect();
        for header in &found {
            prop_assert!(HEADERS.contains(header), "{header}");
            prop_assert_eq!(found.iter().filter(|other| other == &header).count(), 1, "{} twice", header);
        }
        let recipients: Vec<_> = parsed.to().into_iter().flat_map(Parsed::iter).filter_map(|a| a.address()).collect();
        prop_assert_eq!(recipients, ["jane@example.com"]);
        prop_assert!(parsed.cc().is_none() && parsed.bcc().is_none());
    }
}

fn decided(language: &str) -> Case {
    let mut case = Case::new(step(Recipient::Complainant, Body::FinalResponse { reasons: None }), language);
    let (at, handler) = (at("2026-03-20T10:00:00Z"), HandlerId::new("h1").unwrap());
    case.complaint.status =
        Status::Decided { at, outcome: Outcome::Upheld, remedy: "refund".to_owned(), handler };
    case.reasons = "It was late.";
    case
}

#[test]
fn mails_to_the_complainant_lead_to_the_status_page() {
    for language in ["en", "de"] {
        let case = Case::new(acknowledgement(), language);
        check_mail(
            &format!("acknowledgement_with_a_link_{language}"),
            &case.render_with(&with_status_page(), false),
        );
        let mail = decided(language).render_with(&with_status_page(), false);
        check_mail(&format!("final_response_with_a_link_{language}"), &mail);
    }
}

#[test]
fn the_code_goes_to_whoever_opened_the_complaint_where_they_wrote_from_and_nowhere_else() {
    let code = keys().receipt_code(&complaint().contact_id);
    let check = |contact: Contact, authenticated: bool, expect: bool| {
        for case in [Case::new(acknowledgement(), "en"), decided("en")] {
            let case = Case { contact: contact.clone(), ..case };
            let mail = readable(&case.render_with(&with_status_page(), authenticated));
            let link = format!("https://complaints.example.org/en/status#RD-4F7K-2QMX.{code}");
            assert!(mail.contains("https://complaints.example.org/en/status"), "{mail}");
            assert_eq!(mail.contains(&link), expect, "{contact:?}: {mail}");
            assert_eq!(mail.contains(&code), expect, "{contact:?}: {mail}");
            let (headers, _) = mail.split_once("\n\n").unwrap();
            assert!(!headers.contains(&code), "{headers}");
        }
    };
    check(contact(), false, true);
    check(Contact { channel: Channel::Web, ..contact() }, false, false);
    check(Contact { channel: Channel::Api, ..contact() }, true, true);
    check(Contact { id: ContactId::new("other").unwrap(), ..contact() }, true, false);
    check(Contact { sender: Some(email("somebody@example.com")), ..contact() }, false, false);
    let verdict = SenderVerdict { verdict: Verdict::Fail, ..SenderVerdict::default() };
    check(Contact { sender_verdict: Some(verdict), ..contact() }, false, false);
}

#[test]
fn without_a_public_page_mails_name_none() {
    let mail = readable(&Case::new(acknowledgement(), "en").render());
    assert!(!mail.contains("/status") && !mail.contains("receipt code"), "{mail}");
}
