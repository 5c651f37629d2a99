//! `redress up` from the outside world to the outside world: a mail and a post come in, acknowledgements go out.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use redress_testkit::{broker::server, eventually};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::run::{Answer, Desk, only_file};

pub(crate) const SETTINGS: &str = r#"
[data]
folder = "house"
[public]
address = "127.0.0.1:0"
[health]
address = "127.0.0.1:0"
[email.accounts.help]
kind = "maildir"
path = "mail"
address = "help@example.org"
[web]
min_fill_seconds = 0
[notifier]
transport = "maildir"
maildir_path = "out"
from_address = "help@example.org"
"#;

pub(crate) const MAIL: &[u8] =
    b"From: Ann Example <ann@example.com>\r\nTo: help@example.org\r\nSubject: Broken kettle\r\n\
Message-ID: <k1@example.com>\r\n\r\nThe kettle burst and I want my money back.\r\n";

/// A running `redress up`; killed when dropped.
pub(crate) struct Up {
    child: Child,
    public: String,
    health: String,
    /// Where clerks sign in, when the settings name one.
    pub(crate) staff: Option<String>,
}

impl Up {
    pub(crate) fn start(desk: &Desk) -> Self {
        Self::start_with(desk, &[])
    }

    /// With more variables in its environment.
    pub(crate) fn start_with(desk: &Desk, environment: &[(&str, &str)]) -> Self {
        for folder in ["mail/new", "mail/cur", "mail/tmp"] {
            std::fs::create_dir_all(desk.path(folder)).unwrap();
        }
        let log = std::fs::File::create(desk.path("log")).unwrap();
        let mut child = desk
            .command(&["up", "--json"])
            .env("NATS_SERVER", server().canonicalize().unwrap())
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        // The broker, health, the public, and clerks where some may sign in.
        let listeners = if desk.settings().contains("[staff.accounts.") { 4 } else { 3 };
        let told: Vec<Value> =
            said.lines().take(listeners).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        let url = |name: &str| {
            let bound = told.iter().find(|bound| bound["listener"] == name);
            let bound = bound.unwrap_or_else(|| panic!("{name} in {told:?}, {}", log_of(desk)));
            bound["url"].as_str().unwrap().to_owned()
        };
        let staff = (listeners == 4).then(|| url("staff"));
        Self { public: url("public"), health: url("health"), staff, child }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Asks it to stop; it must drain and end well.
    pub(crate) fn stop(mut self) {
        self.signal(Signal::TERM);
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_of(desk: &Desk) -> String {
    std::fs::read_to_string(desk.path("log")).unwrap_or_default()
}

pub(crate) fn ask(desk: &Desk, arguments: &[&str]) -> Answer {
    let answer = desk.ask(arguments);
    assert_eq!(answer.code, 0, "{arguments:?}: {}", answer.err);
    answer
}

/// A mail as it is delivered into a Maildir.
pub(crate) fn deliver(desk: &Desk, name: &str, mail: &[u8]) {
    let new = desk.write(&format!("mail/tmp/{name}"), mail);
    std::fs::rename(new, desk.path(&format!("mail/new/{name}"))).unwrap();
}

async fn post(up: &Up) -> Value {
    let client = redress_runtime::http::client().unwrap();
    let complaint = json!({ "email": "bob@example.net", "whatHappened": "My parcel never came." });
    let answer = client
        .post(format!("{}/v1/complaints", up.public))
        .header("idempotency-key", "0123456789abcdef0123")
        .json(&complaint)
        .send()
        .await
        .unwrap();
    let (status, body) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 202, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// Open complaints, once there are so many.
pub(crate) async fn queue(desk: &Desk, count: usize) -> Vec<Value> {
    eventually("the complaints are open", || async {
        let open = ask(desk, &["queue", "--json"]).lines();
        (open.len() == count).then_some(open)
    })
    .await
}

pub(crate) async fn ready(up: &Up) {
    let client = redress_runtime::http::client().unwrap();
    eventually("it is ready", || async {
        let answer = client.get(format!("{}/readyz", up.health)).send().await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_and_a_post_become_acknowledged_complaints_that_are_handled_to_the_end() {
    let desk = Desk::with(SETTINGS);
    let up = Up::start(&desk);
    ready(&up).await;
    deliver(&desk, "m1", MAIL);
    let promised = post(&up).await;
    let open = queue(&desk, 2).await;
    let by_api = open.iter().find(|complaint| complaint["channel"] == "api").unwrap();
    assert_eq!(by_api["reference"], promised["reference"]);
    eventually("both are acknowledged", || async {
        (std::fs::read_dir(desk.path("out/new")).ok()?.count() == 2).then_some(())
    })
    .await;

    let by_mail = open.iter().find(|complaint| complaint["channel"] == "email").unwrap();
    let reference = by_mail["reference"].as_str().unwrap().to_owned();
    handled_to_the_end(&desk, &reference).await;
    let shown = ask(&desk, &["show", &reference]).out;
    for words in ["The kettle burst", "We are sorry.", "Asked the maker.", "MilestoneMet", "ClockStopped"] {
        assert!(shown.contains(words), "{words} is missing in {shown}");
    }
    let checked = ask(&desk, &["verify", "--export", "commits.jsonl", "--json"]).lines();
    assert_eq!(checked[0]["faults"], json!([]));
    let exported = std::fs::read_to_string(desk.path("commits.jsonl")).unwrap();
    assert_eq!(exported.lines().count() as u64, checked[0]["commits"].as_u64().unwrap());
    let events = ask(&desk, &["events", "--from", "beginning", "--type", "Registered"]).lines();
    assert_eq!(events.len(), 2);
    assert_eq!(ask(&desk, &["dead", "list"]).out.trim(), "No dead letters.");
    up.stop();
    assert!(!desk.path("house/broker.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_posts_beside_the_form() {
    let webhook = "[email.accounts.shop]\nkind = \"webhook\"\naddress = \"shop@example.org\"\n\
                   [email.accounts.shop.webhook]\nprovider = \"postmark\"\nuser = \"shop\"\npassword = \"secret\"\n";
    let desk = Desk::with(&format!("{SETTINGS}{webhook}"));
    let up = Up::start(&desk);
    ready(&up).await;
    let mail = json!({ "From": "ann@example.com", "RawEmail": String::from_utf8_lossy(MAIL) });
    let hook = format!("{}/hooks/email/shop", up.public);
    let client = redress_runtime::http::client().unwrap();
    let posted = client.post(&hook).basic_auth("shop", Some("secret")).json(&mail).send().await.unwrap();
    assert_eq!(posted.status(), 200, "{}", posted.text().await.unwrap());
    assert_eq!(client.post(&hook).json(&mail).send().await.unwrap().status(), 401);
    let promised = post(&up).await;
    let open = queue(&desk, 2).await;
    assert!(open.iter().any(|complaint| complaint["reference"] == promised["reference"]));
    let findings = desk.ask(&["doctor", "--json"]).lines();
    let found =
        |what: &str| findings.iter().find(|finding| finding["what"] == what).unwrap()["found"].to_string();
    let address = "Postmark is to post to http://shop:<password>@127.0.0.1:8080/hooks/email/shop";
    assert!(found("mailbox shop").contains(address), "{}", found("mailbox shop"));
    assert!(found("account shop").contains("healthy"), "{}", found("account shop"));
    up.stop();
}

async fn handled_to_the_end(desk: &Desk, reference: &str) {
    let act = |deed: &[&str]| desk.ask(&[&["act", reference, "--as", "ina"], deed].concat());
    let refused = act(&["close", "decided"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("closing as decided needs a decision"), "{}", refused.err);
    assert_eq!(act(&["accept"]).code, 0);
    assert_eq!(act(&["note", "Asked the maker."]).code, 0);
    let decided = act(&["decide", "upheld", "--remedy", "refund", "--reasons", "We are sorry."]);
    assert_eq!(decided.code, 0, "{}", decided.err);
    eventually("the decision is communicated", || async {
        (act(&["close", "decided"]).code == 0).then_some(())
    })
    .await;
    assert_eq!(queue(desk, 1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_it_stops_the_orphan_and_goes_on_with_the_same_data() {
    let desk = Desk::with(SETTINGS);
    let mut up = Up::start(&desk);
    deliver(&desk, "m1", MAIL);
    let before = queue(&desk, 1).await;
    let second = desk.command(&["up"]).env("NATS_SERVER", server().canonicalize().unwrap()).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another redress up"));
    up.child.kill().unwrap();
    up.child.wait().unwrap();
    let orphan = std::fs::read_to_string(desk.path("house/nats/nats.pid")).unwrap();
    let orphan = Pid::from_raw(orphan.trim().parse().unwrap()).unwrap();

    let up = Up::start(&desk);
    ready(&up).await;
    assert_eq!(queue(&desk, 1).await[0]["reference"], before[0]["reference"]);
    let broker: Value =
        serde_json::from_slice(&std::fs::read(desk.path("house/broker.json")).unwrap()).unwrap();
    assert_ne!(broker["pid"], orphan.as_raw_nonzero().get());
    assert!(log_of(&desk).contains("that an earlier run left behind"));

    // The broker alone dies: it comes back on the same port, and nobody has to do anything.
    let pid = Pid::from_raw(i32::try_from(broker["pid"].as_i64().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    let again = eventually("another broker runs", || async {
        let broker: Value =
            serde_json::from_slice(&std::fs::read(desk.path("house/broker.json")).ok()?).ok()?;
        (broker["pid"] != pid.as_raw_nonzero().get()).then_some(broker)
    })
    .await;
    assert_eq!(again["url"], broker["url"]);
    tokio::time::timeout(Duration::from_mins(1), ready(&up)).await.unwrap();
    deliver(&desk, "m2", &[MAIL, b"Again.\r\n"].concat());
    eventually("the second mail is on record", || async {
        only_file(&desk.path("mail/new")).is_none().then_some(())
    })
    .await;
    up.stop();
}
