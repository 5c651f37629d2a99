//! Recordings that a platform keeps: fetched with its credentials after the post that names them is on record, tried again for
//! hours, and recorded as a contact of their own. What is still to be fetched is kept in the broker, in one list an account.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};
use redress_bus::failure::chain;
use redress_bus::{Kv, KvError, Lease};
use redress_contract::contact::Call;
use redress_contract::subject::name;
use redress_intake::IntakeError;
use redress_runtime::Shutdown;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::{Audio, Read, Recorder};
use crate::config::webhook::Archive;
use crate::entry::{Entry, Fault};

/// How often it is looked what is to be fetched.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The first try again after so long, then after twice as long each time.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(1);
/// So often it is tried: for some eight hours.
const TRIES_MAX: u32 = 16;
/// Most that wait at once, and the longest address: the list has to fit into a message. What does not is not fetched, and a
/// contact of the call says so.
const WAITING_MAX: usize = 500;
const URL_BYTES_MAX: usize = 1_000;

/// The recordings of one account.
pub(crate) struct Recordings {
    archive: Archive,
    bytes_max: usize,
    recorder: Recorder,
    list: Kv,
    key: String,
}

/// A recording that is to be fetched. It lies in the broker: an address at the platform, and the call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Wanted {
    call_id: String,
    url: String,
    tries: u32,
    not_before: Timestamp,
}

/// Why a recording was not fetched, without its address.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("its platform answers {0}")]
    Status(u16),
    #[error("it is larger than {0} MiB")]
    TooLarge(usize),
    #[error("its platform cannot be reached, or broke off")]
    Broken,
    #[error("too many wait already, or its address is too long")]
    NoRoom,
}

/// A recording of which it is not on record that it is to be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoteError {
    #[error("note a recording")]
    List(#[from] KvError),
    #[error("record that a recording is not fetched")]
    Record(#[from] IntakeError),
}

impl Recordings {
    pub(crate) fn new(archive: Archive, bytes_max: usize, recorder: Recorder) -> Self {
        let list = recorder.intake().vault().bus().kv(name::CURSORS);
        let key = format!("phone.{}.recordings", recorder.account());
        Self { archive, bytes_max, recorder, list, key }
    }

    /// Notes what an entry names; returns when the broker has it.
    pub(crate) async fn note(&self, call_id: &str, url: &str) -> Result<(), NoteError> {
        if !url.starts_with(&self.archive.base) {
            let account = self.recorder.account();
            warn!(
                channel = "phone",
                account, "A recording lies elsewhere than recordings_from says, and is not fetched"
            );
            return Ok(());
        }
        let not_before = self.recorder.clock().now();
        let wanted = Wanted { call_id: call_id.to_owned(), url: url.to_owned(), tries: 0, not_before };
        let (waiting, _) = self.waiting().await?;
        if url.len() > URL_BYTES_MAX || waiting.len() >= WAITING_MAX {
            return Ok(self.recorder.record(not_fetched(call_id, &FetchError::NoRoom)).await?);
        }
        let add = |waiting: &mut Vec<Wanted>| {
            if !waiting.iter().any(|other| other.url == wanted.url) {
                waiting.push(wanted.clone());
            }
        };
        Ok(self.change(add).await?)
    }

    /// Fetches what is wanted until asked to stop; one replica at a time.
    pub(crate) async fn attend(&self, lease_length: Duration, shutdown: &Shutdown) {
        let bus = self.recorder.intake().vault().bus();
        let mut lease = Lease::new(bus, &format!("phone.{}", self.recorder.account()), lease_length);
        while !shutdown.is_asked() {
            if let Ok(true) = lease.hold().await
                && let Err(error) = self.look().await
            {
                warn!(channel = "phone", account = self.recorder.account(), "Failed to {}", chain(&error));
            }
            shutdown.or(tokio::time::sleep(LOOK_EVERY)).await;
        }
        lease.release().await;
    }

    async fn look(&self) -> Result<(), KvError> {
        let now = self.recorder.clock().now();
        let (waiting, _) = self.waiting().await?;
        metrics::gauge!("redress_phone_recordings_waiting", "account" => self.recorder.account().to_owned())
            .set(f64::from(u32::try_from(waiting.len()).unwrap_or(u32::MAX)));
        let Some(next) = waiting.into_iter().find(|wanted| wanted.not_before <= now) else { return Ok(()) };
        let fetched = self.fetch(&next.url).await;
        let account = self.recorder.account();
        let is_last = next.tries + 1 >= TRIES_MAX || matches!(fetched, Err(FetchError::TooLarge(_)));
        let read = match fetched {
            Ok((bytes, media_type)) => recorded(&next.call_id, bytes, media_type),
            Err(error) if is_last => {
                warn!(channel = "phone", account, "Gave up fetching a recording: {error}");
                not_fetched(&next.call_id, &error)
            }
            Err(error) => {
                info!(
                    channel = "phone",
                    account,
                    tries = next.tries + 1,
                    "A recording is fetched later: {error}"
                );
                return self.put_off(&next, now).await;
            }
        };
        if let Err(error) = self.recorder.record(read).await {
            warn!(channel = "phone", account, "Failed to {}", chain(&error));
            return Ok(());
        }
        self.change(|waiting| waiting.retain(|other| other.url != next.url)).await
    }

    async fn put_off(&self, wanted: &Wanted, now: Timestamp) -> Result<(), KvError> {
        let wait = FIRST_WAIT.checked_mul(1 << wanted.tries.min(16)).unwrap_or(WAIT_MAX).min(WAIT_MAX);
        self.change(|waiting| {
            for other in waiting.iter_mut().filter(|other| other.url == wanted.url) {
                (other.tries, other.not_before) = (wanted.tries + 1, now + wait);
            }
        })
        .await
    }

    async fn fetch(&self, url: &str) -> Result<(Bytes, String), FetchError> {
        let client = redress_runtime::http::client().map_err(|_| FetchError::Broken)?;
        let request = client.get(url).basic_auth(&self.archive.user, Some(self.archive.password.expose()));
        let answer = request.send().await.map_err(|_| FetchError::Broken)?;
        if !answer.status().is_success() {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let stated = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
        let media_type = stated.unwrap_or("application/octet-stream").to_owned();
        let (mut answer, mut bytes) = (answer, BytesMut::new());
        while let Some(chunk) = answer.chunk().await.map_err(|_| FetchError::Broken)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > self.bytes_max {
                return Err(FetchError::TooLarge(self.bytes_max / 1024 / 1024));
            }
        }
        Ok((bytes.freeze(), media_type))
    }

    async fn waiting(&self) -> Result<(Vec<Wanted>, u64), KvError> {
        let kept = self.list.get(&self.key).await?;
        Ok(kept.map_or((Vec::new(), 0), |(value, revision)| {
            (serde_json::from_slice(&value).unwrap_or_default(), revision)
        }))
    }

    /// Changes the list, whoever else does at the same time.
    async fn change(&self, how: impl Fn(&mut Vec<Wanted>)) -> Result<(), KvError> {
        loop {
            let (before, revision) = self.waiting().await?;
            let mut waiting = before.clone();
            how(&mut waiting);
            if waiting == before {
                return Ok(());
            }
            let json = serde_json::to_vec(&waiting).expect("plain data always becomes JSON");
            match self.list.update(&self.key, json.into(), revision).await {
                Ok(_) => return Ok(()),
                Err(KvError::Conflict { .. }) => {}
                Err(other) => return Err(other),
            }
        }
    }
}

/// What a file of this name is, when it is a recording.
pub(crate) fn media_type(name: &str) -> Option<&'static str> {
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match extension.as_str() {
        "wav" => "audio/x-wav",
        "mp3" => "audio/mpeg",
        "ogg" | "opus" => "audio/ogg",
        "m4a" => "audio/mp4",
        "gsm" => "audio/x-gsm",
        _ => return None,
    })
}

/// An entry that says nothing but which call it is of.
pub(crate) fn about(call_id: &str) -> Entry {
    let call = Call { call_id: call_id.to_owned(), leg: "recording".to_owned(), ..Call::default() };
    Entry { call, ..Entry::default() }
}

fn recorded(call_id: &str, raw: Bytes, media_type: String) -> Read {
    let extension =
        media_type.rsplit(['/', '-']).next().unwrap_or("bin").split(';').next().unwrap_or("bin").to_owned();
    let name = format!("recording.{extension}");
    let audio = Some(Audio { name, media_type });
    Read {
        entry: Ok(about(call_id)),
        raw,
        media_type: "application/octet-stream",
        place: String::new(),
        ordinal: 0,
        audio,
    }
}

fn not_fetched(call_id: &str, error: &FetchError) -> Read {
    let problem = Fault::new(format!("the recording could not be fetched: {error}"));
    let entry = Entry { problem: problem.0.clone(), ..about(call_id) };
    let raw = Bytes::from(problem.0);
    Read { entry: Ok(entry), raw, media_type: "text/plain", place: String::new(), ordinal: 0, audio: None }
}
