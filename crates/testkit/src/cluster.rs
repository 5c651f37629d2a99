//! Three real nats-servers as one cluster, each with a store of its own: killed, stopped, sent away as a lame duck,
//! started again, one by one. Streams have three replicas.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use redress_bus::server::SETTINGS;
use redress_bus::{Bus, Config, config::Settings};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::broker::{STREAMS_MEBIBYTES_MAX, Sync, jetstream};
use crate::port::Port;
use crate::process::Process;

/// How many nodes there are.
pub const NODES: usize = 3;

/// Where a node runs.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its address.
    pub address: String,
    /// Words before the program: how to get there (`ip netns exec node-1`).
    pub before: Vec<String>,
}

/// Three running nats-servers.
#[derive(Debug)]
pub struct Cluster {
    // Before the folder, so that they end before their folder goes.
    nodes: Vec<Node>,
    folder: TempDir,
    sync: Sync,
    streams_mebibytes_max: u32,
}

#[derive(Debug)]
struct Node {
    process: Process,
    folder: PathBuf,
    address: String,
    client_port: Port,
    monitor_port: Port,
    route_port: Port,
}

impl Cluster {
    /// Starts three nodes on this machine; panics when they do not find together.
    pub async fn start(sync: Sync) -> Self {
        Self::start_on(
            &[(); NODES].map(|()| Host { address: "127.0.0.1".to_owned(), before: Vec::new() }),
            sync,
        )
        .await
    }

    /// Starts three nodes on these hosts; panics when they do not find together.
    pub async fn start_on(hosts: &[Host; NODES], sync: Sync) -> Self {
        redress_runtime::http::install_tls();
        let mut cluster = Self::laid_out(hosts, sync);
        for node in 0..NODES {
            cluster.spawn(node);
        }
        assert!(cluster.find_together().await, "no cluster came up; it said:\n{}", cluster.logs());
        cluster
    }

    fn laid_out(hosts: &[Host; NODES], sync: Sync) -> Self {
        let folder =
            tempfile::Builder::new().prefix("redress-cluster-").tempdir().expect("a temporary folder");
        let node = |(n, host): (usize, &Host)| {
            let own = folder.path().join(format!("node-{n}"));
            std::fs::create_dir_all(&own).expect("a folder for each node");
            Node {
                process: Process::in_folder(&own, &host.before),
                folder: own,
                address: host.address.clone(),
                client_port: Port::claim(),
                monitor_port: Port::claim(),
                route_port: Port::claim(),
            }
        };
        let nodes = hosts.iter().enumerate().map(node).collect();
        Self { nodes, folder, sync, streams_mebibytes_max: STREAMS_MEBIBYTES_MAX }
    }

    /// Where the nodes listen.
    pub fn urls(&self) -> Vec<String> {
        self.nodes
            .iter()
            .map(|node| format!("nats://{}:{}", node.address, node.client_port.number()))
            .collect()
    }

    /// Where a node's monitoring listens.
    pub fn monitor_url(&self, node: usize) -> String {
        let node = &self.nodes[node];
        format!("http://{}:{}", node.address, node.monitor_port.number())
    }

    /// The folder of a node: its store and its log.
    pub fn folder(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("node-{node}"))
    }

    /// The bus settings that reach all nodes, three replicas.
    pub fn settings(&self) -> Settings {
        let store_mebibytes_max = Some(self.streams_mebibytes_max);
        Settings { servers: self.urls(), replicas: 3, store_mebibytes_max, ..Settings::default() }
    }

    /// Streams of connections made from now on may hold so much together, instead of half a gibibyte.
    pub fn set_streams_mebibytes_max(&mut self, mebibytes_max: u32) {
        self.streams_mebibytes_max = mebibytes_max;
    }

    /// A connection with short waits, every stream and bucket prepared.
    pub async fn bus(&self, service: &str) -> Bus {
        let settings = Settings {
            ack_wait_seconds: 3,
            ack_timeout_seconds: 2,
            publish_patience_seconds: 60,
            ..self.settings()
        };
        let bus = self.bus_with(&settings, service).await;
        bus.prepare().await.expect("streams are prepared");
        bus
    }

    /// A connection with these settings; nothing is prepared.
    pub async fn bus_with(&self, settings: &Settings, service: &str) -> Bus {
        let config = Config::check(settings).expect("the test's bus settings are right");
        Bus::connect(&config, service).await.expect("a node is there")
    }

    /// The processes of the nodes (0: not running), for accounting.
    pub fn pids(&self) -> Vec<u32> {
        self.nodes.iter().map(|node| node.process.pid()).collect()
    }

    /// What a node said on its log, in all its lives.
    pub fn log(&self, node: usize) -> String {
        self.nodes[node].process.log()
    }

    /// SIGKILL: no goodbye.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].process.kill();
    }

    /// SIGTERM: it closes its files and ends.
    pub async fn stop(&mut self, node: usize) {
        let process = &mut self.nodes[node].process;
        process.signal(Signal::TERM);
        process.ended().await;
    }

    /// SIGUSR2: it hands over what it leads, tells its clients to go, and ends.
    pub async fn lame_duck(&mut self, node: usize) {
        let process = &mut self.nodes[node].process;
        process.signal(Signal::USR2);
        process.ended().await;
    }

    /// Starts a node again on its ports and store, killed first when it runs; does not wait until it has caught up.
    pub fn spawn(&mut self, node: usize) {
        let configuration = self.configuration(node);
        self.nodes[node].process.spawn(&configuration);
    }

    /// Waits until every running node says that it is well and has caught up; panics when one never is.
    pub async fn ready(&mut self) {
        let until = Instant::now() + Duration::from_mins(1);
        while !self.is_well().await {
            assert!(Instant::now() < until, "the cluster is not well within a minute:\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The node that leads a stream, when there is one.
    pub async fn leader_of(&self, stream: &str) -> Option<usize> {
        for node in 0..NODES {
            let Some(jsz) = ask(&format!("{}/jsz?streams=true", self.monitor_url(node))).await else {
                continue;
            };
            let accounts = jsz["account_details"].as_array().cloned().unwrap_or_default();
            let streams = accounts.iter().filter_map(|account| account["stream_detail"].as_array()).flatten();
            let found = streams.into_iter().find(|detail| detail["name"] == stream);
            let leader = found.and_then(|detail| detail["cluster"]["leader"].as_str());
            if let Some(leader) = leader {
                return (0..NODES).find(|n| leader == node_name(*n));
            }
        }
        None
    }

    /// False when a node gave up, which it does when its port was taken.
    async fn find_together(&mut self) -> bool {
        let until = Instant::now() + Duration::from_mins(1);
        while Instant::now() < until {
            if self.nodes.iter_mut().any(|node| !node.process.is_running()) {
                return false;
            }
            if self.is_well().await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    async fn is_well(&mut self) -> bool {
        for node in 0..NODES {
            if !self.nodes[node].process.is_running() {
                continue;
            }
            let health = ask(&format!("{}/healthz", self.monitor_url(node))).await;
            if health.is_none_or(|health| health["status"] != "ok") {
                return false;
            }
        }
        self.leader_has_heard_of_all().await
    }

    /// A leader that has not heard of a node yet places nothing there, though every node says that it is well.
    async fn leader_has_heard_of_all(&mut self) -> bool {
        let running: Vec<bool> = self.nodes.iter_mut().map(|node| node.process.is_running()).collect();
        for node in (0..NODES).filter(|node| running[*node]) {
            let jsz = ask(&format!("{}/jsz", self.monitor_url(node))).await.unwrap_or_default();
            let Some(others) = jsz["meta_cluster"]["replicas"].as_array() else { continue };
            let is_heard_of = |n: &usize| {
                let name = node_name(*n);
                *n == node || others.iter().any(|it| it["name"] == *name && it["offline"] != true)
            };
            return (0..NODES).filter(|n| running[*n]).all(|n| is_heard_of(&n));
        }
        false
    }

    fn logs(&self) -> String {
        (0..NODES).map(|node| self.log(node)).collect()
    }

    fn configuration(&self, node: usize) -> String {
        let route = |other: &Node| format!("\"nats://{}:{}\"", other.address, other.route_port.number());
        let routes: Vec<String> = self.nodes.iter().map(route).collect();
        let own = &self.nodes[node];
        format!(
            "server_name: {}\nlisten: \"{address}:{}\"\nhttp: \"{address}:{}\"\n{SETTINGS}\
             lame_duck_duration: 30s\nlame_duck_grace_period: 1s\n\
             cluster {{\n  name: redress\n  listen: \"{address}:{}\"\n  routes: [{}]\n}}\n{}",
            node_name(node),
            own.client_port.number(),
            own.monitor_port.number(),
            own.route_port.number(),
            routes.join(", "),
            jetstream(&own.folder.join("store"), self.sync, None),
            address = own.address,
        )
    }
}

fn node_name(node: usize) -> String {
    format!("node-{node}")
}

/// What a monitoring page answers; none when it does not answer, or with an error, within a second.
async fn ask(url: &str) -> Option<Value> {
    let client = redress_runtime::http::client().ok()?;
    let answer = tokio::time::timeout(Duration::from_secs(1), client.get(url).send()).await.ok()?.ok()?;
    serde_json::from_slice(&answer.bytes().await.ok()?).ok()
}
