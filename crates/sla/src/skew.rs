//! Is this machine's clock to be believed? A clock that jumped would fire deadlines hours early, and what is on record
//! stays. So before anything is fired, it is compared with the broker's; who is right of the two is for people to say.

use jiff::{SignedDuration, Timestamp};
use redress_bus::ReadError;
use redress_contract::subject::name::COMPLAINTS;
use redress_ledger::Ledger;

/// Clocks of machines differ by seconds.
const SKEW_MAX: SignedDuration = SignedDuration::from_mins(1);

/// Nothing may be fired now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "trust the clock: this machine's shows {ours} and the broker's {brokers}; set the one that is wrong"
    )]
    Skewed { ours: Timestamp, brokers: Timestamp },
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The log at a time that is to be believed: by our clock, which the broker's confirms to the minute. A clock that is moved
/// by hand is right by definition.
pub(crate) async fn believed(ledger: &Ledger) -> Result<Ledger, Error> {
    let clock = ledger.clock();
    if clock.is_manual() {
        return Ok(ledger.clone());
    }
    let brokers = ledger.vault().bus().time_at_leader(COMPLAINTS).await?;
    let ours = clock.now();
    if ours.duration_since(brokers).abs() > SKEW_MAX {
        return Err(Error::Skewed { ours, brokers });
    }
    Ok(ledger.at(ours))
}
