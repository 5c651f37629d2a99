//! Streams and buckets: created when missing, checked when there; a setting that drifted is named, never silently kept.

use std::time::Duration;

use async_nats::jetstream::stream::{Config as Stream, DiscardPolicy, PersistenceMode, StorageType};
use async_nats::jetstream::{kv, object_store, stream};
use redress_contract::subject::name;
use serde_json::Value;

use crate::failure::chain;
use crate::{Bus, Config};

const DAY: Duration = Duration::from_hours(24);

/// Largest message of any stream: the broker's default limit.
const MESSAGE_BYTES_MAX: i32 = 1024 * 1024;

/// A stream or bucket that is not as it must be.
#[derive(Debug, thiserror::Error)]
#[error("prepare {name}: {problem}")]
pub struct PrepareError {
    name: String,
    problem: String,
}

impl Bus {
    /// Creates every stream and bucket that is missing and compares those that are there.
    ///
    /// # Errors
    /// [`PrepareError`] names the stream and each setting that differs.
    pub async fn prepare(&self) -> Result<(), PrepareError> {
        for wanted in streams(&self.config).into_iter().chain(buckets(&self.config)) {
            self.prepare_stream(wanted).await?;
        }
        self.prepare_blobs().await
    }

    async fn prepare_stream(&self, wanted: Wanted) -> Result<(), PrepareError> {
        let failed = |problem: String| PrepareError { name: wanted.config.name.clone(), problem };
        let there = match self.js.get_stream(&wanted.config.name).await {
            Ok(stream) => stream.cached_info().config.clone(),
            Err(error) if is_missing(&error) => {
                let created = match &wanted.bucket {
                    Some(bucket) => {
                        self.js.create_key_value(bucket.clone()).await.map(drop).map_err(|e| chain(&e))
                    }
                    None => {
                        self.js.create_stream(wanted.config.clone()).await.map(drop).map_err(|e| chain(&e))
                    }
                };
                match created {
                    Ok(()) => return Ok(()),
                    // Another service may have created it at the same moment: then it is there now.
                    Err(problem) => match self.js.get_stream(&wanted.config.name).await {
                        Ok(stream) => stream.cached_info().config.clone(),
                        Err(_) => return Err(failed(problem)),
                    },
                }
            }
            Err(error) => return Err(failed(chain(&error))),
        };
        let drift = drift(&wanted.config, &there);
        if drift.is_empty() { Ok(()) } else { Err(failed(drift.join("; "))) }
    }

    async fn prepare_blobs(&self) -> Result<(), PrepareError> {
        let failed = |problem: String| PrepareError { name: name::BLOBS.to_owned(), problem };
        if self.js.get_object_store(name::BLOBS).await.is_ok() {
            return Ok(());
        }
        let config = object_store::Config {
            bucket: name::BLOBS.to_owned(),
            description: Some("Raw bytes and parts that do not fit into a message".to_owned()),
            storage: StorageType::File,
            num_replicas: self.config.replicas,
            max_bytes: self.config.stream_bytes_max.unwrap_or(-1),
            ..object_store::Config::default()
        };
        match self.js.create_object_store(config).await {
            Ok(_) => Ok(()),
            Err(error) => {
                self.js.get_object_store(name::BLOBS).await.map(drop).map_err(|_| failed(chain(&error)))
            }
        }
    }
}

struct Wanted {
    config: Stream,
    bucket: Option<kv::Config>,
}

fn is_missing(error: &async_nats::jetstream::context::GetStreamError) -> bool {
    use async_nats::jetstream::ErrorCode;
    use async_nats::jetstream::context::GetStreamErrorKind;
    matches!(error.kind(), GetStreamErrorKind::JetStream(e) if e.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

/// Names of all streams, of those behind buckets and blobs too.
pub(crate) fn names(config: &Config) -> Vec<String> {
    let wanted = streams(config).into_iter().chain(buckets(config)).map(|wanted| wanted.config.name);
    wanted.chain([format!("OBJ_{}", name::BLOBS)]).collect()
}

/// A stream's configuration of elsewhere, with as many copies as the settings say; what depends on that follows.
pub(crate) fn as_settings_say(config: &Config, name: &str, elsewhere: &Value) -> Value {
    let wanted = streams(config).into_iter().chain(buckets(config)).find(|wanted| wanted.config.name == name);
    let mode = wanted.and_then(|wanted| wanted.config.persist_mode);
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

/// The streams of DESIGN §4.
fn streams(config: &Config) -> Vec<Wanted> {
    let base = |name: &str, subjects: &[&str], description: &str| Stream {
        name: name.to_owned(),
        subjects: subjects.iter().map(|&s| s.to_owned()).collect(),
        description: Some(description.to_owned()),
        storage: StorageType::File,
        num_replicas: config.replicas,
        max_bytes: config.stream_bytes_max.unwrap_or(-1),
        max_message_size: MESSAGE_BYTES_MAX,
        discard: DiscardPolicy::New,
        allow_direct: true,
        ..Stream::default()
    };
    // One message per subject, guarded by the stream itself: a publisher that forgets its expectation cannot overwrite.
    let once =
        |stream: Stream| Stream { max_messages_per_subject: 1, discard_new_per_subject: true, ..stream };
    // What can be derived again need not be synced message by message; only a single node offers that.
    let derived = |stream: Stream| Stream {
        persist_mode: (config.replicas == 1).then_some(PersistenceMode::Async),
        discard: DiscardPolicy::Old,
        max_bytes: -1,
        ..stream
    };
    let plain = |config: Stream| Wanted { config, bucket: None };
    vec![
        plain(once(base(name::INTAKE, &["intake.*.*"], "Contacts"))),
        plain(Stream {
            deny_delete: true,
            deny_purge: true,
            ..base(name::COMPLAINTS, &["complaint.*"], "Commits of complaints")
        }),
        plain(derived(Stream {
            max_age: config.events_max_age,
            ..base(name::EVENTS, &["event.*.*"], "The published feed: one CloudEvent per event")
        })),
        plain(once(base(name::CONTENT, &["content.*.*"], "Free text written inside"))),
        plain(derived(Stream {
            allow_message_schedules: true,
            allow_message_ttl: true,
            // The server switches this on with schedules; said here so that it is no drift.
            allow_rollup: true,
            ..base(
                name::TIMERS,
                &["timer.set.>", "timer.due.>", "timer.cancelled.>"],
                "Pending and fired timers",
            )
        })),
        plain(once(base(name::OUTBOX, &["outbox.*.*"], "Communications on their way out"))),
        plain(base(
            name::DEAD,
            &[
                "dead.>",
                "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.*.*",
                "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.*.*",
            ],
            "Dead letters and the broker's advisories",
        )),
    ]
}

/// The key-value buckets of DESIGN §4, with how long each keeps what it holds.
fn buckets(config: &Config) -> Vec<Wanted> {
    let keep = [
        (name::KEYS, None, "Wrapped data keys"),
        (name::REFERENCES, None, "Reference → contact, complaint"),
        (name::CORRELATION, None, "Keyed hashes → complaint"),
        (name::POLICIES, None, "Every compiled policy and calendar that ever ran"),
        (name::CURSORS, None, "How far each source was read"),
        (name::LEASES, None, "Who does it now"),
        (name::LIMITS, Some(30 * DAY), "What was sent to whom lately, and what waits for its turn"),
        (name::ATTEMPTS, Some(14 * DAY), "Outcomes noted of tries"),
    ];
    keep.into_iter()
        .map(|(bucket, max_age, description)| {
            let max_age = max_age.unwrap_or_default();
            let bucket_config = kv::Config {
                bucket: bucket.to_owned(),
                description: description.to_owned(),
                history: 1,
                max_age,
                storage: StorageType::File,
                num_replicas: config.replicas,
                ..kv::Config::default()
            };
            let config = Stream {
                name: format!("KV_{bucket}"),
                subjects: vec![format!("$KV.{bucket}.>")],
                max_messages_per_subject: 1,
                max_age,
                storage: StorageType::File,
                num_replicas: config.replicas,
                discard: DiscardPolicy::New,
                allow_direct: true,
                allow_rollup: true,
                deny_delete: true,
                ..Stream::default()
            };
            Wanted { config, bucket: Some(bucket_config) }
        })
        .collect()
}

/// Each setting that matters to a promise and differs.
fn drift(wanted: &Stream, there: &Stream) -> Vec<String> {
    fn differs<T: PartialEq + std::fmt::Debug>(found: &mut Vec<String>, what: &str, wanted: &T, there: &T) {
        if wanted != there {
            found.push(format!("{what} is {there:?} but must be {wanted:?}"));
        }
    }
    let sorted = |config: &Stream| {
        let mut subjects = config.subjects.clone();
        subjects.sort();
        subjects
    };
    let mode = |config: &Stream| config.persist_mode == Some(PersistenceMode::Async);
    let limits = |config: &Stream| config.retention == stream::RetentionPolicy::Limits;
    let mut found = Vec::new();
    differs(&mut found, "subjects", &sorted(wanted), &sorted(there));
    differs(
        &mut found,
        "storage in files",
        &(wanted.storage == StorageType::File),
        &(there.storage == StorageType::File),
    );
    differs(&mut found, "retention by limits", &limits(wanted), &limits(there));
    differs(&mut found, "num_replicas", &wanted.num_replicas, &there.num_replicas);
    differs(&mut found, "max_age", &wanted.max_age, &there.max_age);
    differs(
        &mut found,
        "max_msgs_per_subject",
        &wanted.max_messages_per_subject.max(0),
        &there.max_messages_per_subject.max(0),
    );
    differs(
        &mut found,
        "discard new",
        &(wanted.discard == DiscardPolicy::New),
        &(there.discard == DiscardPolicy::New),
    );
    differs(
        &mut found,
        "discard_new_per_subject",
        &wanted.discard_new_per_subject,
        &there.discard_new_per_subject,
    );
    differs(&mut found, "allow_direct", &wanted.allow_direct, &there.allow_direct);
    differs(&mut found, "allow_rollup_hdrs", &wanted.allow_rollup, &there.allow_rollup);
    differs(&mut found, "deny_delete", &wanted.deny_delete, &there.deny_delete);
    differs(&mut found, "deny_purge", &wanted.deny_purge, &there.deny_purge);
    differs(
        &mut found,
        "allow_msg_schedules",
        &wanted.allow_message_schedules,
        &there.allow_message_schedules,
    );
    differs(&mut found, "persist_mode async", &mode(wanted), &mode(there));
    differs(&mut found, "max_bytes", &wanted.max_bytes.max(0), &there.max_bytes.max(0));
    found
}
