//! A house that reads a mailbox on a real Dovecot, and what it takes to empty it.

use std::time::{Duration, Instant};

use redress_bus::Bus;
use redress_contract::subject::name;
use redress_testkit::dovecot::{Dovecot, PASSWORD};
use redress_testkit::{Broker, SmtpSink, Sync, eventually_within};
use redress_tests::manifest::Expected;
use redress_tests::program::{Running, cpu_seconds};
use redress_tests::records::Records;
use redress_tests::results::say;

use super::{Told, opening};
use crate::load;
use crate::story;

/// How long a mailbox may take before it is given up.
const PATIENCE: Duration = Duration::from_mins(5);

/// Broker, mailbox, mail server, and the services in one process.
pub(super) struct House {
    // First, so that it ends while its broker is there.
    services: Running,
    pub(super) dovecot: Dovecot,
    pub(super) sink: SmtpSink,
    pub(super) records: Records,
    pub(super) broker: Broker,
    pub(super) folder: tempfile::TempDir,
}

impl House {
    /// All services in one process; none when Dovecot is not here.
    pub(super) async fn start(sync: Sync, store_mebibytes_max: u32) -> anyhow::Result<Option<Self>> {
        Self::start_with(sync, store_mebibytes_max, &["run", "email", "router", "sla", "notifier", "feed"])
            .await
    }

    /// These services in one process.
    pub(super) async fn start_with(
        sync: Sync,
        store_mebibytes_max: u32,
        services: &[&str],
    ) -> anyhow::Result<Option<Self>> {
        let Some(dovecot) = Dovecot::start() else {
            say("skipped: Dovecot is not here");
            return Ok(None);
        };
        let broker = Broker::start_with(sync).await;
        load::bus_with_room(&broker, "provision", store_mebibytes_max).await?;
        let sink = SmtpSink::start().await;
        let folder = tempfile::Builder::new().prefix("redress-bench-").tempdir()?;
        let account = format!(
            "[email]\nlease_seconds = 5\n[email.accounts.help]\nkind = \"imap\"\naddress = \"help@example.org\"\n\
             host = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nuser = \"help\"\npassword = {}\nstart = \"all\"\n",
            dovecot.imap_port(),
            toml::Value::from(PASSWORD),
        );
        let config = load::settings(folder.path(), &broker, &sink, &account)?;
        let room = format!("store_mebibytes_max = {store_mebibytes_max}");
        let text = std::fs::read_to_string(&config)?.replace("store_mebibytes_max = 2048", &room);
        std::fs::write(&config, text)?;
        let services = Running::start(&config, &folder.path().join("house.log"), services)?;
        services.address("health")?;
        let records = Records::open(&broker.url(), &folder.path().join("data/identity.key")).await?;
        Ok(Some(Self { services, dovecot, sink, records, broker, folder }))
    }

    pub(super) fn bus(&self) -> &Bus {
        self.records.bus()
    }

    /// Puts the mails into the mailbox and waits for every acknowledgement that is owed.
    pub(super) async fn take(&self, mails: &[Expected]) -> anyhow::Result<Told> {
        let owed = self.sink.count() + opening(mails);
        let cpu_before = self.cpu();
        let begun = self.dovecot.deliver_all(mails.iter().map(|mail| mail.raw.as_slice()));
        self.acknowledged(owed).await;
        let (took, cpu) = (begun.elapsed(), self.cpu() - cpu_before);
        self.quiet().await;
        Ok(Told::of(mails.len(), took, cpu, self.cpu() - cpu_before))
    }

    /// Puts the same mails into the mailbox once more, and waits until they are marked as taken.
    pub(super) async fn deliver_again(&self, mails: &[Expected]) -> anyhow::Result<()> {
        self.dovecot.deliver_all(mails.iter().map(|mail| mail.raw.as_slice()));
        self.marked(2 * mails.len()).await;
        self.quiet().await;
        Ok(())
    }

    /// Waits until so many acknowledgements were taken in all.
    pub(super) async fn acknowledged(&self, owed: usize) {
        eventually_within(PATIENCE, "every acknowledgement is taken", async || {
            (self.sink.count() >= owed).then_some(())
        })
        .await;
    }

    /// Waits until so many mails of the mailbox are marked.
    pub(super) async fn marked(&self, count: usize) {
        let until = Instant::now() + PATIENCE;
        while marked(&self.dovecot) < count {
            assert!(Instant::now() < until, "{} of {count} mails are marked", marked(&self.dovecot));
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until nothing is written any more.
    pub(super) async fn quiet(&self) {
        eventually_within(PATIENCE, "the house is quiet", || story::quiet(self.bus())).await;
    }

    /// Messages in INTAKE so far.
    pub(super) async fn recorded(&self) -> anyhow::Result<usize> {
        Ok(usize::try_from(self.bus().last_seq(name::INTAKE).await?)?)
    }

    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        self.services.stop()
    }

    fn cpu(&self) -> f64 {
        cpu_seconds(self.services.pid()) + cpu_seconds(self.broker.pid())
    }
}

/// Mails that bear the keyword.
pub(super) fn marked(dovecot: &Dovecot) -> usize {
    let said = dovecot.say("UID SEARCH KEYWORD $Redress");
    let line = said.lines().find(|line| line.starts_with("* SEARCH")).unwrap_or_default();
    line.split_whitespace().skip(2).count()
}
