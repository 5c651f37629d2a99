//! `make corpus DATA=<folder>`: the normaliser over every labelled set (`words`), working time and city requests over every
//! labelled set (`deadlines`), then every `*.eml` and `*.msg` under `<folder>/email` through a Maildir into a running system, twice:
//! distinct files must equal contacts on record, nothing may die, and the second pass may add nothing.
//! `PART=words`, `PART=deadlines`, `PART=phone` (see [`phone`]), `PART=social` (see [`social`]) or `PART=system` runs one of them.

mod deadlines;
mod phone;
mod requests;
mod social;
mod spans;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use redress_contract::Event;
use redress_contract::MachineKind;
use redress_testkit::eventually_within;
use redress_tests::program::{Running, ask, metric, tail};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};

const PATIENCE: Duration = Duration::from_mins(10);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    redress_runtime::http::install_tls();
    let usage = "usage: corpus <folder with a folder email> [words|deadlines|phone|social|system]";
    let data = std::env::args_os().nth(1).map(PathBuf::from).context(usage)?;
    let part = std::env::args().nth(2).unwrap_or_default();
    ensure!(["", "words", "deadlines", "phone", "social", "system"].contains(&part.as_str()), usage);
    let mut results = Results::default();
    if ["", "words"].contains(&part.as_str()) {
        words::measure(&data, &mut results)?;
    }
    if ["", "deadlines"].contains(&part.as_str()) {
        deadlines::measure(&data, &mut results)?;
        spans::measure(&data, &mut results)?;
        requests::measure(&data, &mut results)?;
    }
    if ["", "phone"].contains(&part.as_str()) {
        phone::measure(&data, &mut results).await?;
    }
    if ["", "social"].contains(&part.as_str()) {
        social::measure(&data, &mut results).await?;
    }
    if ["", "system"].contains(&part.as_str()) {
        system(&data, &mut results).await?;
    }
    results.finish()
}

async fn system(data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let files = mails(&data.join("email"))?;
    ensure!(!files.is_empty(), "there is no *.eml or *.msg under {}", data.join("email").display());
    let distinct: BTreeSet<String> = files.iter().map(|file| digest(&file.raw)).collect();
    say(&format!("{} files, {} distinct", files.len(), distinct.len()));

    let folder = tempfile::Builder::new().prefix("redress-corpus-").tempdir()?;
    let house = House::start(folder.path())?;
    let records = Records::beside(&folder.path().join("data")).await?;
    house.drop_in(&files, "first").await?;
    settle(&records, distinct.len()).await;
    let contacts = records.contacts().await?;
    results.count("email.corpus_contacts", contacts.len(), "contacts", Bar::Exactly(count(distinct.len())));
    let copies = house.metric("redress_intake_contacts_total", "already_recorded").await?;
    results.tell("email.corpus_copies", copies, "mails", Bar::Exactly(count(files.len() - distinct.len())));
    tell_machines(&records, data, &files, results).await?;

    house.drop_in(&files, "second").await?;
    let twice = records.contacts().await?;
    results.count("email.corpus_second_pass", twice.len() - contacts.len(), "contacts", Bar::Exactly(0.0));
    let again = house.metric("redress_intake_contacts_total", "already_recorded").await?;
    results.tell("email.corpus_second_copies", again - copies, "mails", Bar::Exactly(count(files.len())));
    house.finish(results)
}

struct Mail {
    path: PathBuf,
    raw: Vec<u8>,
}

struct House {
    running: std::cell::RefCell<Running>,
    config: PathBuf,
    log: PathBuf,
    maildir: PathBuf,
    health: String,
}

impl House {
    fn start(folder: &Path) -> anyhow::Result<Self> {
        let maildir = folder.join("in");
        for name in ["tmp", "new", "cur"] {
            std::fs::create_dir_all(maildir.join(name))?;
        }
        let config = folder.join("redress.toml");
        std::fs::write(&config, settings(folder))?;
        let log = folder.join("redress.log");
        let running = Running::start(&config, &log, &["up"])?;
        let health = running.address("health")?;
        Ok(Self { running: running.into(), config, log, maildir, health })
    }

    /// Delivers each mail as a mail server would: written in `tmp`, renamed into `new`; waits until all were taken.
    async fn drop_in(&self, files: &[Mail], pass: &str) -> anyhow::Result<()> {
        for (n, file) in files.iter().enumerate() {
            let name = format!("{pass}.{n}.example");
            std::fs::write(self.maildir.join("tmp").join(&name), &file.raw)?;
            std::fs::rename(self.maildir.join("tmp").join(&name), self.maildir.join("new").join(&name))?;
        }
        let new = self.maildir.join("new");
        eventually_within(PATIENCE, "the Maildir is read", || async {
            std::fs::read_dir(&new).is_ok_and(|mut entries| entries.next().is_none()).then_some(())
        })
        .await;
        Ok(())
    }

    async fn metric(&self, name: &str, having: &str) -> anyhow::Result<f64> {
        let text = redress_runtime::http::client()?
            .get(format!("{}/metrics", self.health))
            .send()
            .await?
            .text()
            .await?;
        Ok(metric(&text, name, having))
    }

    fn finish(&self, results: &mut Results) -> anyhow::Result<()> {
        let dead =
            ask(&self.config, &["dead", "list"])?.lines().filter(|line| !line.trim().is_empty()).count();
        results.count("email.corpus_dead_letters", dead, "letters", Bar::Exactly(0.0));
        let alive = self.running.borrow_mut().is_running();
        ensure!(alive, "redress ended; its log ends:\n{}", tail(&self.log));
        ask(&self.config, &["verify"]).context("verify the chain")?;
        self.running.borrow_mut().stop()?;
        let panics = std::fs::read_to_string(&self.log)?.matches("panicked").count();
        results.count("email.corpus_panics", panics, "panics", Bar::Exactly(0.0));
        Ok(())
    }
}

fn settings(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "[data]\nfolder = \"{folder}/data\"\n[public]\naddress = \"127.0.0.1:0\"\n[health]\naddress = \"127.0.0.1:0\"\n\
         [log]\nfilter = \"warn\"\n\
         [email.accounts.help]\nkind = \"maildir\"\npath = \"{folder}/in\"\naddress = \"help@example.org\"\n\
         [notifier]\ntransport = \"maildir\"\nmaildir_path = \"{folder}/out\"\nfrom_address = \"help@example.org\"\n"
    )
}

/// Waits until every contact on record is linked to a complaint.
async fn settle(records: &Records, contacts: usize) {
    eventually_within(PATIENCE, "every contact is linked", || async {
        let events = records.events().await.ok()?;
        let linked = events.values().flatten().filter(|e| matches!(e, Event::ContactLinked(_))).count();
        if linked >= contacts {
            return Some(());
        }
        // Reading everything is work; the house needs the machine more.
        tokio::time::sleep(Duration::from_secs(1)).await;
        None
    })
    .await;
}

/// How many contacts were marked as a machine's, and how that agrees with labels where there are any.
async fn tell_machines(
    records: &Records,
    data: &Path,
    files: &[Mail],
    results: &mut Results,
) -> anyhow::Result<()> {
    let mut marked = BTreeMap::new();
    for event in records.events().await?.into_values().flatten() {
        if let Event::ContactLinked(link) = event {
            marked.insert(link.contact_id.to_string(), link.machine != MachineKind::Unspecified);
        }
    }
    results.count("email.corpus_machine", marked.values().filter(|m| **m).count(), "contacts", Bar::None);
    let Ok(labels) = std::fs::read(data.join("email/machine-mail-labels.json")) else { return Ok(()) };
    let labels: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&labels)?;
    let keys = records.ledger.vault().keys();
    let (mut machines, mut found, mut people, mut wrong) = (0, 0, 0, 0);
    for file in files {
        let name = file.path.strip_prefix(data).unwrap_or(&file.path).to_string_lossy().into_owned();
        let Some(label) = labels.get(&name).and_then(|l| l["label"].as_str()) else { continue };
        let id = keys.mail_contact_id("help", &digest(&file.raw)).to_string();
        let is_marked = marked.get(&id).copied().unwrap_or_default();
        if ["bounce", "auto-reply", "abuse-report"].contains(&label) {
            machines += 1;
            found += usize::from(is_marked);
        } else if label == "human" {
            people += 1;
            wrong += usize::from(is_marked);
        }
    }
    results.tell("email.machine_marked", count(found) / count(machines).max(1.0), "share", Bar::None);
    results.tell("email.people_marked", count(wrong) / count(people).max(1.0), "share", Bar::None);
    Ok(())
}

/// All mails below a folder, in a settled order.
fn mails(folder: &Path) -> anyhow::Result<Vec<Mail>> {
    let mut found = Vec::new();
    let mut folders: Vec<_> = [folder.to_owned()].into_iter().filter(|folder| folder.is_dir()).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "eml" || e == "msg") {
                found.push(Mail { raw: std::fs::read(&path)?, path });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn digest(raw: &[u8]) -> String {
    // The same digest in hex that commits use.
    redress_contract::Commit::hash(raw)
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}
