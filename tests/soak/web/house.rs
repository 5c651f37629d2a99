//! A broker and one `web` on it, and what its senders hear.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use redress_contract::ContactId;
use redress_identity::Keys;
use redress_testkit::{Broker, SmtpSink, Sync};
use redress_tests::promises::Answer;
use redress_tests::records::Records;
use redress_tests::wire::{self, Reply};
use serde_json::Value;

use crate::processes::{KEY, Place, Service};

/// How long a sender waits for an answer, a connection included.
pub(crate) const ANSWER: Duration = Duration::from_secs(20);

/// The house: its broker, its `web`, and a reader of what is on record.
#[derive(Debug)]
pub(crate) struct House {
    // Before the broker, so that it ends before its broker does.
    pub(crate) web: Service,
    pub(crate) place: Place,
    pub(crate) records: Records,
    pub(crate) broker: Broker,
    keys: Keys,
    _sink: SmtpSink,
}

impl House {
    /// Starts one as shipped, with more lines under `[public]`, and waits until it listens.
    pub(crate) async fn start(public: &str) -> anyhow::Result<Self> {
        let broker = Broker::start_with(Sync::Always).await;
        let sink = SmtpSink::start().await;
        let place = Place::make(&broker, &sink, "", "[web]\nmin_fill_seconds = 0\n")?;
        place.change("[public]\n", &format!("[public]\n{public}"))?;
        place.provision()?;
        let mut web = place.start("web")?;
        web.running().address("public")?;
        let records = Records::open(&broker.url(), &place.key()).await?;
        Ok(Self { web, place, records, broker, keys: Keys::from_master(&KEY), _sink: sink })
    }

    /// Where `web` listens.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        let url = self.place.web();
        url.trim_start_matches("http://").parse().with_context(|| format!("read the address in {url}"))
    }

    /// The contact that a post to the API with this key becomes.
    pub(crate) fn contact(&self, key: &str) -> ContactId {
        self.keys.submission_contact_id("api/api", key)
    }

    /// The most memory that `web` had so far, in mebibytes.
    pub(crate) fn memory_mib(&mut self) -> anyhow::Result<usize> {
        let path = format!("/proc/{}/status", self.web.running().pid());
        let status = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("find VmHWM")?;
        let kib: usize = line.trim().trim_end_matches(" kB").parse().context("read VmHWM")?;
        Ok(kib.div_ceil(1024))
    }
}

/// Connects from this address, sends and waits for the answer, as long as a sender does.
pub(crate) async fn post(server: SocketAddr, from: Ipv4Addr, request: &[u8]) -> Option<Reply> {
    tokio::time::timeout(ANSWER, wire::ask_once(server, from, request)).await.ok()?.ok()
}

/// What a 202 of the API promises.
pub(crate) fn promised(reply: &Reply) -> Option<Answer> {
    let told: Value = serde_json::from_str(&reply.body).ok().filter(|_| reply.status == 202)?;
    Some(Answer {
        reference: told["reference"].as_str()?.to_owned(),
        receipt_code: told["receiptCode"].as_str()?.to_owned(),
    })
}
