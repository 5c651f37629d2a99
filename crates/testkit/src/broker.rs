//! A real nats-server on a free port with a store of its own, stopped when dropped. It can be killed and started again.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redress_bus::{Bus, Config, config::Settings};
use tempfile::TempDir;

/// How often the broker syncs its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// The broker's default: quick, and good enough where nobody cuts the power.
    Default,
    /// Before each acknowledgement, as shipped.
    Always,
}

/// A running nats-server.
#[derive(Debug)]
pub struct Broker {
    folder: TempDir,
    child: Option<Child>,
    port: u16,
    monitor_port: u16,
    sync: Sync,
}

impl Broker {
    /// Starts a broker; panics when there is no nats-server (`make test` fetches it).
    pub async fn start() -> Self {
        Self::start_with(Sync::Default).await
    }

    /// Starts a broker that syncs as said.
    pub async fn start_with(sync: Sync) -> Self {
        redress_runtime::http::install_tls();
        let folder = tempfile::Builder::new().prefix("redress-nats-").tempdir().expect("a temporary folder");
        let mut broker = Self { folder, child: None, port: 0, monitor_port: 0, sync };
        broker.spawn().await;
        broker
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Where its monitoring listens.
    pub fn monitor_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.monitor_port)
    }

    /// Its process, for accounting.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// The bus settings that reach it.
    pub fn settings(&self) -> Settings {
        Settings { servers: vec![self.url()], ..Settings::default() }
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

    /// SIGKILL: no goodbye.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again on the same port and store.
    pub async fn restart(&mut self) {
        self.kill();
        self.spawn().await;
    }

    async fn spawn(&mut self) {
        let config = self.folder.path().join("nats.conf");
        std::fs::write(&config, self.configuration()).expect("the broker's configuration is written");
        let log = std::fs::File::create(self.folder.path().join("nats.log")).expect("a log file");
        let child = Command::new(server())
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("nats-server starts");
        let pid = child.id();
        self.child = Some(child);
        let ports = self.folder.path().join(format!("nats-server-2.15.1_{pid}.ports"));
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if self.read_ports(&ports)
                && tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("nats.log")).unwrap_or_default();
        panic!("nats-server did not come up within 30 s:\n{log}");
    }

    fn configuration(&self) -> String {
        let port = |port: u16| if port == 0 { "-1".to_owned() } else { port.to_string() };
        let sync = match self.sync {
            Sync::Default => "",
            Sync::Always => "sync_interval: \"always\"",
        };
        let folder = self.folder.path().display();
        format!(
            "listen: \"127.0.0.1:{}\"\nhttp: \"127.0.0.1:{}\"\nports_file_dir: \"{folder}\"\nmax_payload: 1MB\n\
             jetstream {{\n  store_dir: \"{folder}/store\"\n  {sync}\n}}\n",
            port(self.port),
            port(self.monitor_port),
        )
    }

    fn read_ports(&mut self, file: &std::path::Path) -> bool {
        // The file's name carries the program's own name, so any file of this process will do.
        let found = std::fs::read_to_string(file).ok().or_else(|| self.any_ports_file());
        let Some(ports) = found.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok()) else {
            return false;
        };
        let port = |kind: &str| {
            let url = ports[kind][0].as_str()?;
            url.rsplit(':').next()?.parse::<u16>().ok()
        };
        match (port("nats"), port("monitoring")) {
            (Some(nats), Some(monitoring)) => {
                (self.port, self.monitor_port) = (nats, monitoring);
                true
            }
            _ => false,
        }
    }

    fn any_ports_file(&self) -> Option<String> {
        let suffix = format!("_{}.ports", self.pid());
        let entries = std::fs::read_dir(self.folder.path()).ok()?;
        let file = entries.flatten().find(|e| e.file_name().to_string_lossy().ends_with(&suffix))?;
        std::fs::read_to_string(file.path()).ok()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The nats-server to test with: `NATS_SERVER`, or the pinned one that `make test` fetches into `.tools`.
pub fn server() -> PathBuf {
    if let Some(path) = std::env::var_os("NATS_SERVER") {
        return path.into();
    }
    let pinned = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.tools/nats-server-2.15.1");
    assert!(pinned.exists(), "there is no nats-server; `make test` fetches it (or run tools/nats.sh)");
    pinned
}
