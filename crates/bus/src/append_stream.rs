//! Appending to a whole stream: next in line among everything it holds, a window of messages at once.
//!
//! Each message expects the sequence of the one before it, so what the broker stores is always an unbroken beginning
//! of what was sent, whoever else appends and whatever is lost on the way.

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesOrdered;

use crate::publish::{Answer, header_map};
use crate::{AppendError, Bus, Headers, PublishError};

const EXPECT_ON_STREAM: &str = "Nats-Expected-Last-Sequence";
const EXPECT_STREAM: &str = "Nats-Expected-Stream";

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
        messages: Vec<Message>,
    ) -> Result<u64, AppendError> {
        let mut last_seq = expected_last_seq;
        let mut answers: FuturesOrdered<_> = messages
            .into_iter()
            .zip(expected_last_seq..)
            .map(|(message, expected)| self.append_one(stream, expected, message))
            .collect();
        let mut failed = None;
        // Every answer is awaited, so that no message of this call is still on its way when the caller reads the end.
        // Unconstrained: tokio's budget would cut the first round in two, and the rest would be sent in another order,
        // which the expectations refuse.
        while let Some(answer) = tokio::task::unconstrained(answers.next()).await {
            match answer {
                Ok(seq) => last_seq = seq,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(last_seq), Err)
    }

    async fn append_one(&self, stream: &str, expected: u64, message: Message) -> Result<u64, AppendError> {
        let (subject, headers, body) = message;
        let mut map = header_map(&headers);
        map.insert(EXPECT_ON_STREAM, expected.to_string());
        map.insert(EXPECT_STREAM, stream);
        match self.patiently(&subject, &map, &body).await? {
            Answer::Stored(seq) => Ok(seq),
            Answer::Conflict => Err(AppendError::Conflict(subject)),
            Answer::Away(problem) | Answer::Refused(problem) => Err(PublishError { subject, problem }.into()),
        }
    }
}
