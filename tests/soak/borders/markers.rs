//! Personal data and secrets where none may be: every field that a person fills in and every secret of the house holds a
//! marker. Real processes are killed while the load runs, mail servers refuse with the markers in their answers, some of
//! the load cannot be read, and what cannot be handled becomes dead letters. Then logs, metrics, streams, subjects,
//! headers, keys and object names are looked through.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use redress_contract::Event;
use redress_testkit::smtp::{Act, Rule, Stage as At};
use redress_testkit::{Broker, SmtpSink, eventually_within};
use redress_tests::house;
use redress_tests::leaks::{self, Place};
use redress_tests::mails::Dice;
use redress_tests::program::{Running, ask};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};

/// Every marker begins with this, so that one search finds all of them; nothing else holds it.
pub(crate) const PREFIX: &str = "zqxmarkjvwpk";

const SERVICES: [&str; 6] = ["email", "web", "router", "notifier", "sla", "feed"];
const PATIENCE: Duration = Duration::from_mins(10);

/// The processes and what they are given.
struct Scene {
    broker: Broker,
    sink: SmtpSink,
    folder: tempfile::TempDir,
    config: PathBuf,
    running: Vec<Process>,
    /// Address of the form and the API.
    pages: String,
    /// Secrets that are not of our making: receipt codes, the identity key.
    secrets: Vec<String>,
    dice: Dice,
    marked: usize,
}

pub(crate) async fn run(seed: u64, contacts: usize, results: &mut Results) -> anyhow::Result<()> {
    let mut scene = Scene::set(seed).await?;
    let web = scene.pages.clone();
    let mut expected = 0;
    for n in 0..contacts {
        expected += 1;
        match n % 4 {
            0 => scene.submit(&web, n).await?,
            1 if n % 20 == 1 => scene.deliver(n, Dress::Garbage)?,
            1 => scene.deliver(n, Dress::Refused)?,
            _ => scene.deliver(n, Dress::Plain)?,
        }
        if n % 40 == 20 {
            // Web keeps its address only while it lives; it is killed in the soak of kills.
            let victim = [0, 2, 3, 4, 5][n / 40 % 5];
            scene.kill(victim)?;
        }
    }
    scene.publish_what_nobody_can_open().await?;
    let records = Records::open(&scene.broker.url(), &scene.folder.path().join("data/identity.key")).await?;
    until_linked(&records, expected).await?;
    scene.work_on_one(&records).await?;
    until_dead(&scene).await?;
    let places = scene.places().await?;
    judge(&scene, &places, results)?;
    for process in &mut scene.running {
        process.running.stop()?;
    }
    Ok(())
}

/// A service, and where it tells how it is.
struct Process {
    running: Running,
    health: String,
}

/// What a mail is like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dress {
    Plain,
    /// The mail server refuses its acknowledgement and says why with its address.
    Refused,
    /// No mail at all.
    Garbage,
}

impl Scene {
    async fn set(seed: u64) -> anyhow::Result<Self> {
        let (broker, sink) = (Broker::start().await, SmtpSink::start().await);
        let folder = tempfile::Builder::new().prefix("redress-markers-").tempdir()?;
        for name in ["data", "help/new", "help/cur", "help/tmp"] {
            std::fs::create_dir_all(folder.path().join(name))?;
        }
        let mut dice = Dice::new(seed);
        let key: String = (0..8).fold(String::new(), |key, _| format!("{key}{:08x}", dice.below(usize::MAX)));
        house::write_keys(&folder.path().join("data"))?;
        std::fs::write(folder.path().join("data/identity.key"), format!("{key}\n"))?;
        let sealing = std::fs::read_to_string(folder.path().join("data/sealing.key"))?;
        let config = folder.path().join("redress.toml");
        std::fs::write(&config, settings(folder.path(), &broker, &sink))?;
        ask(&config, &["provision"])?;
        // The identity key, and the private half of the pair that seals.
        let secrets = vec![key, sealing.trim().rsplit(':').next().unwrap_or_default().to_owned()];
        let mut scene = Self {
            broker,
            sink,
            folder,
            config,
            running: Vec::new(),
            pages: String::new(),
            secrets,
            dice,
            marked: 0,
        };
        for service in SERVICES {
            let process = scene.spawn(service)?;
            scene.running.push(process);
        }
        Ok(scene)
    }

    fn spawn(&mut self, service: &str) -> anyhow::Result<Process> {
        let running = Running::start(&self.config, &self.log(service), &["run", service])?;
        let mut health = String::new();
        // Web tells of two listeners, in whatever order.
        while health.is_empty() || (service == "web" && self.pages.is_empty()) {
            let line = running
                .line(Duration::from_mins(1))
                .with_context(|| format!("{service} tells where it listens"))?;
            let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            let url = told["url"].as_str().unwrap_or_default().to_owned();
            match told["listener"].as_str() {
                Some("health") => health = url,
                Some("public") => self.pages = url,
                _ => {}
            }
        }
        Ok(Process { running, health })
    }

    fn log(&self, service: &str) -> PathBuf {
        self.folder.path().join(format!("{service}.log"))
    }

    fn kill(&mut self, n: usize) -> anyhow::Result<()> {
        self.running[n].running.kill();
        self.running[n] = self.spawn(SERVICES[n])?;
        Ok(())
    }

    /// A word unlike any other.
    fn marker(&mut self) -> String {
        self.marked += 1;
        format!("{PREFIX}{}q{:x}", self.marked, self.dice.below(usize::MAX))
    }

    fn deliver(&mut self, n: usize, dress: Dress) -> anyhow::Result<()> {
        let raw = if dress == Dress::Garbage { self.garbage() } else { self.mail(n, dress) };
        let name = format!("{n:06}.host");
        let written = self.folder.path().join("help/tmp").join(&name);
        std::fs::write(&written, raw)?;
        std::fs::rename(written, self.folder.path().join("help/new").join(name))?;
        Ok(())
    }

    fn garbage(&mut self) -> String {
        format!("{} is no header\r\n{}\u{0}\r\n", self.marker(), self.marker())
    }

    /// A mail with a marker wherever somebody may write something.
    fn mail(&mut self, n: usize, dress: Dress) -> String {
        let from = format!("{}@example.com", self.marker());
        if dress == Dress::Refused {
            let code = if n % 8 == 1 { "550 5.1.1" } else { "451 4.7.1" };
            let act = Act::Reply(format!("{code} <{from}> {} is not here", self.marker()));
            self.sink.script(Rule {
                stage: At::Recipient,
                recipient: Some(from.clone()),
                times: Some(1),
                act,
            });
        }
        let mut mail = format!(
            "From: \"{} {}\" <{from}>\r\nTo: \"{}\" <help@example.org>\r\n",
            self.marker(),
            self.marker(),
            self.marker()
        );
        for field in ["Cc", "Reply-To", "Sender"] {
            if dress == Dress::Plain && field != "Cc" {
                continue;
            }
            let address = if field == "Cc" { format!("{}@example.com", self.marker()) } else { from.clone() };
            let _ = write!(mail, "{field}: \"{}\" <{address}>\r\n", self.marker());
        }
        for field in [
            "Subject",
            "Organization",
            "X-Mailer",
            "Comments",
            "X-Originating-IP",
            "Content-Language",
            "Thread-Topic",
        ] {
            let _ = write!(mail, "{field}: {}\r\n", self.marker());
        }
        for field in ["Message-ID", "In-Reply-To"] {
            let _ = write!(mail, "{field}: <{}@{}.example>\r\n", self.marker(), self.marker());
        }
        let (words, file, name) = (self.marker(), self.marker(), self.marker());
        let number = self.marker();
        let _ = write!(
            mail,
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
             It is broken, says {words}. My order number is {number}.\r\n--b\r\nContent-Type: application/pdf; name=\"{name}.pdf\"\r\n\
             Content-Disposition: attachment; filename=\"{name}.pdf\"\r\n\r\n{file}\r\n--b--\r\n"
        );
        mail
    }

    /// By the API, which answers with a receipt code; and once in a while wrongly, which is refused.
    async fn submit(&mut self, web: &str, n: usize) -> anyhow::Result<()> {
        let client = redress_runtime::http::client().context("make a client")?;
        let body = serde_json::json!({
            "whatHappened": self.marker(), "name": self.marker(), "email": format!("{}@example.com", self.marker()),
            "orderNumber": self.marker(), "product": self.marker(), "remedy": self.marker(),
        });
        let key = format!("{}-{n:016}", self.marker());
        let post = |body: serde_json::Value, key: String| {
            let request = client.post(format!("{web}/v1/complaints")).header("idempotency-key", key);
            request.header("content-type", "application/json").body(body.to_string()).send()
        };
        let answer = post(body, key).await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.as_u16() == 202, "the API answered {status}: {text}");
        let told: serde_json::Value = serde_json::from_str(&text)?;
        let code = told["receiptCode"].as_str().context("the answer holds a receipt code")?;
        self.secrets.push(code.to_owned());
        let wrong =
            serde_json::json!({ "whatHappened": "", "email": self.marker(), self.marker(): self.marker() });
        let key = format!("{}-{n:016}", self.marker());
        let answer = post(wrong, key).await?;
        ensure!(answer.status().as_u16() == 422, "what is wrong is refused");
        Ok(())
    }

    /// A message that is no contact, on a subject of INTAKE: the router cannot open it, so it becomes a dead letter.
    async fn publish_what_nobody_can_open(&mut self) -> anyhow::Result<()> {
        let client = async_nats::connect(self.broker.url()).await?;
        for n in 0..3 {
            let body = format!("{{\"text\": \"{}\", \"subject\": {}", self.marker(), self.marker());
            let context = async_nats::jetstream::new(client.clone());
            context.publish(format!("intake.email.nobodyopens{n}"), body.into()).await?.await?;
        }
        Ok(())
    }

    /// What a handler does to one complaint, with words of their own.
    async fn work_on_one(&mut self, records: &Records) -> anyhow::Result<()> {
        let events = records.events().await?;
        let one = events.iter().find(|(_, events)| {
            events.iter().any(
                |event| matches!(event, Event::Registered(r) if r.channel == redress_contract::Channel::Api),
            )
        });
        let id = one.context("one came by the API")?.0.clone();
        let (note, reasons) = (self.marker(), self.marker());
        let said = [
            ask(&self.config, &["act", &id, "--as", "h1", "accept"])?,
            ask(&self.config, &["act", &id, "--as", "h1", "note", &note])?,
            ask(
                &self.config,
                &["act", &id, "--as", "h1", "decide", "upheld", "--remedy", "refund", "--reasons", &reasons],
            )?,
            ask(&self.config, &["queue"])?,
            ask(&self.config, &["verify"])?,
            ask(&self.config, &["config"])?,
        ];
        std::fs::write(self.log("commands"), said.concat())?;
        Ok(())
    }

    /// All that may be read by whoever watches the house.
    async fn places(&self) -> anyhow::Result<Vec<Place>> {
        let client = async_nats::connect(self.broker.url()).await?;
        let bus = self.broker.bus("markers").await;
        let mut places = leaks::public_places(&async_nats::jetstream::new(client), &bus).await?;
        // These were never sealed: whoever writes there past the door says what they like.
        places.retain(|place| !place.name.starts_with("INTAKE intake.email.nobodyopens"));
        for service in SERVICES.iter().chain(&["commands"]) {
            let text = std::fs::read(self.log(service)).context("read a log")?;
            places.push(Place {
                name: format!("log of {service}"),
                text: String::from_utf8_lossy(&text).into_owned(),
            });
        }
        let client = redress_runtime::http::client().context("make a client")?;
        for (service, process) in SERVICES.iter().zip(&self.running) {
            let health = &process.health;
            for path in ["/metrics", "/readyz"] {
                let text = client.get(format!("{health}{path}")).send().await?.text().await?;
                places.push(Place { name: format!("{path} of {service}"), text });
            }
        }
        Ok(places)
    }
}

/// Looks everywhere, and shows that it does: what may be told is found in each kind of place.
fn judge(scene: &Scene, places: &[Place], results: &mut Results) -> anyhow::Result<()> {
    let read: usize = places.iter().map(|place| place.text.len()).sum();
    say(&format!(
        "{} markers and {} secrets, {} places of {} KiB",
        scene.marked,
        scene.secrets.len(),
        places.len(),
        read / 1024
    ));
    let told = ["complaint", "intake", "redress_"].map(str::to_owned);
    let control = leaks::found(places, &told);
    for kind in ["COMPLAINTS ", "EVENTS ", "DEAD ", "KV_", "log of router", "/metrics of router"] {
        ensure!(control.iter().any(|found| found.starts_with(kind)), "{kind} was not looked at");
    }
    let mut markers = vec![PREFIX.to_owned()];
    markers.extend(scene.secrets.iter().cloned());
    let found = leaks::found(places, &markers);
    for leak in found.iter().take(10) {
        say(&format!("found: {leak}"));
    }
    results.count("core.markers", scene.marked, "markers", Bar::None);
    results.count("core.markers_found", found.len(), "markers", Bar::Exactly(0.0));
    Ok(())
}

fn settings(folder: &Path, broker: &Broker, sink: &SmtpSink) -> String {
    let more = format!(
        "[email.accounts.help]\nkind = \"maildir\"\naddress = \"help@example.org\"\npath = \"{0}/help\"\nstart = \"all\"\npoll_seconds = 0.1\n\
         [email.accounts.away]\nkind = \"imap\"\naddress = \"away@example.org\"\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"\n\
         user = \"away\"\npassword = \"{PREFIX}password\"\n",
        folder.display()
    );
    let text = house::settings(folder, &broker.url(), sink.address(), &more);
    text.replace("filter = \"warn\"", "filter = \"info,redress=trace\"")
}

async fn until_linked(records: &Records, expected: usize) -> anyhow::Result<()> {
    eventually_within(PATIENCE, "every contact is linked", || async {
        let events = records.events().await.ok()?;
        let linked =
            events.values().flatten().filter(|event| matches!(event, Event::ContactLinked(_))).count();
        if linked >= expected {
            return Some(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        None
    })
    .await;
    Ok(())
}

/// What nobody can open lies in DEAD.
async fn until_dead(scene: &Scene) -> anyhow::Result<()> {
    let bus = scene.broker.bus("dead").await;
    eventually_within(PATIENCE, "what nobody can open is a dead letter", || async {
        (bus.dead_letters().await.ok()?.len() >= 3).then_some(())
    })
    .await;
    Ok(())
}
