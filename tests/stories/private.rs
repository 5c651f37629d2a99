//! No personal data where none may be: every personal field carries a marker, and the markers are looked for everywhere.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use redress_contract::{ComplaintId, Hold, Outcome};
use redress_domain::Command;
use redress_testkit::smtp::{Act, Rule, Stage as At};
use redress_tests::stage::Stage;
use serde_json::json;

use crate::letters::{Letter, bounce};

/// Words that stand for what people write. Each is used in one place.
#[derive(Default)]
struct Markers(BTreeSet<String>);

impl Markers {
    /// A word for a place: long, unlike any other, and with letters only, so that nothing cuts it.
    fn of(&mut self, place: &str) -> String {
        let marker = format!("zq{place}xj{}vw", self.0.len());
        assert!(self.0.insert(marker.clone()), "{place} is used twice");
        marker
    }

    fn all(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }
}

/// A mail with a marker in every place that a stranger fills in.
fn marked_mail(markers: &mut Markers, from: &str) -> Letter {
    let mut of = |place: &str| markers.of(&format!("{place}{}", from.len()));
    let body = format!(
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello, {}. My order number is {}4711. Call {}.\r\n\
         --b\r\nContent-Type: application/pdf; name=\"{}.pdf\"\r\nContent-Disposition: attachment; filename=\"{}.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b--\r\n",
        of("body"),
        of("order"),
        of("phone"),
        of("attachment"),
        of("filename"),
    );
    Letter::from(&format!("{} <{from}>", of("name")), &format!("About {}", of("subject")), "")
        .to(&format!("\"{}\" <help@example.org>", of("toname")))
        .header("Cc", &format!("{}@example.com", of("cc")))
        .header("References", &format!("<{}@example.com>", of("reference")))
        .header("X-Mailer", &of("mailer"))
        .header("Content-Language", &of("lang"))
        .body("multipart/mixed; boundary=b", body.as_bytes())
}

/// What is told to somebody who is refused: nothing of it is kept anywhere.
const REFUSED: &str = "zqrefusedxjvw";

/// A telephone number, as written and in normal form.
const PHONES: [&str; 3] = ["+44 20 7946 0991", "7946 0991", "79460991"];

/// What a stranger calls a language.
const TONGUE: &str = "zqapi-tongue";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_personal_data_leaves_the_places_where_it_belongs() {
    let stage = Stage::set().await;
    let mut markers = Markers::default();
    let (complaint, kim, reasons) = mails_and_notes(&stage, &mut markers).await;
    let web = form_and_api(&stage, &mut markers).await;
    refusals(&stage, &mut markers).await;
    oddities(&stage, &mut markers).await;
    deadlines(&stage, &markers).await;

    let all = markers.all();
    let secrets = [REFUSED, TONGUE, PHONES[0], PHONES[1], PHONES[2]].map(str::to_owned);
    let leaks = stage.leaks(&[all.clone(), secrets.to_vec()].concat()).await;
    assert!(leaks.is_empty(), "{leaks:#?}");
    // The control: the search finds them where they belong. Of an idempotency key only a hash is kept.
    let unkept = stage.unkept(&all).await;
    assert!(unkept.iter().all(|marker| marker.contains("idempotencykey")), "nowhere on record: {unkept:?}");
    let outbox = stage.outbox().await;
    assert!(outbox.contains(&kim) && outbox.contains(&reasons) && outbox.contains(&web));
    // And it does look everywhere: what may be told is found in each place that tells it.
    let told = [complaint.to_string(), "redress_router_contacts_total".to_owned()];
    let told = stage.leaks(&told).await;
    for place in
        ["COMPLAINTS ", "EVENTS ", "TIMERS ", "KV_correlation ", "KV_references ", "logs", "/metrics"]
    {
        assert!(told.iter().any(|found| found.starts_with(place)), "{place} was not looked at");
    }
    stage.finish().await;
}

/// A mail, answered, worked on and decided; the decision bounces. Answers complaint, sender and reasons.
async fn mails_and_notes(stage: &Stage, markers: &mut Markers) -> (ComplaintId, String, String) {
    let kim = format!("{}@example.com", markers.of("sender"));
    let letter = marked_mail(markers, &kim);
    let id = stage.holder(&stage.mail(&letter.bytes())).await.id;
    let acknowledgement = stage.sent_to(&kim).await;
    let reply = Letter::from(&kim, &format!("Re: {}", markers.of("resubject")), &markers.of("rebody"));
    stage.holder(&stage.mail(&reply.answering(&acknowledgement).bytes())).await;
    stage.accept(&id).await;
    stage.note(&id, &markers.of("note")).await;
    let content_id = Some(stage.write(&id, &markers.of("hold")).await);
    stage.act(&id, &Command::Hold { hold: Hold::AwaitingComplainant, content_id }).await;
    stage.act(&id, &Command::Release).await;
    let reasons = markers.of("reasons");
    stage.decide(&id, Outcome::PartlyUpheld, &reasons).await;
    let response = stage.sent_to(&kim).await;
    assert!(response.text().contains(&reasons), "{}", response.text());
    stage.mail(&bounce(&response, "5.2.1", &markers.of("diagnosis")));
    stage.sent_to("owner@staff.example.net").await;
    stage.sent_to("lead@staff.example.net").await;
    (id, kim, reasons)
}

/// The form, the API, and a request that is refused. Answers the address in the form.
async fn form_and_api(stage: &Stage, markers: &mut Markers) -> String {
    let web = format!("{}@example.com", markers.of("webmail"));
    let mut fields = vec![("email".to_owned(), web.clone()), ("phone".to_owned(), PHONES[0].to_owned())];
    for field in ["what_happened", "name", "order_number", "remedy", "product"] {
        fields.push((field.to_owned(), markers.of(&field.replace('_', ""))));
    }
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let thanks = stage.form(&fields).await;
    stage.sent_to(&web).await;
    let status = stage.status(&thanks).await;
    stage.add(&status, &markers.of("added")).await;

    let api = format!("{}@example.com", markers.of("apimail"));
    let (told, name) = (markers.of("apitold"), markers.of("apiname"));
    let body = json!({ "whatHappened": told, "name": name, "email": api, "language": TONGUE });
    stage.complain(&format!("{}-000000", markers.of("idempotencykey")), &body).await;
    stage.sent_to(&api).await;
    let wrong = json!({ "whatHappened": "", "email": REFUSED, REFUSED: 1 });
    assert_eq!(stage.post("story-0000-0000-0009", &wrong).await.status(), 422);
    web
}

/// The mail server refuses, for now and for good, and says why in words of its own.
async fn refusals(stage: &Stage, markers: &mut Markers) {
    let later = format!("{}@example.com", markers.of("greylisted"));
    let never = format!("{}@example.com", markers.of("unknown"));
    for (to, answer) in [(&later, "451 4.7.1"), (&never, "550 5.1.1")] {
        let act = Act::Reply(format!("{answer} <{to}> {REFUSED} is not here"));
        stage.smtp().script(Rule { stage: At::Recipient, recipient: Some(to.clone()), times: Some(1), act });
    }
    stage.mail(&marked_mail(markers, &later).bytes());
    stage.mail(&marked_mail(markers, &never).without_id().bytes());
    stage.sent_to(&later).await;
    stage.sent_to("owner@staff.example.net").await;
    stage.sent_to("lead@staff.example.net").await;
}

/// What cannot be read, what can hardly be answered, and a list.
async fn oddities(stage: &Stage, markers: &mut Markers) {
    stage.mail(format!("{} is no header\r\n", markers.of("garbage")).as_bytes());
    let odd = Letter::from(&format!("{}@localhost", markers.of("odd")), "x", "x");
    stage.mail(&odd.bytes());
    let list = Letter::from(&format!("{}@example.com", markers.of("list")), "x", "x");
    stage.mail(&list.header("List-Id", &format!("<{}.example.com>", markers.of("listid"))).bytes());
    stage.settle().await;
    // Whatever went to the odd address, if anything.
    while let Some(to) = stage.waiting_mails().first() {
        stage.sent_to(to).await;
    }
}

/// Every deadline passes: staff are told, but nothing of what people wrote.
async fn deadlines(stage: &Stage, markers: &Markers) {
    let complaints = stage.house.ledger.complaints().await.expect("the log can be read");
    let last = complaints.iter().flat_map(|it| it.pending()).map(|(_, milestone)| milestone.due_at).max();
    let last = last.expect("something is owed");
    stage.advance_to(last + SignedDuration::from_hours(1));
    stage.settle().await;
    let mut told = 0;
    while let Some(to) = stage.waiting_mails().first() {
        let sent = stage.sent_to(to).await;
        let text = String::from_utf8_lossy(&sent.raw).into_owned() + &sent.text() + &sent.subject();
        let all = markers.all();
        let repeated: Vec<_> = all.iter().filter(|marker| text.contains(marker.as_str())).collect();
        assert!(repeated.is_empty(), "a mail to staff repeats {repeated:?}");
        told += 1;
    }
    assert!(told > 0, "staff are told of deadlines");
}
