//! Appending to a whole stream: next in line among everything it holds, a window of messages at once.
//!
//! Each message expects the sequence of the one before it, so what the broker stores is always an unbroken beginning
//! of what was sent, whoever else appends and whatever is lost on the way. The answer to the last one therefore speaks
//! for all, and only the last one asks for an answer.

use async_nats::header::{NATS_EXPECTED_LAST_SEQUENCE, NATS_EXPECTED_STREAM};
use bytes::Bytes;

use crate::publish::{Answer, header_map};
use crate::{AppendError, Bus, Headers, PublishError};

/// A message to append: subject, headers, body.
pub type Message = (String, Headers, Bytes);

impl Bus {
    /// Appends messages in this order to a stream whose last sequence must be `expected_last_seq` (0: nothing was
    /// ever stored); answers the sequence of the last one. All are on their way at once: keep it to a few hundred.
    ///
    /// # Errors
    /// [`AppendError`]: the first messages may be stored and the rest is not; read the end of the stream to know.
    pub async fn append_all(
        &self,
        stream: &str,
        expected_last_seq: u64,
        mut messages: Vec<Message>,
    ) -> Result<u64, AppendError> {
        let Some((subject, headers, body)) = messages.pop() else { return Ok(expected_last_seq) };
        let mut expected = expected_last_seq;
        for (subject, headers, body) in messages {
            let map = expecting(stream, expected, &headers);
            let sent = self.client.publish_with_headers(subject.clone(), map, body).await;
            sent.map_err(|e| PublishError { subject, problem: e.to_string() })?;
            expected += 1;
        }
        match self.patiently(&subject, &expecting(stream, expected, &headers), &body).await? {
            Answer::Stored(seq) => Ok(seq),
            Answer::Conflict(_) => Err(AppendError::Conflict(subject)),
            Answer::Away(problem) | Answer::Refused(problem) => Err(PublishError { subject, problem }.into()),
        }
    }
}

fn expecting(stream: &str, last_seq: u64, headers: &Headers) -> async_nats::HeaderMap {
    let mut map = header_map(headers);
    map.insert(NATS_EXPECTED_LAST_SEQUENCE, last_seq.to_string());
    map.insert(NATS_EXPECTED_STREAM, stream);
    map
}
