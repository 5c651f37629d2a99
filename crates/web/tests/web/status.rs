//! Where a complaint stands, for whoever shows its reference and receipt code.

use redress_contract::subject::name;
use redress_contract::{
    Act, Actor, Cause, Channel, CloseReason, Communication, CommunicationId, CommunicationPurpose, ContactId,
    Disposition, Hold, Medium, PartyStanding, Recipient, Reference, Severity, TeamId,
};
use redress_domain::command::Fate;
use redress_domain::{Assignment, Classification, Command, CommunicationFact, Link, Register};
use redress_vault::PrivateKey;
use redress_web::Settings;
use redress_web::config::Rates;
use reqwest::Response;

use crate::stage::{Stage, TOLD, hidden_value};

/// What the thank-you page gave.
struct Receipt {
    reference: String,
    code: String,
}

async fn complain(stage: &Stage) -> Receipt {
    let hidden = stage.open().await;
    let page = stage.send(&hidden, &[("what_happened", TOLD), ("email", "kim@example.org")]).await;
    assert_eq!(page.status(), 202);
    let page = page.text().await.unwrap();
    Receipt { reference: hidden_value(&page, "reference"), code: hidden_value(&page, "receipt_code") }
}

async fn look(stage: &Stage, reference: &str, code: &str) -> Response {
    let form = [("reference", reference), ("receipt_code", code)];
    stage.client.post(stage.path("/status")).form(&form).send().await.unwrap()
}

async fn add(stage: &Stage, receipt: &Receipt, key: &str, text: &str) -> (u16, String) {
    let form = [
        ("reference", receipt.reference.as_str()),
        ("receipt_code", &receipt.code),
        ("submission_key", key),
        ("text", text),
    ];
    let answer = stage.client.post(stage.path("/status/messages")).form(&form).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What `router` does with the contact of the form.
async fn register(stage: &Stage, receipt: &Receipt) {
    let contact = stage.contacts().await.remove(0);
    let register = Register {
        complaint_id: stage.vault.keys().complaint_id(&contact.id),
        reference: Reference::new(receipt.reference.clone()).unwrap(),
        link: Link {
            contact_id: contact.id.clone(),
            channel: Channel::Web,
            account: contact.account.clone(),
            received_at: contact.received_at,
            standing: PartyStanding::Party,
            party: "p1".to_owned(),
            machine: redress_contract::MachineKind::Unspecified,
            confidence_percent: 100,
            reasons: vec!["opened".to_owned()],
            possible_duplicate_of: None,
        },
        recorded_at: contact.recorded_at,
        language: "en".to_owned(),
        classification: Classification {
            jurisdiction: String::new(),
            needs: Vec::new(),
            evidence: Vec::new(),
            disposition: Disposition::Complaint,
            category: "general".to_owned(),
            product: String::new(),
            severity: Severity::S3,
            rule: "default".to_owned(),
        },
        assignment: Assignment {
            team: TeamId::new("lamps").unwrap(),
            handler: None,
            rule: "default".to_owned(),
        },
    };
    command(stage, &contact.id, Command::Register(register)).await;
}

async fn command(stage: &Stage, contact: &ContactId, command: Command) {
    let complaint = stage.vault.keys().complaint_id(contact);
    stage.ledger.execute(&complaint, &command, Actor::handler("h1"), Cause::default()).await.unwrap();
}

#[tokio::test]
async fn whoever_has_the_receipt_sees_where_it_stands_and_what_is_owed() {
    let stage = Stage::start().await;
    let receipt = complain(&stage).await;
    // As people copy it: other case, blanks.
    let (reference, code) = (receipt.reference.to_lowercase(), receipt.code.to_uppercase());
    let page = look(&stage, &reference, &code).await.text().await.unwrap();
    assert!(page.contains("is being registered"), "{page}");

    register(&stage, &receipt).await;
    let page = look(&stage, &reference, &code).await.text().await.unwrap();
    for words in [
        "Somebody will take it on.",
        "<span dir=\"auto\">lamps</span>",
        "We received your complaint.",
        "<dt>We confirm that your complaint has arrived</dt>\n<dd><time datetime=\"2026-03-02T13:31:00Z\">2 March 2026, 13:31 UTC</time></dd>",
        "We tell you what we have decided",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("This is late") && !page.contains("triage"), "{page}");

    let contact = stage.contacts().await.remove(0).id;
    let hold = Command::Hold { hold: Hold::AwaitingComplainant, content_id: None };
    command(&stage, &contact, hold).await;
    stage.clock.advance(jiff::SignedDuration::from_hours(24 * 60));
    let page = look(&stage, &reference, &code).await.text().await.unwrap();
    assert!(page.contains("We asked you for an answer") && page.contains("This is late"), "{page}");
}

#[tokio::test]
async fn nobody_learns_whether_a_reference_exists() {
    let stage = Stage::start().await;
    let receipt = complain(&stage).await;
    let unknown = stage.vault.keys().reference(&ContactId::new("nobody").unwrap(), 0).to_string();
    let other_code = stage.vault.keys().receipt_code(&ContactId::new("nobody").unwrap());
    let mut answers = Vec::new();
    for (reference, code) in [
        (receipt.reference.as_str(), other_code.as_str()),
        (receipt.reference.as_str(), ""),
        (unknown.as_str(), receipt.code.as_str()),
        (unknown.as_str(), other_code.as_str()),
        ("no reference", receipt.code.as_str()),
    ] {
        let answer = look(&stage, reference, code).await;
        assert_eq!(answer.status(), 422);
        let page = answer.text().await.unwrap();
        assert!(code.is_empty() || !page.contains(code), "{page}");
        answers.push(page.replace(reference, "…"));
    }
    assert!(answers[0].contains("These do not belong together"), "{}", answers[0]);
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn tries_are_slowed() {
    let rates = Rates { receipt_tries_per_minute: 2, ..Rates::default() };
    let stage = Stage::start_with(&Settings { rates, ..Settings::default() }).await;
    let statuses = [(); 3].map(|()| look(&stage, "RD-0000-0000", "x"));
    let answers = futures::future::join_all(statuses).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [422, 422, 429]);
    let slowed = answers.into_iter().find(|answer| answer.status() == 429).unwrap();
    let wait: u64 = slowed.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=31).contains(&wait), "{wait}");
    assert!(slowed.text().await.unwrap().contains("Too many tries"));
}

#[tokio::test]
async fn what_is_added_is_on_record_once_and_names_no_sender() {
    let stage = Stage::start().await;
    let receipt = complain(&stage).await;
    let first = stage.contacts().await.remove(0);
    let (key, words) = ("0123456789abcdef", "Now the switch is broken, too.");
    for _ in 0..2 {
        let (status, page) = add(&stage, &receipt, key, &format!(" {words}\r\n")).await;
        assert!(status == 202 && page.contains("We have received what you added"), "{page}");
        assert!(!page.contains(words), "the field is empty again: {page}");
    }
    let contacts = stage.contacts().await;
    assert_eq!(contacts.len(), 2);
    let added = contacts.iter().find(|contact| contact.id != first.id).unwrap();
    assert_eq!((added.text.as_str(), added.part_of.as_ref()), (words, Some(&first.id)));
    assert!(added.sender.is_none() && added.sender_authenticated);
    assert_eq!(added.language, "en");
    let raw = String::from_utf8(added.raw.as_ref().unwrap().inline.to_vec()).unwrap();
    assert!(raw.contains("Now+the+switch") && !raw.contains(&receipt.code), "{raw}");

    let (status, page) = add(&stage, &receipt, key, "Other words").await;
    assert!(status == 422 && page.contains("sent before, with other words"), "{page}");
    assert!(page.contains(">\nOther words</textarea>") && hidden_value(&page, "submission_key") != key);
    let (status, page) = add(&stage, &receipt, key, " \r\n ").await;
    assert!(
        status == 422 && page.contains("<a href=\"#text\">Write what you would like to add.</a>"),
        "{page}"
    );
    let stranger = Receipt { reference: receipt.reference.clone(), code: "abc".to_owned() };
    assert_eq!(add(&stage, &stranger, key, words).await.0, 422);
    assert_eq!(stage.contacts().await.len(), 2);
}

#[tokio::test]
async fn the_status_page_speaks_the_language_of_its_address() {
    let stage = Stage::start().await;
    let receipt = complain(&stage).await;
    let asked = stage.client.get(stage.path("/de/status")).send().await.unwrap().text().await.unwrap();
    assert!(asked.contains("action=\"/de/status\"") && asked.contains("href=\"/ar/status\""), "{asked}");
    let form = [("reference", &receipt.reference), ("receipt_code", &receipt.code)];
    let shown = stage.client.post(stage.path("/de/status")).form(&form).send().await.unwrap();
    let shown = shown.text().await.unwrap();
    assert!(shown.contains("Wie es um Ihre Beschwerde steht") && shown.contains("/de/status/messages"));
}

#[tokio::test]
async fn systems_add_by_the_api() {
    let stage = Stage::start().await;
    let receipt = complain(&stage).await;
    let first = stage.contacts().await.remove(0).id;
    let post = async |reference: &str, body: &str| {
        let request = stage.client.post(stage.path(&format!("/v1/complaints/{reference}/messages")));
        let request =
            request.header("content-type", "application/json").header("idempotency-key", "0123456789abcdef");
        let answer = request.body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let body = format!("{{\"receiptCode\": \"{}\", \"text\": \"The switch, too.\"}}", receipt.code);
    let (status, told) = post(&receipt.reference, &body).await;
    assert!(status == 202 && told.contains("\"receivedAt\":\"2026-03-02T09:31:00Z\""), "{told}");
    assert_eq!(post(&receipt.reference, &body).await, (202, told));
    let added = stage.contacts().await.into_iter().find(|contact| contact.id != first).unwrap();
    assert_eq!((added.channel, added.part_of), (Channel::Api, Some(first)));

    let wrong = format!("{{\"receiptCode\": \"{}\", \"text\": 1, \"file\": \"x\"}}", receipt.code);
    let (status, told) = post(&receipt.reference, &wrong).await;
    assert_eq!(status, 422, "{told}");
    for field in ["{\"field\":\"file\"", "{\"field\":\"text\""] {
        assert!(told.contains(field), "{told}");
    }
    let none = post("RD-0000-0000", &body).await;
    assert!(none.0 == 404 && none.1.contains("urn:redress:problem:no-match"), "{none:?}");
    assert_eq!(post(&receipt.reference, "{\"receiptCode\": \"x\", \"text\": \"x\"}").await, none);
    assert_eq!(stage.contacts().await.len(), 2);
}

/// What `notifier` does: a mail in OUTBOX, and a fact about it.
async fn write(stage: &Stage, id: &str, recipient: Recipient, text: &str) {
    let opener = stage.contacts().await.remove(0).id;
    let mail = format!(
        "Reply-To: help+token@example.org\r\nSubject: About {id}\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
    );
    let communication = Communication {
        id: CommunicationId::new(id).unwrap(),
        complaint_id: stage.vault.keys().complaint_id(&opener),
        purpose: CommunicationPurpose::Acknowledgement,
        recipient,
        medium: Medium::Email,
        message: mail.into(),
        rendered_at: stage.clock.now(),
        ..Communication::default()
    };
    stage.vault.put_communication(&communication, Vec::new()).await.unwrap();
    fate(stage, id, recipient, Fate::Accepted { at: stage.clock.now(), provides: Vec::new() }).await;
}

async fn fate(stage: &Stage, id: &str, recipient: Recipient, fate: Fate) {
    let opener = stage.contacts().await.remove(0).id;
    let fact = CommunicationFact {
        communication_id: CommunicationId::new(id).unwrap(),
        purpose: CommunicationPurpose::Acknowledgement,
        recipient,
        medium: Medium::Email,
        contact_id: Some(opener.clone()),
        fate,
    };
    command(stage, &opener, Command::NoteCommunication(fact)).await;
}

#[tokio::test]
async fn messages_to_the_complainant_are_shown_the_newest_first_and_none_to_staff() {
    let settings = Settings { status_messages_max: 2, ..Settings::default() };
    let stage = Stage::start_with(&settings).await;
    let receipt = complain(&stage).await;
    register(&stage, &receipt).await;
    write(&stage, "one", Recipient::Complainant, "We have it <b>now</b>.").await;
    write(&stage, "inside", Recipient::Owner, "Look at this.").await;
    let page = look(&stage, &receipt.reference, &receipt.code).await.text().await.unwrap();
    assert!(page.contains("We have it &lt;b&gt;now&lt;&#x2f;b&gt;."), "{page}");
    assert!(page.contains("About one") && !page.contains("token"), "{page}");
    assert!(!page.contains("About inside") && !page.contains("Look at this"), "{page}");
    assert!(!page.contains("Not every message"), "{page}");

    write(&stage, "two", Recipient::Complainant, "It takes longer.").await;
    fate(&stage, "late", Recipient::Complainant, Fate::Queued("451".to_owned())).await;
    let page = look(&stage, &receipt.reference, &receipt.code).await.text().await.unwrap();
    assert!(page.find("It takes longer.").unwrap() < page.find("We have it").unwrap(), "{page}");
    assert!(page.contains("We have it") && !page.contains("Not every message"), "{page}");

    write(&stage, "three", Recipient::Complainant, "Still longer.").await;
    let page = look(&stage, &receipt.reference, &receipt.code).await.text().await.unwrap();
    assert!(page.contains("Still longer.") && !page.contains("We have it"), "{page}");
    assert!(page.contains("Not every message"), "two at most: {page}");
    let stranger = look(&stage, &receipt.reference, "abc").await.text().await.unwrap();
    assert!(!stranger.contains("longer"), "{stranger}");
}

#[tokio::test]
async fn without_its_key_the_status_page_says_when_messages_were_sent() {
    let stage = Stage::start_without_status_key().await;
    let receipt = complain(&stage).await;
    register(&stage, &receipt).await;
    write(&stage, "one", Recipient::Complainant, "We have it.").await;
    let answer = look(&stage, &receipt.reference, &receipt.code).await;
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("We confirmed that it has arrived.") && page.contains("Not every message"),
        "{page}"
    );
    assert!(!page.contains("We have it"), "{page}");
}

#[tokio::test]
async fn a_message_that_was_erased_or_is_sealed_for_another_pair_leaves_the_page_whole() {
    let stage = Stage::start().await;
    let receipt = complain(&stage).await;
    register(&stage, &receipt).await;
    write(&stage, "one", Recipient::Complainant, "We have it.").await;
    write(&stage, "two", Recipient::Complainant, "It takes longer.").await;
    let stored = stage.bus.last(name::OUTBOX, "outbox.email.one").await.unwrap().unwrap();
    assert!(stage.bus.erase(name::OUTBOX, stored.seq).await.unwrap());
    // As if it had been sent before there was a pair for the page.
    let stored = stage.bus.last(name::OUTBOX, "outbox.email.two").await.unwrap().unwrap();
    let key = stored.header("redress-key").unwrap().to_owned();
    let keys = stage.bus.kv(name::KEYS);
    for entry in keys.stored_at_leader(&key).await.unwrap() {
        let pair = PrivateKey::of([8; 32]).id.to_string();
        if keys.key_of(&entry).unwrap().ends_with(&pair) {
            assert!(keys.erase(entry.seq).await.unwrap());
        }
    }
    let page = look(&stage, &receipt.reference, &receipt.code).await.text().await.unwrap();
    assert!(page.contains("Not every message") && page.contains("We confirmed"), "{page}");
    assert!(!page.contains("We have it") && !page.contains("longer."), "{page}");
}

async fn post(stage: &Stage, path: &str, receipt: &Receipt, more: &[(&str, &str)]) -> (u16, String) {
    let mut form = vec![("reference", receipt.reference.as_str()), ("receipt_code", receipt.code.as_str())];
    form.extend(more);
    let answer = stage.client.post(stage.path(path)).form(&form).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn an_act_is_asked_first_and_recorded_once() {
    let stage = Stage::start().await;
    let receipt = complain(&stage).await;
    let first = stage.contacts().await.remove(0).id;
    register(&stage, &receipt).await;
    let page = look(&stage, &receipt.reference, &receipt.code).await.text().await.unwrap();
    assert!(page.contains("/en/status/withdraw\"") && !page.contains("/en/status/review"), "{page}");

    let (status, page) = post(&stage, "/status/withdraw", &receipt, &[]).await;
    assert!(status == 200 && page.contains("Do you want to take your complaint back?"), "{page}");
    assert_eq!(stage.contacts().await.len(), 1, "asking records nothing");
    let key = hidden_value(&page, "submission_key");
    for _ in 0..2 {
        let sent = [("submission_key", key.as_str()), ("text", " It works again. ")];
        let (status, page) = post(&stage, "/status/withdraw/send", &receipt, &sent).await;
        assert!(
            status == 202 && page.contains("We have received that you take your complaint back"),
            "{page}"
        );
    }
    let contacts = stage.contacts().await;
    assert_eq!(contacts.len(), 2);
    let act = contacts.iter().find(|contact| contact.id != first).unwrap();
    assert_eq!((act.act, act.text.as_str()), (Act::Withdraw, "It works again."));
    assert!(act.part_of.as_ref() == Some(&first) && act.sender_authenticated && act.sender.is_none());
    let raw = String::from_utf8(act.raw.as_ref().unwrap().inline.to_vec()).unwrap();
    assert!(!raw.contains(&receipt.code), "{raw}");

    // The same key for something else: what is on record is not changed.
    let sent = [("submission_key", key.as_str())];
    let (status, page) = post(&stage, "/status/withdraw/send", &receipt, &sent).await;
    assert!(status == 422 && page.contains("sent before, with other words"), "{page}");
    assert_ne!(hidden_value(&page, "submission_key"), key);
    let long = "x".repeat(15_001);
    let (status, page) = post(&stage, "/status/withdraw/send", &receipt, &[("text", &long)]).await;
    assert!(status == 422 && page.contains("href=\"#text\""), "{page}");
    let stranger = Receipt { reference: receipt.reference.clone(), code: "abc".to_owned() };
    for path in ["/status/withdraw", "/status/withdraw/send", "/status/review/send"] {
        assert_eq!(post(&stage, path, &stranger, &[]).await.0, 422);
        let shown = stage.client.get(stage.path(path)).send().await.unwrap();
        assert!(shown.text().await.unwrap().contains("name=\"receipt_code\""), "{path}");
    }
    assert_eq!(stage.contacts().await.len(), 2);
}

#[tokio::test]
async fn who_takes_back_a_complaint_about_harm_is_told_that_somebody_looks_at_it_first() {
    let stage = Stage::start().await;
    let receipt = complain(&stage).await;
    register(&stage, &receipt).await;
    let contact = stage.contacts().await.remove(0).id;
    let harm = Classification {
        jurisdiction: String::new(),
        needs: Vec::new(),
        evidence: Vec::new(),
        disposition: Disposition::Complaint,
        category: "general".to_owned(),
        product: String::new(),
        severity: Severity::S1,
        rule: String::new(),
    };
    command(&stage, &contact, Command::Classify(harm)).await;
    let (_, page) = post(&stage, "/status/withdraw", &receipt, &[]).await;
    assert!(page.contains("somebody looks at it before it is closed"), "{page}");
    let (status, page) = post(&stage, "/status/withdraw/send", &receipt, &[]).await;
    assert!(status == 202 && page.contains("somebody looks at it before it is closed"), "{page}");
}

#[tokio::test]
async fn a_review_is_offered_when_there_is_something_to_look_at_again() {
    let stage = Stage::start().await;
    let receipt = complain(&stage).await;
    register(&stage, &receipt).await;
    let (_, page) = post(&stage, "/status/review", &receipt, &[]).await;
    assert!(page.contains("Where your complaint stands"), "not asked before it is decided: {page}");
    let contact = stage.contacts().await.remove(0).id;
    command(&stage, &contact, Command::Close { reason: CloseReason::NoContact }).await;
    let page = look(&stage, &receipt.reference, &receipt.code).await.text().await.unwrap();
    assert!(page.contains("/en/status/review\"") && !page.contains("/en/status/withdraw"), "{page}");
    let (_, page) = post(&stage, "/status/review", &receipt, &[]).await;
    assert!(page.contains("Do you want your complaint to be looked at again?"), "{page}");
    let (status, page) = post(&stage, "/status/review/send", &receipt, &[]).await;
    assert!(status == 202 && page.contains("We have received that you ask for a review"), "{page}");
    let act = stage.contacts().await.into_iter().find(|other| other.id != contact).unwrap();
    assert_eq!((act.act, act.text.as_str()), (Act::RequestReview, ""));
}

#[tokio::test]
async fn systems_act_by_the_api() {
    let stage = Stage::start().await;
    let receipt = complain(&stage).await;
    let first = stage.contacts().await.remove(0).id;
    let post = async |body: serde_json::Value| {
        let path = stage.path(&format!("/v1/complaints/{}/messages", receipt.reference));
        let request = stage.client.post(path).header("idempotency-key", "0123456789abcdef");
        let request = request.header("content-type", "application/json").body(body.to_string());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let code = &receipt.code;
    let told = post(serde_json::json!({ "receiptCode": code, "act": "withdraw" })).await;
    assert_eq!(told.0, 202, "{told:?}");
    assert_eq!(post(serde_json::json!({ "receiptCode": code, "act": "withdraw", "text": "" })).await, told);
    let act = stage.contacts().await.into_iter().find(|contact| contact.id != first).unwrap();
    assert_eq!((act.act, act.text.as_str()), (Act::Withdraw, ""));
    for other in [
        serde_json::json!({ "receiptCode": code, "act": "request_review" }),
        serde_json::json!({ "receiptCode": code, "act": "dance" }),
        serde_json::json!({ "receiptCode": code, "act": 1, "text": "x" }),
        serde_json::json!({ "receiptCode": code }),
    ] {
        let told = post(other.clone()).await;
        assert_eq!(told.0, 422, "{other}: {told:?}");
    }
    assert_eq!(stage.contacts().await.len(), 2);
}
