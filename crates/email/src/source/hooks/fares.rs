//! How an account fares that is posted to: well until it fails. Nobody looks into it, so silence means nothing; what tells
//! is the broker, and posts that are refused one after another.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use redress_bus::failure::chain;
use redress_contract::subject::name::INTAKE;
use redress_runtime::Clock;

use super::Recorder;
use super::answer::{Answer, Taken};
use redress_intake::health::tell::Teller;
use redress_intake::health::{Kind, Look};

/// It is told of as one folder without a name.
const FOLDER: &str = "";

/// So many posts refused without one taken between them are told of.
const REFUSED_MIN: u32 = 3;

/// Refusals so long ago are no news.
const REFUSED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// What is known of an account.
pub(super) struct Fares {
    recorder: Recorder,
    teller: Teller,
    clock: Clock,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// It was looked for the broker, and it was there.
    begun: bool,
    /// Why the broker did not take a mail, until it is there again.
    away: Option<String>,
    refused: u32,
    why: String,
    refused_at: Option<Timestamp>,
}

impl Fares {
    pub(super) fn new(recorder: Recorder, teller: Teller, clock: Clock) -> Self {
        Self { recorder, teller, clock, known: Mutex::default() }
    }

    /// A post was taken, or not.
    pub(super) fn taken(&self, taken: &Result<Taken, Answer>) {
        {
            let mut known = self.lock();
            match taken {
                Ok(_) => *known = Known { begun: true, ..Known::default() },
                Err(Answer::NotRecorded(why)) => known.away = Some(why.clone()),
                Err(answer @ (Answer::Refused(_) | Answer::NotFetched(_))) => {
                    known.refused += 1;
                    known.why = answer.to_string();
                    known.refused_at = Some(self.clock.now());
                }
                Err(_) => return,
            }
        }
        self.report(usize::from(taken.is_ok()));
    }

    /// Looks whether the broker is there, if that is not known, and tells what changed.
    pub(super) async fn look(&self) {
        let is_well = {
            let known = self.lock();
            known.begun && known.away.is_none()
        };
        if !is_well {
            let away = self.ask_broker().await.err();
            let mut known = self.lock();
            known.begun |= away.is_none();
            known.away = away;
        }
        self.report(0);
        self.teller.tell().await;
    }

    async fn ask_broker(&self) -> Result<(), String> {
        self.recorder.ready().await.map_err(|error| chain(&error))?;
        let bus = self.recorder.intake().vault().bus();
        bus.expect_stream(INTAKE, "intake.email.none").await.map_err(|error| chain(&error))
    }

    fn report(&self, taken: usize) {
        let now = self.clock.now();
        let look = {
            let mut known = self.lock();
            if known.refused_at.is_some_and(|at| now.duration_since(at) > REFUSED_FOR) {
                known.refused = 0;
            }
            match &known.away {
                Some(reason) => Look::Failed { kind: Kind::Transient, reason: reason.clone() },
                None => Look::Done { taken, gaps: 0, problem: known.problem() },
            }
        };
        self.teller.looked(FOLDER, look);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn problem(&self) -> String {
        if self.refused < REFUSED_MIN {
            return String::new();
        }
        format!("the last {} posts were refused: {}", self.refused, self.why)
    }
}
