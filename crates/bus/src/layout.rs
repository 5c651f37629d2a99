//! What must be there: streams, buckets and durable consumers (DESIGN §4). Values only; `provision` makes them so.
//!
//! Every stream but EVENTS and TIMERS has a share of the store and refuses what does not fit: a full store answers, a
//! full disk breaks the broker silently. Rolling up is off wherever schedules do not need it: by one header, whoever
//! may write could wipe the whole stream.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::{Config as Stream, DiscardPolicy, PersistenceMode, StorageType};
use redress_contract::subject::name;
use serde_json::Value;

use crate::Config;
use crate::config::STORE_BYTES_MAX;
use crate::consume::replay_name;

const DAY: Duration = Duration::from_hours(24);

/// Largest message of any stream: the broker's default limit.
const MESSAGE_BYTES_MAX: i32 = 1024 * 1024;

/// Largest entry of the bucket of data keys: each is some hundred bytes.
const WRAPPED_KEY_BYTES_MAX: i32 = 4096;

/// Shares of the store in thousandths. EVENTS and TIMERS live in what the broker has beyond.
const SHARES: [(&str, i64); 14] = [
    (name::INTAKE, 300),
    (name::COMPLAINTS, 150),
    (name::CONTENT, 40),
    (name::OUTBOX, 80),
    (name::DEAD, 20),
    (name::BLOBS, 300),
    (name::KEYS, 40),
    (name::REFERENCES, 15),
    (name::CORRELATION, 20),
    (name::POLICIES, 10),
    (name::CURSORS, 5),
    (name::LEASES, 5),
    (name::LIMITS, 10),
    (name::ATTEMPTS, 5),
];

/// A durable consumer, shared by the replicas of its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durable {
    /// Its service, which is also the user that reads it.
    pub service: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The stream it reads.
    pub stream: &'static str,
    /// Subjects; none for all of the stream.
    pub filter: Option<&'static str>,
}

/// Every durable consumer of the product. Each has a second one on DEAD, by which its dead letters are replayed.
pub const DURABLES: [Durable; 7] = [
    Durable { service: "router", name: "router", stream: name::INTAKE, filter: None },
    Durable { service: "sla", name: "sla", stream: name::COMPLAINTS, filter: Some("complaint.*") },
    Durable { service: "sla", name: "sla-due", stream: name::TIMERS, filter: Some("timer.due.>") },
    Durable {
        service: "sla",
        name: "sla-acknowledged",
        stream: name::TIMERS,
        filter: Some("timer.acknowledged.>"),
    },
    Durable { service: "notifier", name: "notifier", stream: name::COMPLAINTS, filter: Some("complaint.*") },
    Durable {
        service: "notifier",
        name: "notifier-outbox",
        stream: name::OUTBOX,
        filter: Some("outbox.email.*"),
    },
    Durable {
        service: "social",
        name: "social-outbox",
        stream: name::OUTBOX,
        filter: Some("outbox.social.*"),
    },
];

/// The buckets of DESIGN §4, with how long each keeps what it holds.
const BUCKETS: [(&str, Option<Duration>, &str); 8] = [
    (name::KEYS, None, "Wrapped data keys"),
    (name::REFERENCES, None, "Reference → contact, complaint"),
    (name::CORRELATION, None, "Keyed hashes → complaint"),
    (name::POLICIES, None, "Every compiled policy and calendar that ever ran"),
    (name::CURSORS, None, "How far each source was read"),
    (name::LEASES, None, "Who does it now"),
    (name::LIMITS, Some(DAY.saturating_mul(30)), "What was sent to whom lately, and what waits for its turn"),
    (name::ATTEMPTS, Some(DAY.saturating_mul(14)), "Outcomes noted of tries"),
];

/// The stream of a bucket.
pub fn bucket_stream(bucket: &str) -> String {
    format!("KV_{bucket}")
}

/// The stream of the object store `blobs`.
pub fn blobs_stream() -> String {
    format!("OBJ_{}", name::BLOBS)
}

/// The names of all streams, those of the buckets and of the object store among them.
pub(crate) fn streams_by_name() -> Vec<String> {
    let logs =
        [name::INTAKE, name::COMPLAINTS, name::EVENTS, name::CONTENT, name::TIMERS, name::OUTBOX, name::DEAD];
    let mut all: Vec<String> = logs.map(str::to_owned).to_vec();
    all.extend(BUCKETS.iter().map(|(bucket, ..)| bucket_stream(bucket)));
    all.push(blobs_stream());
    all
}

/// A stream's configuration of elsewhere, with as many copies as the settings say; what depends on that follows.
pub(crate) fn as_settings_say(config: &Config, name: &str, elsewhere: &Value) -> Value {
    let wanted = streams(config).into_iter().find(|wanted| wanted.name == name);
    let mode = wanted.and_then(|wanted| wanted.persist_mode);
    let mut adapted = elsewhere.clone();
    adapted["num_replicas"] = config.replicas.into();
    if let Some(fields) = adapted.as_object_mut() {
        fields.remove("persist_mode");
        if mode == Some(PersistenceMode::Async) {
            fields.insert("persist_mode".to_owned(), "async".into());
        }
        if let Some(Value::Object(notes)) = fields.get_mut("metadata") {
            notes.retain(|key, _| !key.starts_with("_nats."));
        }
    }
    adapted
}

/// Every stream, those of the buckets and of the object store among them.
pub(crate) fn streams(config: &Config) -> Vec<Stream> {
    let mut all = log_streams(config);
    all.extend(bucket_streams(config));
    all.push(Stream {
        name: blobs_stream(),
        subjects: ["C", "M"].map(|kind| format!("$O.{}.{kind}.>", name::BLOBS)).to_vec(),
        ..base(config, name::BLOBS, "Raw bytes and parts that do not fit into a message")
    });
    all
}

/// The stream of this name, or of the bucket of this name.
fn base(config: &Config, name: &str, description: &str) -> Stream {
    let share = SHARES.iter().find(|(of, _)| *of == name).map(|(_, share)| *share);
    Stream {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        storage: StorageType::File,
        num_replicas: config.replicas,
        max_bytes: share.map_or(-1, |share| config.store_bytes_max.unwrap_or(STORE_BYTES_MAX) / 1000 * share),
        max_message_size: MESSAGE_BYTES_MAX,
        discard: DiscardPolicy::New,
        allow_direct: true,
        ..Stream::default()
    }
}

/// One message per subject, guarded by the stream itself: a publisher that forgets its expectation cannot overwrite.
fn once(stream: Stream) -> Stream {
    Stream { max_messages_per_subject: 1, discard_new_per_subject: true, ..stream }
}

/// What can be derived again need not be synced message by message; only a single node offers that.
fn derived(config: &Config, stream: Stream) -> Stream {
    Stream {
        persist_mode: (config.replicas == 1).then_some(PersistenceMode::Async),
        discard: DiscardPolicy::Old,
        ..stream
    }
}

fn on(subjects: &[&str], stream: Stream) -> Stream {
    Stream { subjects: subjects.iter().map(|&subject| subject.to_owned()).collect(), ..stream }
}

fn log_streams(config: &Config) -> Vec<Stream> {
    let base = |name, description| base(config, name, description);
    let advisories = [
        "dead.>",
        "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.*.*",
        "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.*.*",
    ];
    let timers = ["timer.set.>", "timer.due.>", "timer.cancelled.>", "timer.acknowledged.>"];
    let complaints = on(&["complaint.*"], base(name::COMPLAINTS, "Commits of complaints"));
    let events = on(&["event.*.*"], base(name::EVENTS, "The published feed: one CloudEvent per event"));
    vec![
        once(on(&["intake.*.*"], base(name::INTAKE, "Contacts"))),
        Stream { deny_delete: true, deny_purge: true, ..complaints },
        Stream { max_age: config.events_max_age, ..derived(config, events) },
        once(on(&["content.*.*"], base(name::CONTENT, "Free text written inside"))),
        Stream {
            allow_message_schedules: true,
            allow_message_ttl: true,
            // The server switches this on with schedules; said here so that it is no drift.
            allow_rollup: true,
            ..derived(
                config,
                on(
                    &timers,
                    base(name::TIMERS, "Pending and fired timers, escalations that somebody acknowledged"),
                ),
            )
        },
        once(on(&["outbox.*.*"], base(name::OUTBOX, "Communications on their way out"))),
        on(&advisories, base(name::DEAD, "Dead letters and the broker's advisories")),
    ]
}

fn bucket_streams(config: &Config) -> impl Iterator<Item = Stream> {
    BUCKETS.into_iter().map(|(bucket, max_age, description)| {
        let stream = Stream {
            name: bucket_stream(bucket),
            subjects: vec![format!("$KV.{bucket}.>")],
            max_messages_per_subject: 1,
            max_age: max_age.unwrap_or_default(),
            ..base(config, bucket, description)
        };
        match bucket {
            // What is pinned stays pinned, whoever writes.
            name::POLICIES => once(stream),
            // Whoever may write a data key must not be able to write over another: a lost key is a lost contact.
            name::KEYS => Stream { max_message_size: WRAPPED_KEY_BYTES_MAX, ..once(stream) },
            _ => stream,
        }
    })
}

/// Every durable consumer with its stream.
pub(crate) fn consumers(config: &Config) -> Vec<(String, pull::Config)> {
    let all = DURABLES.iter().flat_map(|durable| {
        let filters = durable.filter.map(str::to_owned).into_iter().collect::<Vec<_>>();
        let replays = vec![crate::dead::replay_subject(durable.service, durable.name, "*")];
        [
            (durable.stream.to_owned(), consumer(config, durable.name, &filters)),
            (name::DEAD.to_owned(), consumer(config, &replay_name(durable.name), &replays)),
        ]
    });
    all.collect()
}

pub(crate) fn consumer(config: &Config, name: &str, filters: &[String]) -> pull::Config {
    let (one, many) = match filters {
        [] => (String::new(), Vec::new()),
        [one] => (one.clone(), Vec::new()),
        many => (String::new(), many.to_vec()),
    };
    pull::Config {
        durable_name: Some(name.to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: config.ack_wait,
        max_deliver: -1,
        max_ack_pending: 10_000,
        filter_subject: one,
        filter_subjects: many,
        ..pull::Config::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_but_the_derived_ones_has_a_share_and_refuses_what_does_not_fit() {
        let config = Config::check(&crate::config::Settings::default()).unwrap();
        let mut shared = 0;
        for stream in streams(&config) {
            let derived = [name::EVENTS, name::TIMERS].contains(&stream.name.as_str());
            assert_eq!(stream.max_bytes > 0, !derived, "{}", stream.name);
            assert_eq!(stream.discard == DiscardPolicy::New, !derived, "{}", stream.name);
            shared += stream.max_bytes.max(0);
        }
        let names: Vec<_> = streams(&config).into_iter().map(|stream| stream.name).collect();
        assert_eq!(names, streams_by_name());
        assert!(shared <= STORE_BYTES_MAX, "{shared}");
    }
}
