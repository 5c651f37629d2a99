//! A call log that is written on by several at once, cut off at random and written again, rotated, while the service that
//! reads it is killed. Afterwards every row is on record once, none was kept apart, and `redress reconcile` finds no gap.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use redress_contract::Commit;
use redress_identity::Keys;
use redress_testkit::{Broker, SmtpSink, Sync};
use redress_tests::mails::Dice;
use redress_tests::program;
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results};

use crate::Form;
use crate::processes::{KEY, Place, Service};

/// How long all of it may take to be on record.
const PATIENCE: Duration = Duration::from_mins(5);

const ACCOUNT: &str = r#"
[phone]
lease_seconds = 2
rescan_seconds = 1
[phone.accounts.pbx]
kind = "folder"
path = "{folder}/calls"
format = "asterisk_csv"
zone = "Europe/Berlin"
settle_seconds = 2
"#;

struct Scene<'a> {
    place: Place,
    records: Records,
    phone: Service,
    written: BTreeSet<String>,
    made: usize,
    random: Dice,
    results: &'a mut Results,
}

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let broker = Broker::start_with(Sync::Default).await;
    let sink = SmtpSink::start().await;
    let place = Place::make(&broker, &sink, ACCOUNT, "")?;
    std::fs::create_dir_all(place.path().join("calls"))?;
    place.provision()?;
    let records = Records::open(&broker.url(), &place.key()).await?;
    let phone = place.start("phone")?;
    let random = Dice::new(form.seed);
    let (written, made) = (BTreeSet::new(), 0);
    let mut scene = Scene { place, records, phone, written, made, random, results };
    scene
        .killed(form.pick(4_000, 50_000), form.pick(5, 40))
        .await
        .context("killed while rows are appended")?;
    scene.cut_off(form.pick(60, 500)).await.context("cut off at random")?;
    scene.two_writers(form.pick(400, 5_000)).await.context("two writers")?;
    scene.rotated(form.pick(5, 50)).await.context("rotated")?;
    scene.phone.stop()
}

impl Scene<'_> {
    /// Rows are appended while the process that reads them is killed.
    async fn killed(&mut self, rows: usize, kills: usize) -> anyhow::Result<()> {
        let master = self.master();
        let each = rows / (kills * 10);
        for kill in 0..kills {
            for _ in 0..10 {
                let text = self.rows(each);
                append(&master, text.as_bytes())?;
            }
            let reached = self.below(each * 10 * (kill + 1));
            let until = Instant::now() + Duration::from_secs(3);
            while self.records.contacts().await?.len() < reached && Instant::now() < until {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            self.phone.kill()?;
        }
        self.results.count("phone.killed", kills, "kills", Bar::at_least(kills));
        self.check("killed").await
    }

    /// The file is cut off anywhere, and written again from there.
    async fn cut_off(&mut self, times: usize) -> anyhow::Result<()> {
        let file = self.calls("cut.csv");
        let mut whole = Vec::new();
        for _ in 0..times {
            whole.extend_from_slice(self.rows(3).as_bytes());
            let cut = self.below(whole.len());
            std::fs::write(&file, &whole[..cut])?;
            if cut.is_multiple_of(4) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            append(&file, &whole[cut..])?;
        }
        self.results.count("phone.cut_off", times, "times", Bar::at_least(times));
        self.check("cut_off").await
    }

    /// Two programs append to one file.
    async fn two_writers(&mut self, rows: usize) -> anyhow::Result<()> {
        let file = self.calls("two.csv");
        let texts = [self.rows(rows), self.rows(rows)];
        std::thread::scope(|scope| {
            let write =
                |text: &str| text.split_inclusive('\n').try_for_each(|row| append(&file, row.as_bytes()));
            let writers = texts.each_ref().map(|text| scope.spawn(move || write(text)));
            writers.into_iter().try_for_each(|writer| writer.join().expect("a writer does not panic"))
        })?;
        self.check("two_writers").await
    }

    /// The file is renamed while its last row is half written; the rest comes under its new name.
    async fn rotated(&mut self, times: usize) -> anyhow::Result<()> {
        let master = self.master();
        for turn in 0..times {
            let (last, first) = (self.rows(1), self.rows(2));
            let half = self.below(last.len());
            append(&master, &last.as_bytes()[..half])?;
            let rotated = self.calls(&format!("Master.csv.{turn}"));
            std::fs::rename(&master, &rotated)?;
            append(&master, first.as_bytes())?;
            append(&rotated, &last.as_bytes()[half..])?;
        }
        self.check("rotated").await
    }

    /// Rows that differ from all others, noted as written.
    fn rows(&mut self, count: usize) -> String {
        let keys = Keys::from_master(&KEY);
        let mut text = String::new();
        for _ in 0..count {
            self.made += 1;
            let row = row(self.made);
            let digest = Commit::hash(row.as_bytes());
            let call = format!("17699.{}", self.made);
            self.written.insert(keys.call_contact_id("pbx", &call, &["entry", &digest]).to_string());
            text.push_str(&row);
            text.push('\n');
        }
        text
    }

    /// Waits until all is on record, and compares.
    async fn check(&mut self, scene: &str) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        while self.records.contacts().await?.len() < self.written.len() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let recorded = self.records.contacts().await?;
        let lost = self.written.difference(&recorded).count();
        let strange = recorded.difference(&self.written).count();
        self.results.count(&format!("phone.{scene}_rows"), self.written.len(), "rows", Bar::None);
        self.results.count(&format!("phone.{scene}_lost"), lost, "rows", Bar::exactly(0));
        self.results.count(&format!("phone.{scene}_strange"), strange, "contacts", Bar::exactly(0));
        let said =
            program::ask(&self.place.config(), &["reconcile", "pbx", "--gaps"]).context("reconcile")?;
        let summary: serde_json::Value =
            serde_json::from_str(said.lines().last().context("it says something")?)?;
        for (what, name) in [("gaps", "gaps"), ("quarantined", "kept_apart")] {
            let count = usize::try_from(summary[what].as_u64().context("it counts")?)?;
            self.results.count(&format!("phone.{scene}_{name}"), count, "rows", Bar::exactly(0));
        }
        ensure!(summary["recorded"].as_u64() == Some(self.written.len() as u64), "reconcile saw {summary}");
        Ok(())
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.below(end.max(1))
    }

    fn master(&self) -> PathBuf {
        self.calls("Master.csv")
    }

    fn calls(&self, name: &str) -> PathBuf {
        self.place.path().join("calls").join(name)
    }
}

fn row(n: usize) -> String {
    format!(
        "\"\",\"030 {:06}\",\"7100\",\"in\",\"\",\"SIP/a-{n}\",\"SIP/b-{n}\",\"Dial\",\"x\",\"2026-02-01 11:30:34\",\"\",\
         \"2026-02-01 11:30:50\",\"16\",\"0\",\"NO ANSWER\",\"DOCUMENTATION\",\"17699.{n}\"",
        100_000 + n
    )
}

fn append(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(bytes)
}
