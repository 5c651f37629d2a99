//! The broker has 24 MiB, and they run full under real services: by reaching its limit, as shipped, which ends by itself
//! when there is room again; and by a full disk, which ends when the broker is started anew.
//!
//! Each time: the web says 503 within two seconds, mail is left alone, and afterwards everything is on record once.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::ensure;
use redress_testkit::broker::Options;
use redress_testkit::{Broker, SmtpSink, Sync, eventually, eventually_within};
use redress_tests::house;
use redress_tests::program::{Running, ask};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results};

use crate::room::shell;

/// The whole disk.
const DISK: &str = "24m";
/// What the broker may use of it: two thirds.
const STORE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Room left beside what fills it.
const SPARE: u64 = 300 * 1024;
/// Complaints of each kind before, and while it is full.
const EACH: usize = 10;

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let mut limit = World::set("disk_limit", Some(STORE_BYTES_MAX)).await?;
    limit.fill_by_stream().await?;
    limit.while_full(results).await?;
    limit.empty_stream().await?;
    limit.afterwards(results).await?;
    drop(limit);

    let mut disk = World::set("disk_full", None).await?;
    disk.fill_by_file()?;
    disk.while_full(results).await?;
    disk.empty_file()?;
    disk.broker.restart().await;
    disk.afterwards(results).await
}

struct World {
    area: &'static str,
    disk: PathBuf,
    broker: Broker,
    sink: SmtpSink,
    // Before the folder, so that they end before their folder goes.
    services: Vec<Running>,
    folder: tempfile::TempDir,
    web: String,
    client: reqwest::Client,
    /// Idempotency keys that heard yes, and those that heard no.
    taken: Vec<String>,
    refused: Vec<String>,
    mails: usize,
}

impl World {
    async fn set(area: &'static str, store_bytes_max: Option<u64>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("redress-soak-").tempdir()?;
        let disk = folder.path().join("disk");
        std::fs::create_dir_all(&disk)?;
        shell(&format!("mount -t tmpfs -o size={DISK} tmpfs {}", disk.display()))?;
        // Beyond any disk: the server notices only when a write fails.
        let store_bytes_max = store_bytes_max.or(Some(1 << 40));
        let options = Options {
            sync: Sync::Always,
            store: Some(disk.join("store")),
            store_bytes_max,
            ..Options::default()
        };
        let broker = Broker::start_as(options).await;
        let sink = SmtpSink::start().await;
        let config = settings(folder.path(), &broker, &sink)?;
        ask(&config, &["provision"])?;
        let mut services = Vec::new();
        for names in [&["run", "web"][..], &["run", "email", "router", "sla", "notifier", "feed"]] {
            let log = folder.path().join(format!("{}.log", names[1]));
            services.push(Running::start(&config, &log, names)?);
        }
        let web = services[0].address("public")?;
        let client = redress_runtime::http::client()?;
        let (taken, refused, mails) = (Vec::new(), Vec::new(), 0);
        let mut world =
            Self { area, disk, broker, sink, services, folder, web, client, taken, refused, mails };
        for _ in 0..EACH {
            let key = world.key();
            eventually("the API takes complaints", async || (world.post(&key).await == 202).then_some(()))
                .await;
            world.taken.push(key);
            world.mail()?;
        }
        world.mails_are_taken().await;
        Ok(world)
    }

    fn name(&self, what: &str) -> String {
        format!("core.{}_{what}", self.area)
    }

    /// A stream of somebody else's takes what is left of the store.
    async fn fill_by_stream(&self) -> anyhow::Result<()> {
        let js = async_nats::jetstream::new(async_nats::connect(self.broker.url()).await?);
        let config = async_nats::jetstream::stream::Config {
            name: "BALLAST".to_owned(),
            subjects: vec!["ballast".to_owned()],
            ..Default::default()
        };
        js.create_stream(config).await?;
        for size in [512 * 1024, 16 * 1024, 1024, 1] {
            while js.publish("ballast", vec![0; size].into()).await?.await.is_ok() {}
        }
        Ok(())
    }

    async fn empty_stream(&self) -> anyhow::Result<()> {
        let js = async_nats::jetstream::new(async_nats::connect(self.broker.url()).await?);
        js.delete_stream("BALLAST").await?;
        Ok(())
    }

    /// A file takes what is left of the disk.
    fn fill_by_file(&self) -> anyhow::Result<()> {
        let disk = rustix::fs::statvfs(&self.disk)?;
        let left = (disk.f_bavail * disk.f_frsize).saturating_sub(SPARE);
        std::fs::write(self.disk.join("ballast"), vec![7; usize::try_from(left)?])?;
        Ok(())
    }

    fn empty_file(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.disk.join("ballast"))?)
    }

    /// From the first no on: everything that comes hears no in time, and mail is left where it is.
    async fn while_full(&mut self, results: &mut Results) -> anyhow::Result<()> {
        let mut slowest = Duration::ZERO;
        while self.refused.len() < EACH {
            let (key, asked) = (self.key(), Instant::now());
            let status = self.post(&key).await;
            if status == 202 {
                self.taken.push(key);
                continue;
            }
            ensure!(status == 503, "the API answers {status}");
            slowest = slowest.max(asked.elapsed());
            self.refused.push(key);
        }
        results.tell(&self.name("web_503"), slowest.as_secs_f64(), "s", Bar::AtMost(2.0));
        for _ in 0..EACH {
            self.mail()?;
        }
        // Long enough for several looks at the mailbox.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let records = self.records().await?;
        let recorded = records.contacts().await?.len();
        let gone = self.mails - self.mails_left();
        let unrecorded = (gone + self.taken.len()).saturating_sub(recorded);
        results.count(&self.name("mail_touched"), unrecorded, "mails", Bar::Exactly(0.0));
        Ok(())
    }

    /// Whoever heard no asks again; in the end everything is on record once, and everybody has been written to.
    async fn afterwards(&mut self, results: &mut Results) -> anyhow::Result<()> {
        for key in std::mem::take(&mut self.refused) {
            eventually_within(Duration::from_mins(1), "the API takes it when asked again", async || {
                (self.post(&key).await == 202).then_some(())
            })
            .await;
            self.taken.push(key);
        }
        self.mails_are_taken().await;
        let promised = self.taken.len() + self.mails;
        let records = self.records().await?;
        let sink = &self.sink;
        eventually_within(Duration::from_mins(2), "everybody has been written to", async || {
            (sink.mails().len() >= promised).then_some(())
        })
        .await;
        let contacts = records.contacts().await?.len();
        let complaints = records.events().await?.len();
        let lost = promised.saturating_sub(contacts) + promised.saturating_sub(complaints);
        let twice = contacts.saturating_sub(promised) + complaints.saturating_sub(promised);
        results.count(&self.name("complaints"), promised, "complaints", Bar::None);
        results.count(&self.name("lost"), lost, "complaints", Bar::Exactly(0.0));
        results.count(&self.name("duplicated"), twice, "complaints", Bar::Exactly(0.0));
        for running in &mut self.services {
            ensure!(running.is_running(), "a service ended by itself");
            running.stop()?;
        }
        Ok(())
    }

    async fn records(&self) -> anyhow::Result<Records> {
        Records::open(&self.broker.url(), &self.folder.path().join("data/identity.key")).await
    }

    fn key(&self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.taken.len() + self.refused.len())
    }

    async fn post(&self, key: &str) -> u16 {
        let words = format!("The kettle of order {key} never came. {}", "I waited. ".repeat(200));
        let body = serde_json::json!({ "whatHappened": words, "email": format!("web-{key}@example.com") });
        let request = self.client.post(format!("{}/v1/complaints", self.web)).header("idempotency-key", key);
        let request = request.header("content-type", "application/json").body(body.to_string());
        request.send().await.map_or(0, |answer| answer.status().as_u16())
    }

    fn mail(&mut self) -> anyhow::Result<()> {
        let n = self.mails;
        let mail = format!(
            "From: mail-{n}@example.com\r\nTo: help@example.org\r\nSubject: Matter {n}\r\n\
             Message-ID: <{n}@mail.example.com>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\nIt broke, case {n}.\r\n"
        );
        let inbox = inbox(self.folder.path());
        let file = format!("{n}.M1P1.localhost");
        std::fs::write(inbox.join("tmp").join(&file), mail)?;
        std::fs::rename(inbox.join("tmp").join(&file), inbox.join("new").join(&file))?;
        self.mails += 1;
        Ok(())
    }

    fn mails_left(&self) -> usize {
        std::fs::read_dir(inbox(self.folder.path()).join("new")).map(Iterator::count).unwrap_or_default()
    }

    async fn mails_are_taken(&self) {
        let taken = async || (self.mails_left() == 0).then_some(());
        eventually_within(Duration::from_mins(2), "every mail is taken", taken).await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.services.clear();
        self.broker.kill();
        let _ = shell(&format!("umount {}", self.disk.display()));
    }
}

fn inbox(folder: &Path) -> PathBuf {
    folder.join("inbox")
}

fn settings(folder: &Path, broker: &Broker, sink: &SmtpSink) -> anyhow::Result<PathBuf> {
    for name in ["inbox/tmp", "inbox/new", "inbox/cur"] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    house::write_keys(&folder.join("data"))?;
    let more = format!(
        "[email.accounts.help]\nkind = \"maildir\"\naddress = \"help@example.org\"\npath = \"{}\"\nstart = \"all\"\n\
         poll_seconds = 1\n",
        inbox(folder).display()
    );
    let file = folder.join("redress.toml");
    let text = house::settings(folder, &broker.url(), sink.address(), &more);
    // All shares together stay below what the broker may use, so that it is the store that runs full and no stream.
    std::fs::write(&file, text.replace("store_mebibytes_max = 2048", "store_mebibytes_max = 12"))?;
    Ok(file)
}
