//! Dead letters: listed, shown, replayed, dropped. The original stays where it is; a letter names it by position.

use futures::StreamExt as _;
use redress_contract::{DeadLetter, subject};

use crate::failure::chain;
use crate::{AppendError, Bus, PublishError, ReadError};

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
    /// The broker did not delete it.
    #[error("drop dead letter {number}: {problem}")]
    Drop {
        /// Which.
        number: u64,
        /// Why.
        problem: String,
    },
}

/// Header of a request to handle again: the number of the letter it came from.
pub(crate) const LETTER: &str = "redress-letter";

pub(crate) fn replay_subject(service: &str, consumer: &str, seq: &str) -> String {
    subject::dead(service, &format!("replay.{consumer}.{seq}"))
}

fn letter_subject(letter: &DeadLetter) -> String {
    subject::dead(&letter.service, &format!("letter.{}.{}", letter.consumer, letter.stream_seq))
}

impl Bus {
    /// Keeps a dead letter, once per message and consumer. `replayed` is the letter a second failure replaces.
    pub(crate) async fn bury(&self, letter: &DeadLetter, replayed: Option<u64>) -> Result<(), DeadError> {
        let body = serde_json::to_vec(letter).expect("a letter is plain data and always becomes JSON");
        match self.append(&letter_subject(letter), 0, Vec::new(), body.into()).await {
            Ok(_) => Ok(()),
            Err(AppendError::Conflict(_)) => match replayed {
                None => Ok(()),
                // The new letter first, then the old one: at worst there are two.
                Some(old) => {
                    let body =
                        serde_json::to_vec(letter).expect("a letter is plain data and always becomes JSON");
                    self.publish(&letter_subject(letter), Vec::new(), body.into()).await?;
                    redress_runtime::fault::point("bus::buried_again");
                    self.delete_letter(old).await
                }
            },
            Err(AppendError::Publish(error)) => Err(error.into()),
        }
    }

    /// All dead letters and advisories, oldest first.
    ///
    /// # Errors
    /// [`DeadError::Read`] when the broker does not answer.
    pub async fn dead_letters(&self) -> Result<Vec<Letter>, DeadError> {
        let mut scan = self.scan(subject::name::DEAD, ">", 1).await?;
        let mut letters = Vec::new();
        while let Some(stored) = scan.next().await {
            let stored = stored?;
            if let Some(letter) = open(stored.seq, &stored.subject, &stored.body) {
                letters.push(letter);
            }
        }
        Ok(letters)
    }

    /// One dead letter.
    ///
    /// # Errors
    /// [`DeadError::NoSuchLetter`] when there is none with this number.
    pub async fn dead_letter(&self, number: u64) -> Result<Letter, DeadError> {
        let stored = self.at(subject::name::DEAD, number).await?;
        stored
            .and_then(|stored| open(stored.seq, &stored.subject, &stored.body))
            .ok_or(DeadError::NoSuchLetter(number))
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
        self.dead_letter(number).await?;
        self.delete_letter(number).await
    }

    /// Deletes a letter; one that is gone already is as good.
    pub(crate) async fn delete_letter(&self, number: u64) -> Result<(), DeadError> {
        let failed = |problem: String| DeadError::Drop { number, problem };
        let stream = self.js.get_stream_no_info(subject::name::DEAD).await.map_err(|e| failed(chain(&e)))?;
        match stream.delete_message(number).await {
            Err(problem) if self.at(subject::name::DEAD, number).await?.is_some() => {
                Err(failed(chain(&problem)))
            }
            _ => Ok(()),
        }
    }
}

fn open(number: u64, subject: &str, body: &[u8]) -> Option<Letter> {
    let subject_owned = subject.to_owned();
    if subject.starts_with("$JS.EVENT.ADVISORY.") {
        let advisory = Some(String::from_utf8_lossy(body).into_owned());
        return Some(Letter { number, subject: subject_owned, letter: None, advisory });
    }
    // dead.<service>.letter.<consumer>.<seq>; requests to replay are no letters.
    if subject.split('.').nth(2) != Some("letter") {
        return None;
    }
    let letter = serde_json::from_slice(body).ok();
    Some(Letter { number, subject: subject_owned, letter, advisory: None })
}
