//! The nats-server that `redress up` runs: found, configured, started, watched over, stopped.
//!
//! It listens on the loopback interface only and knows each service by its key, with exactly its subjects. Every write is
//! on disk before it is acknowledged. A server that a killed `redress up` left behind is stopped first: two servers
//! must never share a store.

mod config_file;
mod find;
mod orphan;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use redress_bus::users::{configuration, roster, seed};
use redress_runtime::Shutdown;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use crate::data::{BrokerRecord, DataFolder};
use crate::settings::BrokerSettings;

pub use find::{Found, find};

use config_file::Configuration;

/// How long it may take to come up; a large store is read whole after a kill.
const START_PATIENCE: Duration = Duration::from_mins(5);
/// How long it may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(30);
/// First and longest pause before a server that died is started again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running nats-server, started again when it dies.
#[derive(Debug)]
pub struct Broker {
    record: BrokerRecord,
    stop: Shutdown,
    watch: tokio::task::JoinHandle<()>,
}

impl Broker {
    /// Starts it on the data folder and waits until it answers.
    ///
    /// # Errors
    /// When no fit nats-server is found, or it does not come up; the end of its log is part of the error.
    pub async fn start(data: &DataFolder, settings: &BrokerSettings, found: &Found) -> anyhow::Result<Self> {
        orphan::stop(data).await?;
        let configuration = Configuration {
            folder: data.broker(),
            accounts: accounts(data)?,
            port: settings.port,
            monitor_port: 0,
            store_bytes_max: config_file::store_bytes_max(data.path(), settings.store_mebibytes_max)?,
        };
        let mut server = Server {
            program: found.path.clone(),
            memory_mebibytes: memory_mebibytes(settings.memory_mebibytes_max),
            configuration,
            data: data.clone(),
        };
        let (child, record) = server.start().await?;
        info!("Started nats-server {} (process {})", found.version, record.pid);
        let stop = Shutdown::new();
        let watch = tokio::spawn(server.watch(child, stop.clone()));
        Ok(Self { record, stop, watch })
    }

    /// How it is reached.
    pub fn record(&self) -> &BrokerRecord {
        &self.record
    }

    /// Stops it: what it has acknowledged is on disk.
    pub async fn stop(self) {
        self.stop.ask();
        let _ = self.watch.await;
    }
}

fn memory_mebibytes(asked: u32) -> u32 {
    if asked == 0 { redress_bus::server::usual_memory_mebibytes() } else { asked }
}

/// Who may do what, with the keys of the users; those that are missing are made.
fn accounts(data: &DataFolder) -> anyhow::Result<String> {
    let (folder, users) = (data.users(), roster());
    seed::make_missing(&folder, users.iter().map(|user| user.name))?;
    Ok(configuration::accounts(&users, |user| seed::public_key(&folder, user))?)
}

struct Server {
    program: PathBuf,
    memory_mebibytes: u32,
    configuration: Configuration,
    data: DataFolder,
}

impl Server {
    /// Starts the process, waits until it answers, notes how it is reached, and keeps its ports for the next start.
    async fn start(&mut self) -> anyhow::Result<(Child, BrokerRecord)> {
        self.configuration.write()?;
        let mut child = Command::new(&self.program)
            .arg("-c")
            .arg(self.configuration.file())
            .envs(redress_bus::server::environment(self.memory_mebibytes))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C on a terminal reaches the whole group; the broker must outlive the services' drain.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", self.program.display()))?;
        let record = self.wait_until_up(&mut child).await?;
        self.configuration.keep_ports(&record);
        self.data.note_broker(&record)?;
        Ok((child, record))
    }

    async fn wait_until_up(&self, child: &mut Child) -> anyhow::Result<BrokerRecord> {
        let client = redress_runtime::http::client()?;
        let until = Instant::now() + START_PATIENCE;
        while Instant::now() < until {
            if let Some(status) = child.try_wait()? {
                bail!(
                    "start nats-server: it ended with {status}; its log says:\n{}",
                    self.configuration.log_tail()
                );
            }
            if let Some(record) = child.id().and_then(|pid| self.configuration.read_ports(pid)) {
                let answer = client.get(format!("{}/healthz", record.monitor)).send().await;
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    return Ok(record);
                }
            }
            sleep(LOOK_EVERY).await;
        }
        bail!(
            "start nats-server: it does not answer after {} s; its log says:\n{}",
            START_PATIENCE.as_secs(),
            self.configuration.log_tail()
        );
    }

    /// Starts it again whenever it dies, until asked to stop it.
    async fn watch(mut self, mut child: Child, stop: Shutdown) {
        let mut pause = PAUSES.0;
        loop {
            let Some(ended) = stop.or(child.wait()).await else { break };
            warn!("The nats-server ended ({}); starting it again", described(ended));
            child = loop {
                if stop.or(sleep(pause)).await.is_none() {
                    return self.data.forget_broker();
                }
                pause = (pause * 2).min(PAUSES.1);
                match stop.or(self.start()).await {
                    Some(Ok((child, _))) => break child,
                    Some(Err(failure)) => error!("Failed to {failure:#}"),
                    None => return self.data.forget_broker(),
                }
            };
            pause = PAUSES.0;
        }
        end(&mut child).await;
        self.data.forget_broker();
    }
}

fn described(ended: std::io::Result<std::process::ExitStatus>) -> String {
    ended.map_or_else(|error| error.to_string(), |status| status.to_string())
}

async fn end(child: &mut Child) {
    terminate(child.id());
    if tokio::time::timeout(STOP_PATIENCE, child.wait()).await.is_err() {
        warn!("The nats-server does not end; killing it");
        let _ = child.kill().await;
    }
}

fn terminate(pid: Option<u32>) {
    let pid = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended by itself.
        let _ = kill_process(pid, Signal::TERM);
    }
}
