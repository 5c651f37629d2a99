//! Counting: the recorder of the process, rendered as Prometheus text. Histograms whose name ends in `_seconds` or
//! `_bytes` have buckets; labels are words from a short list, never ids or addresses.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const SECONDS: [f64; 14] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0];
const BYTES: [f64; 7] = [1e3, 1e4, 1e5, 5e5, 1e6, 1e7, 1e8];
/// How often samples are folded into buckets, so that memory stays small when nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// What was counted, for the asking. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Prometheus text.
    pub fn render(&self) -> String {
        self.handle.render()
    }
}

/// Installs the recorder of this process once; every further call returns the same one.
pub fn install() -> Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(first).clone()
}

fn first() -> Metrics {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES))
        .expect("the lists of buckets are not empty")
        .build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("Another recorder counts already; /metrics stays empty");
    }
    let upkeep = handle.clone();
    let spawned = std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(UPKEEP);
            upkeep.run_upkeep();
        }
    });
    if let Err(error) = spawned {
        tracing::warn!("No thread for the upkeep of metrics, which are folded only when asked for: {error}");
    }
    Metrics { handle }
}
