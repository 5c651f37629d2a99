//! What is fed with bytes from outside, one function for each door: none may panic, hang, or take for good what it then
//! cannot read back.
//!
//! libFuzzer calls them from `fuzz_targets/`, `make test` with the seeds and some thousand changes of each
//! (`tests/fuzz`). A new parser or decoder gets a line in [`TARGETS`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use redress_contract::{
    Commit, CommitText, Communication, Contact, ContactId, Content, DeadLetter, Event, Severity, TimerDue,
    Verdict, subject,
};
use redress_domain::rules::Timing;
use redress_domain::{Rules, RulesSettings, replay};
use redress_email::normalize::limits::Limits;
use redress_email::normalize::trust::{Authserv, Trust};
use redress_email::normalize::{Envelope, normalize, words};
use redress_identity::{Keys, address, reference};
use redress_router::plan;
use redress_web::addition::{check_text, read_json_addition, read_status};
use redress_web::config::Demands;
use redress_web::normalize::{read_form, read_json, urlencoded_pairs};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A function that takes whatever bytes there are.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("mail", mail),
    ("verdict", verdict),
    ("form", form),
    ("multipart", multipart),
    ("api", api),
    ("tokens", tokens),
    ("commits", commits),
    ("records", records),
    ("settings", settings),
    ("environment", environment),
];

/// A mail: scanned, parsed, read as machine, bounce, thread and text; then what router and notifier make of it.
pub fn mail(raw: &[u8]) {
    let (keys, limits) = (keys(), Limits::default());
    let envelope = Envelope {
        account: "help",
        received_at: Timestamp::UNIX_EPOCH,
        own_addresses: &["help@own.example.org".to_owned()],
        trust: &Trust {
            authserv: Authserv::of("mx.example.org"),
            form_relays: vec!["@forms.example.org".to_owned()],
        },
        verified: None,
        keys: &keys,
        limits: &limits,
        whole: None,
        sent: false,
    };
    let contact = normalize(raw, &envelope);
    // What the parser could not bear is caught and kept as unreadable; here it is a find.
    assert!(!contact.parse_problem.contains("gave up"), "the parser gave up");
    assert!(contact.text_spans.iter().all(|span| !span.of(&contact.text).is_empty()), "a span covers words");
    let in_order = contact.text_spans.windows(2).all(|pair| pair[0].end_byte <= pair[1].start_byte);
    assert!(in_order, "spans do not overlap");
    let _ = words(raw, &limits);
    understood(&contact, &keys);
}

/// What a server says of a sender, which the sender has a hand in: whatever stands there, only a domain that the server
/// named beside a `pass` vouches.
pub fn verdict(field: &[u8]) {
    let (keys, limits) = (keys(), Limits::default());
    let field: Vec<u8> = field.iter().map(|byte| if b"\r\n".contains(byte) { b' ' } else { *byte }).collect();
    let raw =
        [b"Authentication-Results: ", field.as_slice(), b"\r\nFrom: Ann <ann@example.com>\r\n\r\nwords\r\n"]
            .concat();
    for authserv in ["mx.example.org", "-"] {
        let envelope = Envelope {
            account: "help",
            received_at: Timestamp::UNIX_EPOCH,
            own_addresses: &[],
            keys: &keys,
            trust: &Trust { authserv: Authserv::of(authserv), ..Trust::default() },
            verified: None,
            limits: &limits,
            whole: None,
            sent: false,
        };
        let contact = normalize(&raw, &envelope);
        let vouched = contact.sender_verdict.filter(|known| known.verdict == Verdict::Pass);
        assert_eq!(contact.sender_authenticated, vouched.is_some(), "only a verdict vouches");
        assert!(
            vouched.is_none_or(|known| known.domain == "example.com"),
            "nobody but the author's domain vouches"
        );
    }
}

/// What everybody behind the door does with a contact.
fn understood(contact: &Contact, keys: &Keys) {
    let again: Contact = same_again(contact);
    assert!(*contact == again, "a contact is read as it was written");
    let config = redress_router::Config::check(&redress_router::Settings::default());
    let clues = plan::clues(contact, keys, &config.expect("the defaults are sound"));
    let _ = plan::kept(contact, &clues);
    let _ = plan::facts(contact);
    let _ = redress_notifier::address::answer_to(contact);
}

/// A form, urlencoded.
pub fn form(body: &[u8]) {
    let Ok(pairs) = urlencoded_pairs(body) else { return };
    let _ = check_text(&read_status(pairs.clone()).text, 100);
    let form = read_form(pairs, &Demands::default());
    submitted(&form.draft);
    let _ = keys().form_stamp_time("complaint", &form.stamp);
}

/// A form with files: the first line is its media type, the rest its body.
pub fn multipart(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (media_type, body) = data.split_at(end);
    let media_type = String::from_utf8_lossy(media_type.trim_ascii());
    let body = bytes::Bytes::copy_from_slice(body.get(1..).unwrap_or_default());
    if let Ok((texts, _)) = futures::executor::block_on(redress_web::multipart(&media_type, body)) {
        submitted(&read_form(texts, &Demands::default()).draft);
    }
}

/// The JSON API.
pub fn api(body: &[u8]) {
    if let Ok(body) = read_json(body) {
        submitted(&body.fill_in(&Demands::default()).0);
    }
    let _ = read_json_addition(body);
}

fn submitted(draft: &redress_web::submission::Draft) {
    let Ok(submission) = draft.check(&Demands::default()) else { return };
    let keys = keys();
    let id = keys.submission_contact_id("complaint", "key");
    let arrival = redress_web::normalize::Arrival {
        channel: redress_contract::Channel::Web,
        account: "complaint".to_owned(),
        page_language: String::new(),
        reference: keys.reference(&id, 0),
        contact_id: id,
        recorded_at: Timestamp::UNIX_EPOCH,
        stated: redress_web::normalize::Stated::default(),
        media_type: "application/x-www-form-urlencoded".to_owned(),
        sha256: String::new(),
    };
    understood(&redress_web::normalize::contact(&submission, arrival), &keys);
}

/// Tokens, references, receipt codes, stamps, addresses, telephone numbers: whatever somebody types or quotes.
pub fn tokens(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let keys = keys();
    assert!(keys.token_in(text).is_none() || text.contains('.'), "a token without a signature");
    for found in reference::find(text) {
        assert_eq!(reference::parse(found.as_str()), Some(found), "a reference is read as it is shown");
    }
    if let Some(read) = reference::parse(text) {
        assert_eq!(reference::parse(read.as_str()), Some(read), "a reference is read as it is shown");
    }
    let contact = ContactId::new("contact").expect("letters are an id");
    assert!(!keys.receipt_code_fits(&contact, text), "a receipt code was guessed");
    assert!(keys.form_stamp_time("complaint", text).is_none(), "a stamp was guessed");
    let _ = (address::is_email(text), address::domain(text));
    for kind in redress_contract::AddressKind::ALL {
        let address = redress_contract::contact::Address {
            kind: *kind,
            value: text.to_owned(),
            display_name: String::new(),
        };
        let _ = (keys.party(&address, None), keys.party(&address, Some("DE")));
    }
    let _ = plan::language(text);
    let _ = (subject::parse_intake(text), subject::parse_complaint(text));
}

/// Commits and events: what is read is written again, replayed, planned from and published.
pub fn commits(data: &[u8]) {
    let may_concern = redress_notifier::plan::may_concern(data);
    if let Ok(event) = serde_json::from_slice::<Event>(data) {
        let again: Event = same_again(&event);
        assert_eq!(event, again, "an event is read as it was written");
    }
    let Ok(commit) = serde_json::from_slice::<Commit>(data) else { return };
    let again: Commit = same_again(&commit);
    assert_eq!(commit.events, again.events, "a commit is read as it was written");
    let text: CommitText = serde_json::from_slice(data).expect("what is a commit is one in text too");
    let published = redress_feed::derive::messages(1, &text, "/redress");
    assert_eq!(published.len(), commit.events.len(), "each event is published");
    let Some(complaint) = replay(&commit.events) else { return };
    let steps = redress_notifier::plan::plan(&commit, &complaint);
    assert!(may_concern || steps.is_empty(), "a commit that calls for messages was passed over");
    let slots = redress_sla::plan::touched(&commit.events, &complaint);
    let _ = (redress_sla::plan::steps(&complaint, &slots), redress_sla::plan::pending(&complaint));
    let again: redress_domain::Complaint = same_again(&complaint);
    assert_eq!(complaint, again, "a complaint is read as it was written");
}

/// Everything else that lies in the broker: contacts, communications, contents, timers, dead letters, claims, cursors.
pub fn records(data: &[u8]) {
    if let Some(contact) = round_trip::<Contact>(data) {
        understood(&contact, &keys());
    }
    round_trip::<Communication>(data);
    round_trip::<Content>(data);
    round_trip::<TimerDue>(data);
    round_trip::<DeadLetter>(data);
    round_trip::<redress_contract::CloudEvent>(data);
    round_trip::<redress_domain::Complaint>(data);
    round_trip::<redress_feed::Position>(data);
    if let Some(claim) = plan::Claim::read(data) {
        assert_eq!(plan::Claim::read(&claim.bytes()), Some(claim), "a claim is read as it was written");
    }
}

/// Rules, policies and calendars as a settings file says them; what compiles, routes and starts clocks.
pub fn settings(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(settings) = toml::from_str::<RulesSettings>(text) else { return };
    let Ok(rules) = Rules::compile(&settings) else { return };
    let contact = Contact { subject: "late".to_owned(), text: text.to_owned(), ..Contact::default() };
    let _ = rules.route(&plan::facts(&contact));
    let timing = Timing::from(Timestamp::UNIX_EPOCH, Severity::S1);
    for policy in rules.policies() {
        for milestone in &policy.milestones {
            assert!(policy.due_at(milestone, &timing) >= timing.anchor, "due before it began");
        }
    }
    let versions = rules.versions();
    assert!(!versions.is_empty(), "rules without a version");
    let house = Rules::compile(&RulesSettings::default()).expect("the house rules are right");
    let (_, problems) = house.remembering(&versions);
    assert_eq!(problems, [], "a version that cannot be read back");
}

/// Settings from the environment: `REDRESS__LIMITS__CONTACTS_PER_COMPLAINT=5`, a line each.
pub fn environment(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let variables: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (format!("REDRESS__{name}"), value.to_owned()))
        .collect();
    let _ = redress_runtime::settings::read::<RulesSettings>(None, &variables);
}

fn round_trip<T: Serialize + DeserializeOwned>(data: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(data).ok()?;
    let _: T = same_again(&value);
    Some(value)
}

/// What was read, written and read once more.
fn same_again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let bytes = serde_json::to_vec(value).expect("what was read can be written");
    serde_json::from_slice(&bytes).expect("what was written can be read")
}

fn keys() -> Keys {
    Keys::from_master(&[7; 32])
}
