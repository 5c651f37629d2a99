//! Staff intake: clerks sign in and type in what came by letter, in person or by telephone.

use std::sync::LazyLock;

use jiff::SignedDuration;
use redress_contract::{AddressKind, Channel};
use redress_runtime::Secret;
use redress_runtime::client::Proxies;
use redress_web::config;
use redress_web::staff::settings::{AccountSettings, Rates};
use redress_web::staff::{Config, Settings, hash, routes};
use reqwest::multipart::{Form, Part};
use reqwest::{Response, header};

use crate::stage::{Stage, TOLD, hidden_value};

const PASSWORD: &str = "correct horse battery";
static HASH: LazyLock<String> = LazyLock::new(|| hash(PASSWORD).unwrap());

/// The pages of clerks; cookies are carried by hand.
struct Office {
    stage: Stage,
    url: String,
}

fn settings() -> Settings {
    let account = AccountSettings { password_hash: Secret::new(HASH.as_str()), password_hash_file: None };
    Settings { accounts: [("ina".to_owned(), account)].into(), ..Settings::default() }
}

impl Office {
    async fn open() -> Self {
        Self::open_with(&settings()).await
    }

    async fn open_with(settings: &Settings) -> Self {
        let stage = Stage::start().await;
        let web = config::Settings { time_zone: "Europe/Berlin".to_owned(), ..config::Settings::default() };
        let proxies = Proxies::new(vec!["127.0.0.1/32".parse().unwrap()]);
        let deps = redress_web::Deps { proxies, ..stage.deps() };
        let web = redress_web::Config::check(&web).unwrap();
        let url = stage.serve(routes(Config::check(settings).unwrap(), &web, deps)).await;
        Self { stage, url }
    }

    async fn get(&self, path: &str, cookie: &str) -> Response {
        let request = self.stage.client.get(format!("{}{path}", self.url)).header(header::COOKIE, cookie);
        request.send().await.unwrap()
    }

    async fn post(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.stage.client.post(format!("{}{path}", self.url)).header(header::COOKIE, cookie);
        request.form(fields).send().await.unwrap()
    }

    async fn try_from(&self, address: &str, account: &str, password: &str) -> Response {
        let request =
            self.stage.client.post(format!("{}/en/sign-in", self.url)).header("x-forwarded-for", address);
        request.form(&[("account", account), ("password", password)]).send().await.unwrap()
    }

    /// Signs in, and keeps the cookie.
    async fn sign_in(&self) -> String {
        let answer = self.try_from("203.0.113.7", "ina", PASSWORD).await;
        assert_eq!((answer.status().as_u16(), said(&answer, "location")), (303, "/en"));
        said(&answer, "set-cookie").split(';').next().unwrap().to_owned()
    }

    /// The idempotency key of an empty form.
    async fn key(&self, cookie: &str) -> String {
        let page = self.get("/en", cookie).await;
        assert_eq!(page.status(), 200);
        hidden_value(&page.text().await.unwrap(), "submission_key")
    }
}

fn said<'r>(answer: &'r Response, name: &str) -> &'r str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

const LETTER: [(&str, &str); 4] = [
    ("staff_channel", "letter"),
    ("what_happened", TOLD),
    ("name", "Kim Doe"),
    ("staff_postal_address", "1 High Street\r\nLeeds"),
];

#[tokio::test]
async fn nobody_gets_in_without_the_password_and_no_answer_says_which_accounts_there_are() {
    let office = Office::open().await;
    let page = office.get("/", "").await;
    assert_eq!((page.status().as_u16(), said(&page, "location")), (303, "/en/sign-in"));
    let wrong = office.try_from("203.0.113.7", "ina", "correct horse batterz").await;
    let unknown = office.try_from("203.0.113.7", "eve", PASSWORD).await;
    assert_eq!((wrong.status(), unknown.status()), (wrong.status(), wrong.status()));
    assert_eq!((wrong.status().as_u16(), said(&wrong, "set-cookie")), (422, ""));
    let (wrong, unknown) = (wrong.text().await.unwrap(), unknown.text().await.unwrap());
    assert_eq!(wrong.replace("\"ina\"", "\"eve\""), unknown);
    assert!(wrong.contains("Account and password do not belong together") && !wrong.contains("batterz"));

    let answer = office.try_from("203.0.113.7", "ina", PASSWORD).await;
    let cookie = said(&answer, "set-cookie").to_owned();
    assert!(cookie.starts_with("redress_staff=ina."), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let page = office.get("/en", cookie.split(';').next().unwrap()).await;
    assert_eq!((page.status().as_u16(), said(&page, "cache-control")), (200, "no-store"));
    assert_eq!(said(&page, "x-frame-options"), "DENY");
    assert!(page.text().await.unwrap().contains("Signed in as <strong>ina</strong>"));
}

#[tokio::test]
async fn where_clerks_come_by_https_the_cookie_never_leaves_it() {
    let office =
        Office::open_with(&Settings { public_url: "https://staff.example.org".to_owned(), ..settings() })
            .await;
    let answer = office.try_from("203.0.113.7", "ina", PASSWORD).await;
    let cookie = said(&answer, "set-cookie");
    assert!(cookie.starts_with("__Host-redress_staff=ina."), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
    assert!(said(&answer, "strict-transport-security").starts_with("max-age="));
}

#[tokio::test]
async fn a_letter_is_recorded_as_the_clerk_states_it() {
    let office = Office::open().await;
    let cookie = office.sign_in().await;
    let key = office.key(&cookie).await;
    let mut fields = LETTER.to_vec();
    fields.extend([
        ("submission_key", key.as_str()),
        ("staff_received_at", "2026-02-25T08:15"),
        ("staff_backdating_reason", "lay in the wrong tray"),
        ("staff_arrival", "registered letter"),
        ("staff_identity_checked", "yes"),
    ]);
    let answer = office.post("/en", &cookie, &fields).await;
    let (status, page) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 202, "{page}");

    let contacts = office.stage.contacts().await;
    let [contact] = contacts.as_slice() else { panic!("{contacts:?}") };
    assert_eq!((contact.channel, contact.account.as_str()), (Channel::Letter, "post-room"));
    assert_eq!(contact.received_at, "2026-02-25T07:15:00Z".parse().unwrap());
    assert_eq!(contact.recorded_at, office.stage.clock.now());
    let sender = contact.sender.as_ref().unwrap();
    assert_eq!((sender.kind, sender.value.as_str()), (AddressKind::Postal, "1 High Street\nLeeds"));
    assert_eq!((sender.display_name.as_str(), contact.sender_authenticated), ("Kim Doe", true));
    let by = contact.recorded_by.as_ref().unwrap();
    assert_eq!((by.actor.as_str(), by.arrival.as_str()), ("clerk:ina", "registered letter"));
    assert_eq!((by.backdating_reason.as_str(), by.read_back), ("lay in the wrong tray", false));
    assert_eq!((contact.text.as_str(), contact.language.as_str()), (TOLD, "en"));

    let reference = contact.reference.as_ref().unwrap();
    assert!(page.contains(&format!("class=\"reference\">{reference}<")), "{page}");
    let code = office.stage.vault.keys().receipt_code(&contact.id);
    // The receipt that was handed over opens the public status page.
    let look = [("reference", reference.as_str()), ("receipt_code", &code)];
    let status = office.stage.client.post(office.stage.path("/en/status")).form(&look).send().await.unwrap();
    assert_eq!(status.status(), 200);
}

#[tokio::test]
async fn a_call_is_recorded_with_what_was_read_back_and_a_way_to_answer() {
    let office = Office::open().await;
    let cookie = office.sign_in().await;
    let key = office.key(&cookie).await;
    let fields = [
        ("submission_key", key.as_str()),
        ("staff_channel", "phone"),
        ("staff_counter", "counter"),
        ("staff_read_back", "yes"),
        ("what_happened", TOLD),
        ("phone", "+49 30 901820"),
        ("email", "kim@example.org"),
    ];
    assert_eq!(office.post("/en", &cookie, &fields).await.status(), 202);
    let contacts = office.stage.contacts().await;
    let [contact] = contacts.as_slice() else { panic!("{contacts:?}") };
    let now = office.stage.clock.now();
    assert_eq!((contact.channel, contact.received_at, contact.recorded_at), (Channel::Phone, now, now));
    assert_eq!((contact.account.as_str(), contact.sender_authenticated), ("counter", false));
    assert_eq!(contact.sender.as_ref().unwrap().value, "kim@example.org");
    assert!(contact.recorded_by.as_ref().unwrap().read_back);
}

#[tokio::test]
async fn what_is_wrong_is_named_at_its_field_and_nothing_typed_is_lost() {
    let office = Office::open().await;
    let cookie = office.sign_in().await;
    let fields = [
        ("submission_key", "0123456789abcdef"),
        ("staff_channel", ""),
        ("staff_received_at", "2026-02-25T08:15"),
        ("staff_arrival", "counter <b>"),
        ("what_happened", ""),
        ("name", "Kim Doe"),
    ];
    let answer = office.post("/en", &cookie, &fields).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.unwrap();
    for part in [
        "<a href=\"#staff_channel\">How did it reach us? – Please choose one of the answers.</a>",
        "<a href=\"#staff_backdating_reason\">Why is it written down only now? – Please say why",
        "<a href=\"#what_happened\">What happened? – Tell us what happened.</a>",
        "value=\"2026-02-25T08:15\"",
        "value=\"counter &lt;b&gt;\"",
        "value=\"Kim Doe\"",
        "name=\"submission_key\" value=\"0123456789abcdef\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(office.stage.contacts().await.is_empty());
}

#[tokio::test]
async fn a_letter_without_any_address_is_taken() {
    let office = Office::open().await;
    let cookie = office.sign_in().await;
    let key = office.key(&cookie).await;
    let fields = [("submission_key", key.as_str()), ("staff_channel", "letter"), ("what_happened", TOLD)];
    assert_eq!(office.post("/en", &cookie, &fields).await.status(), 202);
    assert!(office.stage.contacts().await[0].sender.is_none());
}

#[tokio::test]
async fn one_form_is_one_contact_whatever_is_changed_in_a_repeat() {
    let office = Office::open().await;
    let cookie = office.sign_in().await;
    let key = office.key(&cookie).await;
    let send = async |channel, counter, told| {
        let fields = [
            ("submission_key", key.as_str()),
            ("staff_channel", channel),
            ("staff_counter", counter),
            ("what_happened", told),
        ];
        let answer = office.post("/en", &cookie, &fields).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let first = send("in_person", "counter", TOLD).await;
    assert_eq!(first.0, 202);
    office.stage.clock.advance(SignedDuration::from_secs(50));
    assert_eq!(send("in_person", "counter", TOLD).await, first);
    for (channel, counter, told) in [
        ("in_person", "counter", "Other words."),
        ("letter", "counter", TOLD),
        ("in_person", "post-room", TOLD),
    ] {
        let (status, page) = send(channel, counter, told).await;
        assert!(status == 422 && page.contains("This form was sent before"), "{status} {page}");
        assert_ne!(hidden_value(&page, "submission_key"), key);
    }
    assert_eq!(office.stage.contacts().await.len(), 1);
}

#[tokio::test]
async fn scans_are_attached() {
    let office = Office::open().await;
    let cookie = office.sign_in().await;
    let scan = b"%PDF-1.7\n".repeat(10_000);
    let form = Form::new()
        .text("submission_key", "0123456789abcdef")
        .text("staff_channel", "letter")
        .text("what_happened", TOLD)
        .part("attachments", Part::bytes(scan.clone()).file_name("letter.pdf"));
    let request = office.stage.client.post(format!("{}/en", office.url)).header(header::COOKIE, &cookie);
    let answer = request.multipart(form).send().await.unwrap();
    let (status, page) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 202, "{page}");
    let contact = office.stage.contacts().await.remove(0);
    let [file] = contact.attachments.as_slice() else { panic!("{contact:?}") };
    assert_eq!((file.media_type.as_str(), file.size_bytes as usize), ("application/pdf", scan.len()));
}

#[tokio::test]
async fn without_a_session_nothing_is_recorded_and_what_was_typed_comes_back() {
    let office = Office::open().await;
    let key = "0123456789abcdef";
    let fields = [LETTER.as_slice(), &[("submission_key", key)]].concat();
    let forged = "redress_staff=ina.id.1772443800.1772443800.aaaaaaaaaaaaaaaaaaaaaaaaaa";
    for cookie in ["", forged] {
        let answer = office.post("/en", cookie, &fields).await;
        assert_eq!(answer.status(), 401);
        let page = answer.text().await.unwrap();
        assert!(page.contains("You are signed out") && page.contains(TOLD) && page.contains(key), "{page}");
    }
    assert!(office.stage.contacts().await.is_empty());
    let cookie = office.sign_in().await;
    assert_eq!(office.post("/en", &cookie, &fields).await.status(), 202);
}

#[tokio::test]
async fn a_session_ends_when_nobody_is_there_at_its_end_and_by_signing_out() {
    let office = Office::open().await;
    let signed_in = async |cookie: &str| office.get("/en", cookie).await.status() == 200;
    let cookie = office.sign_in().await;
    office.stage.clock.advance(SignedDuration::from_mins(59));
    let page = office.get("/en", &cookie).await;
    let renewed = said(&page, "set-cookie").split(';').next().unwrap().to_owned();
    office.stage.clock.advance(SignedDuration::from_mins(2));
    assert!(!signed_in(&cookie).await && signed_in(&renewed).await);

    let answer = office.post("/en/sign-out", &renewed, &[]).await;
    assert!(said(&answer, "set-cookie").starts_with("redress_staff=; "), "{answer:?}");
    assert!(said(&answer, "set-cookie").ends_with("; Max-Age=0"));
    assert_eq!(said(&answer, "clear-site-data"), "\"cache\", \"storage\"");
    assert!(!signed_in(&renewed).await, "a copy of the cookie is worth nothing");
    assert!(!signed_in(&cookie).await);
    assert!(signed_in(&office.sign_in().await).await);
}

#[tokio::test]
async fn another_site_signs_nobody_in_or_out_and_records_nothing() {
    let office = Office::open().await;
    let cookie = office.sign_in().await;
    let from_elsewhere = async |path: &str, fields: &[(&str, &str)]| {
        let request = office.stage.client.post(format!("{}{path}", office.url));
        let request = request.header(header::COOKIE, &cookie).header("sec-fetch-site", "same-site");
        request.header("x-forwarded-for", "203.0.113.7").form(fields).send().await.unwrap()
    };
    for _ in 0..Rates::default().sign_ins_per_minute {
        assert_eq!(from_elsewhere("/en/sign-in", &[]).await.status(), 403);
    }
    office.sign_in().await;
    let answer = from_elsewhere("/en/sign-in", &[("account", "ina"), ("password", PASSWORD)]).await;
    assert_eq!((answer.status().as_u16(), said(&answer, "set-cookie")), (403, ""));
    let key = "0123456789abcdef";
    let answer = from_elsewhere("/en", &[LETTER.as_slice(), &[("submission_key", key)]].concat()).await;
    assert_eq!(answer.status(), 422);
    assert_ne!(hidden_value(&answer.text().await.unwrap(), "submission_key"), key);
    from_elsewhere("/en/sign-out", &[]).await;
    assert_eq!(office.get("/en", &cookie).await.status(), 200);
    assert!(office.stage.contacts().await.is_empty());
}

#[tokio::test]
async fn guessing_is_slowed_and_does_not_keep_the_owner_out() {
    let rates = Rates { account_sign_ins_per_minute: 3, sign_ins_per_minute: 4, ..Rates::default() };
    let office = Office::open_with(&Settings { rates, ..settings() }).await;
    let (owner, eve) = ("203.0.113.7", |n: u8| format!("198.51.100.{n}"));
    assert_eq!(office.try_from(owner, "ina", PASSWORD).await.status(), 303);
    let mut answers = Vec::new();
    for n in 0..4 {
        answers.push(office.try_from(&eve(n), "ina", "a guess").await.status().as_u16());
    }
    assert_eq!(answers, [422, 422, 429, 429], "from wherever they come");
    assert_eq!(office.try_from(owner, "ina", PASSWORD).await.status(), 303);
    for n in 0..4 {
        office.try_from(&eve(9), &format!("x{n}"), "a guess").await;
    }
    let answer = office.try_from(&eve(9), "y", "a guess").await;
    assert_eq!(answer.status(), 429, "one address, whatever the account");
    assert!(said(&answer, "retry-after").parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn the_public_pages_know_no_cookie_and_no_clerk() {
    let office = Office::open().await;
    let page = office.stage.client.get(office.stage.path("/en")).send().await.unwrap();
    assert_eq!(said(&page, "set-cookie"), "");
    for path in ["/sign-in", "/en/sign-in"] {
        let page = office.stage.client.get(office.stage.path(path)).send().await.unwrap();
        assert_eq!(page.status(), 404, "{path}");
    }
}
