//! No personal data where none may be: every personal field carries a marker, and the markers are looked for everywhere.

use std::collections::BTreeSet;

use redress_contract::{Hold, Outcome};
use redress_domain::Command;
use redress_testkit::smtp::{Rule, Stage as At};
use redress_tests::stage::Stage;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_personal_data_leaves_the_places_where_it_belongs() {
    let stage = Stage::set().await;
    let mut markers = Markers::default();

    // A mail, answered, worked on, decided.
    let kim = format!("{}@example.com", markers.of("sender"));
    let letter = marked_mail(&mut markers, &kim);
    let complaint = stage.holder(&stage.mail(&letter.bytes())).await;
    let acknowledgement = stage.sent_to(&kim).await;
    let reply = Letter::from(&kim, &format!("Re: {}", markers.of("resubject")), &markers.of("rebody"));
    stage.holder(&stage.mail(&reply.answering(&acknowledgement).bytes())).await;
    stage.accept(&complaint.id).await;
    stage.note(&complaint.id, &markers.of("note")).await;
    let content_id = Some(stage.write(&complaint.id, &markers.of("hold")).await);
    stage.act(&complaint.id, &Command::Hold { hold: Hold::AwaitingComplainant, content_id }).await;
    stage.act(&complaint.id, &Command::Release).await;
    let reasons = markers.of("reasons");
    stage.decide(&complaint.id, Outcome::PartlyUpheld, &reasons).await;
    let response = stage.sent_to(&kim).await;
    assert!(response.text().contains(&reasons), "{}", response.text());

    // The response comes back, with the reason in a stranger's words.
    stage.mail(&bounce(&response, "5.2.1", &markers.of("diagnosis")));
    stage.sent_to("owner@staff.example.net").await;
    stage.sent_to("lead@staff.example.net").await;

    // The form and the API.
    let web = format!("{}@example.com", markers.of("webmail"));
    let (told, name, phone) = (markers.of("told"), markers.of("webname"), "+44 20 7946 0991");
    let (order, remedy) = (markers.of("weborder"), markers.of("remedy"));
    let fields = [
        ("what_happened", told.as_str()),
        ("name", &name),
        ("email", &web),
        ("phone", phone),
        ("order_number", &order),
        ("remedy", &remedy),
        ("product", &markers.of("product")),
    ];
    stage.form(&fields).await;
    stage.sent_to(&web).await;
    let api = format!("{}@example.com", markers.of("apimail"));
    let body = serde_json::json!({ "whatHappened": markers.of("apitold"), "name": markers.of("apiname"), "email": api, "language": "zqapi-tongue" });
    stage.complain(&format!("{}-000000", markers.of("idempotencykey")), &body).await;
    stage.sent_to(&api).await;
    // Refused, so nothing of it is kept anywhere.
    let secret = "zqrefusedxjvw".to_owned();
    let wrong = serde_json::json!({ "whatHappened": "", "email": secret, secret.clone(): 1 });
    assert_eq!(stage.post("story-0000-0000-0009", &wrong).await.status(), 422);

    // The mail server refuses for now, and for good, and says why.
    let (greylisted, unknown) = (markers.of("greylisted"), markers.of("unknown"));
    let refuse = |to: &str, times, line: String| {
        let act = redress_testkit::smtp::Act::Reply(line);
        stage.smtp().script(Rule {
            stage: At::Recipient,
            recipient: Some(to.to_owned()),
            times: Some(times),
            act,
        });
    };
    let (later, never) = (format!("{greylisted}@example.com"), format!("{unknown}@example.com"));
    refuse(&later, 1, format!("451 4.7.1 <{later}> {secret} come again"));
    refuse(&never, 1, format!("550 5.1.1 <{never}> {secret} no such user"));
    stage.mail(&marked_mail(&mut markers, &later).bytes());
    stage.mail(&marked_mail(&mut markers, &never).without_id().bytes());
    stage.sent_to(&later).await;
    stage.sent_to("owner@staff.example.net").await;
    stage.sent_to("lead@staff.example.net").await;

    // What cannot be read, and what no mail can be sent to.
    stage.mail(format!("{} is no header\r\n", markers.of("garbage")).as_bytes());
    let odd = format!("{}@localhost", markers.of("odd"));
    stage.mail(&Letter::from(&odd, "x", "x").bytes());
    let list = Letter::from(&format!("{}@example.com", markers.of("list")), "x", "x");
    stage.mail(&list.header("List-Id", &format!("<{}.example.com>", markers.of("listid"))).bytes());
    stage.settle().await;
    // Whatever went to the odd address, if anything.
    while let Some(to) = stage.waiting_mails().first() {
        stage.sent_to(to).await;
    }

    // A deadline passes: staff are told.
    let due = stage.house.ledger.complaints().await.unwrap();
    let due = due.iter().flat_map(|it| it.pending()).map(|(_, it)| it.due_at).max().unwrap();
    stage.advance_to(due + jiff::SignedDuration::from_hours(1));
    stage.settle().await;
    let mut told = 0;
    while let Some(to) = stage.waiting_mails().first() {
        let sent = stage.sent_to(to).await;
        let text = String::from_utf8_lossy(&sent.raw).into_owned() + &sent.text() + &sent.subject();
        let repeated: Vec<_> =
            markers.all().into_iter().filter(|marker| text.contains(marker.as_str())).collect();
        assert!(repeated.is_empty(), "a mail to staff repeats {repeated:?}");
        told += 1;
    }
    assert!(told > 0);

    let all = markers.all();
    let leaks = stage
        .leaks(
            &[
                all.clone(),
                vec![secret, "zqapi-tongue".to_owned(), "7946 0991".to_owned(), "79460991".to_owned()],
            ]
            .concat(),
        )
        .await;
    assert!(leaks.is_empty(), "{leaks:#?}");
    // The control: the search finds them where they belong.
    let nowhere = ["idempotencykey"];
    let unkept: Vec<_> = stage.unkept(&all).await;
    let unexpected: Vec<_> =
        unkept.iter().filter(|it| !nowhere.iter().any(|known| it.contains(known))).collect();
    assert!(unexpected.is_empty(), "nowhere on record: {unexpected:?}");
    let outbox = stage.outbox().await;
    assert!(outbox.contains(&kim) && outbox.contains(&reasons) && outbox.contains(&web));
    // And it does look everywhere: what may be told is found in each place that tells it.
    let told = [complaint.id.to_string(), "redress_router_contacts_total".to_owned()];
    let told = stage.leaks(&told).await;
    for place in
        ["COMPLAINTS ", "EVENTS ", "TIMERS ", "KV_correlation ", "KV_references ", "logs", "/metrics"]
    {
        assert!(told.iter().any(|found| found.starts_with(place)), "{place} was not looked at");
    }
    stage.finish().await;
}
