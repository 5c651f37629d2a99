//! Dead letters: listed, shown, replayed, dropped. The original stays where it is; a letter names it by position.
//!
//! Nothing is ever deleted from DEAD, so that no service needs the right to: the last message on a letter's subject
//! counts, and an empty one settles it.

use std::collections::{BTreeMap, HashMap};

use futures::StreamExt as _;
use redress_contract::{DeadLetter, subject};

use crate::{AppendError, Bus, Consumer, PublishError, ReadError, Stored};

/// What lies in DEAD.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its number: the sequence in DEAD.
    pub number: u64,
    /// Its subject there.
    pub subject: String,
    /// The letter; none for an advisory of the broker, whose text is in `advisory`.
    pub letter: Option<DeadLetter>,
    /// The broker's own words (JSON) when it gave up a message.
    pub advisory: Option<String>,
}

/// A dead letter that could not be dealt with.
#[derive(Debug, thiserror::Error)]
pub enum DeadError {
    /// The broker did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The broker did not take a message.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// There is no such letter.
    #[error("there is no dead letter {0}")]
    NoSuchLetter(u64),
    /// It cannot be handled again.
    #[error("dead letter {number} cannot be replayed: {problem}")]
    NotReplayable {
        /// Which.
        number: u64,
        /// Why.
        problem: &'static str,
    },
}

/// Header of a request to handle a dead letter again: its number.
pub(crate) const LETTER: &str = "redress-letter";

/// In the place of a service: advisories that somebody has seen to.
const SETTLED: &str = "settled";

pub(crate) fn replay_subject(service: &str, consumer: &str, seq: &str) -> String {
    subject::dead(service, &format!("replay.{consumer}.{seq}"))
}

fn letter_subject(service: &str, consumer: &str, seq: &str) -> String {
    subject::dead(service, &format!("letter.{consumer}.{seq}"))
}

impl Bus {
    /// Keeps a dead letter, once per message and consumer. A letter that was `replayed` and failed again is replaced.
    pub(crate) async fn bury(&self, letter: &DeadLetter, replayed: bool) -> Result<(), DeadError> {
        let subject = letter_subject(&letter.service, &letter.consumer, &letter.stream_seq);
        let body = bytes::Bytes::from(
            serde_json::to_vec(letter).expect("a letter is plain data and always becomes JSON"),
        );
        let mut expected = 0;
        loop {
            match self.append(&subject, expected, Vec::new(), body.clone()).await {
                Ok(_) => {
                    if replayed {
                        redress_runtime::fault::point("bus::buried_again");
                    }
                    return Ok(());
                }
                Err(AppendError::Publish(error)) => return Err(error.into()),
                Err(AppendError::Conflict(_)) => {
                    let last = self.last_at_leader(subject::name::DEAD, &subject).await?;
                    match last {
                        Some(last) if !last.body.is_empty() && !replayed || is_same(&last, &body) => {
                            return Ok(());
                        }
                        last => expected = last.map_or(0, |last| last.seq),
                    }
                }
            }
        }
    }

    /// Settles the letter of a message: it was handled after all.
    pub(crate) async fn settle_letter(&self, consumer: &Consumer, seq: u64) -> Result<(), PublishError> {
        let subject = letter_subject(&consumer.service, &consumer.name, &seq.to_string());
        self.publish(&subject, Vec::new(), bytes::Bytes::new()).await.map(drop)
    }

    /// All dead letters and advisories, oldest first.
    ///
    /// # Errors
    /// [`DeadError::Read`] when the broker does not answer.
    pub async fn dead_letters(&self) -> Result<Vec<Letter>, DeadError> {
        let mut scan = self.scan(subject::name::DEAD, ">", 1).await?;
        let mut letters = BTreeMap::new();
        let mut newest = HashMap::new();
        while let Some(stored) = scan.next().await {
            let stored = stored?;
            if is_letter(&stored.subject)
                && let Some(older) = newest.insert(stored.subject.clone(), stored.seq)
            {
                letters.remove(&older);
            }
            if let Some(advisory) = settles(&stored.subject) {
                letters.remove(&advisory);
            }
            if let Some(letter) = open(&stored) {
                letters.insert(stored.seq, letter);
            }
        }
        Ok(letters.into_values().collect())
    }

    /// One dead letter.
    ///
    /// # Errors
    /// [`DeadError::NoSuchLetter`] when there is none with this number.
    pub async fn dead_letter(&self, number: u64) -> Result<Letter, DeadError> {
        let no_such_letter = DeadError::NoSuchLetter(number);
        let Some(stored) = self.at(subject::name::DEAD, number).await? else { return Err(no_such_letter) };
        if is_letter(&stored.subject) {
            let last = self.last_at_leader(subject::name::DEAD, &stored.subject).await?;
            if last.is_none_or(|last| last.seq != number) {
                return Err(no_such_letter);
            }
        }
        match open(&stored) {
            Some(advisory)
                if advisory.letter.is_none()
                    && self.last(subject::name::DEAD, &settled_subject(number)).await?.is_some() =>
            {
                Err(no_such_letter)
            }
            found => found.ok_or(no_such_letter),
        }
    }

    /// Asks the service to handle the message again. The letter stays until the service has come to an outcome: done
    /// drops it, a second failure writes it anew.
    ///
    /// # Errors
    /// [`DeadError::NotReplayable`] for an advisory.
    pub async fn replay_dead_letter(&self, number: u64) -> Result<(), DeadError> {
        let found = self.dead_letter(number).await?;
        let Some(letter) = found.letter else {
            return Err(DeadError::NotReplayable { number, problem: "it is an advisory of the broker" });
        };
        let subject = replay_subject(&letter.service, &letter.consumer, &letter.stream_seq);
        self.publish(&subject, vec![(LETTER.to_owned(), number.to_string())], bytes::Bytes::new()).await?;
        Ok(())
    }

    /// Drops a letter; the message it names stays where it is, unhandled.
    ///
    /// # Errors
    /// [`DeadError::NoSuchLetter`] when there is none with this number.
    pub async fn drop_dead_letter(&self, number: u64) -> Result<(), DeadError> {
        let found = self.dead_letter(number).await?;
        let (subject, expected) = match found.letter {
            Some(_) => (found.subject, number),
            None => (settled_subject(number), 0),
        };
        match self.append(&subject, expected, Vec::new(), bytes::Bytes::new()).await {
            Ok(_) => Ok(()),
            Err(AppendError::Conflict(_)) => Err(DeadError::NoSuchLetter(number)),
            Err(AppendError::Publish(error)) => Err(error.into()),
        }
    }
}

/// What settles an advisory, on whose own subject only the broker writes.
fn settled_subject(number: u64) -> String {
    subject::dead(SETTLED, &number.to_string())
}

fn settles(subject: &str) -> Option<u64> {
    subject.strip_prefix("dead.")?.strip_prefix(SETTLED)?.strip_prefix('.')?.parse().ok()
}

/// `dead.<service>.letter.<consumer>.<seq>`; requests to replay and advisories are no letters.
fn is_letter(subject: &str) -> bool {
    let mut tokens = subject.split('.');
    tokens.next() == Some("dead") && tokens.nth(1) == Some("letter")
}

fn is_same(stored: &Stored, body: &[u8]) -> bool {
    stored.body == body
}

fn open(stored: &Stored) -> Option<Letter> {
    let (number, subject) = (stored.seq, stored.subject.clone());
    if subject.starts_with("$JS.EVENT.ADVISORY.") {
        let advisory = Some(String::from_utf8_lossy(&stored.body).into_owned());
        return Some(Letter { number, subject, letter: None, advisory });
    }
    if !is_letter(&subject) || stored.body.is_empty() {
        return None;
    }
    Some(Letter { number, subject, letter: serde_json::from_slice(&stored.body).ok(), advisory: None })
}
