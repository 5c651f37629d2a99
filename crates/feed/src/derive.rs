//! Pure: the events of a commit in their published form. The same commit gives the same events whoever derives them,
//! so what EVENTS no longer holds can be told again from the log.

use bytes::Bytes;
use redress_bus::append_stream::Message;
use redress_contract::cloud_event::CONTENT_TYPE;
use redress_contract::{CloudEvent, Commit, CommitText, EventText, subject};

use crate::Position;
use crate::position::{COMMIT_SEQ, EVENT_INDEX};

/// The events of a commit. `source` names the installation.
pub fn derive(commit: &Commit, source: &str) -> Vec<CloudEvent> {
    let commit = CommitText::from(commit);
    commit.events.iter().map(|event| CloudEvent::of(&commit, event, source)).collect()
}

/// The messages of a commit, each with its place.
pub fn messages(commit_seq: u64, commit: &CommitText, source: &str) -> Vec<(Position, Message)> {
    let position = |index: usize| Position { commit_seq, index: u32::try_from(index).unwrap_or(u32::MAX) };
    let all = commit.events.iter().enumerate();
    all.map(|(index, event)| (position(index), message(position(index), commit, event, source))).collect()
}

fn message(position: Position, commit: &CommitText, event: &EventText, source: &str) -> Message {
    let published = CloudEvent::of(commit, event, source);
    let mut headers = vec![
        ("Content-Type".to_owned(), CONTENT_TYPE.to_owned()),
        ("ce-id".to_owned(), published.id.to_string()),
        (COMMIT_SEQ.to_owned(), position.commit_seq.to_string()),
        (EVENT_INDEX.to_owned(), position.index.to_string()),
    ];
    if !published.traceparent.is_empty() {
        headers.push(("traceparent".to_owned(), published.traceparent.clone()));
    }
    let body = serde_json::to_vec(&published).expect("an event is plain data and always becomes JSON");
    (subject::event(event.name(), &commit.complaint_id), headers, Bytes::from(body))
}
