//! A real nats-server on a free port with a store of its own, stopped when dropped. It can be killed, stopped, sent away
//! as a lame duck, and started again.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use redress_bus::server::SETTINGS;
use redress_bus::users::{configuration, roster, seed};
use redress_bus::{Bus, Config, config::Settings};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::eventually::PATIENCE;
use crate::port::Port;
use crate::process::Process;
pub use crate::process::server;

/// How often the broker syncs its files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sync {
    /// The broker's default: quick, and good enough where nobody cuts the power.
    #[default]
    Default,
    /// Before each acknowledgement, as shipped.
    Always,
}

/// How a broker is set up.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How often it syncs.
    pub sync: Sync,
    /// Folder of its store, when that must lie on a disk of its own.
    pub store: Option<PathBuf>,
    /// Its `max_file_store` in bytes; none leaves it to the server.
    pub store_bytes_max: Option<u64>,
    /// Folder of the users' seeds, made when missing: each connection is one of them, with its rights. None: anybody
    /// may do anything.
    pub users: Option<PathBuf>,
}

/// A running nats-server.
#[derive(Debug)]
pub struct Broker {
    // Before the folder, so that it ends before its folder goes.
    process: Process,
    folder: TempDir,
    options: Options,
    streams_mebibytes_max: u32,
    port: Port,
    monitor_port: Port,
}

/// Small enough for the disk of any machine that runs tests.
pub(crate) const STREAMS_MEBIBYTES_MAX: u32 = 512;

impl Broker {
    /// Starts a broker; panics when there is no nats-server (`make test` fetches it).
    pub async fn start() -> Self {
        Self::start_with(Sync::Default).await
    }

    /// Starts a broker that syncs as said.
    pub async fn start_with(sync: Sync) -> Self {
        Self::start_as(Options { sync, ..Options::default() }).await
    }

    /// Starts a broker set up as said.
    pub async fn start_as(options: Options) -> Self {
        redress_runtime::http::install_tls();
        let folder = tempfile::Builder::new().prefix("redress-nats-").tempdir().expect("a temporary folder");
        let process = Process::in_folder(folder.path(), &[]);
        let mut broker = Self {
            process,
            folder,
            options,
            streams_mebibytes_max: STREAMS_MEBIBYTES_MAX,
            port: Port::claim(),
            monitor_port: Port::claim(),
        };
        broker.spawn().await;
        broker
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port.number())
    }

    /// Where its monitoring listens.
    pub fn monitor_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.monitor_port.number())
    }

    /// Where it keeps its streams.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Its process, for accounting.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The bus settings that reach it.
    pub fn settings(&self) -> Settings {
        Settings {
            servers: vec![self.url()],
            store_mebibytes_max: Some(self.streams_mebibytes_max),
            users_folder: self.options.users.clone(),
            ..Settings::default()
        }
    }

    /// Streams of connections made from now on may hold so much together, instead of half a gibibyte.
    pub fn set_streams_mebibytes_max(&mut self, mebibytes_max: u32) {
        self.streams_mebibytes_max = mebibytes_max;
    }

    /// A connection with short waits, every stream and bucket prepared.
    pub async fn bus(&self, service: &str) -> Bus {
        let settings = Settings { ack_wait_seconds: 3, ack_timeout_seconds: 2, ..self.settings() };
        let bus = self.bus_with(&settings, service).await;
        bus.prepare().await.expect("streams are prepared");
        bus
    }

    /// A connection with these settings; nothing is prepared.
    pub async fn bus_with(&self, settings: &Settings, service: &str) -> Bus {
        let config = Config::check(settings).expect("the test's bus settings are right");
        Bus::connect(&config, service).await.expect("the broker is there")
    }

    /// What it said on its log, in all its lives.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// SIGKILL: no goodbye.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// SIGTERM: it closes its files and ends.
    pub async fn stop(&mut self) {
        self.process.signal(Signal::TERM);
        self.process.ended().await;
    }

    /// SIGUSR2: it tells its clients to go, waits for them, and ends.
    pub async fn lame_duck(&mut self) {
        self.process.signal(Signal::USR2);
        self.process.ended().await;
    }

    /// Starts it again on the same port and store, killed first when it runs.
    pub async fn restart(&mut self) {
        self.kill();
        self.spawn().await;
    }

    /// Limits its store from the next start on.
    pub fn limit_store(&mut self, bytes_max: u64) {
        self.options.store_bytes_max = Some(bytes_max);
    }

    async fn spawn(&mut self) {
        self.process.spawn(&self.configuration());
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port.number())).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nats-server did not come up within {PATIENCE:?}:\n{}", self.process.log());
    }

    fn configuration(&self) -> String {
        let folder = self.folder.path();
        let store = self.options.store.clone().unwrap_or_else(|| folder.join("store"));
        format!(
            "listen: \"127.0.0.1:{}\"\nhttp: \"127.0.0.1:{}\"\n{SETTINGS}\
             lame_duck_duration: 30s\nlame_duck_grace_period: 1s\n{}{}",
            self.port.number(),
            self.monitor_port.number(),
            jetstream(&store, self.options.sync, self.options.store_bytes_max),
            self.options.users.as_deref().map(accounts).unwrap_or_default(),
        )
    }
}

/// Who may do what, as `redress provision` prints it.
fn accounts(users: &Path) -> String {
    let roster = roster();
    seed::make_missing(users, roster.iter().map(|user| user.name)).expect("seeds are written");
    let public_key = |user: &str| seed::public_key(users, user);
    configuration::accounts(&roster, public_key).expect("seeds can be read")
}

/// The `jetstream` block of a configuration.
pub(crate) fn jetstream(store: &Path, sync: Sync, store_bytes_max: Option<u64>) -> String {
    let sync = match sync {
        Sync::Default => "",
        Sync::Always => "  sync_interval: \"always\"\n",
    };
    let limit = store_bytes_max.map(|bytes| format!("  max_file: {bytes}\n")).unwrap_or_default();
    format!("jetstream {{\n  store_dir: \"{}\"\n{sync}{limit}}}\n", store.display())
}
