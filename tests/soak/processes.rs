//! The house as processes of its own, each of which can be killed and started again.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use redress_testkit::dovecot::{Dovecot, PASSWORD};
use redress_testkit::{Broker, Port, SmtpSink};
use redress_tests::house;
use redress_tests::program::{Running, ask};

/// All services, in the order contacts flow.
pub(crate) const SERVICES: [&str; 6] = ["email", "web", "router", "sla", "notifier", "feed"];

/// The identity key of every run, so that ids can be derived outside.
pub(crate) const KEY: [u8; 32] = [0x42; 32];

/// Where the processes live: settings, data, logs.
#[derive(Debug)]
pub(crate) struct Place {
    folder: tempfile::TempDir,
    web_port: Port,
}

/// One service as a process.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    config: PathBuf,
    log: PathBuf,
    public: String,
    running: Running,
}

impl Place {
    /// A folder with key and settings; `mailbox` are the email accounts, `more` are further tables.
    pub(crate) fn make(broker: &Broker, sink: &SmtpSink, mailbox: &str, more: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("redress-soak-").tempdir()?;
        house::write_keys(&folder.path().join("data"))?;
        let text = house::settings(folder.path(), &broker.url(), sink.address(), &format!("{mailbox}{more}"));
        let text = text.replace("{folder}", &folder.path().display().to_string());
        std::fs::write(folder.path().join("redress.toml"), text)?;
        Ok(Self { folder, web_port: Port::claim() })
    }

    /// Makes the streams as these settings say: `redress provision`.
    pub(crate) fn provision(&self) -> anyhow::Result<()> {
        ask(&self.config(), &["provision"]).map(drop)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("redress.toml")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.path().join("data/identity.key")
    }

    /// Changes a line of the settings.
    pub(crate) fn change(&self, from: &str, to: &str) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(self.config())?;
        ensure!(text.contains(from), "the settings hold no {from}");
        Ok(std::fs::write(self.config(), text.replace(from, to))?)
    }

    /// Where `web` listens.
    pub(crate) fn web(&self) -> String {
        format!("http://127.0.0.1:{}", self.web_port.number())
    }

    /// Starts a service.
    pub(crate) fn start(&self, name: &'static str) -> anyhow::Result<Service> {
        let public = format!("127.0.0.1:{}", self.web_port.number());
        let (config, log) = (self.config(), self.path().join(format!("{name}.log")));
        let running = Service::spawn(name, &config, &log, &[("REDRESS__PUBLIC__ADDRESS", &public)])?;
        Ok(Service { name, config, log, public, running })
    }

    /// Times a process said that it panicked.
    pub(crate) fn panics(&self) -> anyhow::Result<usize> {
        let mut found = 0;
        for service in SERVICES {
            let log = self.path().join(format!("{service}.log"));
            if log.exists() {
                found += std::fs::read_to_string(log)?.matches("panicked").count();
            }
        }
        Ok(found)
    }
}

impl Service {
    fn spawn(name: &str, config: &Path, log: &Path, environment: &[(&str, &str)]) -> anyhow::Result<Running> {
        Running::start_with(config, log, &["run", name], environment)
    }

    /// SIGKILL, and again.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.running.kill();
        self.start_again(&[])
    }

    /// Starts it again after it ended or was killed, with more variables.
    pub(crate) fn start_again(&mut self, more: &[(&str, &str)]) -> anyhow::Result<()> {
        let mut environment = vec![("REDRESS__PUBLIC__ADDRESS", self.public.as_str())];
        environment.extend(more);
        self.running = Self::spawn(self.name, &self.config, &self.log, &environment)?;
        Ok(())
    }

    pub(crate) fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// SIGTERM; it must still be running, and end well.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        ensure!(self.running.is_running(), "{} ended by itself", self.name);
        self.running.stop()
    }
}

/// The mailbox `help` in Dovecot.
pub(crate) fn mailbox(dovecot: &Dovecot) -> String {
    format!(
        "[email.accounts.help]\nkind = \"imap\"\naddress = \"help@example.org\"\nhost = \"127.0.0.1\"\nport = {}\n\
         tls = \"none\"\nuser = \"help\"\npassword = {}\nstart = \"all\"\npoll_seconds = 1\nafter_ack = \"flag\"\n",
        dovecot.imap_port(),
        toml::Value::from(PASSWORD),
    )
}
